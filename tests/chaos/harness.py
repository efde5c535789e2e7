"""The world around the replicas: Slack workspaces of many organizations, their people, their Sentry and their model."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from adapters.slack.inbound.ids import METADATA_EVENT
from bot.app.data_directory import derived_key
from bot.demo.local_sentry import LocalSentry
from bot.demo.recordings import Incident, recorded_incidents
from core.domain.tenancy import ModelConnection, Organization, OrganizationId, Platform, SentryConnection, WorkspaceRef
from core.ports import Stores
from core.storage.database_stores import open_stores
from tests.chaos.facts import Facts, Posted, Read
from tests.chaos.model import ModelPeer
from tests.chaos.schedule import FIRST_ISSUE, Ask, Sizes
from tests.fakes.slack import Channel, FakeSlack, Message, User, Workspace
from tests.slack.conftest import is_spinning

SECRET = "the secret of all replicas, and nobody else's"
_CHANNELS = ("incidents", "checkout")
_TOOLS_BY_PATH = {
    "/events-timeseries/": frozenset({"analyze_error_frequency"}),
    "/tags/": frozenset({"get_user_impact"}),
    "/events/oldest/": frozenset({"get_stacktrace"}),
    "/events/recommended/": frozenset({"get_sentry_issue_details", "get_stacktrace"}),
}
"""Which tools read what; the issue itself is read by all of them, so that it tells nothing."""


@dataclass(frozen=True)
class Home:
    """One organization: its workspace, who asks there, and where."""

    workspace: Workspace
    person: User
    channels: tuple[Channel, ...]


@dataclass
class Harness:
    """All peers, each in this process."""

    slack: FakeSlack
    sentry: LocalSentry
    model: ModelPeer
    homes: list[Home]

    def settings(self) -> dict[str, str]:
        """What a replica has to be told of the world."""
        return {
            "LOGSENSE_SECRET_KEY": SECRET,
            "LOGSENSE_SLACK_URL": self.slack.url,
            "LOGSENSE_PUBLIC_URL": "http://127.0.0.1:1",
            "LOGSENSE_TENANT_HOSTS": ",".join(urlsplit(it.base_url).netloc for it in (self.sentry, self.model)),
            "LOGSENSE_MODEL_TIMEOUT": "10",
            "LOGSENSE_LOG_LEVEL": "INFO",
            "SLACK_SIGNING_SECRET": self.slack.signing_secret,
            "SLACK_CLIENT_ID": self.slack.client_id,
            "SLACK_CLIENT_SECRET": self.slack.client_secret,
        }

    async def ask(self, ask: Ask, facts: Facts) -> tuple[Home, Channel, str]:
        """The person asked, Slack delivered it as often as it had to; where, and the thread."""
        home = self.homes[ask.organization]
        channel = home.channels[ask.channel]
        outcome = await self.slack.say(home.person, channel, f"{home.workspace.mention} investigate {ask.issue}")
        assert outcome.message is not None
        facts.answers[ask.issue] = [str(answer.status or answer.failure) for answer in outcome.answers]
        return home, channel, outcome.message.ts

    async def cancel(self, home: Home, channel: Channel, thread: str) -> None:
        """The person wants it stopped, and says so in the thread."""
        await self.slack.say(home.person, channel, f"{home.workspace.mention} cancel", thread)

    def posted(self) -> list[Posted]:
        """Every message of LogSense with a key, as it stands now."""
        return [
            Posted(channel.id, message.thread_ts or message.ts, role, float(message.ts), is_spinning(message))
            for home in self.homes
            for channel in home.workspace.channels.values()
            for message in channel.posts_of_bot()
            if (role := _role_of(message)) is not None
        ]

    def reads(self) -> list[Read]:
        """Every request to Sentry that tells which tool made it."""
        return [
            Read(issue, tools, at)
            for at, path in self.sentry.heard
            for part, tools in _TOOLS_BY_PATH.items()
            if part in path and (issue := _issue_in(path))
        ]


@asynccontextmanager
async def open_town(seed: int, sizes: Sizes) -> AsyncIterator[Harness]:
    """Everything listens; nobody has said anything yet."""
    issues = [str(FIRST_ISSUE + number) for number in range(sizes.investigations)]
    slack = FakeSlack(retry_waits_s=(0.5, 1.0, 2.0, 4.0, 8.0, 16.0))
    async with slack, LocalSentry(also=_incidents(issues)) as sentry, ModelPeer(seed) as model:
        yield Harness(slack, sentry, model, [_home(slack, number) for number in range(sizes.organizations)])


async def install(harness: Harness, database_url: str) -> None:
    """Every organization has installed LogSense and connected its Sentry and its model."""
    key = derived_key(SECRET.encode(), "storage")
    async with open_stores(database_url, owner="harness", secret_keys=[key]) as stores:
        for number, home in enumerate(harness.homes):
            await _install(harness, home, OrganizationId(f"organization-{number:02}"), stores)


async def _install(harness: Harness, home: Home, organization_id: OrganizationId, stores: Stores) -> None:
    workspace = WorkspaceRef(Platform.SLACK, home.workspace.id)
    await stores.directory.ensure_organization(Organization(organization_id, home.workspace.name), workspace)
    grant = home.workspace.grant
    assert grant is not None
    document = {
        "bot_token": grant.token,
        "bot_user_id": grant.bot_user_id,
        "bot_id": grant.bot_id,
        "enterprise_id": None,
        "team_id": home.workspace.id,
        "name": home.workspace.name,
        "scopes": ",".join(sorted(grant.scopes)),
    }
    await stores.installations.save(workspace, json.dumps(document))
    store, sentry = stores.for_organization(organization_id), harness.sentry
    await store.save_sentry_connection(SentryConnection(sentry.base_url, sentry.organization_slug, sentry.token))
    await store.save_model_connection(ModelConnection(f"key of {organization_id}", harness.model.base_url, "scripted"))


def _home(slack: FakeSlack, number: int) -> Home:
    workspace = slack.add_workspace(f"Company {number}")
    person = workspace.add_user("ada", is_admin=True)
    return Home(workspace, person, tuple(workspace.add_channel(name, person) for name in _CHANNELS))


def _incidents(issues: list[str]) -> Iterator[Incident]:
    """The recorded incidents over and over, each time as another issue."""
    recorded = recorded_incidents()
    for number, issue in enumerate(issues):
        incident = recorded[number % len(recorded)]
        short_id = f"CHAOS-{number}"
        yield replace(incident, short_id=short_id, issue={**incident.issue, "id": issue, "shortId": short_id})


def _issue_in(path: str) -> str:
    """The issue that a request is about: in its path, or in its search by short id."""
    if "/issues/" in path:
        return path.split("/issues/")[1].split("/")[0]
    _, _, number = path.partition("CHAOS-")
    digits = number[: len(number) - len(number.lstrip("0123456789"))]
    return str(FIRST_ISSUE + int(digits)) if digits else ""


def _role_of(message: Message) -> str | None:
    metadata = message.metadata or {}
    if metadata.get("event_type") != METADATA_EVENT:
        return None
    return str(metadata["event_payload"]["key"]).partition("/")[2]
