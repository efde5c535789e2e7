"""Keeps the calls of all replicas within a platform's limits together; who goes first is decided within each."""

from __future__ import annotations

import asyncio
import heapq
import logging
from collections.abc import Callable
from itertools import count

from adapters.common.rate_limits import FINAL, Budget
from core.domain.errors import ServiceFailed
from core.ports import Turns

logger = logging.getLogger("logsense.chat")


class SharedBudget:
    """A budget whose turns are taken from those that all replicas share, one at a time for whoever is first here.

    A turn that was reserved goes to the most urgent who waits when it comes. While the turns cannot be reached, this
    replica keeps the rate by itself.
    """

    def __init__(self, key: str, local: Budget, turns: Turns) -> None:
        """`key` is unlike any other budget's; `local` says the rate."""
        self._key = key
        self._local = local
        self._turns = turns
        self._pause_s = 0.0
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._order = count()
        self._giving: asyncio.Task[None] | None = None

    async def turn(self, priority: int = FINAL) -> None:
        """Returns when a call may be made; of equal priority first come, first served."""
        turn = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (priority, next(self._order), turn))
        self._go_on()
        await turn

    def pause(self, seconds: float) -> None:
        """No replica is given a turn for so long: the platform asked us to wait."""
        self._pause_s = max(self._pause_s, seconds)
        self._local.pause(seconds)
        self._go_on()

    def close(self) -> None:
        """Nobody is given a turn any more."""
        if self._giving is not None:
            self._giving.cancel()

    def _go_on(self) -> None:
        if self._giving is None or self._giving.done():
            self._giving = asyncio.create_task(self._give(), name=f"turns of {self._key}")

    async def _give(self) -> None:
        while self._waiting or self._pause_s:
            try:
                if self._pause_s:
                    pause_s, self._pause_s = self._pause_s, 0.0
                    await self._turns.pause(self._key, self._local.rate, pause_s)
                    continue
                await asyncio.sleep(await self._turns.reserve(self._key, self._local.rate))
            except ServiceFailed as failure:
                logger.warning("this replica keeps the rate of %s by itself: %s", self._key, failure)
                await self._local.turn()
            self._give_one()

    def _give_one(self) -> None:
        while self._waiting:
            _, _, turn = heapq.heappop(self._waiting)
            if not turn.done():
                turn.set_result(None)
                return


class Budgets:
    """One budget for each method and place that the platform limits by itself."""

    def __init__(self, platform: str, make: Callable[[str], Budget], *, turns: Turns | None = None) -> None:
        """`make` gives the budget of a method; with `turns` all replicas keep it together."""
        self._platform = platform
        self._make = make
        self._turns = turns
        self._budgets: dict[tuple[str, ...], Budget | SharedBudget] = {}

    def of(self, method: str, *where: str) -> Budget | SharedBudget:
        """The budget of `method` at `where`."""
        key = (method, *where)
        if key not in self._budgets:
            local = self._make(method)
            shared = SharedBudget("/".join((self._platform, *key)), local, self._turns) if self._turns else None
            self._budgets[key] = shared or local
        return self._budgets[key]

    def close(self) -> None:
        """Nothing goes on any more."""
        for budget in self._budgets.values():
            if isinstance(budget, SharedBudget):
                budget.close()
