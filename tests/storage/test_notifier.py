"""Who waits for work hears of it, and need not look."""

from __future__ import annotations

import asyncio

import pytest

from core.storage.database_stores import open_stores
from core.storage.queue import notifier as notifier
from tests.storage.samples import ACME, queue_investigations


async def test_a_worker_hears_at_once_of_what_its_own_process_queues(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifier, "_LOOK_AGAIN_S", 3600.0)
    monkeypatch.setattr(notifier, "_LOOK_AGAIN_WITHOUT_BELL_S", 3600.0)
    async with open_stores(database_url, owner="worker", secret_keys=["key"]) as stores:
        async with asyncio.timeout(20):
            waiting = asyncio.create_task(stores.runs.wait())
            await queue_investigations(stores.for_organization(ACME), "a1")
            await waiting
            while not await stores.runs.claim(1):
                await stores.runs.wait()
