"""Thousands of connections that dribble, and LogSense answers as before."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Iterator

import aiohttp
import pytest

from tests.slack.conftest import SlackHarness

DRIBBLING = 2_000
FILES = 3 * DRIBBLING


@pytest.fixture
def many_files() -> Iterator[None]:
    """Let the process open both ends of every connection."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < FILES:
        pytest.skip(f"the machine allows {hard} open files, and {FILES} are needed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (FILES if soft == resource.RLIM_INFINITY else max(soft, FILES), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def dribble(port: int, number: int) -> asyncio.StreamWriter:
    """Send the beginning of a request from one of eight addresses."""
    _, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(f"127.0.0.{2 + number % 8}", 0))
    head = b"POST /slack/events HTTP/1.1\r\nHost: x\r\n"
    writer.write(head if number % 2 else head + b"Content-Length: 900\r\n\r\n{")
    return writer


async def test_probes_are_answered_while_thousands_of_connections_dribble(
    many_files: None, harness: SlackHarness
) -> None:
    port = int(harness.url.rsplit(":", 1)[1])
    writers: list[asyncio.StreamWriter] = []
    for start in range(0, DRIBBLING, 100):
        writers += await asyncio.gather(*(dribble(port, number) for number in range(start, start + 100)))
    try:
        for path in ("/healthz", "/readyz") * 5:
            async with aiohttp.ClientSession() as session, session.get(f"{harness.url}{path}") as answer:
                assert answer.status == 200
    finally:
        for writer in writers:
            writer.close()
