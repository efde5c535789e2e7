"""Pauses between tries of something that fails for now, and what there is to say about it meanwhile."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass

from core.domain.errors import LogSenseError, OperatorNeeded
from core.telemetry import STORAGE_FAILURES, count

logger = logging.getLogger("logsense.worker")

FIRST_S, LONGEST_S = 0.5, 10.0
_FORGIVEN_AFTER_S = 60.0


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why work stands still, in a few words without a path, and the whole sentence for the operator."""

    problem: str
    sentence: str


class Backoff:
    """Doubles the pause from failure to failure, up to `LONGEST_S`, and logs when trouble begins, changes and ends."""

    def __init__(self) -> None:
        self.trouble: Trouble | None = None
        self._pause_s = FIRST_S
        self._over_at = -_FORGIVEN_AFTER_S

    async def wait(self, error: Exception) -> None:
        """Note the failure, and return when it is time for another try."""
        self.note(error)
        pause_s, self._pause_s = self._pause_s, min(self._pause_s * 2, LONGEST_S)
        await asyncio.sleep(pause_s)

    def note(self, error: Exception) -> None:
        """Note a failure that somebody else waits for."""
        trouble = _trouble(error)
        count(STORAGE_FAILURES, problem=trouble.problem)
        if trouble == self.trouble:
            return
        if self.trouble is None and time.monotonic() - self._over_at > _FORGIVEN_AFTER_S:
            self._pause_s = FIRST_S
        self.trouble = trouble
        is_ours = isinstance(error, LogSenseError)
        logger.error("work waits, and is tried again: %s", trouble.sentence, exc_info=None if is_ours else error)

    def over(self) -> None:
        """Note that it works again; pauses start small again only after it did so for a minute."""
        if self.trouble is not None:
            logger.warning("work goes on after: %s", self.trouble.problem)
            self.trouble, self._over_at = None, time.monotonic()


def _trouble(error: Exception) -> Trouble:
    if isinstance(error, OperatorNeeded):
        return Trouble(error.problem, str(error))
    if isinstance(error, LogSenseError):
        return Trouble("database unavailable", str(error))
    return Trouble("internal error", f"{type(error).__name__} (the traceback is in the log)")
