from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest

from tests.fakes.acme import Acme, Clock
from tests.fakes.bolt_app import BoltApp
from tests.fakes.slack import FakeSlack


@pytest.fixture
async def acme() -> AsyncIterator[Acme]:
    clock = Clock()
    async with FakeSlack(clock=clock) as peer, aiohttp.ClientSession() as session:
        yield Acme(peer, session, clock)


@pytest.fixture
async def app(acme: Acme) -> AsyncIterator[BoltApp]:
    async with BoltApp(acme.peer, acme.workspace.bot_token) as app:
        yield app.listen()
