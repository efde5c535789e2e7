"""LogSense as `serve` runs it, in this process, beside an emulate that knows it as an app."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest

from adapters.slack.install.oauth import REDIRECT_PATH
from bot.app.bootstrap import App, build_app
from bot.app.settings import Settings
from bot.demo.local_sentry import LocalSentry
from bot.server.serve import serving
from core.domain.tenancy import Platform, SentryConnection, WorkspaceRef
from core.ports import OrganizationStore
from tests.emulate.browser import Browser, Page
from tests.emulate.doorbell import Doorbell, doorbell
from tests.emulate.slack import TEAM_ID, EmulatedSlack, Json, Person, Program, emulate_program, emulated_slack

T = TypeVar("T")

WORKSPACE = WorkspaceRef(Platform.SLACK, TEAM_ID)
_NOT_SERVED = {"assistant.threads.setStatus"}
"""What LogSense calls and emulate does not know; LogSense is content without it."""


async def until(look: Callable[[], Awaitable[T | None]], *, timeout_s: float = 30.0) -> T:
    """What `look` sees once it sees something."""
    async with asyncio.timeout(timeout_s):
        while not (seen := await look()):
            await asyncio.sleep(0.05)
    return seen


@dataclass(frozen=True)
class Serving:
    """LogSense, listening, with an emulate that knows it as an app."""

    slack: EmulatedSlack
    app: App
    url: str
    sentry: LocalSentry

    async def install(self, person: Person, browser: Browser) -> Page:
        """Where the person's browser ended after they installed LogSense."""
        asked = await browser.goes_to(f"{self.url}/slack/install")
        assert asked.location.startswith(f"{self.slack.url}/oauth/v2/authorize?")
        allowed = await browser.presses(await browser.goes_to(asked.location), person.id)
        return await browser.goes_to(allowed.location)

    async def store(self) -> OrganizationStore:
        """What the workspace's organization keeps."""
        organization = await self.app.stores.directory.organization_of(WORKSPACE)
        return self.app.stores.for_organization(organization.id)

    async def installation(self) -> Json | None:
        """What is kept of the workspace's installation."""
        kept = await self.app.stores.installations.find(WORKSPACE)
        return json.loads(kept) if kept else None


@dataclass(frozen=True)
class SlackHarness:
    """LogSense installed, invited to the channel, and connected to Sentry."""

    serving: Serving
    rings: Doorbell

    @property
    def slack(self) -> EmulatedSlack:
        """The Slack that others wrote."""
        return self.serving.slack

    async def ours(self, thread: str | None = None) -> list[Json]:
        """What LogSense posted, in the thread or as messages of the channel."""
        found = await (self.slack.thread(thread) if thread else self.slack.posts())
        return [it for it in found if it["user"] == self.rings.bot_user_id]

    async def said(self, thread: str, word: str) -> Json:
        """What LogSense posted into the thread with that word in it, once it did."""

        async def look() -> Json | None:
            return next((it for it in await self.ours(thread) if word in json.dumps(it)), None)

        return await until(look)

    async def report(self, thread: str) -> Json:
        """The report, once the progress has come to rest as well."""
        report = await self.said(thread, "copy_post_mortem")

        async def is_at_rest() -> bool:
            return "stop_investigation" not in json.dumps(await self.ours(thread))

        await until(is_at_rest)
        return report


@pytest.fixture(scope="session")
def program() -> Program:
    found = emulate_program()
    if found is None:
        pytest.skip("emulate and Node 24 are not installed: `make test-emulate` does that")
    return found


@pytest.fixture
async def logsense(program: Program, tmp_path: Path) -> AsyncIterator[Serving]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    async with (
        emulated_slack(program, tmp_path, f"http://{address}{REDIRECT_PATH}") as slack,
        LocalSentry(port=0) as sentry,
        build_app(_settings(tmp_path / "home", address, slack, sentry)) as app,
        serving(app) as url,
    ):

        async def has_tools() -> bool:
            return app.tools is not None

        await until(has_tools)
        yield Serving(slack, app, url, sentry)
    assert slack.shim.unserved <= _NOT_SERVED


@pytest.fixture
async def harness(logsense: Serving) -> AsyncIterator[SlackHarness]:
    slack, sentry = logsense.slack, logsense.sentry
    async with Browser() as browser:
        assert (await logsense.install(slack.ada, browser)).status == 200
    installed = await logsense.installation()
    assert installed is not None
    await slack.ada.client.conversations_invite(channel=slack.channel_id, users=installed["bot_user_id"])
    connection = SentryConnection(sentry.base_url, sentry.organization_slug, sentry.token, True)
    await (await logsense.store()).save_sentry_connection(connection)
    async with doorbell(slack, logsense.url, installed["bot_user_id"]) as rings:
        yield SlackHarness(logsense, rings)


def _settings(home: Path, address: str, slack: EmulatedSlack, sentry: LocalSentry) -> Settings:
    given = {
        "LOGSENSE_HOME": home,
        "LOGSENSE_LISTEN": address,
        "LOGSENSE_PUBLIC_URL": f"http://{address}",
        "LOGSENSE_SLACK_URL": slack.url,
        "SLACK_SIGNING_SECRET": slack.app.signing_secret,
        "SLACK_CLIENT_ID": slack.app.client_id,
        "SLACK_CLIENT_SECRET": slack.app.client_secret,
        "LOGSENSE_TENANT_HOSTS": sentry.base_url.removeprefix("http://"),
        "LOGSENSE_REASONER": "rules",
    }
    return Settings(_env_file=None, **given)  # type: ignore[call-arg,arg-type]
