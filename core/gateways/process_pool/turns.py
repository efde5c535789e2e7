"""Admits tasks of many owners: the owners in turn, and never all places to one of them."""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class FairTurns:
    """At most `places` tasks at once and `per_owner` of one owner; whoever waits is admitted round-robin by owner."""

    def __init__(self, places: int, per_owner: int) -> None:
        """Begin with all places free."""
        self._free = places
        self._per_owner = per_owner
        self._busy: Counter[str] = Counter()
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    @asynccontextmanager
    async def turn(self, owner: str) -> AsyncIterator[None]:
        """Hold one place of `owner` while the context is entered."""
        admitted = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(owner, deque()).append(admitted)
        self._admit()
        try:
            await admitted
            yield
        finally:
            self._leave(owner, admitted)

    def _leave(self, owner: str, admitted: asyncio.Future[None]) -> None:
        if admitted.done() and not admitted.cancelled():
            self._free += 1
            self._busy[owner] -= 1
            if not self._busy[owner]:
                del self._busy[owner]
            if owner in self._waiting:
                # Those who came meanwhile go before its next task.
                self._waiting.move_to_end(owner)
        else:
            self._forget(owner, admitted)
        self._admit()

    def _forget(self, owner: str, admitted: asyncio.Future[None]) -> None:
        """Take a task out of the queue that was cancelled before its turn."""
        queue = self._waiting.get(owner)
        if queue is not None and admitted in queue:
            queue.remove(admitted)
            if not queue:
                del self._waiting[owner]

    def _admit(self) -> None:
        while self._free and (owner := self._next()) is not None:
            queue = self._waiting[owner]
            admitted = queue.popleft()
            # The owner goes behind all others that wait.
            self._waiting.move_to_end(owner)
            if not queue:
                del self._waiting[owner]
            if not admitted.done():
                self._free -= 1
                self._busy[owner] += 1
                admitted.set_result(None)

    def _next(self) -> str | None:
        return next((owner for owner in self._waiting if self._busy[owner] < self._per_owner), None)
