"""Waits for a tracker that went away in the middle of a run, for a limited time in all, and says so."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from core.ports import ToolResult

UNANSWERED = "unanswered"
"""The fact with which the tool server says that the tracker, which had answered before, went away."""


@dataclass(slots=True)
class Patience:
    """How long one run waits in all; `tell` gets the seconds waited so far, and None when it is over."""

    limit_s: float = 30.0
    pause_s: float = 2.0
    tell: Callable[[float | None], None] = lambda seconds: None
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    _began: float | None = field(default=None, init=False)

    async def read(self, attempt: Callable[[], Awaitable[ToolResult]]) -> ToolResult:
        """The result of `attempt`, tried again while the tracker is away; past the limit, whatever it gave last.

        The tool server remembers what it has read, so a repeat asks only for what is missing.
        """
        loop = asyncio.get_running_loop()
        result = await attempt()
        while result.facts.get(UNANSWERED):
            self._began = loop.time() if self._began is None else self._began
            waited = loop.time() - self._began
            if waited >= self.limit_s:
                break
            self.tell(waited)
            await self.sleep(self.pause_s)
            result = await attempt()
        if self._began is not None and not result.facts.get(UNANSWERED):
            self.tell(None)
        facts = {name: value for name, value in result.facts.items() if name != UNANSWERED}
        return ToolResult(result.text, facts, result.ok)
