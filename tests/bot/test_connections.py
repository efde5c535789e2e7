"""Slow connections: they are closed in time, and never keep others out."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web

from bot import connections
from bot.connections import Connections


@contextlib.asynccontextmanager
async def listening(limits: Connections, *, headers_within_s: float = 20.0) -> AsyncIterator[int]:
    """A server with those limits; its port."""

    async def hello(request: web.Request) -> web.Response:
        return web.Response(text=f"hello {len(await request.read())}")

    app = web.Application(middlewares=[limits.serve])
    app.add_routes([web.get("/", hello), web.post("/", hello)])
    runner = web.AppRunner(app, access_log=None, keepalive_timeout=headers_within_s, lingering_time=0.1)
    await runner.setup()
    assert runner.server is not None
    server = await asyncio.get_running_loop().create_server(limits.limited(runner.server), "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await runner.cleanup()


Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def dribbling(port: int, sent: bytes) -> Streams:
    """A connection through which only the beginning of a request comes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    await writer.drain()
    return reader, writer


async def answered(streams: Streams) -> bytes:
    """What came until the server closed the connection."""
    try:
        return await asyncio.wait_for(streams[0].read(), 10)
    except ConnectionError:
        return b""
    finally:
        streams[1].close()


async def test_dribbling_connections_make_room_for_whole_requests() -> None:
    limits = Connections(most=50, most_per_address=20)
    async with listening(limits) as port:
        slow = [await dribbling(port, b"GET / HTTP/1.1\r\nHost:") for _ in range(60)]
        async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/") as answer:
            assert (answer.status, await answer.text()) == (200, "hello 0")
            assert answer.headers["Server"] == "LogSense"
        assert await answered(slow[0]) == b""
        for _, writer in slow:
            writer.close()


async def test_headers_and_bodies_have_deadlines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "BODY_WITHIN_S", 0.3)
    async with listening(Connections(), headers_within_s=0.3) as port:
        half_head = await dribbling(port, b"GET / HTTP/1.1\r\nHost: x\r\n")
        half_body = await dribbling(port, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc")
        assert await answered(half_head) == b""
        assert b" 408 " in (await answered(half_body)).splitlines()[0]
