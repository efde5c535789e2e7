"""Questions that are asked while an investigation runs wait for its end, and none is forgotten or asked twice."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from core.domain.errors import NotFound, WrongTransition
from core.domain.investigation import Investigation
from core.domain.journal import TurnTaken
from core.domain.report import Usage
from core.domain.tenancy import Actor
from core.storage.database_stores import SqlStores
from tests.storage.samples import ACME, PERSON, START, claim_one, investigation, question, reported


async def test_a_question_waits_for_the_end_and_is_queued_once(stores: SqlStores) -> None:
    store = stores.for_organization(ACME)
    await store.add_investigation(investigation(), None, "d1")
    run = await claim_one(stores.runs)
    await store.add_question(question("q1"), "d2")
    assert await stores.runs.claim(9) == ()
    await store.save_investigation(reported(investigation()), run)
    await store.release_questions(investigation().id)
    await store.release_questions(investigation().id)
    assert [found.subject_id for found in await stores.runs.claim(9)] == ["q1"]


async def test_no_question_is_lost_between_the_end_and_the_release(stores: SqlStores) -> None:
    store = stores.for_organization(ACME)
    await store.add_investigation(investigation(), None, "d1")
    run = await claim_one(stores.runs)

    async def end() -> None:
        await asyncio.sleep(0.002)
        await store.save_investigation(reported(investigation()), run)
        await store.release_questions(investigation().id)

    async def ask(n: int) -> None:
        await asyncio.sleep(n / 4_000)
        await store.add_question(question(f"q{n:02}"), f"delivery {n}")

    await asyncio.gather(end(), *(ask(n) for n in range(20)))
    assert sorted(found.subject_id for found in await stores.runs.claim(99)) == [f"q{n:02}" for n in range(20)]


async def test_changes_that_come_at_once_are_all_kept(stores: SqlStores) -> None:
    store = stores.for_organization(ACME)
    await store.add_investigation(investigation(), None, "d1")
    await store.save_investigation(reported(investigation()))

    async def judge(n: int) -> None:
        person = Actor(f"U{n}", f"Person {n}")
        await store.change_investigation(investigation().id, lambda it: it.judge(person, True, START))

    await asyncio.gather(*(judge(n) for n in range(10)))
    assert len((await store.investigation(investigation().id)).votes) == 10


async def test_a_change_that_fails_changes_nothing(stores: SqlStores) -> None:
    store = stores.for_organization(ACME)
    await store.add_investigation(investigation(), None, "d1")

    def resolve(it: Investigation) -> Investigation:
        return it.resolve(PERSON, START, None)

    with pytest.raises(WrongTransition):
        await store.change_investigation(investigation().id, resolve)
    assert await store.investigation(investigation().id) == investigation()
    with pytest.raises(NotFound):
        await store.change_investigation("unknown", resolve)


async def test_unfinished_are_those_queued_or_running_oldest_first(stores: SqlStores) -> None:
    store = stores.for_organization(ACME)
    for minute, id_ in enumerate(("old", "new", "over")):
        await store.add_investigation(investigation(id_, minute=minute), None, id_, announced=id_ == "new")
    await store.save_investigation(reported(investigation("over", minute=2)))
    assert [found.id for found in await store.unfinished()] == ["old", "new"]


async def test_a_months_cost_is_the_sum_of_its_turns(stores: SqlStores) -> None:
    store = stores.for_organization(ACME)
    await store.add_investigation(investigation(), None, "d1")
    journal = store.journal(investigation().id, await claim_one(stores.runs))
    turn = TurnTaken(1, "gpt", "", (), None, Usage(1, 100, 20, 0.25), START)
    await journal.record(replace(turn, at=START.replace(year=2025)))
    await journal.record(turn)
    await journal.record(replace(turn, turn=2))
    assert await store.usage_since(START) == Usage(2, 200, 40, 0.5)


async def test_a_delivery_is_known_by_what_it_made(stores: SqlStores) -> None:
    store = stores.for_organization(ACME)
    await store.add_investigation(investigation(), None, "d1")
    assert await store.delivered("d1") == investigation().id
    assert await store.delivered("d2") is None
