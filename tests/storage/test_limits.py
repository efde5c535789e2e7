"""What an organization may do at once, in a minute, and in its queue: exact over all workers, on both databases."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from core.domain.conversation import ConversationRef
from core.domain.errors import Refusal
from core.domain.tenancy import DEFAULT_LIMITS, Limits, OrganizationId, Platform, WorkspaceRef
from core.ports import Accepted
from core.storage.database_stores import SqlStores, open_stores
from core.storage.engine.database import Database
from core.storage.tables import limits
from tests.storage.samples import ACME, GLOBEX, investigation, queue_investigations, reported


async def decide(url: str, organization_id: OrganizationId, **values: float) -> None:
    database = Database(url)
    try:
        await database.directory().execute(limits.insert().values(organization_id=organization_id, **values))
    finally:
        await database.close()


async def test_what_nobody_decided_is_the_default(stores: SqlStores, database_url: str) -> None:
    await decide(database_url, ACME, max_concurrent=1, hard_usd=20.0)
    assert await stores.for_organization(GLOBEX).limits() == DEFAULT_LIMITS
    decided = await stores.for_organization(ACME).limits()
    assert (decided.max_concurrent, decided.hard_usd, decided.soft_usd) == (1, 20.0, None)
    assert decided.max_queued == DEFAULT_LIMITS.max_queued


async def test_each_organization_has_a_cap_of_its_own(stores: SqlStores, database_url: str) -> None:
    await decide(database_url, ACME, max_concurrent=1)
    for organization_id in (ACME, GLOBEX):
        await queue_investigations(
            stores.for_organization(organization_id), *(f"{organization_id}{n}" for n in range(6))
        )
    claimed = [run.organization_id for run in await stores.runs.claim(99)]
    assert (claimed.count(ACME), claimed.count(GLOBEX)) == (1, 3)


async def test_no_more_begin_in_a_minute_than_may_and_what_was_begun_goes_on(
    stores: SqlStores, late_stores: SqlStores, database_url: str
) -> None:
    await decide(database_url, ACME, starts_per_minute=2)
    await queue_investigations(stores.for_organization(ACME), "a1", "a2", "a3")
    first = await late_stores.runs.claim(9)
    assert [run.subject_id for run in first] == ["a1", "a2"]
    again = await stores.runs.claim(9)
    assert [run.subject_id for run in again] == ["a1", "a2"], "taking over is no new start"
    for run in again:
        await stores.runs.finish(run, "done")
    assert await stores.runs.claim(9) == (), "ending makes no room within the minute"


async def test_five_hundred_waiting_delay_anothers_first_by_one_slot_at_most(stores: SqlStores) -> None:
    async with asyncio.timeout(110):
        for n in range(500):
            await queue_investigations(stores.for_organization(ACME), f"a{n}")
        running = list(await stores.runs.claim(1))
        await queue_investigations(stores.for_organization(GLOBEX), "g1")
        running += await stores.runs.claim(1)
    assert [run.subject_id for run in running] == ["a0", "g1"]


async def test_a_full_queue_says_so_and_keeps_nothing(stores: SqlStores, database_url: str) -> None:
    await decide(database_url, ACME, max_queued=2)
    store = stores.for_organization(ACME)

    async def ask(n: int) -> None:
        with contextlib.suppress(Refusal):
            await store.add_investigation(investigation(f"a{n}"), None, f"d{n}")

    await asyncio.gather(*(ask(n) for n in range(6)))
    assert len(await store.unfinished()) == 2
    with pytest.raises(Refusal, match="2 investigations are waiting already"):
        await store.add_investigation(investigation("late"), None, "late")
    assert await store.delivered("late") is None, "it may be delivered again later"


def elsewhere(channel: str, thread: str | None = None) -> ConversationRef:
    return ConversationRef(WorkspaceRef(Platform.SLACK, "T1"), channel, thread)


async def test_asking_for_what_is_under_way_joins_it_and_other_threads_follow(stores: SqlStores) -> None:
    store = stores.for_organization(ACME)
    first = investigation()
    await store.add_investigation(first, None, "d1")
    places = [elsewhere("C1"), elsewhere("C1"), elsewhere("C1", "5.1"), elsewhere("C2"), first.conversation]
    for number, place in enumerate(places):
        again = investigation(f"again{number}")
        same = type(again)(again.id, first.subject, place, again.asked_by, again.created_at)
        joined = await store.add_investigation(same, None, f"join{number}", announced=True)
        assert joined == Accepted(first.id, joined=True)
        assert await store.add_investigation(same, None, f"join{number}") == Accepted(first.id), "a repeat"
    assert await store.followers(first.id) == [elsewhere("C1"), elsewhere("C1", "5.1"), elsewhere("C2")]
    assert len(await stores.runs.claim(9)) == 1


async def test_many_who_ask_for_the_same_at_once_start_one_investigation(stores: SqlStores, database_url: str) -> None:
    async def ask(number: int) -> Accepted:
        async with open_stores(database_url, owner="another replica", secret_keys=["key"]) as mine:
            asked = investigation(f"a{number}")
            same = type(asked)(asked.id, investigation().subject, asked.conversation, asked.asked_by, asked.created_at)
            return await mine.for_organization(ACME).add_investigation(same, None, f"d{number}")

    accepted = await asyncio.gather(*(ask(number) for number in range(6)))
    assert len({one.id for one in accepted}) == 1
    assert sorted(one.joined for one in accepted) == [False] + [True] * 5


async def test_what_has_ended_is_investigated_anew(stores: SqlStores) -> None:
    store = stores.for_organization(ACME)
    await store.add_investigation(investigation(), None, "d1")
    # Reported, but its run still tells the thread.
    await store.save_investigation(reported(investigation()))
    again = investigation("again")
    same = type(again)(again.id, investigation().subject, elsewhere("C1"), again.asked_by, again.created_at)
    assert await store.add_investigation(same, None, "d2") == Accepted("again")


async def test_without_limits_everything_starts(database_url: str) -> None:
    async with open_stores(database_url, owner="w", secret_keys=["key"], defaults=Limits()) as stores:
        await queue_investigations(stores.for_organization(ACME), *(f"a{n}" for n in range(9)))
        assert len(await stores.runs.claim(99)) == 9
