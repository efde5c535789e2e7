"""What one replica at a time does, and another takes over when it dies."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable

from core.domain.errors import LogSenseError
from core.ports import Leadership

logger = logging.getLogger("logsense.duty")


class LeaderElection:
    """Done by this replica while it holds the lease: `begin` is called when it gets it, `end` when it loses it."""

    def __init__(
        self,
        leadership: Leadership,
        name: str,
        *,
        lease_s: float,
        begin: Callable[[], Awaitable[None]],
        end: Callable[[], Awaitable[None]],
    ) -> None:
        self._leadership = leadership
        self._name = name
        self._lease_s = lease_s
        self._begin = begin
        self._end = end
        self._held_until = 0.0
        self._is_on = False

    @contextlib.asynccontextmanager
    async def offered(self) -> AsyncIterator[None]:
        """Stands by while the block lasts; at the end others may take the duty at once.

        What `begin` raises is raised here when it is this replica's turn at once: settings that never work are seen
        at start.
        """
        await self._look()
        watcher = asyncio.create_task(self._watch(), name=self._name)
        try:
            yield
        finally:
            watcher.cancel()
            await asyncio.wait([watcher])
            await self._stop()
            with contextlib.suppress(LogSenseError):
                await self._leadership.release(self._name)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self._lease_s / 3)
            try:
                await self._look()
            except Exception:
                logger.exception("the %s is not done by this replica for now", self._name)

    async def _look(self) -> None:
        now = asyncio.get_running_loop().time()
        try:
            if await self._leadership.acquire(self._name, self._lease_s):
                # Counted from before we asked: we must not believe longer than the database does.
                self._held_until = now + self._lease_s
            else:
                self._held_until = 0.0
        except LogSenseError as error:
            logger.warning("whose turn the %s is cannot be asked: %s", self._name, error)
        if now >= self._held_until:
            await self._stop()
        elif not self._is_on:
            await self._begin()
            self._is_on = True

    async def _stop(self) -> None:
        if self._is_on:
            self._is_on = False
            await self._end()
