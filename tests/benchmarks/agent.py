"""CPU of one investigation beside a plain loop on the same two SDKs: `make bench-agent`.

Nine model calls and eight tool calls each, a model that answers at once, the real tool server over stdio. CPU is that
of the process and of its tool server together, in milliseconds per investigation; the model's process is not counted.
Each figure is the median of three processes. `floor`: nine bare HTTP posts, no tools. `plain`: openai `create` and mcp
`call_tool`. `loop`: LogSense's loop without journal and thread. `whole`: queue, leases, journal in SQLite, posts by
intent and a live thread, as in chat; only the platform itself is not there.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import psutil
from mcp import Client, StdioServerParameters
from openai import AsyncOpenAI

from bot.app.interpreter import tune_interpreter
from core.agent.loop import Budget, ReactLoop
from core.agent.prompt import Prompt
from core.agent.rules.reasoner import RulesReasoner
from core.delivery.threads import REPORT, Threads
from core.domain.conversation import ConversationRef, MessageRef
from core.domain.investigation import Investigation, Subject
from core.domain.journal import JournalEntry, Transcript, TurnTaken
from core.domain.tenancy import Actor, Limits, Organization, OrganizationId, Platform, WorkspaceRef
from core.domain.thread_view import ReportView, ThreadView
from core.gateways.mcp.process import McpProcess, McpSettings
from core.gateways.mcp.toolbox import McpHostTools, McpToolbox
from core.gateways.openai.messages import tool_of
from core.gateways.openai.models import OpenAIReasoner
from core.gateways.qdrant.connection import KnowledgeSettings
from core.ports import Reasoner
from core.storage.database_stores import open_stores
from core.storage.schema import migrate
from core.work.announce import AnnounceJob
from core.work.investigate import AgentFactory, InvestigateJob
from core.work.worker import Job, Worker
from tests.benchmarks.peers import CALLS

MODES = ("floor", "plain", "loop", "whole")
CONCURRENCY = (1, 50, 200)
REPEATS = 3
ORGANIZATION = OrganizationId("benchmark")
SUBJECT = Subject("SHOP-1", "SHOP-1")
MODEL = "m"

Investigate = Callable[[int], Awaitable[None]]


# ---- one process, one mode ------------------------------------------------------------------------------------------


async def _floor(stack: AsyncExitStack, model_url: str, home: Path) -> Investigate:
    connector = aiohttp.TCPConnector(limit=0)
    session = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))
    body = json.dumps({"model": MODEL, "messages": [{"role": "user", "content": "x" * 4_000}]})

    async def investigate(number: int) -> None:
        for _ in range(len(CALLS) + 1):
            async with session.post(f"{model_url}/chat/completions", data=body) as response:
                json.loads(await response.read())

    return investigate


async def _plain(stack: AsyncExitStack, model_url: str, home: Path) -> Investigate:
    parameters = StdioServerParameters(command=sys.executable, args=["-m", "tests.benchmarks.peers", "open-tools"])
    tools = await stack.enter_async_context(Client(parameters))
    listed = (await tools.list_tools()).tools
    offered: Any = [
        {
            "type": "function",
            "function": {"name": tool.name, "description": tool.description, "parameters": tool.input_schema},
        }
        for tool in listed
    ]
    offered.append(tool_of(Prompt().conclusion(Transcript(SUBJECT))))
    client = AsyncOpenAI(api_key="x", base_url=model_url)

    async def investigate(number: int) -> None:
        messages: list[Any] = [
            {"role": "system", "content": Prompt().system(Transcript(SUBJECT))},
            {"role": "user", "content": Prompt().opening(Transcript(SUBJECT))},
        ]
        while True:
            answer = await client.chat.completions.create(model=MODEL, messages=messages, tools=offered)
            message = answer.choices[0].message
            messages.append(message.model_dump(exclude_none=True))
            for call in message.tool_calls or ():
                if call.type != "function" or call.function.name == "submit_analysis":
                    return
                result: Any = await tools.call_tool(call.function.name, json.loads(call.function.arguments))
                messages.append({"role": "tool", "tool_call_id": call.id, "content": result.content[0].text})

    return investigate


def _reasoners(model_url: str) -> tuple[Reasoner, ...]:
    model = OpenAIReasoner(api_key="x", base_url=model_url, model=MODEL, briefing=Prompt(), prices={})
    return (model, RulesReasoner())


async def _process(stack: AsyncExitStack, home: Path) -> McpProcess:
    command = (sys.executable, "-m", "tests.benchmarks.peers", "tools")
    settings = McpSettings(frozenset(), KnowledgeSettings(home / "knowledge"), "benchmark", command=command)
    process = await stack.enter_async_context(McpProcess(settings))
    await process.ready()
    return process


async def _loop(stack: AsyncExitStack, model_url: str, home: Path) -> Investigate:
    process, reasoners = await _process(stack, home), _reasoners(model_url)

    async def keep_nothing(entry: JournalEntry) -> None:
        return None

    async def investigate(number: int) -> None:
        toolbox = McpToolbox(process, ORGANIZATION, None, f"inv-{number}")
        budget = Budget(timeout_s=600, tool_timeout_s=300)
        now = _now
        loop = ReactLoop(
            Transcript(SUBJECT), reasoners=reasoners, toolbox=toolbox, record=keep_nothing, now=now, budget=budget
        )
        transcript, _ = await loop.run()
        turns = [entry.reasoner for entry in transcript.entries if isinstance(entry, TurnTaken)]
        if turns != [MODEL] * (len(CALLS) + 1):
            raise RuntimeError(f"The model did not take all turns: {turns}")

    return investigate


class _Nowhere:
    """A channel whose messages nobody reads; `told` says which investigation's end was posted, `last` with what."""

    def __init__(self) -> None:
        self.told: dict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self.last: dict[str, ThreadView] = {}

    async def post(
        self,
        conversation: ConversationRef,
        view: ThreadView,
        *,
        key: str = "",
        again: bool = False,
        check: object = None,
    ) -> tuple[MessageRef, ...]:
        investigation_id, role = key.split("/")
        if role == REPORT:
            self.last[investigation_id] = view
            self.told[investigation_id].set()
        return (MessageRef(replace(conversation, thread=key), key),)

    async def turn(self, message: MessageRef) -> None:
        return None

    async def edit(self, message: MessageRef, view: ThreadView, *, final: bool = False) -> None:
        return None

    async def delete(self, message: MessageRef) -> None:
        return None

    async def post_attachments(self, conversation: ConversationRef, view: ThreadView) -> None:
        return None

    async def post_ephemeral(self, conversation: ConversationRef, person: Actor, view: ThreadView) -> None:
        return None


class _BenchTools:
    """Tools of the one process, for any organization."""

    def __init__(self, process: McpProcess) -> None:
        self._process = process

    async def toolbox(
        self,
        organization_id: OrganizationId,
        investigation_id: str,
        event_text: str | None,
        log: str | None = None,
        *,
        issue_id: str | None = None,
    ) -> McpToolbox:
        return McpToolbox(self._process, organization_id, None, investigation_id, event_text)

    async def host_tools(self, organization_id: OrganizationId) -> McpHostTools:
        return McpHostTools(self._process, organization_id, None)

    async def writes_allowed(self, organization_id: OrganizationId) -> bool:
        return False


async def _whole(stack: AsyncExitStack, model_url: str, home: Path) -> Investigate:
    process, reasoners = await _process(stack, home), _reasoners(model_url)
    url = f"sqlite:///{home / 'db'}"
    await migrate(url)
    stores = await stack.enter_async_context(
        open_stores(url, owner="benchmark", secret_keys=["key"], defaults=Limits())
    )
    workspace = WorkspaceRef(Platform.SLACK, "benchmark")
    await stores.directory.ensure_organization(Organization(ORGANIZATION, "benchmark"), workspace)
    store = stores.for_organization(ORGANIZATION)
    budget = Budget(timeout_s=600, tool_timeout_s=300)
    channel = _Nowhere()
    threads = Threads({Platform.SLACK: channel})

    async def reasoners_of(organization_id: OrganizationId) -> Sequence[Reasoner]:
        return reasoners

    agents = AgentFactory(stores, _BenchTools(process), reasoners_of, budget, _now, threads)
    jobs: dict[str, Job] = {
        "announce": AnnounceJob(stores, threads, _now),
        "investigate": InvestigateJob(agents),
    }
    worker = Worker(stores.runs, jobs, slots=1_000)
    working = asyncio.create_task(worker.run())
    stack.callback(working.cancel)
    conversation = ConversationRef(workspace, "benchmark")

    async def investigate(number: int) -> None:
        subject = Subject(SUBJECT.label, f"SHOP-{number}")
        asked = Investigation(f"investigation-{number}", subject, conversation, Actor("b", "b"), _now())
        await store.add_investigation(asked, None, f"delivery-{number}", announced=True)
        await channel.told[asked.id].wait()
        told = channel.last[asked.id]
        if not isinstance(told, ReportView) or told.report.reasoner != MODEL:
            raise RuntimeError(f"{asked.id} ended without the model's report: {told}")

    return investigate


def _now() -> datetime:
    return datetime.now(UTC)


async def _measure(mode: str, concurrency: int, model_url: str) -> dict[str, float]:
    count = max(concurrency, 10)
    prepare = {"floor": _floor, "plain": _plain, "loop": _loop, "whole": _whole}[mode]
    with tempfile.TemporaryDirectory() as home:
        async with AsyncExitStack() as stack:
            investigate = await prepare(stack, model_url, Path(home))
            await investigate(-1)
            tune_interpreter()
            slots = asyncio.Semaphore(concurrency)

            async def one(number: int) -> None:
                async with slots:
                    await investigate(number)

            stalls: list[float] = [0.0]
            watch = asyncio.create_task(_watch(stalls))
            cpu, started = _cpu_s(), time.perf_counter()
            await asyncio.gather(*(one(number) for number in range(count)))
            wall, used = time.perf_counter() - started, _cpu_s() - cpu
            watch.cancel()
            rss_mb = psutil.Process().memory_info().rss / 2**20
    return {
        "cpu_ms": used / count * 1000,
        "wall_ms": wall / count * 1000,
        "stall_ms": max(stalls) * 1000,
        "rss_mb": rss_mb,
    }


async def _watch(stalls: list[float]) -> None:
    """How late the event loop wakes who asked to be woken."""
    while True:
        before = time.perf_counter()
        await asyncio.sleep(0.005)
        stalls.append(time.perf_counter() - before - 0.005)


def _cpu_s() -> float:
    me = psutil.Process()
    return sum(each.cpu_times().user + each.cpu_times().system for each in (me, *me.children(recursive=True)))


# ---- the table ------------------------------------------------------------------------------------------------------


def main() -> None:
    """Print the table and the line of JSON."""
    peer = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.peers", "model", "0"], stdout=subprocess.PIPE, text=True
    )
    try:
        assert peer.stdout is not None
        url = f"http://127.0.0.1:{peer.stdout.readline().strip()}/v1"
        found = {(mode, n): _median(mode, n, url) for n in CONCURRENCY for mode in MODES}
    finally:
        peer.kill()
    print(f"{'':8}{'at once':>8}{'CPU ms':>9}{'wall ms':>9}{'of plain':>10}{'stall ms':>10}{'RSS MB':>8}")
    for (mode, concurrency), row in found.items():
        share = row["cpu_ms"] / found["plain", concurrency]["cpu_ms"]
        print(
            f"{mode:8}{concurrency:8}{row['cpu_ms']:9.1f}{row['wall_ms']:9.1f}{share:10.2f}"
            f"{row['stall_ms']:10.0f}{row['rss_mb']:8.0f}"
        )
    plain = found["plain", 50]["cpu_ms"]
    figures = {
        "plain_cpu_ms_50": round(plain, 1),
        "loop_ratio_50": round(found["loop", 50]["cpu_ms"] / plain, 2),
        "whole_ratio_50": round(found["whole", 50]["cpu_ms"] / plain, 2),
        "stall_ms_200": round(found["whole", 200]["stall_ms"]),
        "rss_mb_200": round(found["whole", 200]["rss_mb"]),
    }
    print(json.dumps(figures))


def _median(mode: str, concurrency: int, url: str) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.benchmarks.agent", mode, str(concurrency), url]
    rows = [json.loads(subprocess.run(command, check=True, capture_output=True).stdout) for _ in range(REPEATS)]
    return {name: statistics.median(row[name] for row in rows) for name in rows[0]}


if __name__ == "__main__":
    if len(sys.argv) == 1:
        main()
    else:
        print(json.dumps(asyncio.run(_measure(sys.argv[1], int(sys.argv[2]), sys.argv[3]))))
