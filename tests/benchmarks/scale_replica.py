"""A replica of `make bench-scale`: a worker with its jobs as `serve` has them, told what to do on stdin.

`python -m tests.benchmarks.scale_replica URL OWNER SLOTS`. One command a line, as JSON, each answered by a line:
`{"begin": [STEP_S, STEPS]}` forgets what was seen and sets the pace; `{"end": true}` gives what was seen;
`{"plain": [SECONDS, …]}` runs the bare loop once for each, starting after so long, without a database, and gives the
same. It ends with its stdin.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import asdict, fields
from datetime import UTC, datetime
from typing import Any

import psutil
import sqlalchemy as sa

from bot.app.interpreter import tune_interpreter
from core.agent.loop import Budget, ReactLoop
from core.agent.rules.reasoner import RulesReasoner
from core.delivery.threads import Threads
from core.domain.investigation import Subject
from core.domain.journal import Transcript
from core.domain.tenancy import OrganizationId, Platform
from core.ports import Reasoner
from core.requests.spending import Spending
from core.storage.database_stores import open_stores
from core.work.announce import AnnounceJob
from core.work.investigate import AgentFactory, InvestigateJob
from core.work.worker import Job, Worker
from tests.benchmarks.scale_script import (
    ConnectedTools,
    InstantTools,
    NotingChannel,
    Pace,
    PacedReasoner,
    Seen,
    TimedStores,
    keep_nothing,
)

_BUDGET = Budget(timeout_s=600, max_tokens=10**9, max_usd=math.inf)
_WATCH_EACH_S = 0.005
_WORTH_NOTING_S = 0.002
_WEIGHED_EACH_S = 0.25


def _now() -> datetime:
    return datetime.now(UTC)


class Replica:
    """One process and what it has seen."""

    def __init__(self) -> None:
        self.pace = Pace()
        self.seen = Seen()
        self._me = psutil.Process()
        sa.event.listen(sa.Engine, "before_cursor_execute", self._count_statement)
        sa.event.listen(sa.Engine, "begin", self._count_transaction)

    @contextlib.asynccontextmanager
    async def working(self, url: str, owner: str, slots: int) -> AsyncIterator[None]:
        """Investigations are done while the block lasts."""
        async with open_stores(url, owner=owner, secret_keys=["key"]) as opened:
            channel = NotingChannel(self.seen)
            stores = TimedStores(opened, channel.committed)
            threads = Threads({Platform.SLACK: channel})
            spending = Spending(stores, _now)

            async def reasoners(organization_id: OrganizationId) -> Sequence[Reasoner]:
                await spending.is_spent(organization_id)
                await stores.for_organization(organization_id).model_connection()
                return self._reasoners()

            tools = ConnectedTools(stores)
            agents = AgentFactory(stores, tools, reasoners, _BUDGET, _now, threads)
            jobs: dict[str, Job] = {
                "announce": AnnounceJob(stores, threads, _now),
                "investigate": InvestigateJob(agents),
            }
            work = asyncio.create_task(Worker(stores.runs, jobs, slots=slots).run())
            watch = asyncio.create_task(self._watch())
            try:
                yield
            finally:
                watch.cancel()
                work.cancel()
                await asyncio.gather(work, watch, return_exceptions=True)

    async def answer(self, command: dict[str, Any]) -> dict[str, Any]:
        match command:
            case {"begin": [step_s, steps]}:
                self._begin(step_s, steps)
                return {}
            case {"end": _}:
                return self._noted()
            case {"plain": starts_s}:
                self._begin(self.pace.step_s, self.pace.steps)
                await asyncio.gather(*(self._plain(number, after_s) for number, after_s in enumerate(starts_s)))
                return self._noted()
        raise ValueError(f"unknown command {command}")

    async def _plain(self, number: int, after_s: float) -> None:
        await asyncio.sleep(after_s)
        transcript = Transcript(Subject("SHOP-1", f"plain-{number}"))
        await ReactLoop(
            transcript,
            reasoners=self._reasoners(),
            toolbox=InstantTools(),
            record=keep_nothing,
            now=_now,
            budget=_BUDGET,
        ).run()

    def _reasoners(self) -> tuple[Reasoner, Reasoner]:
        return (PacedReasoner(self.pace, self.seen), RulesReasoner())

    def _begin(self, step_s: float, steps: int) -> None:
        self.pace.step_s, self.pace.steps = step_s, steps
        fresh = Seen(cpu_s=-self._cpu_s(), rss_before_mb=self._rss_mb())
        # The same object, since those who note hold it.
        for each in fields(Seen):
            setattr(self.seen, each.name, getattr(fresh, each.name))

    def _noted(self) -> dict[str, Any]:
        return asdict(self.seen) | {"cpu_s": self.seen.cpu_s + self._cpu_s()}

    def _cpu_s(self) -> float:
        times = self._me.cpu_times()
        return float(times.user + times.system)

    def _rss_mb(self) -> float:
        return float(self._me.memory_info().rss / 2**20)

    def _count_statement(self, *_: object) -> None:
        self.seen.statements += 1

    def _count_transaction(self, *_: object) -> None:
        self.seen.transactions += 1

    async def _watch(self) -> None:
        weighed = 0.0
        while True:
            before = time.monotonic()
            await asyncio.sleep(_WATCH_EACH_S)
            now = time.monotonic()
            if (late_s := now - before - _WATCH_EACH_S) > _WORTH_NOTING_S:
                self.seen.late.append((now, late_s))
            if now - weighed > _WEIGHED_EACH_S:
                weighed, self.seen.rss_most_mb = now, max(self.seen.rss_most_mb, self._rss_mb())


async def _serve(url: str, owner: str, slots: int, say: Callable[[str], object]) -> None:
    loop = asyncio.get_running_loop()
    replica = Replica()
    tune_interpreter()
    async with replica.working(url, owner, slots):
        say("{}")
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            say(json.dumps(await replica.answer(json.loads(line))))


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], sys.argv[2], int(sys.argv[3]), lambda text: print(text, flush=True)))
