"""The composition root: settings in, a working application out. Tests build theirs through it too."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

from bot.checks import check_parts
from bot.data_directory import DataDirectory, derived_key
from bot.reasoners import Reasoners
from bot.settings import Settings
from bot.timing import slots
from bot.tools import Tools
from core.domain.errors import LogSenseError, OperatorNeeded, Refusal, ServiceFailed, ServiceUnavailable
from core.domain.tenancy import (
    ModelConnection,
    Organization,
    OrganizationId,
    Platform,
    SentryConnection,
    WorkspaceRef,
)
from core.gateways.knowledge_engine import NO_EMBEDDER, OPENAI, KnowledgeSettings
from core.gateways.mcp_process import McpProcess, McpSettings
from core.gateways.sentry_payloads import read_event
from core.masking.masker import Masker
from core.ports import Channel, OrganizationStore, Stores
from core.storage.schema import check_role, migrate, pending_migrations
from core.storage.stores import open_stores
from core.usecases.announce import AnnounceJob
from core.usecases.connections import Connections
from core.usecases.desk import OrganizationDesk
from core.usecases.dispatch import Dispatch
from core.usecases.errands import ErrandJob
from core.usecases.follow_up import FollowUpJob
from core.usecases.housekeeping import UpkeepJob
from core.usecases.investigate import InvestigateJob, Investigators
from core.usecases.knowledge_index import catch_up
from core.usecases.recover import close_orphans
from core.usecases.retention import keep_within_limits
from core.usecases.spending import Spending
from core.usecases.threads import Threads
from core.usecases.timetable import Timetable
from core.usecases.worker import Job, Worker

logger = logging.getLogger("logsense")

ID_CHARS = 10
HOUSEKEEPING = "housekeeping"


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
    inbox: Dispatch
    organization: Organization
    workspace: WorkspaceRef
    tools: Tools | None = None
    worker: Worker | None = None

    @property
    def store(self) -> OrganizationStore:
        """The store of the terminal's organization."""
        return self.stores.for_organization(self.organization.id)

    def desk(self) -> OrganizationDesk:
        """The desk, for adapters; it tries connections with this process's tools."""
        return OrganizationDesk(
            self.stores,
            self.connections,
            try_sentry=self._try_sentry,
            try_model=self.reasoners.try_model,
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
        secret_keys=[derived_key(key, "storage") for key in _secrets(settings, directory)],
    ) as stores:
        organization = Organization(OrganizationId(settings.organization), settings.organization)
        workspace = WorkspaceRef(Platform.TERMINAL, settings.organization)
        await stores.directory.ensure_organization(organization, workspace)
        connections = Connections(stores, organization.id, settings.sentry, _operator_model(settings))
        masker = Masker(derived_key(_secrets(settings, directory)[-1], "masking"))
        inbox = Dispatch(
            stores,
            sentry=connections.sentry,
            describe_event=lambda text: _describe_event(text, masker),
            mask=masker.text,
            new_id=new_id,
            now=now,
        )
        reasoners = Reasoners(settings, connections, Spending(stores, now))
        try:
            yield App(settings, directory, stores, connections, reasoners, inbox, organization, workspace)
        finally:
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


def _describe_event(text: str, masker: Masker) -> str:
    """Return the title of a pasted event, masked before it is cut, stored or shown anywhere."""
    event = read_event(text)
    return " ".join(masker.text(event.title or event.message or "an event without a title").split())


# ---- the owner's part -----------------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def working(
    app: App, channels: Mapping[Platform, Channel] | None = None, *, gives_up: bool = True
) -> AsyncIterator[None]:
    """Work is done while the block lasts: by this process if the data directory has no owner, else by its owner.

    When the owner goes away meanwhile, this process takes its place. `channels` are the platforms it posts to. With
    `gives_up` what only the operator can repair ends the block; without, it is waited for.
    """
    app.reasoners.check_settings()
    try:
        async with asyncio.TaskGroup() as group:
            caretaker = group.create_task(_own_when_free(app, channels or {}, gives_up), name="owner")
            try:
                yield
            finally:
                caretaker.cancel()
    except BaseExceptionGroup as failures:
        # One failure ends the block, whichever side it came from; people are shown that one.
        raise _told_first(failures) from None


def _told_first(failure: BaseException) -> BaseException:
    """The one to be shown: one of ours rather than what it led to."""
    while isinstance(failure, BaseExceptionGroup):
        ours, _ = failure.split(LogSenseError)
        failure = (ours or failure).exceptions[0]
    return failure


async def _own_when_free(app: App, channels: Mapping[Platform, Channel], gives_up: bool) -> None:
    while True:
        with app.directory.ownership() as is_owner:
            if is_owner:
                await _work(app, channels, gives_up)
        await asyncio.sleep(0.3)


async def _work(app: App, channels: Mapping[Platform, Channel], gives_up: bool) -> None:
    """The owner's work, until cancelled. Runs that a dead owner left are taken up first."""
    settings = app.settings
    async with McpProcess(mcp_settings(app)) as process:
        tools = app.tools = Tools(process, app.connections)
        threads = Threads(channels)
        investigators = Investigators(
            app.stores, tools, app.reasoners, settings.budget, now, threads, settings.ask_from_confidence
        )
        checks = check_parts(app.stores, app.connections, tools, app.reasoners, process)
        jobs: dict[str, Job] = {
            "announce": AnnounceJob(app.stores, threads, now),
            "investigate": InvestigateJob(investigators),
            "follow_up": FollowUpJob(investigators),
            "errand": ErrandJob(app.stores, tools, checks, threads, now),
            "upkeep": UpkeepJob({HOUSEKEEPING: lambda organization_id: _keep_house(app, organization_id)}),
        }
        timetable = Timetable(app.stores.schedules, {HOUSEKEEPING: slots(settings.housekeeping)})
        if not settings.is_shared:
            await app.stores.runs.take_over_all()
            for organization in await app.stores.directory.organizations():
                await close_orphans(app.stores.for_organization(organization.id), now)
        if settings.is_shared:
            # Others can do the work sooner than a replica whose tools still start.
            with contextlib.suppress(ServiceFailed):
                await process.ready()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_catch_up_index(app, tools), name="index")
                group.create_task(timetable.keep(), name="timetable")
                app.worker = Worker(
                    app.stores.runs, jobs, slots=settings.worker_slots, lease_s=settings.lease_s, gives_up=gives_up
                )
                await app.worker.run()
        finally:
            app.tools = app.worker = None


async def _keep_house(app: App, organization_id: OrganizationId) -> str:
    closed = await close_orphans(app.stores.for_organization(organization_id), now)
    gone = await keep_within_limits(app.stores, organization_id, now())
    if app.tools is not None:
        # What the embedder missed is embedded, what other replicas learned is here too.
        await catch_up(app.stores.for_organization(organization_id), await app.tools.host_tools(organization_id))
    forgotten = ", ".join(f"{count} {what}" for what, count in gone.items() if count) or "nothing"
    return f"{closed} investigations that nobody worked on were closed; forgotten: {forgotten}"


async def _catch_up_index(app: App, tools: Tools) -> None:
    """Knowledge that the index lacks is put there; searching works meanwhile with what it has.

    That is what a crash kept from it, or everything when it is new: another embedder, a damaged folder, a new replica.
    """
    for organization in await app.stores.directory.organizations():
        try:
            store = app.stores.for_organization(organization.id)
            await catch_up(store, await tools.host_tools(organization.id))
        except OperatorNeeded as needed:
            # The worker meets the same and says so.
            logger.debug("the knowledge of %s is not fully indexed yet: %s", organization.id, needed)
        except ServiceFailed as failure:
            logger.warning("the knowledge of %s is not fully indexed yet: %s", organization.id, failure)


def mcp_settings(app: App) -> McpSettings:
    """How the tool server is started for this data directory."""
    return McpSettings(
        allowed_hosts=app.settings.allowed_hosts,
        knowledge=_knowledge_settings(app),
        mask_key=derived_key(_secrets(app.settings, app.directory)[-1], "masking"),
        tool_timeout_s=app.settings.tool_timeout_s,
        logs=app.directory.logs,
    )


def _knowledge_settings(app: App) -> KnowledgeSettings:
    """By default OpenAI embeds when its key is set: another endpoint may not embed, so it has to be named."""
    settings = app.settings
    embedder: str = settings.embedder
    if embedder == "auto":
        embedder = OPENAI if settings.openai_api_key is not None and settings.openai_base_url is None else NO_EMBEDDER
    key = settings.embedding_key or settings.openai_api_key
    return KnowledgeSettings(
        app.directory.knowledge,
        settings.qdrant_url,
        settings.qdrant_api_key.get_secret_value() if settings.qdrant_api_key else None,
        embedder,
        settings.embedding_model,
        settings.embedding_dimension,
        settings.embedding_url or settings.openai_base_url,
        key.get_secret_value() if key and embedder == OPENAI else None,
        settings.embedding_folder,
        settings.embedding_similar_from,
    )


def _secrets(settings: Settings, directory: DataDirectory) -> tuple[bytes, ...]:
    return settings.secrets or (directory.secret_key(),)
