"""The composition root: settings in, a working application out. Tests build theirs through it too."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

from bot.checks import check_parts
from bot.data_directory import DataDirectory, derived_key
from bot.settings import Settings
from core.agent.prompt import Prompt
from core.agent.rules import RulesReasoner
from core.domain.errors import Refusal, ServiceFailed
from core.domain.tenancy import Organization, OrganizationId, Platform, WorkspaceRef
from core.gateways.mcp_process import McpProcess, McpSettings
from core.gateways.mcp_toolbox import McpHostTools, McpToolbox
from core.gateways.sentry_payloads import read_event
from core.ports import HostTools, OrganizationStore, Reasoner, Stores, Toolbox
from core.storage.schema import migrate, pending_migrations
from core.storage.stores import open_stores
from core.usecases.dispatch import Dispatch
from core.usecases.errands import ErrandJob, index_pending
from core.usecases.follow_up import FollowUpJob
from core.usecases.investigate import InvestigateJob, Investigators
from core.usecases.recover import close_orphans
from core.usecases.worker import Job, Worker

if TYPE_CHECKING:
    from core.gateways.openai_models import OpenAIReasoner

logger = logging.getLogger("logsense")

ID_CHARS = 10


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


def new_id() -> str:
    """Short enough to type, long enough not to meet another."""
    return uuid4().hex[:ID_CHARS]


@dataclass(frozen=True, slots=True)
class App:
    """What every command shares: stores, the inbox, and the organization this terminal speaks for."""

    settings: Settings
    directory: DataDirectory
    stores: Stores
    inbox: Dispatch
    organization: Organization
    workspace: WorkspaceRef

    @property
    def store(self) -> OrganizationStore:
        """The store of the terminal's organization."""
        return self.stores.for_organization(self.organization.id)


@contextlib.asynccontextmanager
async def build_app(settings: Settings) -> AsyncIterator[App]:
    """The application over one database. An SQLite file is migrated at once; PostgreSQL only by `logsense migrate`."""
    directory = DataDirectory(settings.home)
    await _ready_schema(settings.database)
    owner = f"{socket.gethostname()}:{os.getpid()}"
    async with open_stores(settings.database, owner=owner, lease_s=settings.lease_s) as stores:
        organization = Organization(OrganizationId(settings.organization), settings.organization)
        workspace = WorkspaceRef(Platform.TERMINAL, settings.organization)
        await stores.directory.ensure_organization(organization, workspace)
        inbox = Dispatch(stores, describe_event=_describe_event, new_id=new_id, now=now)
        yield App(settings, directory, stores, inbox, organization, workspace)


async def _ready_schema(url: str) -> None:
    if url.startswith("sqlite"):
        await migrate(url)
    elif await pending_migrations(url):
        raise Refusal("The database's tables are missing or older than this version. Run: logsense migrate")


def _describe_event(text: str) -> str:
    event = read_event(text)
    return event.title or event.message or "an event without a title"


# ---- the owner's part -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Tools:
    """Implements `core.ports.ToolProvider` on one MCP process; every organization gets the settings' connection."""

    process: McpProcess
    settings: Settings

    def toolbox(self, organization_id: OrganizationId, investigation_id: str, event_text: str | None) -> Toolbox:
        """See the port."""
        return McpToolbox(self.process, organization_id, self.settings.sentry, investigation_id, event_text)

    def host_tools(self, organization_id: OrganizationId) -> HostTools:
        """See the port."""
        return McpHostTools(self.process, organization_id, self.settings.sentry)

    def writes_allowed(self, organization_id: OrganizationId) -> bool:
        """See the port."""
        return self.settings.sentry_writes


@dataclass(slots=True)
class Reasoners:
    """The reasoners that settings ask for, tried in order; rules come last and never fail."""

    settings: Settings
    _model: OpenAIReasoner | None = field(default=None, init=False)

    def __call__(self, organization_id: OrganizationId) -> Sequence[Reasoner]:
        """For any organization."""
        model = self.model()
        return (model, RulesReasoner()) if model else (RulesReasoner(),)

    def model(self) -> OpenAIReasoner | None:
        """The language model, if one is configured and wanted.

        Raises:
            Refusal: one is wanted, but no key is set.
        """
        settings = self.settings
        if settings.reasoner == "rules" or (settings.reasoner == "auto" and settings.openai_api_key is None):
            return None
        if settings.openai_api_key is None:
            raise Refusal("LOGSENSE_REASONER=model needs OPENAI_API_KEY. Set it, or use LOGSENSE_REASONER=auto.")
        if self._model is None:
            # The SDK is a quarter of what a command loads; without a key nobody should wait for it.
            from core.gateways.model_prices import load_prices
            from core.gateways.openai_models import OpenAIReasoner

            self._model = OpenAIReasoner(
                api_key=settings.openai_api_key.get_secret_value(),
                base_url=settings.openai_base_url,
                model=settings.model,
                briefing=Prompt(),
                timeout_s=settings.model_timeout_s,
                prices=load_prices(),
            )
        return self._model

    async def close(self) -> None:
        """Connections are closed."""
        if self._model is not None:
            await self._model.close()


@contextlib.asynccontextmanager
async def working(app: App) -> AsyncIterator[None]:
    """Work is done while the block lasts: by this process if the data directory has no owner, else by its owner.

    When the owner goes away meanwhile, this process takes its place.
    """
    Reasoners(app.settings).model()
    try:
        async with asyncio.TaskGroup() as group:
            caretaker = group.create_task(_own_when_free(app), name="owner")
            try:
                yield
            finally:
                caretaker.cancel()
    except BaseExceptionGroup as failures:
        # One failure ends the block, whichever side it came from; people are shown that one.
        raise failures.exceptions[0] from None


async def _own_when_free(app: App) -> None:
    while True:
        with app.directory.ownership() as is_owner:
            if is_owner:
                await _work(app)
        await asyncio.sleep(0.3)


async def _work(app: App) -> None:
    """The owner's work, until cancelled. Runs that a dead owner left are taken up first."""
    settings = app.settings
    reasoners = Reasoners(settings)
    async with McpProcess(mcp_settings(app)) as process:
        tools = Tools(process, settings)
        investigators = Investigators(app.stores, tools, reasoners, settings.budget, now)
        is_connected = settings.sentry is not None
        checks = check_parts(app.store, tools, reasoners.model(), process, is_sentry_connected=is_connected)
        jobs: dict[str, Job] = {
            "investigate": InvestigateJob(investigators),
            "follow_up": FollowUpJob(investigators),
            "errand": ErrandJob(app.stores, tools, checks),
        }
        if settings.database.startswith("sqlite"):
            await app.stores.runs.take_over_all()
        await close_orphans(app.store, app.stores.runs, now)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_catch_up_index(app, tools), name="index")
                await Worker(app.stores.runs, jobs, lease_s=settings.lease_s).run()
        finally:
            await reasoners.close()


async def _catch_up_index(app: App, tools: Tools) -> None:
    """Knowledge that a crash kept from the index is put there; searching works meanwhile with what it has."""
    try:
        await index_pending(app.store, tools.host_tools(app.organization.id))
    except ServiceFailed as failure:
        logger.warning("knowledge is not fully indexed yet: %s", failure)


def mcp_settings(app: App) -> McpSettings:
    """How the tool server is started for this data directory."""
    settings = app.settings
    secret = settings.secret_key.get_secret_value().encode() if settings.secret_key else app.directory.secret_key()
    return McpSettings(
        allowed_hosts=settings.allowed_hosts,
        knowledge_dir=app.directory.knowledge,
        mask_key=derived_key(secret, "masking"),
        tool_timeout_s=settings.tool_timeout_s,
    )
