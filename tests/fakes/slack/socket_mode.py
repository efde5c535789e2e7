"""Socket Mode: envelopes to one connected socket, and the app's acknowledgements."""

from __future__ import annotations

import asyncio
import json
import secrets
from typing import Any

from aiohttp import WSMsgType, web

from tests.fakes.slack.shapes import APP_ID
from tests.fakes.slack.state import Json


class Sockets:
    """Connections of the app; each envelope goes to one of them, in turn."""

    def __init__(self) -> None:
        self._tickets: set[str] = set()
        self._connected: list[web.WebSocketResponse] = []
        self._awaited: dict[str, asyncio.Future[Json]] = {}
        self._turn = 0
        self._arrived = asyncio.Event()
        self.opened = 0
        """How many connections there ever were."""

    def ticket(self) -> str:
        """Lets one connection in."""
        ticket = secrets.token_urlsafe(16)
        self._tickets.add(ticket)
        return ticket

    @property
    def is_connected(self) -> bool:
        """Whether the app uses Socket Mode now."""
        return any(not each.closed for each in self._connected)

    async def connected(self) -> None:
        """Returns once the app is connected."""
        while not self.is_connected:
            self._arrived.clear()
            await self._arrived.wait()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """One connection, until either side closes it."""
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:
            return web.Response(status=408, text="ticket_expired")
        self._tickets.discard(ticket)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self._connected.append(socket)
        self.opened += 1
        hello = {"type": "hello", "num_connections": len(self._connected), "connection_info": {"app_id": APP_ID}}
        await socket.send_json(hello)
        self._arrived.set()
        try:
            async for message in socket:
                if message.type == WSMsgType.TEXT and message.data.startswith("{"):
                    self._acknowledge(json.loads(message.data))
        finally:
            self._connected.remove(socket)
        return socket

    def _acknowledge(self, answer: Json) -> None:
        awaited = self._awaited.get(str(answer.get("envelope_id")))
        if awaited is not None and not awaited.done():
            awaited.set_result(answer)

    async def send(self, kind: str, payload: Json, *, attempt: int, reason: str, within_s: float) -> Any:
        """What the app acknowledged with, an empty text when with nothing; raises TimeoutError, ConnectionError."""
        envelope: Json = {
            "envelope_id": secrets.token_hex(16),
            "type": kind,
            "payload": payload,
            "accepts_response_payload": kind != "events_api",
        }
        if kind == "events_api":
            envelope |= {"retry_attempt": attempt, "retry_reason": reason}
        open_ones = [each for each in self._connected if not each.closed]
        if not open_ones:
            raise ConnectionError("no socket is connected")
        self._turn += 1
        awaited: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self._awaited[envelope["envelope_id"]] = awaited
        try:
            async with asyncio.timeout(within_s):
                await open_ones[self._turn % len(open_ones)].send_json(envelope)
                return (await awaited).get("payload", "")
        finally:
            del self._awaited[envelope["envelope_id"]]

    async def refresh(self) -> None:
        """Every connection was told to come again, as Slack does every few hours."""
        for socket in list(self._connected):
            await socket.send_json({"type": "disconnect", "reason": "refresh_requested", "debug_info": {}})

    async def cut(self) -> None:
        """Every connection is closed."""
        for socket in list(self._connected):
            await socket.close(code=1001)
