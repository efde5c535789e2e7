"""LogSense as `serve` runs it, in this process, beside Microsoft's Agents Playground."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest

from bot.app.bootstrap import App, build_app
from bot.app.settings import Settings
from bot.demo.local_sentry import LocalSentry
from bot.server.serve import serving
from tests.playground.playground import Json, Playground, playground, program

T = TypeVar("T")


async def until(look: Callable[[], T | None], *, timeout_s: float = 30.0) -> T:
    """What `look` sees once it sees something."""
    async with asyncio.timeout(timeout_s):
        while not (seen := look()):
            await asyncio.sleep(0.02)
    return seen


@dataclass(frozen=True)
class TeamsHarness:
    """The Playground, and LogSense in it."""

    ground: Playground
    app: App
    sentry: LocalSentry

    def shown(self, thread: str, words: str) -> Json | None:
        """The newest state of the newest message in the thread that shows these words."""
        frames = [frame for frame in self.ground.frames if frame.get("actionConversationId") == thread]
        newest = {frame["message"]["messageId"]: frame["message"] for frame in frames if frame.get("message")}
        return next((one for one in reversed(newest.values()) if words in json.dumps(one, ensure_ascii=False)), None)

    def edits(self, message_id: str) -> int:
        """How often the message was edited."""
        return sum(
            frame.get("action") == "updateMessage" and frame["message"]["messageId"] == message_id
            for frame in self.ground.frames
        )


@pytest.fixture
async def harness(tmp_path: Path) -> AsyncIterator[TeamsHarness]:
    installed = program()
    if installed is None:
        pytest.skip("the Agents Playground is not installed: make test-playground (needs Node and npm)")
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    endpoint = f"http://{address}/api/messages"
    async with LocalSentry(port=0) as sentry, playground(installed, tmp_path, endpoint) as ground:
        given = {
            "LOGSENSE_HOME": tmp_path / "home",
            "LOGSENSE_LISTEN": address,
            "LOGSENSE_TEAMS_PLAYGROUND": ground.url,
            "TEAMS_TENANT_ID": ground.config["tenantId"],
            "LOGSENSE_ALLOWED_HOSTS": sentry.base_url.removeprefix("http://"),
            "LOGSENSE_REASONER": "rules",
            "SENTRY_URL": sentry.base_url,
            "SENTRY_ORG": sentry.organization_slug,
            "SENTRY_TOKEN": sentry.token,
            "LOGSENSE_SENTRY_WRITES": "true",
        }
        settings = Settings(_env_file=None, **given)  # type: ignore[call-arg]
        async with build_app(settings) as app, serving(app):
            await until(lambda: app.tools)
            yield TeamsHarness(ground, app, sentry)
