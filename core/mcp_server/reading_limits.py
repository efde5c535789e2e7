"""How much of one event is looked at: cost stays small whatever a stranger put into it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, TypeVar

TEXT_CHARS = 2_400
"""Of one text: twice what a line shows."""
EVENT_CHARS = 120_000
"""Of all texts of one event together; 40 frames with source and locals have about 30,000."""

_SEPARATORS = frozenset(" \t\n\r\"',;&")
_LONGEST_TORN = 400

T = TypeVar("T")


@dataclass(slots=True)
class TextBudget:
    """What is left of `EVENT_CHARS`, and how many characters were left out so far."""

    left: int = EVENT_CHARS
    left_out: int = 0

    def limited(self, thing: T) -> T:
        """Cut every text in `thing` to what may be looked at, in the order of its fields."""
        if isinstance(thing, str):
            return self._text(thing)  # type: ignore[return-value]
        if isinstance(thing, Mapping):
            return {self.limited(key): self.limited(value) for key, value in thing.items()}  # type: ignore[return-value]
        if isinstance(thing, tuple | list):
            return type(thing)(self.limited(item) for item in thing)
        if is_dataclass(thing) and not isinstance(thing, type):
            changes: dict[str, Any] = {item.name: self.limited(getattr(thing, item.name)) for item in fields(thing)}
            return replace(thing, **changes)
        return thing

    def _text(self, text: str) -> str:
        limit = min(TEXT_CHARS, self.left)
        kept = text if len(text) <= limit else _without_torn_word(text[:limit])
        self.left -= len(kept)
        self.left_out += len(text) - len(kept)
        return kept


def _without_torn_word(text: str) -> str:
    """Drop the word that the cut went through: the beginning of a secret has no shape that masking could know."""
    for end in range(len(text), max(0, len(text) - _LONGEST_TORN), -1):
        if text[end - 1] in _SEPARATORS:
            return text[:end]
    return text[: max(0, len(text) - _LONGEST_TORN)]
