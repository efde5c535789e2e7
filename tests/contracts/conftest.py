"""The harnesses, each with what it needs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.demo.local_sentry import LocalSentry
from tests.contracts.harness import ChannelHarness, FarSender, FarUse, Sender, Use
from tests.contracts.slack import SlackContractHarness
from tests.contracts.teams import TeamsContractHarness
from tests.contracts.terminal import TerminalHarness

HARNESSES: tuple[ChannelHarness, ...] = (TerminalHarness(), SlackContractHarness(), TeamsContractHarness())


@pytest.fixture(params=HARNESSES, ids=lambda harness: harness.name)
def harness(request: pytest.FixtureRequest) -> ChannelHarness:
    found: ChannelHarness = request.param
    return found


@pytest.fixture
def far_house(harness: ChannelHarness) -> ChannelHarness:
    """Only where a service lies between."""
    if harness.near:
        pytest.skip(f"{harness.name}: {harness.near}")
    return harness


@pytest.fixture
async def sender(harness: ChannelHarness, tmp_path: Path) -> AsyncIterator[Sender]:
    async with harness.sender(tmp_path) as sender:
        yield sender


@pytest.fixture
async def far_sender(far_house: ChannelHarness, sender: Sender) -> FarSender:
    assert isinstance(sender, FarSender)
    return sender


@pytest.fixture
async def use(harness: ChannelHarness, tmp_path: Path) -> AsyncIterator[Use]:
    async with LocalSentry() as sentry, harness.use(tmp_path / "home", sentry) as use:
        yield use


@pytest.fixture
async def far_use(far_house: ChannelHarness, use: Use) -> FarUse:
    assert isinstance(use, FarUse)
    return use
