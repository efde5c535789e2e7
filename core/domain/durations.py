"""Durations as people read them. Pure."""

from __future__ import annotations


def readable_time(milliseconds: float) -> str:
    """Spell a duration: `36 ms`, `4.12 s`, `3 min 5 s`."""
    if milliseconds < 1_000:
        return f"{milliseconds:.3g} ms"
    seconds = milliseconds / 1_000
    if seconds < 60:
        return f"{seconds:.2f}".rstrip("0").rstrip(".") + " s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"
