"""A clock that shows seconds since 1970 and that nobody can set."""

from __future__ import annotations

import time

# Goes on while the machine sleeps, as a lease must; Linux alone has it.
_STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class SteadyClock:
    """Starts from the machine's clock and then counts by itself: corrections of that clock do not make it jump.

    Only one process at a time holds leases on a SQLite file, so its own clock is what they can be compared by.
    """

    def __init__(self) -> None:
        self._offset_s = time.time() - time.clock_gettime(_STEADY)

    def __call__(self) -> float:
        """Return the seconds since 1970 by this clock."""
        return self._offset_s + time.clock_gettime(_STEADY)
