"""Two organizations on one tool server: what A waits for its report alone, and while B's hostile events are read."""

from __future__ import annotations

import asyncio
import itertools
import json
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.demo.local_sentry import LocalSentry
from core.domain.errors import LogSenseError
from core.domain.journal import ToolCall
from core.domain.tenancy import OrganizationId, SentryConnection
from core.gateways.mcp.process import McpProcess, McpSettings
from core.gateways.mcp.toolbox import McpToolbox
from core.gateways.qdrant.connection import KnowledgeSettings
from tests.benchmarks.hostile_sentry import REPEATED, hostile_sentry

_PASTED_BYTES = 1_000_000
_SERVED_BYTES = 2_000_000
_ROUNDS = 7
_CALL = ToolCall("1", "get_stacktrace", {"issue_id": "SHOP-1"})
_HOSTILE_CALL = ToolCall("1", "get_stacktrace", {"issue_id": "H-1"})


@dataclass(frozen=True)
class Waited:
    """Seconds of A's calls alone and beside B, a list for each round, and how many of B's were answered meanwhile."""

    rounds: list[tuple[list[float], list[float]]]
    hostile_reads: int

    @property
    def alone(self) -> list[float]:
        """All seconds of A alone."""
        return [second for alone, _ in self.rounds for second in alone]

    @property
    def beside(self) -> list[float]:
        """All seconds of A beside B."""
        return [second for _, beside in self.rounds for second in beside]

    @property
    def ratio(self) -> float:
        """The median over the rounds of p95 beside B divided by p95 alone: a median bears other work on the machine."""
        return statistics.median(p95(beside) / p95(alone) for alone, beside in self.rounds)


def p95(seconds: list[float]) -> float:
    """Return the 95th percentile."""
    return statistics.quantiles(seconds, n=20, method="inclusive")[-1]


def hostile_texts() -> Iterator[str]:
    """Yield pasted events of nearly 1 MiB without end, none twice, so that none is answered from memory."""
    for number, repeated in zip(itertools.count(), itertools.cycle(REPEATED)):
        text = (repeated * (_PASTED_BYTES // len(repeated)))[:_PASTED_BYTES]
        if number % 2:
            yield f"Traceback (most recent call last):\nValueError: {number} {text}"
        else:
            values = [
                {"type": f"E{number}", "value": text[start : start + 20_000]} for start in range(0, 900_000, 20_000)
            ]
            yield json.dumps({"exception": {"values": values}})


async def waited(calls: int, rounds: int = _ROUNDS) -> Waited:
    """Measure `calls` of A alone, then as many beside B, in each round; both go through the shipped tool server."""
    async with _tool_server() as (process, sentry, hostile_url):
        await _times(process, sentry, "warm", 3)
        found, reads = [], [0, 0]
        for number in range(rounds):
            alone = await _times(process, sentry, f"alone {number}", calls)
            before = list(reads)
            hostile = [
                asyncio.create_task(_paste(process, reads)),
                asyncio.create_task(_investigate(process, hostile_url, reads)),
            ]
            try:
                await _until_read(before, reads, hostile)
                beside = await _times(process, sentry, f"beside {number}", calls)
            finally:
                for task in hostile:
                    task.cancel()
                await asyncio.gather(*hostile, return_exceptions=True)
            found.append((alone, beside))
    return Waited(found, sum(reads))


@asynccontextmanager
async def _tool_server() -> AsyncIterator[tuple[McpProcess, LocalSentry, str]]:
    with tempfile.TemporaryDirectory() as folder:
        async with LocalSentry() as sentry, hostile_sentry(_SERVED_BYTES) as hostile:
            hosts = frozenset(url.removeprefix("http://") for url in (sentry.base_url, hostile))
            async with McpProcess(McpSettings(hosts, KnowledgeSettings(Path(folder)), "mask")) as process:
                await process.ready()
                yield process, sentry, hostile


async def _until_read(before: list[int], reads: list[int], hostile: list[asyncio.Task[None]]) -> None:
    while not all(now > then for now, then in zip(reads, before, strict=True)):
        await asyncio.sleep(0.05)
        for task in hostile:
            if task.done():
                task.result()


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


async def _paste(process: McpProcess, reads: list[int]) -> None:
    for number, text in enumerate(hostile_texts()):
        await _read(McpToolbox(process, OrganizationId("globex"), None, f"pasted-{number}", text))
        reads[0] += 1


async def _investigate(process: McpProcess, url: str, reads: list[int]) -> None:
    connection = SentryConnection(url, "globex", "t", writes_allowed=False)
    for number in itertools.count():
        await _read(McpToolbox(process, OrganizationId("globex"), connection, f"served-{number}"))
        reads[1] += 1


async def _read(toolbox: McpToolbox) -> None:
    try:
        result = await toolbox.call(_HOSTILE_CALL)
    except LogSenseError as refused:
        print(f"an event of B was not read: {refused}")
        await asyncio.sleep(0.05)
    else:
        if not result.ok:
            raise RuntimeError(f"B's call failed: {result.text[:200]}")


def main() -> None:
    """Measure the tenants alone, without the patterns of `hostile`."""
    found = asyncio.run(waited(20))
    for alone, beside in found.rounds:
        print(f"p95 alone {p95(alone) * 1000:5.0f} ms, beside {p95(beside) * 1000:5.0f} ms")
    print(json.dumps({"victim_ratio_p95": round(found.ratio, 2), "hostile_reads": found.hostile_reads}))


if __name__ == "__main__":
    main()
