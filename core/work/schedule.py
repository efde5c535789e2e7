"""Begins recurring work when its time has come; whichever replica looks first, a slot is begun once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping

from core.domain.errors import LogSenseError, OperatorNeeded
from core.ports import Schedules

logger = logging.getLogger("logsense.timetable")

_LOOK_S = 15.0


class Timetable:
    """The recurring work of one installation: names of upkeep, and for each the slot that follows a time."""

    def __init__(self, schedules: Schedules, slots: Mapping[str, Callable[[float], float]]) -> None:
        self._schedules = schedules
        self._slots = slots

    async def keep(self) -> None:
        """Until cancelled; a slot that passed while nobody looked is begun once, late."""
        while True:
            for name, following_s in self._slots.items():
                try:
                    await self._schedules.fire(name, following_s)
                except OperatorNeeded as needed:
                    # The worker meets the same and says so.
                    logger.debug("%s could not be begun: %s", name, needed)
                except LogSenseError as error:
                    logger.warning("%s could not be begun: %s", name, error)
            await asyncio.sleep(_LOOK_S)
