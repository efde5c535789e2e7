"""The LogSense of `make bench-slack`: as `serve` runs it, but its reasoner and tools only take time.

`python -m tests.benchmarks.slack_app STEPS STEP_S SPEED`, settings from the environment. Its address is the first line
on stdout; any line on stdin has it print what was committed, as one line of JSON, and end. Real are Bolt, the SDK, the
channel with its budgets, the worker and SQLite. With SPEED the budgets are as many times as fast.
"""

from __future__ import annotations

import asyncio
import json
import math
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from aiohttp import web

from adapters.common.rate_limits import Budget as Rate
from adapters.slack.app import SlackApp
from adapters.slack.shared_limits import Budgets
from bot.app.bootstrap import App, build_app, now
from bot.app.settings import Settings
from bot.app.slack_settings import slack_config
from bot.server.attached_logs import LogFolder
from core.agent.loop import Budget
from core.delivery.threads import PROGRESS, Threads
from core.domain.causes import Cause
from core.domain.journal import ToolCall, Transcript, Turn
from core.domain.report import Analysis, Culprit, Finding, Fix, Level
from core.domain.tenancy import OrganizationId, Platform
from core.ports import HostTools, Reasoner, Toolbox, ToolResult, ToolSpec
from core.work.announce import AnnounceJob
from core.work.investigate import AgentFactory, InvestigateJob
from core.work.worker import Job, Worker

_SERIES = "analyze_error_frequency"
_STACK = "get_stacktrace"
_LINE = "File payments/checkout.py, line 118, in total: price = prices[item.sku]\n"
_MOST = 1_000


class ScriptedReasoner:
    """Implements `core.ports.Reasoner`: one call a turn, a report after `steps` of them."""

    name = "scripted"

    def __init__(self, steps: int) -> None:
        self._steps = steps

    async def next_turn(self, transcript: Transcript, tools: Sequence[ToolSpec], *, must_conclude: bool) -> Turn:
        number = transcript.turns() + 1
        if number > self._steps:
            return Turn("The price of a withdrawn article is missing.", conclusion=_analysis())
        tool = _SERIES if number == 2 else _STACK
        call = ToolCall(f"c{number}", tool, {"issue_id": transcript.subject.issue_id, "event": f"event {number}"})
        return Turn(f"Step {number} looks at what the event before it left open.", (call,))


def _analysis() -> Analysis:
    return Analysis(
        "The checkout reads the price of an article that was withdrawn.",
        Cause.MISSING_KEY,
        Culprit("payments/checkout.py", "total", 118),
        (Finding("`total` reads a price without asking whether there is one.", ("E1", "E2")),),
        (Fix("Skip withdrawn articles", ("Ask the catalogue first.", "Test it."), Level.LOW, Level.LOW, 80),),
    )


class SlowTools:
    """Implements `core.ports.Toolbox` and `ToolProvider`: every call takes `step_s` and finds something to show."""

    def __init__(self, step_s: float) -> None:
        self._step_s = step_s

    async def list_tools(self) -> Sequence[ToolSpec]:
        return [ToolSpec(tool, "It takes its time.", {"type": "object"}) for tool in (_STACK, _SERIES)]

    async def call(self, call: ToolCall) -> ToolResult:
        await asyncio.sleep(self._step_s)
        if call.tool == _SERIES:
            return ToolResult("A spike of 640 events since yesterday noon.", _series())
        return ToolResult("KeyError: 'sku-118' in payments/checkout.py\n" + _LINE * 40)

    async def toolbox(
        self, organization_id: OrganizationId, investigation_id: str, event_text: str | None, log: str | None = None
    ) -> Toolbox:
        return self

    async def host_tools(self, organization_id: OrganizationId) -> HostTools:
        # Asked for with every report, used only where people had confirmed something before.
        return cast(HostTools, self)

    async def writes_allowed(self, organization_id: OrganizationId) -> bool:
        return False


def _series() -> dict[str, Any]:
    """Worth a chart, so that the uploads are among the calls that are counted."""
    starts_at = datetime.now(UTC) - timedelta(days=2)
    counts = [2] * 24 + [25] * 24
    return {"counts": counts, "interval_s": 3_600, "starts_at": starts_at.isoformat(), "trend": "spike"}


@dataclass(frozen=True)
class Scenario:
    """How long an investigation takes, and how much faster than Slack's limits everything goes."""

    steps: int
    step_s: float
    speed: float

    def budgets(self) -> Budgets:
        """LogSense's own, or such as they would be if Slack's minutes were shorter."""
        if self.speed == 1:
            return Budgets()
        paces = {"chat.update": Rate(per_minute=43 * self.speed, burst=2)}
        return Budgets(lambda method: paces.get(method) or Rate(per_minute=57 * self.speed, burst=1))


@asynccontextmanager
async def _running(app: App, scenario: Scenario) -> AsyncIterator[str]:
    """The address, while LogSense listens and works."""
    config = await slack_config(app.settings)
    assert config is not None and config.single is not None
    await app.stores.directory.ensure_organization(app.organization, config.single.workspace)
    adapter = SlackApp(config, app.stores.installations, budgets=scenario.budgets())
    adapter.listen_for(
        app.inbox, app.services(), LogFolder(app.directory.logs, app.stores.directory, app.settings.max_log_bytes)
    )
    site = web.Application()
    site.add_routes(adapter.routes())
    runner = web.AppRunner(site, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=1_024).start()
    work = asyncio.create_task(_worker(app, adapter, scenario).run())
    try:
        yield "http://{}:{}".format(*runner.addresses[0][:2])
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        await runner.cleanup()
        await adapter.close()


def _worker(app: App, adapter: SlackApp, scenario: Scenario) -> Worker:
    threads = Threads({Platform.SLACK: adapter.channel})

    async def reasoners(organization_id: OrganizationId) -> Sequence[Reasoner]:
        return (ScriptedReasoner(scenario.steps),)

    budget = Budget(
        max_turns=scenario.steps + 2,
        timeout_s=math.inf,
        tool_timeout_s=scenario.step_s + 60,
    )
    agents = AgentFactory(app.stores, SlowTools(scenario.step_s), reasoners, budget, now, threads)
    jobs: dict[str, Job] = {
        "announce": AnnounceJob(app.stores, threads, now),
        "investigate": InvestigateJob(agents),
    }
    return Worker(app.stores.runs, jobs, slots=_MOST, lease_s=app.settings.lease_s)


async def _committed(app: App) -> list[dict[str, Any]]:
    """Every investigation: where its progress stands, and when (Unix time) each entry of its journal was committed."""
    found: list[dict[str, Any]] = []
    for one in await app.store.investigations(_MOST):
        entries = await app.store.journal(one.id).entries()
        progress = [ref.message_id for ref in await app.store.posted(one.id, PROGRESS)]
        found.append(
            {
                "id": one.id,
                "channel": one.conversation.channel,
                "status": one.status.value,
                "progress": progress[0] if progress else None,
                "entries": [entry.at.timestamp() for entry in entries],
            }
        )
    return found


async def _main(scenario: Scenario) -> None:
    loop = asyncio.get_running_loop()
    async with build_app(Settings(_env_file=None)) as app, _running(app, scenario) as url:  # type: ignore[call-arg]
        print(url, flush=True)
        await loop.run_in_executor(None, sys.stdin.readline)
        print(json.dumps(await _committed(app)), flush=True)


if __name__ == "__main__":
    asyncio.run(_main(Scenario(int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3]))))
