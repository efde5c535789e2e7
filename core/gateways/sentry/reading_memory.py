"""Remembers for a while what one investigation has read, so that its tools do not ask for the same thing twice."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

KEPT_S = 120.0

T = TypeVar("T")


class ReadingMemory:
    """Results by key, for `KEPT_S` seconds; failures are not kept."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Tell time by `clock`, in seconds."""
        self._clock = clock
        self._known: dict[str, tuple[float, Any]] = {}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def once(self, key: str, read: Callable[[], Awaitable[T]]) -> T:
        """What `read` gave for `key`; those who ask at the same time wait for the first."""
        async with self._locks[key]:
            at, value = self._known.get(key, (float("-inf"), None))
            if self._clock() - at > KEPT_S:
                value = await read()
                self._known[key] = (self._clock(), value)
            return value  # type: ignore[no-any-return]  # what `read` of the same key gave

    def forget(self) -> None:
        """Drop everything, because something was changed."""
        self._known.clear()
