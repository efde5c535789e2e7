"""The worker sees every run to an end, on a real database: done, failed, cancelled, or handed back."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.domain.conversation import ConversationRef
from core.domain.errors import LogSenseError, NotFound
from core.domain.investigation import Investigation, Status, Subject
from core.domain.tenancy import Actor, Organization, OrganizationId, Platform, WorkspaceRef
from core.ports import OrganizationStore, Run, Stores
from core.storage.database_stores import open_stores
from core.storage.schema import migrate
from core.work.orphans import close_orphans
from core.work.worker import MAX_CRASHES, Worker

ORGANIZATION = OrganizationId("acme")
NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


@dataclass
class Recorder:
    """A job that remembers what happened; `task` is what it does while working."""

    error: Exception | None = None
    waits: bool = False
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    events: list[str] = field(default_factory=list)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def work(self, run: Run) -> None:
        self.events.append(f"work {run.attempt}")
        self.begun.set()
        if self.waits:
            await asyncio.Event().wait()
        if self.error:
            raise self.error
        self.ended.set()

    async def fail(self, run: Run, error: Exception, text: str) -> None:
        self.events.append(f"fail: {text}")
        self.ended.set()

    async def cancelled(self, run: Run) -> None:
        self.events.append("cancelled")
        self.ended.set()


@pytest.fixture
async def stores(tmp_path: Path) -> AsyncIterator[Stores]:
    url = f"sqlite:///{tmp_path / 'db'}"
    await migrate(url)
    async with open_stores(url, owner="test", secret_keys=["key"], lease_s=2.0) as opened:
        workspace = WorkspaceRef(Platform.TERMINAL, "acme")
        await opened.directory.ensure_organization(Organization(ORGANIZATION, "acme"), workspace)
        yield opened


@pytest.fixture
def store(stores: Stores) -> OrganizationStore:
    return stores.for_organization(ORGANIZATION)


async def queue(store: OrganizationStore, id_: str = "inv-0001") -> str:
    conversation = ConversationRef(WorkspaceRef(Platform.TERMINAL, "acme"), "terminal")
    asked = Investigation(id_, Subject("SHOP-1", f"SHOP-{id_}"), conversation, Actor("ada", "ada"), NOW)
    return (await store.add_investigation(asked, None, f"delivery {id_}")).id


@contextlib.asynccontextmanager
async def working(stores: Stores, job: Recorder) -> AsyncIterator[None]:
    worker = Worker(stores.runs, {"investigate": job}, lease_s=2.0)
    task = asyncio.create_task(worker.run())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def state(stores: Stores, wanted: str, id_: str = "inv-0001") -> None:
    async with asyncio.timeout(10):
        while await stores.for_organization(ORGANIZATION).run_state(id_) != wanted:
            await asyncio.sleep(0.02)


async def test_a_run_is_worked_on_once_and_done(stores: Stores, store: OrganizationStore) -> None:
    job = Recorder()
    await queue(store)
    async with working(stores, job):
        await state(stores, "done")
    assert job.events == ["work 1"]


async def test_our_own_errors_are_shown_as_written(stores: Stores, store: OrganizationStore) -> None:
    job = Recorder(error=NotFound("Sentry has no issue SHOP-9."))
    await queue(store)
    async with working(stores, job):
        await state(stores, "failed")
    assert job.events[1:] == ["fail: Sentry has no issue SHOP-9."]


async def test_any_other_error_is_shown_as_an_id_and_kept_in_the_log(
    stores: Stores, store: OrganizationStore, caplog: pytest.LogCaptureFixture
) -> None:
    job = Recorder(error=ZeroDivisionError("secret detail"))
    await queue(store)
    async with working(stores, job):
        await state(stores, "failed")
    assert "secret detail" not in job.events[1] and "error id" in job.events[1]
    error_id = job.events[1].split("error id ")[1].split(")")[0]
    assert error_id in caplog.text


async def test_a_worker_that_stops_hands_back_at_once(stores: Stores, store: OrganizationStore) -> None:
    job = Recorder(waits=True)
    await queue(store)
    async with working(stores, job):
        await asyncio.wait_for(job.begun.wait(), 10)
    assert await stores.for_organization(ORGANIZATION).run_state("inv-0001") == "queued"
    second = Recorder()
    async with working(stores, second):
        await state(stores, "done")
    assert second.events == ["work 2"]


async def test_cancelling_stops_a_run_in_the_middle(stores: Stores, store: OrganizationStore) -> None:
    job = Recorder(waits=True)
    await queue(store)
    async with working(stores, job):
        await asyncio.wait_for(job.begun.wait(), 10)
        assert await stores.for_organization(ORGANIZATION).cancel_run("inv-0001")
        await state(stores, "cancelled")
    assert job.events == ["work 1", "cancelled"]


async def test_a_run_that_keeps_killing_its_worker_is_given_up(stores: Stores, store: OrganizationStore) -> None:
    await queue(store)
    for _ in range(MAX_CRASHES):
        assert await stores.runs.claim(1)
        await stores.runs.take_over_all()
    job = Recorder()
    async with working(stores, job):
        await state(stores, "failed")
    assert len(job.events) == 1 and "given up" in job.events[0]


async def test_what_waits_for_a_run_that_has_ended_is_closed(stores: Stores, store: OrganizationStore) -> None:
    await queue(store, "cancelled-1")
    await stores.for_organization(ORGANIZATION).cancel_run("cancelled-1")
    await queue(store, "failed-1")
    (run,) = await stores.runs.claim(1)
    await stores.runs.finish(run, "failed")
    await queue(store, "waiting-1")
    await stores.directory.ensure_organization(Organization(ORGANIZATION, "Acme"))
    assert await close_orphans(stores.for_organization(ORGANIZATION), lambda: NOW) == 2
    assert (await store.investigation("cancelled-1")).status is Status.CANCELLED
    assert (await store.investigation("failed-1")).status is Status.FAILED
    assert (await store.investigation("waiting-1")).status is Status.QUEUED


def test_errors_of_ours_have_one_root() -> None:
    assert issubclass(NotFound, LogSenseError)
