"""Caddy itself, with the Caddyfile that the compose file mounts, before a LogSense that only says what it was asked."""

from __future__ import annotations

import asyncio
import contextlib
import io
import socket
import sysconfig
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from tests.deploy.files import DEPLOY, run

CADDYFILE = DEPLOY / "caddy" / "Caddyfile"


def test_caddy_takes_the_file_as_it_is() -> None:
    done = run("caddy", "fmt", CADDYFILE)
    assert done.stdout == CADDYFILE.read_text()
    address = {"LOGSENSE_PUBLIC_URL": "https://logsense.example.com", "HOME": "/nonexistent"}
    checked = run("caddy", "validate", "--adapter", "caddyfile", "--config", CADDYFILE, variables=address)
    assert checked.returncode == 0, checked.stderr


@pytest.fixture
def ports() -> tuple[int, int]:
    """A free one for Caddy, and one for LogSense."""
    with socket.create_server(("127.0.0.1", 0)) as first, socket.create_server(("127.0.0.1", 0)) as second:
        return first.getsockname()[1], second.getsockname()[1]


@pytest.fixture
async def caddy(ports: tuple[int, int], tmp_path: Path) -> AsyncIterator[str]:
    """The address of a Caddy that listens."""
    program = Path(sysconfig.get_path("scripts")) / "caddy"
    if not program.exists():
        pytest.skip("caddy is not installed: its wheel is not there for this machine")
    address, upstream = f"http://127.0.0.1:{ports[0]}", ("127.0.0.1", str(ports[1]))
    process = await asyncio.create_subprocess_exec(
        *(program, "run", "--adapter", "caddyfile", "--config", CADDYFILE),
        env={
            "LOGSENSE_PUBLIC_URL": address,
            "LOGSENSE_UPSTREAM": upstream[0],
            "LOGSENSE_UPSTREAM_PORT": upstream[1],
            "XDG_DATA_HOME": str(tmp_path),
            "XDG_CONFIG_HOME": str(tmp_path),
        },
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(20):
            while True:
                with contextlib.suppress(OSError):
                    _, writer = await asyncio.open_connection("127.0.0.1", ports[0])
                    writer.close()
                    break
                await asyncio.sleep(0.05)
        yield address
    finally:
        process.terminate()
        await process.wait()


@contextlib.asynccontextmanager
async def upstream(port: int) -> AsyncIterator[list[str]]:
    """What was asked of a LogSense at `port`, while the block lasts."""
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(f"{request.method} {request.path_qs} {request.headers.get('X-Slack-Signature', '')}".strip())
        return web.Response(text=str(len(await request.read())))

    application = web.Application(client_max_size=2**21)
    application.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield asked
    finally:
        await runner.cleanup()


async def test_slack_comes_through_as_it_was_sent(caddy: str, ports: tuple[int, int]) -> None:
    async with upstream(ports[1]) as asked, aiohttp.ClientSession() as session:
        headers = {"X-Slack-Signature": "v0=abc"}
        async with session.post(f"{caddy}/slack/events?a=1", data=b"x" * 900_000, headers=headers) as answer:
            assert (answer.status, await answer.text()) == (200, "900000")
        assert asked == ["POST /slack/events?a=1 v0=abc"]


async def test_teams_comes_through_and_its_pictures_go_out(caddy: str, ports: tuple[int, int]) -> None:
    async with upstream(ports[1]) as asked, aiohttp.ClientSession() as session:
        async with session.post(f"{caddy}/api/messages", data=b"{}") as answer:
            assert answer.status == 200
        async with session.get(f"{caddy}/teams/charts/a.b.png") as answer:
            assert answer.status == 200
        assert asked == ["POST /api/messages", "GET /teams/charts/a.b.png"]


async def test_the_inside_and_floods_stay_out(caddy: str, ports: tuple[int, int]) -> None:
    async with upstream(ports[1]) as asked, aiohttp.ClientSession() as session:
        for path in (
            "/",
            "/healthz",
            "/readyz",
            "/metrics",
            "/slack/../metrics",
            "/slack/%2e%2e/metrics",
            "/slackery",
            "/api",
        ):
            async with session.get(URL(caddy + path, encoded=True)) as answer:
                assert answer.status in (400, 404), path
        async with session.post(f"{caddy}/slack/events", data=io.BytesIO(b"x" * 1_100_000)) as answer:
            assert answer.status == 413
        assert [line for line in asked if not line.startswith("POST")] == []


async def test_a_replica_that_refused_is_tried_again_while_slack_waits(caddy: str, ports: tuple[int, int]) -> None:
    async with aiohttp.ClientSession() as session:
        asking = asyncio.create_task(session.post(f"{caddy}/slack/events", data=b"x"))
        # By the time that these are answered, the one before them was refused.
        for _ in range(20):
            async with session.get(f"{caddy}/healthz") as answer:
                assert answer.status == 404
        async with upstream(ports[1]) as asked, await asking as answer:
            assert (answer.status, asked) == (200, ["POST /slack/events"])
