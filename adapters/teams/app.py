"""The Teams app: who calls is checked, what they say is kept, and only then Teams is answered."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import aiohttp
from aiohttp import web

from adapters.common.chart import frequency_chart
from adapters.common.request_bodies import BadRequest, object_in
from adapters.common.shared_limits import Budgets
from adapters.teams.bot_framework import Connector
from adapters.teams.channel import TeamsChannel, budget_of
from adapters.teams.context import EventContext
from adapters.teams.events import EventHandlers
from adapters.teams.forms import Forms
from adapters.teams.inbound.activities import Pressed, is_edit, read_feedback, read_invoke
from adapters.teams.inbound.files import TeamsFiles
from adapters.teams.inbound.ids import is_shared, workspace_of
from adapters.teams.inbound.tokens import InboundTokens, TokenRefused
from adapters.teams.install.config import TeamsConfig
from adapters.teams.install.credentials import BotCredentials
from adapters.teams.install.installations import TeamsInstallations
from adapters.teams.install.tenants import Tenants
from adapters.teams.interactions import InteractionHandlers
from adapters.teams.people import Caller, People
from adapters.teams.render.chart_links import CHART_PATH, LASTS_S, ChartLinks
from core.domain.errors import NotFound, Refusal, ServiceFailed
from core.domain.thread_view import ReportView, report_of
from core.ports import AttachedLogs, Inbox, Installations, Turns, WorkspaceServices

logger = logging.getLogger("logsense.teams")

MESSAGES_PATH = "/api/messages"
_PLATFORM = "msteams"
"""The one channel heard: through others of the same bot, strangers could claim to be of any tenant."""


class TeamsApp:
    """LogSense in Teams; `channel` posts there."""

    def __init__(self, config: TeamsConfig, kept: Installations, *, turns: Turns | None = None) -> None:
        """Nothing is connected yet. Inbox and services come with `listen_for`, since they need the channel first.

        With `turns` all replicas keep within Teams' limits together.
        """
        self._session: aiohttp.ClientSession | None = None
        self._tokens = None if config.is_local else InboundTokens(config.app_id, config.openid_url, self._open_session)
        credentials = (
            None
            if config.is_local
            else BotCredentials(config.app_id, config.password, config.token_url, self._open_session)
        )
        self._connector = Connector(
            self._open_session, credentials, services=config.services, bot_id=f"28:{config.app_id}"
        )
        self._credentials = credentials
        self._services = config.services
        self._installations = TeamsInstallations(kept)
        self._budgets = Budgets("teams", budget_of, turns=turns)
        self._charts = ChartLinks(config.public_url, config.link_keys) if config.public_url else None
        self.channel = TeamsChannel(self._connector, self._installations, self._budgets, self._charts)

    def listen_for(self, inbox: Inbox, services: WorkspaceServices, logs: AttachedLogs) -> None:
        """What people do goes to `inbox` and `services`, the logs that they attach to `logs`."""
        self._workspace_services = services
        self._context = EventContext(inbox, services, self.channel, People(self._connector))
        forms = Forms(self._context)
        self._tenants = Tenants(self._context, self._installations)
        files = TeamsFiles(self._open_session, self._credentials, logs, services=self._services)
        self._event_handlers = EventHandlers(self._context, forms, self._tenants, files)
        self._interaction_handlers = InteractionHandlers(self._context, forms)

    async def close(self) -> None:
        """What was begun has ended, and no connection is open."""
        await self._context.tasks.drain()
        self._budgets.close()
        if self._session is not None:
            await self._session.close()

    def routes(self) -> list[web.RouteDef]:
        """Where Teams comes in over HTTP."""
        routes = [web.post(MESSAGES_PATH, self._messages)]
        if self._charts is not None:
            routes.append(web.get(f"{CHART_PATH}{{name}}", self._chart))
        return routes

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession()
        return self._session

    # ---- events -----------------------------------------------------------------------------------------------------

    async def _messages(self, request: web.Request) -> web.Response:
        try:
            activity = object_in(await request.read())
        except BadRequest as refusal:
            return web.Response(status=refusal.status, text=str(refusal))
        try:
            if self._tokens is not None:
                await self._tokens.check(request.headers.get("Authorization"), activity)
            if not self._connector.trusts(activity.get("serviceUrl")) or activity.get("channelId") != _PLATFORM:
                raise TokenRefused(403, "not from Teams")
            return await self._heard(activity)
        except TokenRefused as refusal:
            logger.info("a request was refused: %s", refusal)
            return web.Response(status=refusal.status, text="The request is not from Microsoft Teams.")
        except ServiceFailed as failure:
            # Teams is to deliver it again.
            logger.warning("an activity could not be kept: %s", failure)
            return web.Response(status=503)
        except Refusal as refusal:
            # Delivering it again would change nothing.
            logger.warning("an activity was not taken: %s", refusal)
            return web.Response(status=202)

    async def _heard(self, activity: dict[str, Any]) -> web.Response:
        workspace = workspace_of(activity)
        if workspace is None:
            return web.Response(status=202)
        caller = Caller(workspace, str(activity["serviceUrl"]))
        pressed = read_invoke(activity)
        if not await self._tenants.is_known(workspace):
            if activity.get("type") == "invoke" and pressed is not None:
                return web.json_response(self._interaction_handlers.answered_stranger(pressed))
            await self._tenants.hear_stranger(activity, caller)
            return web.Response(status=202)
        await self._installations.remember(workspace, caller.service_url)
        return await self._taken(activity, pressed, caller)

    async def _taken(self, activity: dict[str, Any], pressed: Pressed | None, caller: Caller) -> web.Response:
        """What somebody of a tenant that we know did."""
        if is_shared(activity) and activity.get("type") != "installationUpdate":
            if activity.get("type") == "invoke":
                return web.json_response(self._interaction_handlers.answered_in_shared() if pressed else {})
            self._event_handlers.refuse_in_shared(activity)
            return web.Response(status=202)
        match activity.get("type"):
            case "invoke":
                return await self._invoked(activity, pressed, caller)
            case "message" if pressed is not None:
                await self._interaction_handlers.submitted(activity, pressed, caller)
            case "message":
                await self._event_handlers.hear(activity, caller)
            case "messageUpdate" if is_edit(activity):
                await self._event_handlers.hear({**activity, "type": "message"}, caller, edited=True)
            case "messageReaction":
                await self._event_handlers.react(activity, caller)
            case "installationUpdate":
                await self._tenants.installed(activity, caller)
        return web.Response(status=202)

    async def _invoked(self, activity: dict[str, Any], pressed: Pressed | None, caller: Caller) -> web.Response:
        if pressed is not None:
            return web.json_response(await self._interaction_handlers.answered(activity, pressed, caller))
        if (feedback := read_feedback(activity)) is not None:
            await self._interaction_handlers.judge(feedback, caller)
            return web.json_response({})
        return web.Response(status=400, text="LogSense knows no such action.")

    # ---- charts -----------------------------------------------------------------------------------------------------

    async def _chart(self, request: web.Request) -> web.Response:
        """The picture behind an address that we signed; whatever else is asked for is not there."""
        assert self._charts is not None
        named = self._charts.read(request.match_info["name"])
        if named is None:
            return web.Response(status=404)
        try:
            view = report_of(*await self._workspace_services.investigation(*named))
        except NotFound:
            return web.Response(status=404)
        chart = await asyncio.to_thread(frequency_chart, view.evidence) if isinstance(view, ReportView) else None
        if chart is None:
            return web.Response(status=404)
        headers = {"Cache-Control": f"private, max-age={LASTS_S}", "X-Content-Type-Options": "nosniff"}
        return web.Response(body=chart.png, content_type="image/png", headers=headers)
