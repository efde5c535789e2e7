"""`emulate` (npm), a Slack that we did not write, with LogSense installed in its workspace by OAuth."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import re
import shutil
import socket
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.demo.local_sentry import LocalSentry
from bot.serving import serving
from bot.settings import Settings
from bot.wiring import App, build_app
from core.domain.tenancy import Platform, SentryConnection, WorkspaceRef
from tests.emulate.shim import Shim

CACHE = Path(__file__).parents[2] / ".cache" / "emulate" / "node_modules"
SIGNING_SECRET = "a secret between emulate and us"
CHANNEL = "C000000001"
_MISSING = "emulate and Node 24 are not installed: `make test-emulate` does that"


@dataclass
class Emulated:
    """LogSense in the workspace that emulate plays; what people do is signed by us, since emulate sends no events."""

    url: str
    app: App
    client: AsyncWebClient
    team: str
    person: str
    session: aiohttp.ClientSession
    numbers: Any = field(default_factory=count)

    async def command(self, text: str) -> None:
        """Somebody types the slash command."""
        fields = {
            "command": "/logsense",
            "text": text,
            "team_id": self.team,
            "channel_id": CHANNEL,
            "user_id": self.person,
            "trigger_id": f"trigger-{next(self.numbers)}",
            "response_url": f"{self.url}/healthz",
        }
        await self._send(urlencode(fields), "application/x-www-form-urlencoded")

    async def event(self, **event: Any) -> None:
        """Something happens in the workspace."""
        body = {"type": "event_callback", "team_id": self.team, "event_id": f"Ev{next(self.numbers)}", "event": event}
        await self._send(json.dumps(body), "application/json")

    async def thread(self, root: str) -> list[dict[str, Any]]:
        """The messages of a thread, as emulate has them."""
        found = await self.client.conversations_replies(channel=CHANNEL, ts=root, include_all_metadata=True)
        messages: list[dict[str, Any]] = found["messages"]
        return messages

    async def posts(self) -> list[dict[str, Any]]:
        """What stands in the channel itself, newest first."""
        found = await self.client.conversations_history(channel=CHANNEL, include_all_metadata=True)
        messages: list[dict[str, Any]] = found["messages"]
        return messages

    async def _send(self, body: str, content_type: str) -> None:
        at = str(int(time.time()))
        digest = hmac.new(SIGNING_SECRET.encode(), f"v0:{at}:{body}".encode(), hashlib.sha256).hexdigest()
        headers = {
            "Content-Type": content_type,
            "X-Slack-Request-Timestamp": at,
            "X-Slack-Signature": f"v0={digest}",
        }
        async with self.session.post(f"{self.url}/slack/events", data=body, headers=headers) as answer:
            assert answer.status == 200


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port


@pytest.fixture
async def emulate() -> AsyncIterator[str]:
    """Where emulate answers."""
    node = next(iter(CACHE.glob("node-*/bin/node")), None) or shutil.which("node24")
    program = CACHE / "emulate" / "dist" / "index.js"
    if node is None or not program.exists():
        pytest.skip(_MISSING)
    port = _free_port()
    process = await asyncio.create_subprocess_exec(
        str(node), str(program), "start", "--service", "slack", "--port", str(port), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    async with asyncio.timeout(30):
        while b"Ready" not in await process.stdout.readline():
            assert process.returncode is None, "emulate ended"
    yield f"http://127.0.0.1:{port}"
    process.kill()
    await process.wait()


async def _install(session: aiohttp.ClientSession, url: str) -> None:
    """What a browser does: the state cookie travels by hand, since it is for HTTPS alone."""
    async with session.get(f"{url}/slack/install", allow_redirects=False) as answer:
        authorize = answer.headers["Location"]
        cookie = answer.headers["Set-Cookie"].split(";")[0]
    asked = {name: values[0] for name, values in parse_qs(urlsplit(authorize).query).items()}
    async with session.get(authorize) as answer:
        page = await answer.text()
    who = re.search(r'name="user_id" value="([^"]+)"', page)
    assert who is not None, page[:400]
    given = {"user_id": who[1], "user_scope": ""} | {
        name: asked[name] for name in ("redirect_uri", "scope", "state", "client_id")
    }
    root = authorize.split("/oauth/")[0]
    async with session.post(f"{root}/oauth/v2/authorize/callback", data=given, allow_redirects=False) as answer:
        back = answer.headers["Location"]
    async with session.get(back, headers={"Cookie": cookie}) as answer:
        assert answer.status == 200, await answer.text()


@pytest.fixture
async def emulated(tmp_path: Path, emulate: str) -> AsyncIterator[Emulated]:
    address = f"127.0.0.1:{_free_port()}"
    async with Shim(emulate) as shim, LocalSentry(port=0) as sentry, aiohttp.ClientSession() as session:
        given: dict[str, Any] = {
            "LOGSENSE_HOME": tmp_path / "home",
            "LOGSENSE_LISTEN": address,
            "LOGSENSE_PUBLIC_URL": f"http://{address}",
            "LOGSENSE_SLACK_URL": shim.url,
            "LOGSENSE_REASONER": "rules",
            "LOGSENSE_ALLOWED_HOSTS": sentry.base_url.removeprefix("http://"),
            "SLACK_SIGNING_SECRET": SIGNING_SECRET,
            "SLACK_CLIENT_ID": "111.222",
            "SLACK_CLIENT_SECRET": "s3cret",
        }
        settings = Settings(_env_file=None, **given)  # type: ignore[call-arg]
        async with build_app(settings) as app, serving(app) as url:
            await _install(session, url)
            client = AsyncWebClient(token="xoxb-local-test", base_url=f"{shim.url}/api/", session=session)
            us = await client.auth_test()
            organization = await app.stores.directory.organization_of(WorkspaceRef(Platform.SLACK, us["team_id"]))
            connection = SentryConnection(sentry.base_url, sentry.organization_slug, sentry.token)
            await app.stores.for_organization(organization.id).save_sentry_connection(connection)
            async with asyncio.timeout(20):
                while app.tools is None:
                    await asyncio.sleep(0.01)
            yield Emulated(url, app, client, us["team_id"], us["user_id"], session)
