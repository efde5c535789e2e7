"""Real processes on one real database."""

from __future__ import annotations

import asyncio
import sys
import threading
import time

import sqlalchemy as sa

from core.ports import Run
from core.storage.database_stores import SqlStores
from core.storage.engine.database import Database
from core.storage.tables import runs
from tests.storage.samples import ACME, observed, queue_investigations

LEASE_S = 1.0
ENDLESS = 1_000_000


async def _worker(url: str, lease_s: float, steps: int) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-W", "error", "-m", "tests.storage.worker_process", url, str(lease_s), str(steps)),
        stdout=asyncio.subprocess.PIPE,
    )


async def _steps_seen(process: asyncio.subprocess.Process, count: int) -> None:
    assert process.stdout is not None
    for _ in range(count):
        assert await process.stdout.readline(), "the worker ended early"


async def _claim_as_soon_as_possible(stores: SqlStores) -> Run:
    async with asyncio.timeout(15):
        while True:
            if claimed := await stores.runs.claim(1):
                return claimed[0]
            await asyncio.sleep(0.02)


async def test_a_killed_workers_run_goes_on_after_its_last_committed_step(database_url: str, stores: SqlStores) -> None:
    store = stores.for_organization(ACME)
    await queue_investigations(store, "a1")
    process = await _worker(database_url, LEASE_S, ENDLESS)
    await _steps_seen(process, 5)
    assert await stores.runs.claim(1) == (), "alive workers keep their runs"
    process.kill()
    await process.wait()
    killed_at = time.monotonic()

    run = await _claim_as_soon_as_possible(stores)
    assert time.monotonic() - killed_at < LEASE_S + 2.0
    assert (run.subject_id, run.attempt, run.crashes) == ("a1", 2, 1)
    journal = store.journal("a1", run)
    committed = await journal.entries()
    assert len(committed) >= 5, "every step that was shown had been committed"
    assert committed == tuple(observed(n) for n in range(len(committed)))
    await journal.record(observed(99))
    assert (await journal.entries())[-1] == observed(99)


async def test_a_restarted_owner_goes_on_at_once(database_url: str, stores: SqlStores) -> None:
    await queue_investigations(stores.for_organization(ACME), "a1")
    process = await _worker(database_url, 3600.0, ENDLESS)
    await _steps_seen(process, 1)
    process.kill()
    await process.wait()
    assert await stores.runs.claim(1) == ()
    assert await stores.runs.take_over_all() == 1
    (run,) = await stores.runs.claim(1)
    assert (run.attempt, run.crashes) == (2, 1)


async def test_processes_that_write_at_once_all_get_through(database_url: str, stores: SqlStores) -> None:
    store = stores.for_organization(ACME)
    await queue_investigations(store, "a1", "a2", "a3")
    steps = 60
    processes = [await _worker(database_url, 10.0, steps) for _ in range(2)]
    run = await _claim_as_soon_as_possible(stores)
    journal = store.journal(run.subject_id, run)
    for n in range(steps):
        await journal.record(observed(n))
    for process in processes:
        await _steps_seen(process, steps)
        assert await process.wait() == 0
    for subject in ("a1", "a2", "a3"):
        assert await store.journal(subject).entries() == tuple(observed(n) for n in range(steps))


async def _close_runs(database_url: str, written: threading.Event, seen: threading.Event) -> None:
    def close(connection: sa.Connection) -> None:
        connection.execute(runs.update().values(state="done"))
        written.set()
        seen.wait(10)

    database = Database(database_url).of(ACME)
    try:
        await database.write(close)
    finally:
        await database.close()


async def test_readers_do_not_wait_for_a_writer(database_url: str, stores: SqlStores) -> None:
    store = stores.for_organization(ACME)
    await queue_investigations(store, "a1")
    written, seen = threading.Event(), threading.Event()

    def write() -> None:
        asyncio.run(_close_runs(database_url, written, seen))

    writing = asyncio.create_task(asyncio.to_thread(write))
    try:
        assert await asyncio.to_thread(written.wait, 10)
        async with asyncio.timeout(5):
            assert await stores.for_organization(ACME).run_state("a1") == "queued"
            assert await store.journal("a1").entries() == ()
    finally:
        seen.set()
        await writing
    assert await stores.for_organization(ACME).run_state("a1") == "done"
