"""What goes wrong with the Web API when a test wants it to."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from dataclasses import dataclass


@dataclass(frozen=True)
class Failure:
    """The next answer of a method."""

    error: str | None
    status: int
    retry_after_s: float | None = None


class Faults:
    """Failures are used up in order; a delay stays until its times are over, or until it is set to 0."""

    def __init__(self) -> None:
        self._failures: defaultdict[str, deque[Failure]] = defaultdict(deque)
        self._delays: dict[str, tuple[float, int | None]] = {}
        self._dropped: dict[str, int] = {}

    def fail_next(
        self,
        method: str,
        error: str | None = None,
        status: int | None = None,
        *,
        retry_after_s: float | None = None,
        times: int = 1,
    ) -> None:
        """The next calls of the method do nothing and get `error` (with status 200 unless said), or a bare status."""
        if error is None and status is None:
            raise ValueError("say what the failure is: error=, status=, or both")
        self._failures[method] += [Failure(error, status or 200, retry_after_s)] * times

    def delay(self, method: str, seconds: float, times: int | None = None) -> None:
        """Calls of the method are done so much later; all of them unless `times` says how many."""
        self._delays[method] = (seconds, times)

    def drop_answer_of(self, method: str, times: int = 1) -> None:
        """The next calls of the method are done, and their connection is cut instead of an answer."""
        self._dropped[method] = self._dropped.get(method, 0) + times

    def failure_of(self, method: str) -> Failure | None:
        """The failure that this call gets."""
        waiting = self._failures[method]
        return waiting.popleft() if waiting else None

    def is_dropped(self, method: str) -> bool:
        """Whether the answer of this call is lost."""
        left = self._dropped.get(method, 0)
        self._dropped[method] = max(0, left - 1)
        return left > 0

    async def held_back(self, method: str) -> None:
        """Returns after the delay of the method."""
        seconds, times = self._delays.get(method, (0.0, None))
        if seconds <= 0 or times == 0:
            return
        if times is not None:
            self._delays[method] = (seconds, times - 1)
        await asyncio.sleep(seconds)
