"""LogSense as `serve` runs it, in this process: a real tool server and database, Teams and Sentry on loopback."""

from __future__ import annotations

import contextlib
import secrets
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.app.bootstrap import App, build_app, now
from bot.app.settings import Settings
from bot.demo.local_sentry import LocalSentry
from bot.server.serve import serving
from core.domain.tenancy import Organization, OrganizationId, Platform, SentryConnection, WorkspaceRef
from core.ports import OrganizationStore
from tests.fakes.teams import FakeTeams, Message, Person, Place, Tenant

HOME_TENANT = "0f3c1e52-9a4f-4d55-8a5e-5d4f0a6f2b11"
PUBLIC_URL = "https://logsense.acme.example"


@dataclass
class TeamsHarness:
    """A running LogSense and the people who use it."""

    fake_teams: FakeTeams
    sentry: LocalSentry
    app: App
    url: str
    settings: Settings

    async def install(self, *, with_sentry: bool = True) -> tuple[Tenant, Person, Place]:
        """A tenant that joined by an invite, its owner, and a channel with LogSense in it."""
        tenant = self.fake_teams.tenant()
        ada = self.fake_teams.person("Ada", tenant)
        channel = self.fake_teams.channel(tenant, ada)
        await self.join(ada, f"org-{tenant.id[:8]}")
        if with_sentry:
            await (await self.store_of(tenant)).save_sentry_connection(self.connection())
        return tenant, ada, channel

    async def join(self, person: Person, organization_id: str) -> None:
        """The person's tenant leads to that organization, made for it."""
        chat = self.fake_teams.chat(person)
        before = len(chat.messages)
        await self.fake_teams.say(person, chat, f"join {await self.invite(organization_id)}")
        await self.fake_teams.until(lambda: len(chat.messages) > before)
        assert "Welcome" in chat.posts()[-1].text

    async def invite(self, organization_id: str) -> str:
        """An invitation into the organization."""
        organization = Organization(OrganizationId(organization_id), organization_id.title())
        directory, code = self.app.stores.directory, secrets.token_urlsafe(18)
        await directory.ensure_organization(organization)
        await directory.add_invite(code, organization.id, now().replace(year=2099))
        return code

    def connection(self, *, writes_allowed: bool = True) -> SentryConnection:
        """The local Sentry, as an organization would connect it."""
        sentry = self.sentry
        return SentryConnection(sentry.base_url, sentry.organization_slug, sentry.token, writes_allowed)

    async def store_of(self, tenant: Tenant) -> OrganizationStore:
        """What the tenant's organization keeps."""
        organization = await self.app.stores.directory.organization_of(WorkspaceRef(Platform.TEAMS, tenant.id))
        return self.app.stores.for_organization(organization.id)

    async def report_in(self, place: Place) -> Message:
        """The first report there, once its progress has come to rest too."""
        report = await self.fake_teams.until(lambda: next(filter(is_report, place.posts()), None))
        await self.fake_teams.until(lambda: not any(map(is_spinning, place.posts())))
        return report

    async def said_in(self, place: Place, words: str) -> Message:
        """The first message there that holds the words."""
        return await self.fake_teams.until(lambda: next((it for it in place.posts() if words in it.text), None))

    async def fetched(self, address: str) -> tuple[int, bytes]:
        """What the world gets at an address of ours."""
        local = address.replace(PUBLIC_URL, self.url)
        async with aiohttp.ClientSession() as session, session.get(local) as answer:
            return answer.status, await answer.read()


def is_report(message: Message) -> bool:
    """Whether a message is (the first part of) a report."""
    return bool({"resolve_investigation", "reopen_investigation"} & message.verbs)


def is_spinning(message: Message) -> bool:
    """Whether the message still looks as if something ran."""
    return "stop_investigation" in message.verbs


def root_of(message: Message) -> str:
    """The first message of the thread that a message is in."""
    return message.conversation.partition(";messageid=")[2]


@pytest.fixture
async def fake_teams() -> AsyncIterator[FakeTeams]:
    async with FakeTeams() as fake_teams:
        yield fake_teams


@pytest.fixture
async def sentry() -> AsyncIterator[LocalSentry]:
    async with LocalSentry(port=0) as sentry:
        yield sentry


def variables_for(home: Path, fake_teams: FakeTeams, sentry: LocalSentry) -> dict[str, str]:
    """A bot of that Teams; nothing of this machine's environment."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    return {
        "LOGSENSE_HOME": str(home),
        "LOGSENSE_LISTEN": address,
        "LOGSENSE_PUBLIC_URL": PUBLIC_URL,
        "TEAMS_APP_ID": fake_teams.app_id,
        "TEAMS_APP_PASSWORD": fake_teams.app_password,
        "TEAMS_TENANT_ID": HOME_TENANT,
        "LOGSENSE_TEAMS_SERVICES": fake_teams.url,
        "LOGSENSE_TEAMS_TOKEN_URL": fake_teams.token_url,
        "LOGSENSE_TEAMS_OPENID_URL": fake_teams.openid_url,
        "LOGSENSE_TENANT_HOSTS": sentry.base_url.removeprefix("http://"),
        "LOGSENSE_REASONER": "rules",
    }


@contextlib.asynccontextmanager
async def running(settings: Settings, fake_teams: FakeTeams, sentry: LocalSentry) -> AsyncIterator[TeamsHarness]:
    """LogSense, listening."""
    async with build_app(settings) as app, serving(app) as url:
        fake_teams.bot_url = f"{url}/api/messages"
        await fake_teams.until(lambda: app.tools)
        yield TeamsHarness(fake_teams, sentry, app, url, settings)


def settings_for(home: Path, fake_teams: FakeTeams, sentry: LocalSentry, **changes: Any) -> Settings:
    """The same as settings."""
    given: dict[str, Any] = dict(variables_for(home, fake_teams, sentry))
    return Settings(_env_file=None, **given | changes)  # type: ignore[call-arg]


@pytest.fixture
async def harness(tmp_path: Path, fake_teams: FakeTeams, sentry: LocalSentry) -> AsyncIterator[TeamsHarness]:
    async with running(settings_for(tmp_path / "home", fake_teams, sentry), fake_teams, sentry) as harness:
        yield harness
