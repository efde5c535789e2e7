"""A workspace of our own Slack with one person, one channel and the app's client."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from tests.fakes.slack import Channel, FakeSlack, User, Workspace


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Acme:
    """A workspace with one person, one channel, and the app's client."""

    def __init__(self, peer: FakeSlack, session: aiohttp.ClientSession, clock: Clock) -> None:
        self.peer, self.session, self.clock = peer, session, clock
        self.workspace: Workspace = peer.add_workspace("Acme")
        self.maya: User = self.workspace.add_user("maya", is_admin=True)
        self.channel: Channel = self.workspace.add_channel("incidents", self.maya)
        self.client = self.client_of(self.workspace.bot_token)

    def client_of(self, token: str | None) -> AsyncWebClient:
        return AsyncWebClient(token=token, base_url=self.peer.api_url, session=self.session, retry_handlers=[])

    async def post(self, **more: Any) -> str:
        self.clock.now += 1
        shown = {"channel": self.channel.id, "text": "Looking into it.", **more}
        return str((await self.client.chat_postMessage(**shown))["ts"])


async def refusal(call: Any) -> Any:
    """What Slack answered to a call that it refused."""
    with pytest.raises(SlackApiError) as caught:
        await call
    return caught.value.response


async def error_of(call: Any) -> str:
    return str((await refusal(call))["error"])
