"""The Slack app: Bolt's listeners, each answered at once, and the HTTP routes or the socket they come through."""

from __future__ import annotations

import logging
import math
import re
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import aiohttp
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncBoltContext, AsyncRespond
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.web.async_client import AsyncWebClient

from adapters.common.client_addresses import AddressLimit, client_address
from adapters.common.request_bodies import BadRequest
from adapters.slack.channel import SlackChannel
from adapters.slack.context import Caller, EventContext
from adapters.slack.events import EventHandlers
from adapters.slack.forms import Forms
from adapters.slack.inbound.files import SlackFiles
from adapters.slack.inbound.ids import Callback, workspace_of
from adapters.slack.inbound.signed_requests import check_headers, check_payload, check_signature
from adapters.slack.inbound.unfurling import LINK_SCOPES, Unfurling
from adapters.slack.install.config import SLACK_URL, SlackConfig
from adapters.slack.install.installations import SlackInstallations
from adapters.slack.install.oauth import INSTALL_PATH, REDIRECT_PATH, InstallFlow
from adapters.slack.interactions import InteractionHandlers
from adapters.slack.render.modals import notice_modal
from adapters.slack.shared_limits import Budgets
from core.domain.errors import RateLimited, Refusal, ServiceFailed, ServiceUnavailable
from core.ports import AttachedLogs, Inbox, Installations, WorkspaceServices

logger = logging.getLogger("logsense.slack")

EVENTS_PATH = "/slack/events"
INSTALLS_PER_MINUTE = 20
"""How many installations one address may start."""
_ANSWERED_S = 30.0
"""How long reads are tried again once Slack was answered, as for commands and buttons."""
_NOT_INSTALLED = "LogSense is not installed in this workspace any more, so what you typed was not kept."
_LEAVING = frozenset({"app_uninstalled", "tokens_revoked"})


class SlackApp:
    """LogSense in Slack while the context is entered; `channel` posts there."""

    def __init__(self, config: SlackConfig, kept: Installations, *, budgets: Budgets | None = None) -> None:
        """Nothing is connected yet. Inbox and services come with `listen_for`, since they need the channel first."""
        self._config = config
        self._kept = kept
        self._session: aiohttp.ClientSession | None = None
        self.installations = SlackInstallations(
            kept, session=self._open_session, base_url=config.api_url, single=config.single
        )
        self._budgets = budgets or Budgets()
        self.channel = SlackChannel(self.installations.client_of, self._budgets)
        self._socket: AsyncSocketModeHandler | None = None
        self._install_limit = AddressLimit(per_minute=INSTALLS_PER_MINUTE, burst=INSTALLS_PER_MINUTE)

    def listen_for(self, inbox: Inbox, services: WorkspaceServices, logs: AttachedLogs) -> None:
        """What people do goes to `inbox` and `services`, the logs that they attach to `logs`."""
        config = self._config
        self._services = services
        self._context = EventContext(inbox, services, self.channel, guests_may_ask=config.guests_may_ask)
        self.channel.speak_only_where(self._context.may_speak)
        self._forms = Forms(self._context)
        other_origin = None if config.slack_url == SLACK_URL else config.slack_url.rstrip("/")
        files = SlackFiles(self._open_session, logs, other_origin)
        self._event_handlers = EventHandlers(self._context, files, resolve_names=config.resolve_reactions)
        self._interaction_handlers = InteractionHandlers(self._context, self._forms, files)
        self._unfurling = Unfurling(self._context) if config.unfurls else None
        self._bolt = self._listeners()
        self._flow = (
            InstallFlow(
                config.oauth,
                self.installations,
                self._kept,
                services,
                slack_url=config.slack_url,
                more_scopes=LINK_SCOPES if config.unfurls else (),
            )
            if config.oauth
            else None
        )

    # ---- coming and going -------------------------------------------------------------------------------------------

    async def connect_socket(self) -> None:
        """Events come through Socket Mode from now on."""
        assert self._config.app_token is not None
        self._socket = AsyncSocketModeHandler(
            self._bolt, self._config.app_token, web_client=self.installations.client()
        )
        await self._socket.connect_async()  # type: ignore[no-untyped-call]

    async def disconnect_socket(self) -> None:
        """No event comes through Socket Mode any more."""
        socket, self._socket = self._socket, None
        if socket is not None:
            await socket.close_async()  # type: ignore[no-untyped-call]

    async def close(self) -> None:
        """What was begun has ended, and no connection is open."""
        await self.disconnect_socket()
        await self._context.tasks.drain()
        self._budgets.close()
        if self._session is not None:
            await self._session.close()

    def routes(self) -> list[web.RouteDef]:
        """Where Slack, and people who install, come in over HTTP."""
        # Without the secret nobody could tell who calls; events come through the socket then.
        routes = [] if self._config.signing_secret is None else [web.post(EVENTS_PATH, self._events)]
        if self._flow is not None:
            routes += [web.get(INSTALL_PATH, self._install), web.get(REDIRECT_PATH, self._redirect)]
        return routes

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession()
        return self._session

    async def _events(self, request: web.Request) -> web.Response:
        """Verified here: Bolt reads a body before it verifies it, and fails on what is none of Slack's."""
        assert self._config.signing_secret is not None
        try:
            check_headers(request.headers, time.time())
            raw = await request.read()
            check_signature(raw, request.headers, self._config.signing_secret)
            text = check_payload(raw, request.content_type)
        except BadRequest as refusal:
            logger.info("a request was refused: %s", refusal)
            return web.Response(status=refusal.status, text=str(refusal))
        headers: dict[str, str | Sequence[str]] = dict(request.headers)
        asked = AsyncBoltRequest(body=text, query=request.query_string, headers=headers)
        return await to_aiohttp_response(await self._bolt.async_dispatch(asked))

    async def _install(self, request: web.Request) -> web.Response:
        assert self._flow is not None
        if wait_s := math.ceil(self._install_limit.wait_s(client_address(request))):
            # Each visit is kept for ten minutes, and anybody can come here.
            text = f"Too many installations were started from your address. Try again in {wait_s} s."
            return web.Response(status=429, text=text, headers={"Retry-After": str(wait_s)})
        page = await to_aiohttp_response(await self._flow.handle_installation(await to_bolt_request(request)))
        for cookie in page.cookies.values():
            # Lax: Slack sends people back by a link, and no other site's form or picture brings the cookie along.
            cookie["samesite"] = "Lax"
        return page

    async def _redirect(self, request: web.Request) -> web.Response:
        assert self._flow is not None
        return await to_aiohttp_response(await self._flow.handle_callback(await to_bolt_request(request)))

    # ---- listeners --------------------------------------------------------------------------------------------------

    def _listeners(self) -> AsyncApp:
        app = AsyncApp(
            name="logsense",
            logger=logging.getLogger("logsense.slack.bolt"),
            signing_secret=self._config.signing_secret or "socket mode verifies by its token",
            request_verification_enabled=self._config.signing_secret is not None,
            client=AsyncWebClient(base_url=self._config.api_url),
            authorize=_authorizer(self.installations),
        )
        # It logs whole request bodies when a signature is wrong, and sets its loggers' levels when it is made.
        logging.getLogger("slack_bolt.RequestVerification").setLevel(logging.WARNING)
        app.use(self._hear)
        app.event(re.compile(".*"))(_nothing_left_to_do)
        app.command(re.compile(".*"))(self._command)
        app.shortcut(Callback.INVESTIGATE_MESSAGE)(self._shortcut)
        app.action(re.compile(".*"))(self._button)
        app.view(re.compile(".*"))(self._submitted)
        return app

    async def _hear(self, body: dict[str, Any], context: AsyncBoltContext, next: Callable[[], Awaitable[None]]) -> None:
        """Events are kept before Slack is answered, as middleware: Bolt answers before it calls a listener.

        When that fails Slack is answered with an error and delivers the event again.
        """
        if body.get("type") == "event_callback":
            caller = await self._caller(context)
            if (body.get("event") or {}).get("type") in _LEAVING:
                await self._left(body, caller)
            elif caller is not None:
                await self._heard(body, caller)
        await next()

    async def _heard(self, body: Mapping[str, Any], caller: Caller) -> None:
        try:
            await self._event_handlers.hear(body, caller)
            event = body.get("event") or {}
            if event.get("type") == "link_shared" and self._unfurling is not None:
                self._context.tasks.start(self._unfurling.shared(event, caller), "unfurl")
        except Refusal as refusal:
            # Delivering it again would change nothing.
            logger.warning("an event was not taken: %s", refusal)
        except (ServiceUnavailable, RateLimited):
            raise
        except ServiceFailed as failure:
            # Slack refused a call for good, for instance because it knows no such user.
            logger.warning("an event was not taken: %s", failure)

    async def _command(
        self, ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext, respond: AsyncRespond
    ) -> None:
        await ack()
        if caller := await self._caller(context, _ANSWERED_S):
            self._context.tasks.start(self._interaction_handlers.command(body, caller, respond), "command")

    async def _shortcut(self, ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
        await ack()
        if caller := await self._caller(context, _ANSWERED_S):
            self._context.tasks.start(self._interaction_handlers.shortcut(body, caller), "shortcut")

    async def _button(self, ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
        await ack()
        if caller := await self._caller(context, _ANSWERED_S):
            self._context.tasks.start(self._interaction_handlers.button(body, caller), "button")

    async def _submitted(self, ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
        if caller := await self._caller(context):
            await self._forms.submitted(body, caller, ack)
        else:
            await ack(response_action="update", view=notice_modal("Not kept", _NOT_INSTALLED))

    async def _caller(self, context: AsyncBoltContext, patience_s: float = 2.0) -> Caller | None:
        workspace = workspace_of(
            enterprise_id=context.enterprise_id,
            team_id=context.team_id,
            is_enterprise_install=bool(context.is_enterprise_install),
        )
        installation = await self.installations.find(workspace)
        if installation is None:
            return None
        client = self.installations.client(installation.bot_token, context.team_id)
        return Caller(workspace, client, installation.bot_user_id, context.team_id, patience_s)

    async def _left(self, body: Mapping[str, Any], caller: Caller | None) -> None:
        """The app was removed from the workspace, or its bot token was revoked."""
        event = body.get("event") or {}
        if event.get("type") == "tokens_revoked" and not (event.get("tokens") or {}).get("bot"):
            return
        if caller is not None:
            await self._services.uninstalled(caller.workspace)
            self.installations.forget(caller.workspace)


def _authorizer(installations: SlackInstallations) -> Callable[..., Awaitable[Any]]:
    # Bolt passes arguments by name, and takes the `self` of a bound method for one of them.
    async def authorize(
        enterprise_id: str | None, team_id: str | None, user_id: str | None, is_enterprise_install: bool | None
    ) -> Any:
        return await installations.authorize(enterprise_id, team_id, user_id, is_enterprise_install)

    return authorize


async def _nothing_left_to_do() -> None:
    """Everything was done before; without a listener Bolt would answer 404, and Slack would stop to deliver."""
