"""Cron expressions, as settings give them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from cronsim import CronSim, CronSimError

from core.domain.errors import InvalidInput


def slots(expression: str) -> Callable[[float], float]:
    """The slot that follows a time, both in seconds since 1970; the expression's times are UTC.

    Raises:
        InvalidInput: it is no cron expression, or never comes true.
    """

    def following_s(now_s: float) -> float:
        return next(CronSim(expression, datetime.fromtimestamp(now_s, UTC))).timestamp()

    try:
        following_s(0.0)
    except (CronSimError, StopIteration):
        raise InvalidInput(
            f"LOGSENSE_HOUSEKEEPING is {expression!r}, which is no cron expression. "
            'Write five fields, for example "17 3 * * *" for 03:17 UTC every day.'
        ) from None
    return following_s
