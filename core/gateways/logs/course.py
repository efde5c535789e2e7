"""Keeps the course of a quantity in a few parts of equal size, however many values it has and however fast they come."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

MAX_PARTS = 64
"""When there are more, two neighbors become one; there are at least half as many from then on."""


@dataclass(slots=True)
class _Part:
    minute: int
    total: float
    count: int
    low: float
    high: float


@dataclass(slots=True)
class Course:
    """The values of one quantity in the order in which they are written."""

    _size: int = 1
    _parts: list[_Part] = field(default_factory=list)

    def add(self, minute: int, value: float) -> None:
        """Add a value that was written in a minute since 1970."""
        last = self._parts[-1] if self._parts else None
        if last is None or last.count >= self._size:
            self._parts.append(_Part(minute, value, 1, value, value))
            if len(self._parts) > MAX_PARTS:
                self._halve()
            return
        last.total += value
        last.count += 1
        last.low = min(last.low, value)
        last.high = max(last.high, value)

    def parts(self) -> Iterator[tuple[int, float, float, float]]:
        """Yield the first minute, the mean, the lowest and the highest value of each part."""
        for part in self._parts:
            yield part.minute, part.total / part.count, part.low, part.high

    def _halve(self) -> None:
        last = [self._parts.pop()] if len(self._parts) % 2 else []
        pairs = zip(self._parts[::2], self._parts[1::2], strict=True)
        self._parts = [
            _Part(
                one.minute,
                one.total + other.total,
                one.count + other.count,
                min(one.low, other.low),
                max(one.high, other.high),
            )
            for one, other in pairs
        ] + last
        self._size *= 2
