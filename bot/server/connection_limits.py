"""Limits for open connections and slow requests, so that whoever dribbles takes nothing from others."""

from __future__ import annotations

import asyncio
import logging
import resource
from collections.abc import Awaitable, Callable
from typing import cast

from aiohttp import web, web_response
from aiohttp.http_exceptions import HttpProcessingError

BACKLOG = 128
"""As many connections are accepted at once, before any of them can take another's place."""
HEADERS_WITHIN_S = 20.0
BODY_WITHIN_S = 10.0

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class NotHttp(logging.Filter):
    """Makes a line of what aiohttp logs with a traceback: that somebody sent what is no HTTP."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep every record; those about a stranger's bytes lose their traceback."""
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, HttpProcessingError):
            record.msg, record.args = "a request was not HTTP: %s", (type(error).__name__,)
            record.exc_info, record.exc_text = None, None
            record.levelno, record.levelname = logging.INFO, "INFO"
        return True


def hide_versions() -> None:
    """Name LogSense in the header `Server`, also where aiohttp answers by itself, instead of versions."""
    web_response.SERVER_SOFTWARE = "LogSense"  # type: ignore[attr-defined]


def within_open_files(most: int) -> int:
    """Lower `most` connections to what leaves half of the process's open files to databases and tools."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return most if soft == resource.RLIM_INFINITY else max(1, min(most, soft // 2 - BACKLOG))


class Connections:
    """All open connections. A new one takes the place of the oldest that no whole request came through yet."""

    def __init__(self, *, most: int, most_per_address: int) -> None:
        """Keep fewer than `most` where the process may not open so many files.

        Behind a proxy all connections have the proxy's address.
        """
        self._most = within_open_files(most)
        self._most_per_address = most_per_address
        self._open: dict[asyncio.Transport, str] = {}
        self._busy: set[asyncio.Transport] = set()

    def limited(self, server: web.Server) -> Callable[[], asyncio.Protocol]:
        """Make protocols of `server` whose connections are counted here."""
        return lambda: _Counted(self, server())

    @web.middleware
    async def serve(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Read the whole body within its deadline, then handle the request; meanwhile the connection stays open."""
        try:
            async with asyncio.timeout(BODY_WITHIN_S):
                await request.read()
        except TimeoutError:
            late = web.Response(status=408, text="The body did not arrive in time.")
            late.force_close()
            return late
        except (ConnectionError, web.RequestPayloadError):
            # Whoever asked has gone, or sends what is no body.
            return web.Response(status=400, text="The body cannot be read.")
        transport = cast(asyncio.Transport, request.transport)
        self._busy.add(transport)
        try:
            return await handler(request)
        finally:
            self._busy.discard(transport)

    def opened(self, transport: asyncio.Transport) -> bool:
        """Count a new connection; False when there is no place for it."""
        peer = transport.get_extra_info("peername")
        address = str(peer[0]) if isinstance(peer, tuple) else ""
        same = [other for other, its in self._open.items() if its == address]
        if len(same) >= self._most_per_address:
            crowded = same
        elif len(self._open) >= self._most:
            crowded = list(self._open)
        else:
            crowded = []
        oldest = next((other for other in crowded if other not in self._busy), None)
        if crowded and oldest is None:
            return False
        if oldest is not None:
            self.closed(oldest)
            oldest.abort()
        self._open[transport] = address
        return True

    def closed(self, transport: asyncio.Transport) -> None:
        """Count it no more."""
        self._open.pop(transport, None)


class _Counted(asyncio.Protocol):
    def __init__(self, connections: Connections, inner: asyncio.Protocol) -> None:
        self._connections = connections
        self._inner = inner
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        made = cast(asyncio.Transport, transport)
        if self._connections.opened(made):
            self._transport = made
            self._inner.connection_made(made)
        else:
            made.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._transport is not None:
            self._connections.closed(self._transport)
            self._inner.connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._transport is not None:
            self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        return self._inner.eof_received() if self._transport is not None else None

    def pause_writing(self) -> None:
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._inner.resume_writing()
