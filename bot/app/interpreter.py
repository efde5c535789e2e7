"""The interpreter of a process that serves for long: its event loop is seldom held up, and never for long."""

from __future__ import annotations

import gc
import sys

_LONGEST_TURN_S = 0.000_5
"""How long a thread keeps the others waiting: SQLite's works in Python, too, and five milliseconds, Python's own
figure, are waited for with every socket that the event loop writes to meanwhile."""


def tune_interpreter() -> None:
    """To be called once everything is loaded: what is there by now is never looked through for garbage."""
    gc.collect()
    gc.freeze()
    sys.setswitchinterval(_LONGEST_TURN_S)
