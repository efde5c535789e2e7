"""LogSense as `serve` runs it, in this process: a real tool server and database, Slack and Sentry on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest

from bot.app.bootstrap import App, build_app
from bot.app.settings import Settings
from bot.demo.local_sentry import LocalSentry
from bot.server.serve import serving
from core.domain.tenancy import Platform, SentryConnection, WorkspaceRef
from core.ports import OrganizationStore
from tests.fakes.slack import Channel, FakeSlack, Message, User, Workspace

T = TypeVar("T")


async def until(look: Callable[[], T | None], *, timeout_s: float = 30.0) -> T:
    """What `look` sees once it sees something."""
    async with asyncio.timeout(timeout_s):
        while not (seen := look()):
            await asyncio.sleep(0.01)
    return seen


def text_of(message: Message) -> str:
    """Everything a message shows, as one text."""
    return message.text + "\n" + "\n".join(_strings(message.blocks))


def _strings(thing: object) -> list[str]:
    if isinstance(thing, str):
        return [thing]
    if isinstance(thing, dict):
        return [text for value in thing.values() for text in _strings(value)]
    if isinstance(thing, list | tuple):
        return [text for item in thing for text in _strings(item)]
    return []


@dataclass
class SlackHarness:
    """A running LogSense and the people who use it."""

    fake_slack: FakeSlack
    sentry: LocalSentry
    app: App
    url: str
    settings: Settings
    kept: dict[str, Any] = field(default_factory=dict)

    async def install(self, name: str, *, with_sentry: bool = True) -> tuple[Workspace, User, Channel]:
        """A workspace that installed LogSense, its owner, and a channel with LogSense in it."""
        workspace = self.fake_slack.add_workspace(name, installed=False)
        owner = workspace.add_user("ada", is_admin=True, is_owner=True)
        installed = await self.fake_slack.install(f"{self.url}/slack/install", workspace, owner)
        assert installed.status == 200, installed
        channel = workspace.add_channel("incidents", owner)
        if with_sentry:
            store = await self.store_of(workspace)
            await store.save_sentry_connection(self.connection())
        return workspace, owner, channel

    def connection(self, *, writes_allowed: bool = True) -> SentryConnection:
        """The local Sentry, as an organization would connect it."""
        sentry = self.sentry
        return SentryConnection(sentry.base_url, sentry.organization_slug, sentry.token, writes_allowed)

    async def store_of(self, workspace: Workspace) -> OrganizationStore:
        """What the workspace's organization keeps."""
        organization = await self.app.stores.directory.organization_of(WorkspaceRef(Platform.SLACK, workspace.id))
        return self.app.stores.for_organization(organization.id)

    async def report_in(self, channel: Channel) -> Message:
        """The first report in the channel, once its progress has come to rest too."""
        report = await until(lambda: next((it for it in channel.posts_of_bot() if is_report(it)), None))
        root = channel.messages[report.thread_ts or ""]
        await until(lambda: not is_spinning(root) if root.blocks else True)
        return report


def is_report(message: Message) -> bool:
    """Whether a message is (the first part of) a report."""
    return "resolve_investigation" in text_of(message)


def is_spinning(message: Message) -> bool:
    """Whether the message still looks as if something ran."""
    shown = text_of(message)
    return "in_progress" in shown or "stop_investigation" in shown


@pytest.fixture
async def fake_slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack() as fake_slack:
        yield fake_slack


@pytest.fixture
async def sentry() -> AsyncIterator[LocalSentry]:
    async with LocalSentry(port=0) as sentry:
        yield sentry


def settings_for(home: Path, fake_slack: FakeSlack, sentry: LocalSentry, **changes: Any) -> Settings:
    """A public app over HTTP; nothing of this machine's environment."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    given: dict[str, Any] = {
        "LOGSENSE_HOME": home,
        "LOGSENSE_LISTEN": address,
        "LOGSENSE_PUBLIC_URL": f"http://{address}",
        "LOGSENSE_SLACK_URL": fake_slack.url,
        "SLACK_SIGNING_SECRET": fake_slack.signing_secret,
        "SLACK_CLIENT_ID": fake_slack.client_id,
        "SLACK_CLIENT_SECRET": fake_slack.client_secret,
        "LOGSENSE_TENANT_HOSTS": sentry.base_url.removeprefix("http://"),
        "LOGSENSE_REASONER": "rules",
    }
    return Settings(_env_file=None, **given | changes)  # type: ignore[call-arg]


@contextlib.asynccontextmanager
async def running(settings: Settings, fake_slack: FakeSlack, sentry: LocalSentry) -> AsyncIterator[SlackHarness]:
    """LogSense, listening."""
    async with build_app(settings) as app, serving(app) as url:
        fake_slack.events_url = f"{url}/slack/events"
        await until(lambda: app.tools)
        yield SlackHarness(fake_slack, sentry, app, url, settings)


@pytest.fixture
async def harness(tmp_path: Path, fake_slack: FakeSlack, sentry: LocalSentry) -> AsyncIterator[SlackHarness]:
    async with running(settings_for(tmp_path / "home", fake_slack, sentry), fake_slack, sentry) as harness:
        yield harness
