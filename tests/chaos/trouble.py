"""Makes the trouble of a plan, at its times, and keeps what it did to whom."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence

from tests.chaos.facts import Facts
from tests.chaos.front import Front
from tests.chaos.harness import Harness
from tests.chaos.replicas import Replica
from tests.chaos.schedule import Event, Trouble
from tests.postgres import PostgresServer

_LIMITED = ("chat.postMessage", "chat.update", "conversations.replies", "users.info")


class Troublemaker:
    """Of the replicas one at least is left alone at any moment, however slowly the others come back."""

    def __init__(
        self, harness: Harness, replicas: Sequence[Replica], front: Front, server: PostgresServer, facts: Facts
    ) -> None:
        """Nothing is wrong yet."""
        self.made: Counter[Trouble] = Counter()
        self._harness = harness
        self._replicas = replicas
        self._front = front
        self._server = server
        self._facts = facts
        self._steady = asyncio.Condition()
        self._away: set[int] = set()
        self._restarting = asyncio.Lock()

    async def make(self, event: Event) -> None:
        """The trouble came and, as far as that is ours to do, went."""
        self.made[event.kind] += 1
        if event.replica is not None:
            await self._to_replica(event, self._replicas[event.replica])
            return
        match event.kind:
            case Trouble.DATABASE:
                await self._restart_database()
            case Trouble.CUT:
                await asyncio.to_thread(self._server.cut_connections)
            case Trouble.MODEL:
                self._harness.model.fail_until = time.time() + event.size
            case Trouble.SLACK:
                for method in _LIMITED:
                    self._harness.slack.fail_next(method, "ratelimited", 429, retry_after_s=1, times=round(event.size))
            case Trouble.DUPLICATE:
                self._front.duplicate_next(round(event.size))

    async def _restart_database(self) -> None:
        async with self._restarting:
            begin = time.time()
            await asyncio.to_thread(self._server.restart)
            self._facts.down.append((begin, time.time()))

    async def _to_replica(self, event: Event, replica: Replica) -> None:
        async with self._steady:
            await self._steady.wait_for(
                lambda: replica.number not in self._away and len(self._away) < len(self._replicas) - 1
            )
            self._away.add(replica.number)
        try:
            await self._cut_off(event, replica)
        finally:
            async with self._steady:
                self._away.discard(replica.number)
                self._steady.notify_all()

    async def _cut_off(self, event: Event, replica: Replica) -> None:
        match event.kind:
            case Trouble.PAUSE:
                pause = replica.pause()
                self._facts.outages.append(pause)
                await asyncio.sleep(event.size)
                self._facts.paused.append((pause, time.time()))
                replica.resume()
            case Trouble.KILL:
                self._facts.outages.append(await replica.kill())
                await asyncio.sleep(event.size)
                await replica.start()
            case _:
                self._facts.outages.append(await replica.stop())
                await asyncio.sleep(event.size)
                await replica.start()
