from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from core.domain.errors import LeaseLost
from core.domain.journal import CallCorrected, ReasonerReplaced, TurnTaken
from core.domain.report import Usage
from core.ports import BackgroundTask, Run
from core.storage.database_stores import SqlStores
from tests.storage.samples import ACME, START, claim_one, ids, observed, queue_investigations


async def test_a_journal_is_read_in_the_order_in_which_it_was_written(stores: SqlStores) -> None:
    store = stores.for_organization(ACME)
    await queue_investigations(store, "a1")
    journal = store.journal("a1", await claim_one(stores.runs))
    entries = (
        TurnTaken(1, "rules", "first", (), None, Usage(), START),
        observed(1),
        CallCorrected("c2", "no such tool", START),
        ReasonerReplaced("rules", "the model is down", START),
    )
    assert await journal.entries() == ()
    for entry in entries:
        await journal.record(entry)
    assert await journal.entries() == entries
    assert await store.journal("a1").entries() == entries


async def test_who_follows_a_journal_sees_each_entry_once(stores: SqlStores) -> None:
    store = stores.for_organization(ACME)
    await queue_investigations(store, "a1", "a2")
    first, other = await stores.runs.claim(2)
    follower = store.journal("a1")
    for n in range(5):
        await store.journal("a2", other).record(observed(9))
        await store.journal("a1", first).record(observed(n))
        so_far = tuple(observed(k) for k in range(n + 1))
        first_look, second_look = await asyncio.gather(follower.entries(), follower.entries())
        assert first_look == second_look == so_far


async def test_a_journal_opened_without_a_run_cannot_be_written(stores: SqlStores) -> None:
    store = stores.for_organization(ACME)
    await queue_investigations(store, "a1")
    with pytest.raises(LeaseLost, match="reading only"):
        await store.journal("a1").record(observed(1))


@contextlib.contextmanager
def _counted_commits() -> Iterator[list[None]]:
    commits: list[None] = []

    def count(_connection: sa.Connection) -> None:
        commits.append(None)

    sa.event.listen(sa.Engine, "commit", count)
    try:
        yield commits
    finally:
        sa.event.remove(sa.Engine, "commit", count)


async def _fifty_runs(stores: SqlStores) -> list[Run]:
    store = stores.for_organization(ACME)
    for n in range(50):
        await store.add_background_task(BackgroundTask(f"e{n}", "check", {}))
    return list(await stores.runs.claim(50))


async def test_fifty_that_record_at_once_are_committed_in_order_and_refused_one_by_one(stores: SqlStores) -> None:
    store = stores.for_organization(ACME)
    runs = await _fifty_runs(stores)
    for run in runs[:5]:
        await store.cancel_run(run.subject_id)
    await stores.runs.hand_back(runs[5:10])

    async def work(run: Run) -> int:
        journal = store.journal(run.subject_id, run)
        for n in range(4):
            try:
                await journal.record(observed(n))
            except LeaseLost:
                return n
        return 4

    with _counted_commits() as commits:
        assert await asyncio.gather(*(work(run) for run in runs)) == [0] * 10 + [4] * 40
    assert len(commits) < 20, "170 records share a few commits"
    for run in runs[:10]:
        assert await store.journal(run.subject_id).entries() == ()
    for run in runs[10:]:
        assert await store.journal(run.subject_id).entries() == tuple(observed(n) for n in range(4))


async def test_one_who_stops_waiting_takes_nobody_along(stores: SqlStores) -> None:
    store = stores.for_organization(ACME)
    runs = await _fifty_runs(stores)
    tasks = [asyncio.create_task(store.journal(run.subject_id, run).record(observed(n))) for n, run in enumerate(runs)]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    for task in tasks[::2]:
        with contextlib.suppress(asyncio.CancelledError):
            await task
    await asyncio.gather(*tasks[1::2])
    for n, run in list(enumerate(runs))[1::2]:
        assert await store.journal(run.subject_id).entries() == (observed(n),)


async def test_work_cancelled_inside_a_statement_leaves_the_database_usable(stores: SqlStores) -> None:
    store = stores.for_organization(ACME)
    await queue_investigations(store, "a1")
    run = await claim_one(stores.runs)
    for turns in range(30):
        task = asyncio.create_task(stores.runs.renew([run]))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    assert await stores.runs.renew([run]) == (ids(run), ids())
    await store.journal("a1", run).record(observed(1))
    assert await store.journal("a1").entries() == (observed(1),)
