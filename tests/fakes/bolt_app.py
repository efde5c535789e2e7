"""A tiny real Bolt app, to see what our own Slack brings to one."""

from __future__ import annotations

import asyncio
import re
from types import TracebackType
from typing import Any, Self

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from tests.fakes.slack import FakeSlack

_ANYTHING = re.compile(".*")


class BoltApp:
    """Hears everything; `heard` are the bodies, `retries` the retry headers beside them.

    `statuses` are used up first: an HTTP delivery gets that status and is not heard. `refuse_events` are heard and get
    no acknowledgement. `ack_with` answers all but events.
    """

    def __init__(self, peer: FakeSlack, token: str | None, **settings: Any) -> None:
        self.peer = peer
        self.heard: list[dict[str, Any]] = []
        self.retries: list[tuple[str | None, str | None]] = []
        self.statuses: list[int] = []
        self.late_by_s: list[float] = []
        self.refuse_events = 0
        self.ack_with: dict[str, Any] | str = ""
        client = AsyncWebClient(token=token, base_url=peer.api_url)
        self.bolt = AsyncApp(signing_secret=peer.signing_secret, client=client, **settings)
        self.bolt.use(self._hear)
        self.bolt.event(_ANYTHING)(self._take_event)
        for listen in (self.bolt.command, self.bolt.action, self.bolt.shortcut, self.bolt.view):
            listen(_ANYTHING)(self._take)
        self._socket: AsyncSocketModeHandler | None = None

    async def _hear(self, body: dict[str, Any], req: Any, next: Any) -> BoltResponse:
        self.heard.append(body)
        number, reason = (req.headers.get(f"x-slack-retry-{name}", [None])[0] for name in ("num", "reason"))
        self.retries.append((number, reason))
        if self.refuse_events:
            self.refuse_events -= 1
            return BoltResponse(status=500)
        return await next()  # type: ignore[no-any-return]

    async def _take_event(self) -> None:
        """Bolt has answered already."""

    async def _take(self, ack: Any) -> None:
        if isinstance(self.ack_with, str):
            await ack(self.ack_with)
        else:
            await ack(**self.ack_with)

    def events(self, kind: str) -> list[dict[str, Any]]:
        return [body["event"] for body in self.heard if body.get("event", {}).get("type") == kind]

    async def __aenter__(self) -> Self:
        site = web.Application()
        site.router.add_post("/slack/events", self._serve)
        site.router.add_get("/slack/install", self._install)
        site.router.add_get("/slack/oauth_redirect", self._redirect)
        self._runner = web.AppRunner(site, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        self.peer.redirect_url = f"{self.url}/slack/oauth_redirect"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.peer.settle()
        if self._socket is not None:
            await self._socket.close_async()  # type: ignore[no-untyped-call]
        await self._runner.cleanup()

    def listen(self) -> Self:
        """Slack brings everything over HTTP from now on."""
        self.peer.events_url = f"{self.url}/slack/events"
        return self

    async def connect_socket(self) -> AsyncSocketModeHandler:
        """Slack brings everything through a socket from now on."""
        client = AsyncWebClient(base_url=self.peer.api_url)
        self._socket = AsyncSocketModeHandler(self.bolt, self.peer.app_token, web_client=client, ping_interval=0.2)
        await self._socket.connect_async()  # type: ignore[no-untyped-call]
        await self.peer.sockets.connected()
        return self._socket

    async def _serve(self, request: web.Request) -> web.Response:
        if self.late_by_s:
            await asyncio.sleep(self.late_by_s.pop(0))
        if self.statuses:
            return web.Response(status=self.statuses.pop(0))
        return await to_aiohttp_response(await self.bolt.async_dispatch(await to_bolt_request(request)))

    async def _install(self, request: web.Request) -> web.Response:
        assert self.bolt.oauth_flow is not None
        return await to_aiohttp_response(await self.bolt.oauth_flow.handle_installation(await to_bolt_request(request)))

    async def _redirect(self, request: web.Request) -> web.Response:
        assert self.bolt.oauth_flow is not None
        return await to_aiohttp_response(await self.bolt.oauth_flow.handle_callback(await to_bolt_request(request)))
