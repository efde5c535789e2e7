"""A steady rate of calls to a platform: whoever wants to call waits for a turn, finals before progress."""

from __future__ import annotations

import asyncio
import heapq
from itertools import count

from core.ports import Rate

FINAL, PROGRESS = 0, 1
"""Who goes first when several wait."""


class Budget:
    """Turns at a steady rate, a few of them at once after a pause; use from one event loop.

    In any minute at most `per_minute + burst` turns are given, so their sum is to stay below what the platform allows.
    """

    def __init__(self, *, per_minute: float, burst: int) -> None:
        """Full at the start."""
        self.rate = Rate(60 / per_minute, burst)
        self._per_s = per_minute / 60
        self._burst = burst
        self._saved = float(burst)
        self._counted_at: float | None = None
        self._paused_until = 0.0
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._order = count()
        self._timer: asyncio.TimerHandle | None = None

    async def turn(self, priority: int = FINAL) -> None:
        """Returns when a call may be made; of equal priority first come, first served."""
        turn = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (priority, next(self._order), turn))
        self._give()
        await turn

    def pause(self, seconds: float) -> None:
        """No turn is given for so long: the platform asked us to wait."""
        self._paused_until = max(self._paused_until, asyncio.get_running_loop().time() + seconds)
        self._saved = 0.0

    def _give(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        begin = max(self._counted_at if self._counted_at is not None else now, self._paused_until)
        self._saved = min(self._burst, self._saved + max(0.0, now - begin) * self._per_s)
        self._counted_at = now
        while self._waiting and self._saved >= 1 and now >= self._paused_until:
            _, _, turn = heapq.heappop(self._waiting)
            if not turn.done():
                self._saved -= 1
                turn.set_result(None)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._waiting:
            missing_s = (1 - self._saved) / self._per_s
            self._timer = loop.call_later(max(missing_s, self._paused_until - now) + 0.001, self._give)
