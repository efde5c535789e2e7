"""What replicas agree on, on both databases; other replicas are other stores of the same database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from core.domain.tenancy import Organization
from core.ports import Rate
from core.storage.database_stores import SqlStores, open_stores
from tests.storage.samples import ACME, GLOBEX

HOUR_S = 3_600.0


@pytest.fixture
async def others(database_url: str) -> AsyncIterator[SqlStores]:
    async with open_stores(database_url, owner="worker", secret_keys=["key"]) as stores:
        yield stores


async def test_a_duty_has_one_holder_until_it_is_released(stores: SqlStores, others: SqlStores) -> None:
    assert await stores.leadership.acquire("socket", HOUR_S)
    assert await stores.leadership.acquire("socket", HOUR_S), "holding goes on"
    assert not await others.leadership.acquire("socket", HOUR_S)
    assert await others.leadership.acquire("another", HOUR_S)
    await others.leadership.release("socket")
    assert not await others.leadership.acquire("socket", HOUR_S), "only the holder can release"
    await stores.leadership.release("socket")
    assert await others.leadership.acquire("socket", HOUR_S)
    assert not await stores.leadership.acquire("socket", HOUR_S)


async def test_a_duty_whose_holder_died_is_taken_when_its_lease_ran_out(stores: SqlStores, others: SqlStores) -> None:
    assert await stores.leadership.acquire("socket", -1.0)
    assert await others.leadership.acquire("socket", HOUR_S)
    assert not await stores.leadership.acquire("socket", HOUR_S)


async def test_many_who_reach_for_a_duty_at_once_leave_it_to_one(stores: SqlStores, database_url: str) -> None:
    async def reach() -> bool:
        async with open_stores(database_url, owner="worker", secret_keys=["key"]) as mine:
            return await mine.leadership.acquire("socket", HOUR_S)

    assert sum(await asyncio.gather(*(reach() for _ in range(8)))) == 1


async def test_replicas_share_one_rate_and_its_burst(stores: SqlStores, others: SqlStores) -> None:
    async def turn(mine: SqlStores) -> float:
        return await mine.turns.reserve("workspace/chat.update", Rate(100.0, 2))

    waits = [await turn(stores), await turn(others), await turn(stores), await turn(others)]
    assert waits == [0.0, 0.0, pytest.approx(100, abs=20), pytest.approx(200, abs=20)]
    assert await stores.turns.reserve("another/chat.update", Rate(100.0, 2)) == 0.0


async def test_a_pause_holds_for_all_replicas(stores: SqlStores, others: SqlStores) -> None:
    await stores.turns.pause("workspace", Rate(1.0, 5), 600.0)
    assert await others.turns.reserve("workspace", Rate(1.0, 5)) == pytest.approx(600, abs=20)
    await stores.turns.pause("workspace", Rate(1.0, 5), 1.0)
    assert await others.turns.reserve("workspace", Rate(1.0, 5)) == pytest.approx(601, abs=20)


async def test_a_slot_queues_one_run_for_every_organization_however_many_replicas_look(
    stores: SqlStores, others: SqlStores
) -> None:
    for organization_id in (ACME, GLOBEX):
        await stores.directory.ensure_organization(Organization(organization_id, organization_id))
    assert await stores.schedules.fire("tidy", lambda now_s: now_s - 1) == 0, "the first slot is yet to come"
    looks = await asyncio.gather(
        *(mine.schedules.fire("tidy", lambda now_s: now_s + HOUR_S) for mine in (stores, others, stores, others))
    )
    assert sorted(looks) == [0, 0, 0, 2]
    claimed = await stores.runs.claim(9)
    assert sorted((run.kind, run.organization_id, run.subject_id) for run in claimed) == [
        ("upkeep", ACME, "tidy"),
        ("upkeep", GLOBEX, "tidy"),
    ]
