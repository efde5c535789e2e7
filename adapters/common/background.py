"""What goes on after a platform was answered."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from core.domain.errors import LogSenseError

logger = logging.getLogger("logsense.chat")

_DRAIN_S = 10.0
_LAST_WORDS_S = 3.0


class Tasks:
    """All of it is owned, and waited for at the end."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """`work` runs; nothing it raises is lost."""
        task = asyncio.create_task(self._watched(work, name), name=name)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def start_within(self, work: Coroutine[Any, Any, None], name: str, *, within_s: float) -> None:
        """Run `work`; what it raises within `within_s` is raised here, and what takes longer goes on by itself."""
        task = asyncio.create_task(work, name=name)
        try:
            done, _ = await asyncio.wait({task}, timeout=within_s)
        except asyncio.CancelledError:
            task.cancel()
            raise
        if done:
            task.result()
        else:
            self.start(_end_of(task), name)

    async def drain(self, within_s: float = _DRAIN_S) -> None:
        """Everything has ended, if necessary by being cancelled."""
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=within_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        if self._running:
            # What was cancelled says so to whoever asked for it.
            _, late = await asyncio.wait(self._running, timeout=_LAST_WORDS_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    @staticmethod
    async def _watched(work: Coroutine[Any, Any, None], name: str) -> None:
        try:
            await work
        except LogSenseError as error:
            logger.warning("%s was not done: %s", name, error)
        except Exception:
            logger.exception("%s failed", name)


async def _end_of(task: asyncio.Task[None]) -> None:
    await task
