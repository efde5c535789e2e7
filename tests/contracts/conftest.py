"""The houses, each with what it needs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.demo.local_sentry import LocalSentry
from tests.contracts.house import FarSender, FarUse, House, Sender, Use
from tests.contracts.slack import SlackHouse
from tests.contracts.teams import TeamsHouse
from tests.contracts.terminal import TerminalHouse

HOUSES: tuple[House, ...] = (TerminalHouse(), SlackHouse(), TeamsHouse())


@pytest.fixture(params=HOUSES, ids=lambda house: house.name)
def house(request: pytest.FixtureRequest) -> House:
    found: House = request.param
    return found


@pytest.fixture
def far_house(house: House) -> House:
    """Only where a service lies between."""
    if house.near:
        pytest.skip(f"{house.name}: {house.near}")
    return house


@pytest.fixture
async def sender(house: House, tmp_path: Path) -> AsyncIterator[Sender]:
    async with house.sender(tmp_path) as sender:
        yield sender


@pytest.fixture
async def far_sender(far_house: House, sender: Sender) -> FarSender:
    assert isinstance(sender, FarSender)
    return sender


@pytest.fixture
async def use(house: House, tmp_path: Path) -> AsyncIterator[Use]:
    async with LocalSentry() as sentry, house.use(tmp_path / "home", sentry) as use:
        yield use


@pytest.fixture
async def far_use(far_house: House, use: Use) -> FarUse:
    assert isinstance(use, FarUse)
    return use
