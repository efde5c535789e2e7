"""The composition root: settings in, a working application out. Tests build theirs through it too."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

from bot.app.data_directory import DataDirectory, derived_key
from bot.app.reasoners import Reasoners
from bot.app.settings import Settings
from core.domain.errors import Refusal, ServiceUnavailable
from core.domain.reading_limits import TextBudget
from core.domain.tenancy import (
    ModelConnection,
    Organization,
    OrganizationId,
    Platform,
    SentryConnection,
    WorkspaceRef,
)
from core.gateways.events.reading import EventReader
from core.gateways.process_pool import ProcessPool
from core.masking.masker import Masker, Maskers
from core.ports import OrganizationStore, Stores
from core.requests.connections import Connections
from core.requests.handle_request import RequestHandler
from core.requests.spending import Spending
from core.requests.workspace_services import OrganizationServices
from core.storage.database_stores import open_stores
from core.storage.schema import check_role, migrate, pending_migrations
from core.work.worker import Worker

if TYPE_CHECKING:
    from bot.app.tools import Tools

ID_CHARS = 10


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


def new_id() -> str:
    """Short enough to type, long enough not to meet another."""
    return uuid4().hex[:ID_CHARS]


@dataclass(slots=True)
class App:
    """What every command shares: stores, the inbox, and the organization this terminal speaks for.

    `tools` and `worker` are there while this process does the work.
    """

    settings: Settings
    directory: DataDirectory
    stores: Stores
    connections: Connections
    reasoners: Reasoners
    inbox: RequestHandler
    organization: Organization
    workspace: WorkspaceRef
    tools: Tools | None = None
    worker: Worker | None = None

    @property
    def store(self) -> OrganizationStore:
        """The store of the terminal's organization."""
        return self.stores.for_organization(self.organization.id)

    def services(self) -> OrganizationServices:
        """The services, for adapters; it tries connections with this process's tools."""
        return OrganizationServices(
            self.stores,
            self.connections,
            try_sentry=self._try_sentry,
            try_model=self.reasoners.try_model,
            masks=self.settings.mask_personal_data,
            new_id=new_id,
            now=now,
        )

    async def _try_sentry(self, organization_id: OrganizationId, connection: SentryConnection) -> str:
        if self.tools is None:
            raise ServiceUnavailable("LogSense", "LogSense is still starting. Try again in a few seconds.")
        return await self.tools.try_sentry(organization_id, connection)


@contextlib.asynccontextmanager
async def build_app(settings: Settings) -> AsyncIterator[App]:
    """The application over one database. An SQLite file is migrated at once; PostgreSQL only by `logsense migrate`."""
    directory = DataDirectory(settings.home)
    await ready_schema(settings.database)
    async with open_stores(
        settings.database,
        owner=f"{socket.gethostname()}:{os.getpid()}",
        lease_s=settings.lease_s,
        defaults=settings.limits,
        secret_keys=[derived_key(key, "storage") for key in secrets_of(settings, directory)],
    ) as stores:
        organization = Organization(OrganizationId(settings.organization), settings.organization)
        workspace = WorkspaceRef(Platform.TERMINAL, settings.organization)
        await stores.directory.ensure_organization(organization, workspace)
        connections = Connections(stores, organization.id, settings.sentry, _operator_model(settings))
        maskers = Maskers(derived_key(secrets_of(settings, directory)[-1], "masking"), settings.mask_personal_data)
        pool = ProcessPool()
        inbox = RequestHandler(
            stores,
            sentry=connections.sentry,
            describe_event=lambda organization_id, text, kinds: _describe_event(
                pool, organization_id, text, maskers.of(kinds)
            ),
            mask=lambda text, kinds: maskers.of(kinds).text(text),
            new_id=new_id,
            now=now,
        )
        reasoners = Reasoners(settings, connections, Spending(stores, now))
        try:
            yield App(settings, directory, stores, connections, reasoners, inbox, organization, workspace)
        finally:
            await pool.close()
            await reasoners.close()


async def ready_schema(url: str) -> None:
    """Migrate a SQLite file; check that PostgreSQL keeps organizations apart and has this version's tables."""
    if url.startswith("sqlite"):
        if await pending_migrations(url):
            await migrate(url)
        return
    await check_role(url)
    if await pending_migrations(url):
        raise Refusal("The database's tables are missing or older than this version. Run: logsense migrate")


def _operator_model(settings: Settings) -> ModelConnection | None:
    if settings.openai_api_key is None:
        return None
    return ModelConnection(settings.openai_api_key.get_secret_value(), settings.openai_base_url, settings.model)


async def _describe_event(pool: ProcessPool, organization_id: OrganizationId, text: str, masker: Masker) -> str:
    """Return the title of a pasted event, masked before it is cut, stored or shown anywhere."""
    event = await EventReader(pool, organization_id).read_pasted(text)
    title = TextBudget().limited(event.title or event.message or "an event without a title")
    return " ".join(masker.text(title).split())


def secrets_of(settings: Settings, directory: DataDirectory) -> tuple[bytes, ...]:
    """The secret keys in use, the newest first; the one that the data directory keeps when none is set."""
    return settings.secrets or (directory.secret_key(),)
