"""The work of whoever owns the data directory: tools, jobs, the index and recurring work."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Mapping, Sequence

from bot.app.bootstrap import App, now, secrets_of
from bot.app.checks import check_parts
from bot.app.cron import slots
from bot.app.data_directory import derived_key
from bot.app.tools import Tools
from core.delivery.threads import Threads
from core.domain.errors import LogSenseError, OperatorNeeded, ServiceFailed
from core.domain.tenancy import (
    OperatorHosts,
    Organization,
    OrganizationId,
    Platform,
)
from core.gateways.logs.folders import sweep
from core.gateways.mcp.process import McpProcess, McpSettings
from core.gateways.qdrant.connection import NO_EMBEDDER, OPENAI, KnowledgeSettings
from core.knowledge.index import catch_up
from core.ports import Channel
from core.work.announce import AnnounceJob
from core.work.background_tasks import BackgroundTaskJob
from core.work.follow_up import FollowUpJob
from core.work.housekeeping import UpkeepJob
from core.work.investigate import AgentFactory, InvestigateJob
from core.work.orphans import close_orphans
from core.work.retention import keep_within_limits
from core.work.schedule import Timetable
from core.work.worker import Job, Worker

logger = logging.getLogger("logsense")

_INDEX_AGAIN_S = 5.0
_SWEEP_S = 3_600.0
HOUSEKEEPING = "housekeeping"


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
        tools = app.tools = Tools(process, app.connections, app.stores, app.settings.mask_personal_data)
        threads = Threads(channels)
        agents = AgentFactory(
            app.stores, tools, app.reasoners, settings.budget, now, threads, settings.ask_from_confidence
        )
        checks = check_parts(app.stores, app.connections, tools, app.reasoners, process)
        jobs: dict[str, Job] = {
            "announce": AnnounceJob(app.stores, threads, now),
            "investigate": InvestigateJob(agents),
            "follow_up": FollowUpJob(agents),
            "errand": BackgroundTaskJob(app.stores, tools, checks, threads, now),
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
                group.create_task(_sweep_logs(app), name="logs")
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
    for organization in await _organizations(app):
        try:
            store = app.stores.for_organization(organization.id)
            await catch_up(store, await tools.host_tools(organization.id))
        except OperatorNeeded as needed:
            # The worker meets the same and says so.
            logger.debug("the knowledge of %s is not fully indexed yet: %s", organization.id, needed)
        except ServiceFailed as failure:
            logger.warning("the knowledge of %s is not fully indexed yet: %s", organization.id, failure)


async def _sweep_logs(app: App) -> None:
    """Remove old logs, and those of deleted organizations, now and every hour.

    Not a task of the database's: each process has a folder of its own, unless it is shared.
    """
    while True:
        known = {organization.id for organization in await _organizations(app)}
        removed = await asyncio.to_thread(sweep, app.directory.logs, known, time.time())
        if removed:
            logger.info("%d indexes of logs were removed", removed)
        await asyncio.sleep(_SWEEP_S)


async def _organizations(app: App) -> Sequence[Organization]:
    """Every organization, however long the database is away: what only prepares must not end the owner's work."""
    while True:
        try:
            return await app.stores.directory.organizations()
        except ServiceFailed as failure:
            logger.warning("the organizations cannot be read yet: %s", failure)
        await asyncio.sleep(_INDEX_AGAIN_S)


def mcp_settings(app: App) -> McpSettings:
    """How the tool server is started for this data directory."""
    return McpSettings(
        allowed_hosts=app.settings.tenant_hosts,
        operator_hosts=OperatorHosts(app.organization.id, app.settings.allowed_hosts),
        knowledge=_knowledge_settings(app),
        mask_key=derived_key(secrets_of(app.settings, app.directory)[-1], "masking"),
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
