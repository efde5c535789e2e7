"""Two organizations on one tool server: what A waits for its report alone, and while B's hostile events are read."""

from __future__ import annotations

import asyncio
import itertools
import json
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bot.demo.local_sentry import LocalSentry
from core.domain.errors import LogSenseError
from core.domain.journal import ToolCall
from core.domain.tenancy import OrganizationId, SentryConnection
from core.gateways.knowledge_engine import KnowledgeSettings
from core.gateways.mcp_process import McpProcess, McpSettings
from core.gateways.mcp_toolbox import McpToolbox

_EVENT_BYTES = 1_000_000
_REPEATED = ("sk-", " ", "password='", "a/", "http://a:", "a@", "at x (", 'File "', "\n  at a.b(c.js:1:1)", "Bearer ")
_CALL = ToolCall("1", "get_stacktrace", {"issue_id": "SHOP-1"})


@dataclass(frozen=True)
class Waited:
    """Seconds of A's calls, and how many of B's were answered meanwhile."""

    alone: list[float]
    beside: list[float]
    hostile_reads: int

    @property
    def ratio(self) -> float:
        """Return p95 beside B divided by p95 alone."""
        return p95(self.beside) / p95(self.alone)


def p95(seconds: list[float]) -> float:
    """Return the 95th percentile."""
    return statistics.quantiles(seconds, n=20)[-1]


def hostile_texts() -> Iterator[str]:
    """Yield pasted events of nearly 1 MiB without end, none twice, so that none is answered from memory."""
    for number, repeated in zip(itertools.count(), itertools.cycle(_REPEATED)):
        text = (repeated * (_EVENT_BYTES // len(repeated)))[:_EVENT_BYTES]
        if number % 2:
            yield f"Traceback (most recent call last):\nValueError: {number} {text}"
        else:
            values = [
                {"type": f"E{number}", "value": text[start : start + 20_000]} for start in range(0, 900_000, 20_000)
            ]
            yield json.dumps({"exception": {"values": values}})


async def waited(calls: int) -> Waited:
    """Measure A's calls alone, then beside B; both go through the shipped tool server."""
    with tempfile.TemporaryDirectory() as folder:
        async with LocalSentry() as sentry:
            hosts = frozenset({sentry.base_url.removeprefix("http://")})
            async with McpProcess(McpSettings(hosts, KnowledgeSettings(Path(folder)), "mask")) as process:
                await process.ready()
                await _times(process, sentry, "warm", 3)
                alone = await _times(process, sentry, "alone", calls)
                reads = [0]
                hostile = asyncio.create_task(_read_hostile(process, reads))
                try:
                    await _until_read(reads, hostile)
                    beside = await _times(process, sentry, "beside", calls)
                finally:
                    hostile.cancel()
                    await asyncio.gather(hostile, return_exceptions=True)
    return Waited(alone, beside, reads[0])


async def _until_read(reads: list[int], hostile: asyncio.Task[None]) -> None:
    while not reads[0] and not hostile.done():
        await asyncio.sleep(0.05)
    if hostile.done():
        hostile.result()


async def _times(process: McpProcess, sentry: LocalSentry, name: str, calls: int) -> list[float]:
    """Time calls of A, each in an investigation of its own, so that nothing is kept from the last."""
    connection = SentryConnection(sentry.base_url, sentry.organization_slug, sentry.token, writes_allowed=False)
    seconds = []
    for number in range(calls):
        toolbox = McpToolbox(process, OrganizationId("acme"), connection, f"{name}-{number}")
        began = time.perf_counter()
        result = await toolbox.call(_CALL)
        seconds.append(time.perf_counter() - began)
        if not result.ok:
            raise RuntimeError(f"A's call failed: {result.text[:200]}")
    return seconds


async def _read_hostile(process: McpProcess, reads: list[int]) -> None:
    for number, text in enumerate(hostile_texts()):
        toolbox = McpToolbox(process, OrganizationId("globex"), None, f"hostile-{number}", text)
        try:
            await toolbox.call(_CALL)
        except LogSenseError as refused:
            print(f"B's event {number} was not read: {refused}")
            await asyncio.sleep(0.05)
        reads[0] += 1
