"""The worker when its database goes away, when it is slow itself, and when people cancel at a bad moment."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from core.domain.conversation import ConversationRef
from core.domain.errors import DATABASE, LeaseLost, ServiceUnavailable
from core.domain.investigation import Investigation, Subject
from core.domain.tenancy import Actor, OrganizationId, Platform, WorkspaceRef
from core.ports import OrganizationStore, Run, Stores
from core.storage.database_stores import open_stores
from core.storage.schema import migrate
from core.work.worker import Worker
from tests.usecases.test_worker import NOW, ORGANIZATION

LEASE_S = 1.0


@dataclass
class Scripted:
    """A job whose every attempt or end does the next thing of a list; then nothing."""

    work_does: list[Callable[[], object]] = field(default_factory=list)
    telling_takes_s: float = 0.0
    events: list[str] = field(default_factory=list)

    async def work(self, run: Run) -> None:
        self.events.append(f"work {run.attempt}")
        if self.work_does:
            done = self.work_does.pop(0)()
            if asyncio.iscoroutine(done):
                await done

    async def fail(self, run: Run, error: Exception, text: str) -> None:
        self.events.append(f"fail: {text}")

    async def cancelled(self, run: Run) -> None:
        self.events.append("cancelling")
        await asyncio.sleep(self.telling_takes_s)
        self.events.append("cancelled")


@pytest.fixture
async def stores(tmp_path: Path) -> AsyncIterator[Stores]:
    url = f"sqlite:///{tmp_path / 'db'}"
    await migrate(url)
    async with open_stores(url, owner="test", secret_keys=["key"], lease_s=LEASE_S) as opened:
        yield opened


@pytest.fixture
async def store(stores: Stores) -> OrganizationStore:
    store = stores.for_organization(OrganizationId(ORGANIZATION))
    conversation = ConversationRef(WorkspaceRef(Platform.TERMINAL, "acme"), "terminal")
    asked = Investigation("inv-1", Subject("SHOP-1", "SHOP-1"), conversation, Actor("ada", "ada"), NOW)
    await store.add_investigation(asked, None, "delivery")
    return store


@contextlib.asynccontextmanager
async def working(stores: Stores, job: Scripted) -> AsyncIterator[Worker]:
    worker = Worker(stores.runs, {"investigate": job}, lease_s=LEASE_S)
    task = asyncio.create_task(worker.run())
    try:
        yield worker
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def until(look: Callable[[], object]) -> None:
    async with asyncio.timeout(15):
        while not look():
            await asyncio.sleep(0.02)


async def ended(store: OrganizationStore, wanted: str) -> None:
    async with asyncio.timeout(15):
        while await store.run_state("inv-1") != wanted:
            await asyncio.sleep(0.02)


def away() -> None:
    raise ServiceUnavailable(DATABASE, "The database cannot be reached.")


async def test_work_waits_for_the_database_instead_of_failing(stores: Stores, store: OrganizationStore) -> None:
    job = Scripted([away, away])
    async with working(stores, job):
        await ended(store, "done")
    assert job.events == ["work 1"] * 3


async def test_a_service_that_is_not_ours_is_not_waited_for(stores: Stores, store: OrganizationStore) -> None:
    def sentry_is_away() -> None:
        raise ServiceUnavailable("Sentry", "Sentry is away.")

    job = Scripted([sentry_is_away])
    async with working(stores, job):
        await ended(store, "failed")
    assert job.events == ["work 1", "fail: Sentry is away."]


async def test_telling_of_a_cancelled_run_is_not_cut_short_by_the_next_heartbeat(
    stores: Stores, store: OrganizationStore
) -> None:
    job = Scripted([asyncio.Event().wait], telling_takes_s=5 * LEASE_S / 4)
    async with working(stores, job):
        await until(lambda: job.events)
        assert await store.cancel_run("inv-1")
        await ended(store, "cancelled")
    assert job.events == ["work 1", "cancelling", "cancelled"]


async def test_a_worker_that_takes_over_its_own_run_keeps_the_lease_of_the_newer_attempt(
    stores: Stores, store: OrganizationStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the database does not take renewals, the lease runs out, and whoever is first takes the run."""
    taken_over = asyncio.Event()

    async def is_told_too_late() -> None:
        await taken_over.wait()
        raise LeaseLost("Another attempt has the run.")

    job = Scripted([is_told_too_late, asyncio.Event().wait])
    renew = stores.runs.renew

    async def not_renewed(runs: object) -> object:
        raise ServiceUnavailable(DATABASE, "The database cannot be reached.")

    async with working(stores, job):
        await until(lambda: job.events)
        monkeypatch.setattr(stores.runs, "renew", not_renewed)
        await until(lambda: len(job.events) == 2)
        monkeypatch.setattr(stores.runs, "renew", renew)
        taken_over.set()
        await asyncio.sleep(2 * LEASE_S)
        assert job.events == ["work 1", "work 2"], "the newer attempt lost its lease"
        assert await store.cancel_run("inv-1")
        await ended(store, "cancelled")
    assert job.events[2:] == ["cancelling", "cancelled"]
