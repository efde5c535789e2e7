"""The interpreter of a process that serves for long: its event loop is seldom held up, and never for long."""

from __future__ import annotations

import gc
import sys

_GARBAGE_PASSES = (10_000, 10, 1_000)
"""Almost everything is freed by its reference count. Python's own figures (700, 10, 10) let it look through all that
200 investigations hold every second, for up to 75 ms, to find some twenty objects."""

_LONGEST_TURN_S = 0.000_5
"""How long a thread keeps the others waiting: SQLite's works in Python, too, and five milliseconds, Python's own
figure, are waited for with every socket that the event loop writes to meanwhile."""


def steady() -> None:
    """To be called once everything is loaded: what is there by now is never looked through for garbage."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GARBAGE_PASSES)
    sys.setswitchinterval(_LONGEST_TURN_S)
