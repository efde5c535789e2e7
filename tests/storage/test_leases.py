from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Iterator
from dataclasses import replace

import pytest

from core.domain.errors import LeaseLost
from core.ports import BackgroundTask, OrganizationStore, Run
from core.storage.database_stores import SqlStores, open_stores
from tests.storage.samples import (
    ACME,
    GLOBEX,
    START,
    ask_after_the_end,
    claim_one,
    ids,
    investigation,
    observed,
    question,
    queue_investigations,
    reported,
)


async def test_the_least_busy_organization_goes_first_then_the_oldest(stores: SqlStores) -> None:
    await queue_investigations(stores.for_organization(ACME), "a1", "a2", "a3", "a4")
    await queue_investigations(stores.for_organization(GLOBEX), "g1", "g2")
    assert [run.subject_id for run in await stores.runs.claim(3)] == ["a1", "g1", "a2"]
    assert [run.subject_id for run in await stores.runs.claim(9)] == ["g2", "a3"], "acme's cap of 3 is reached"
    assert await stores.runs.claim(9) == ()
    assert await stores.runs.claim(0) == ()


async def test_the_cap_counts_investigations_and_nothing_else(stores: SqlStores) -> None:
    store = stores.for_organization(ACME)
    await queue_investigations(store, "a1", "a2", "a3", "a4")
    claimed = await stores.runs.claim(9)
    for n in range(4):
        await store.add_background_task(BackgroundTask(f"e{n}", "check", {}))
    await ask_after_the_end(store, stores.runs)
    assert {run.subject_id for run in await stores.runs.claim(9)} == {"e0", "e1", "e2", "e3", "que00001"}
    assert await stores.runs.finish(claimed[0], "done")
    assert [run.subject_id for run in await stores.runs.claim(9)] == ["a4"]


async def test_workers_that_claim_at_once_never_get_the_same_run(database_url: str, stores: SqlStores) -> None:
    for n in range(8):
        await queue_investigations(stores.for_organization(ACME), f"a{n}")
        await stores.for_organization(GLOBEX).add_background_task(BackgroundTask(f"e{n}", "check", {}))
    async with (
        open_stores(database_url, owner="second", secret_keys=["key"]) as second,
        open_stores(database_url, owner="third", secret_keys=["key"]) as third,
    ):
        claims = await asyncio.gather(*(each.runs.claim(2) for each in (stores, second, third) * 4))
    taken = Counter(run.subject_id for claim in claims for run in claim)
    assert set(taken.values()) == {1}
    assert sum(subject.startswith("a") for subject in taken) == 3
    assert sum(subject.startswith("e") for subject in taken) == 8


async def test_an_abandoned_run_is_taken_before_new_ones_and_counts_as_crashed(
    stores: SqlStores, late_stores: SqlStores
) -> None:
    await queue_investigations(stores.for_organization(ACME), "a1", "a2", "a3", "a4", "a5")
    first = await late_stores.runs.claim(2)
    assert [(run.attempt, run.crashes) for run in first] == [(1, 0), (1, 0)]
    again = await stores.runs.claim(2)
    assert [(run.subject_id, run.attempt, run.crashes) for run in again] == [("a1", 2, 1), ("a2", 2, 1)]
    assert [run.subject_id for run in await stores.runs.claim(9)] == ["a3"]


async def test_a_lease_that_is_renewed_is_not_abandoned(stores: SqlStores, late_stores: SqlStores) -> None:
    await queue_investigations(stores.for_organization(ACME), "a1")
    run = await claim_one(late_stores.runs)
    assert await stores.runs.renew([run]) == (ids(run), ids())
    assert await stores.runs.claim(9) == ()
    assert await stores.runs.renew([]) == (ids(), ids())


async def test_writing_renews_the_lease(stores: SqlStores, late_stores: SqlStores) -> None:
    store = stores.for_organization(ACME)
    await queue_investigations(store, "a1", "a2")
    first, second = await late_stores.runs.claim(2)
    await store.journal("a1", first).record(observed(1))
    await store.save_investigation(investigation("a2").start(), second)
    assert await stores.runs.claim(9) == ()


async def test_a_worker_that_wakes_up_after_its_lease_can_write_nothing(
    stores: SqlStores, late_stores: SqlStores
) -> None:
    store = late_stores.for_organization(ACME)
    await ask_after_the_end(store, stores.runs)
    await queue_investigations(store, "a1")
    await store.add_background_task(BackgroundTask("e1", "check", {}))
    lost = {run.kind: run for run in await late_stores.runs.claim(9)}
    new = {run.kind: run for run in await stores.runs.claim(9)}

    for refused in _writes(store, lost):
        with pytest.raises(LeaseLost):
            await refused
    for run in lost.values():
        assert not await late_stores.runs.finish(run, "done")
    assert await late_stores.runs.renew(list(lost.values())) == (ids(), ids())
    await late_stores.runs.hand_back(list(lost.values()))

    assert await store.investigation("a1") == investigation("a1")
    assert await store.journal("a1").entries() == ()
    assert await stores.runs.renew(list(new.values())) == (ids(*new.values()), ids())
    for written in _writes(store, new):
        await written


def _writes(store: OrganizationStore, runs: dict[str, Run]) -> Iterator[Awaitable[None]]:
    yield store.save_investigation(reported(investigation("a1")), runs["investigate"])
    yield store.journal("a1", runs["investigate"]).record(observed(1))
    yield store.save_question(question(), runs["follow_up"])
    yield store.journal("que00001", runs["follow_up"]).record(observed(1))
    yield store.save_background_task(BackgroundTask("e1", "check", {}, outcome={"ok": True}), runs["errand"])


@pytest.mark.parametrize("end", ["done", "failed", "cancelled"])
async def test_a_finished_run_is_over(stores: SqlStores, end: str) -> None:
    store = stores.for_organization(ACME)
    await queue_investigations(store, "a1")
    run = await claim_one(stores.runs)
    assert await stores.runs.finish(run, end)
    assert await stores.for_organization(ACME).run_state("a1") == end
    assert not await stores.runs.finish(run, "done")
    assert not await stores.for_organization(ACME).cancel_run("a1")
    with pytest.raises(LeaseLost):
        await store.save_investigation(investigation("a1").start(), run)
    assert await stores.runs.claim(9) == ()


async def test_a_run_ends_only_as_done_failed_or_cancelled(stores: SqlStores) -> None:
    await queue_investigations(stores.for_organization(ACME), "a1")
    with pytest.raises(ValueError, match="queued"):
        await stores.runs.finish(await claim_one(stores.runs), "queued")


async def test_a_run_handed_back_is_taken_at_once_and_is_no_crash(stores: SqlStores) -> None:
    store = stores.for_organization(ACME)
    await queue_investigations(store, "a1", "a2")
    held = await stores.runs.claim(2)
    await stores.runs.hand_back(held)
    await stores.runs.hand_back([])
    with pytest.raises(LeaseLost):
        await store.save_investigation(investigation("a1").start(), held[0])
    again = await stores.runs.claim(2)
    assert [(run.subject_id, run.attempt, run.crashes) for run in again] == [("a1", 2, 0), ("a2", 2, 0)]


async def test_the_sole_owner_takes_over_everything_at_its_start(stores: SqlStores) -> None:
    store = stores.for_organization(ACME)
    await queue_investigations(store, "a1", "a2", "a3")
    dead = await stores.runs.claim(2)
    assert await stores.runs.finish(dead[1], "done")
    assert await stores.runs.take_over_all() == 1
    with pytest.raises(LeaseLost):
        await store.journal("a1", dead[0]).record(observed(1))
    again = await stores.runs.claim(9)
    assert [(run.subject_id, run.attempt, run.crashes) for run in again] == [("a1", 2, 1), ("a3", 1, 0)]


async def test_a_queued_run_is_cancelled_at_once(stores: SqlStores) -> None:
    await queue_investigations(stores.for_organization(ACME), "a1")
    assert await stores.for_organization(ACME).cancel_run("a1")
    assert await stores.for_organization(ACME).run_state("a1") == "cancelled"
    assert await stores.runs.claim(9) == ()
    assert not await stores.for_organization(ACME).cancel_run("a1")


async def test_a_running_run_is_asked_to_stop_and_writes_nothing_more(stores: SqlStores) -> None:
    store = stores.for_organization(ACME)
    await queue_investigations(store, "a1", "a2")
    run, other = await stores.runs.claim(2)
    assert await stores.for_organization(ACME).cancel_run("a1")
    assert await stores.for_organization(ACME).run_state("a1") == "running"
    assert await stores.runs.renew([run, other]) == (ids(run, other), ids(run))
    with pytest.raises(LeaseLost):
        await store.journal("a1", run).record(observed(1))
    with pytest.raises(LeaseLost):
        await store.save_investigation(investigation("a1").start(), run)
    assert await stores.runs.finish(run, "cancelled")
    await store.save_investigation(investigation("a1").cancel(START))
    assert (await store.investigation("a1")).status == "cancelled"
    assert await stores.runs.renew([run, other]) == (ids(other), ids())


async def test_whoever_takes_over_a_run_that_was_to_be_cancelled_learns_it(
    stores: SqlStores, late_stores: SqlStores
) -> None:
    await queue_investigations(stores.for_organization(ACME), "a1")
    await late_stores.runs.claim(1)
    await stores.for_organization(ACME).cancel_run("a1")
    run = await claim_one(stores.runs)
    assert await stores.runs.renew([run]) == (ids(run), ids(run))


async def test_nothing_is_known_or_cancelled_for_a_stranger(stores: SqlStores) -> None:
    assert await stores.for_organization(ACME).run_state("nobody") is None
    assert not await stores.for_organization(ACME).cancel_run("nobody")
    assert await stores.runs.take_over_all() == 0


async def test_heartbeats_and_writes_of_one_worker_do_not_deadlock(stores: SqlStores) -> None:
    store = stores.for_organization(ACME)
    for n in range(20):
        await store.add_background_task(BackgroundTask(f"e{n}", "check", {}))
    held = list(await stores.runs.claim(20))
    done = asyncio.Event()

    async def beat() -> None:
        turn = 0
        while not done.is_set():
            turn += 1
            await stores.runs.renew(held if turn % 2 else held[::-1])

    async def write(run: Run) -> None:
        for n in range(5):
            await asyncio.gather(
                store.journal(run.subject_id, run).record(observed(n)),
                store.begin_post(run.subject_id, f"answer {n}", run),
            )
        assert await stores.runs.finish(run, "done")

    beating = [asyncio.create_task(beat()) for _ in range(2)]
    async with asyncio.timeout(20):
        await asyncio.gather(*(write(run) for run in reversed(held)))
    done.set()
    await asyncio.gather(*beating)


async def test_only_who_holds_a_run_now_may_speak_for_it(stores: SqlStores, late_stores: SqlStores) -> None:
    store, late = stores.for_organization(ACME), late_stores.for_organization(ACME)
    await queue_investigations(store, "a1")
    (paused,) = await late_stores.runs.claim(1)
    assert await late.holds(paused), "its lease ran out, but nobody took it"
    (run,) = await stores.runs.claim(1)
    assert await store.holds(run) and not await late.holds(paused)
    assert not await stores.for_organization(GLOBEX).holds(replace(run, id="another"))
    await stores.runs.hand_back([run])
    assert not await store.holds(run)
    (again,) = await stores.runs.claim(1)
    assert await store.holds(again) and not await store.holds(run)
    await stores.runs.finish(again, "done")
    assert not await store.holds(again)
