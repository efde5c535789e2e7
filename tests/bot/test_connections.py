"""Slow connections: they are closed in time, and never keep others out."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web

from bot.server import connection_limits as connections
from bot.server.connection_limits import BACKLOG, Connections, hide_versions


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
    server = await asyncio.get_running_loop().create_server(
        limits.limited(runner.server), "127.0.0.1", 0, backlog=BACKLOG
    )
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await runner.cleanup()


Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def dribbling(port: int, sent: bytes, source: str = "127.0.0.1") -> Streams:
    """A connection from `source` through which only the beginning of a request comes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))
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
        assert await answered(slow[0]) == b""
        for _, writer in slow:
            writer.close()


async def test_headers_and_bodies_have_deadlines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "BODY_WITHIN_S", 0.3)
    async with listening(Connections(most=2_000, most_per_address=500), headers_within_s=0.3) as port:
        half_head = await dribbling(port, b"GET / HTTP/1.1\r\nHost: x\r\n")
        half_body = await dribbling(port, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc")
        assert await answered(half_head) == b""
        assert b" 408 " in (await answered(half_body)).splitlines()[0]


async def test_no_answer_names_versions() -> None:
    hide_versions()
    async with listening(Connections(most=2_000, most_per_address=500), headers_within_s=0.3) as port:
        for sent in (
            b"NONSENSE\r\n\r\n",
            b"GET /nowhere HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            b"PUT / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: x\r\nExpect: wonders\r\nConnection: close\r\n\r\n",
            b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 1100000\r\n\r\n" + b"x" * 1_100_000,
        ):
            head = (await answered(await dribbling(port, sent))).partition(b"\r\n\r\n")[0]
            assert b" 4" in head.splitlines()[0]
            assert b"Server: LogSense" in head and b"aiohttp" not in head and b"Python" not in head


SERVER_WITH_FEW_FILES = """
import asyncio, resource
from bot.server.connection_limits import BACKLOG, Connections, hide_versions
from tests.bot.test_connections import listening

async def serve():
    resource.setrlimit(resource.RLIMIT_NOFILE, (512, 512))
    async with listening(Connections(most=2_000, most_per_address=500)) as port:
        print(port, flush=True)
        await asyncio.Event().wait()

asyncio.run(serve())
"""


async def test_slow_connections_never_use_up_the_open_files() -> None:
    server = await asyncio.create_subprocess_exec(sys.executable, "-c", SERVER_WITH_FEW_FILES, stdout=PIPE, stderr=PIPE)
    try:
        assert server.stdout is not None and server.stderr is not None
        port = int(await server.stdout.readline())
        slow = [await dribbling(port, b"GET / HTTP/1.1\r\n", f"127.0.0.{2 + number % 8}") for number in range(800)]
        reader, writer = await dribbling(port, b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "127.0.0.99")
        assert b" 200 " in await answered((reader, writer))
        for _, dribbler in slow:
            dribbler.close()
    finally:
        server.kill()
    assert b"out of system resource" not in await server.stderr.read()
