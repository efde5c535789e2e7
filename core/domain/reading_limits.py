"""How much of outside data is looked at: cost stays small whatever a stranger put into it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from typing import Any, TypeVar


@dataclass(frozen=True, slots=True)
class ReadingLimits:
    """The most characters of one text and of all together, items of one list or object, and levels of nesting."""

    text_chars: int
    all_chars: int
    items: int
    depth: int = 40


TEXT_CHARS = 20_000
"""Of one text that is shown: all that was read of it, so that masking sees it whole before it is cut."""
EVENT_CHARS = 120_000
"""Of all texts of one event that are shown; 40 frames with source and locals have about 30,000."""

DECODED = ReadingLimits(text_chars=20_000, all_chars=400_000, items=1_000)
"""Of decoded JSON, before any pattern sees it."""
SHOWN = ReadingLimits(TEXT_CHARS, EVENT_CHARS, items=1_000)
"""Of what a tool shows, before it is masked."""
IN_PART = ReadingLimits(text_chars=300, all_chars=20_000, items=30, depth=12)
"""Of anything that could not be read whole in time."""

_SEPARATORS = frozenset(" \t\n\r\"',;&")
_LONGEST_TORN = 400
_CHARS_OF_AN_ITEM = 8
"""What anything counts beside its characters, since millions of empty texts cost time, too."""
_FEW = 4
"""So many items are kept in any case: they may be fields of one thing, such as the number and text of a line."""

T = TypeVar("T")


@dataclass(slots=True)
class TextBudget:
    """What is left of the characters of `limits`, and how much was left out so far."""

    limits: ReadingLimits = SHOWN
    left: int = field(init=False)
    left_out: int = field(default=0, init=False)
    items_left_out: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.left = self.limits.all_chars

    def limited(self, thing: T, depth: int = 0) -> T:
        """Cut every text in `thing` to what may be looked at, in the order of its fields; of lists keep both ends."""
        self.left = max(0, self.left - _CHARS_OF_AN_ITEM)
        if thing is None or isinstance(thing, int | float):
            return thing
        if isinstance(thing, str):
            return self._text(thing)  # type: ignore[return-value]
        names = _fields_of(thing)
        if not names and not isinstance(thing, dict | tuple | list):
            return thing
        if depth >= self.limits.depth:
            return self._too_deep(thing)  # type: ignore[no-any-return]
        if isinstance(thing, dict):
            kept = islice(thing.items(), self._room(thing))
            return {self._key(key): self.limited(value, depth + 1) for key, value in kept}  # type: ignore[return-value]
        if isinstance(thing, tuple | list):
            return type(thing)([self.limited(item, depth + 1) for item in self._ends(thing)])
        limited = {name: self.limited(getattr(thing, name), depth + 1) for name in names}
        return replace(thing, **limited)  # type: ignore[type-var]

    def told(self, where: str = "in this event") -> str | None:
        """Say what was left out, and of what; None when nothing was."""
        counts = {"character of long texts": self.left_out, "item of long lists": self.items_left_out}
        parts = [
            f"{count:,} {what.replace(' ', 's ' if count > 1 else ' ', 1)}" for what, count in counts.items() if count
        ]
        verb = "was" if sum(counts.values()) == 1 else "were"
        return f"{' and '.join(parts)} {where} {verb} not read" if parts else None

    def _key(self, key: Any) -> Any:
        return self._text(key) if isinstance(key, str) else key

    def _room(self, things: dict[Any, Any] | Sequence[Any]) -> int:
        """How many items may be kept; counts the others as left out."""
        room = max(_FEW, min(self.limits.items, self.left // _CHARS_OF_AN_ITEM))
        self.items_left_out += max(0, len(things) - room)
        return room

    def _ends(self, things: Sequence[Any]) -> Sequence[Any]:
        room = self._room(things)
        if len(things) <= room:
            return things
        return [*things[: room - room // 2], *things[len(things) - room // 2 :]]

    def _too_deep(self, thing: Any) -> Any:
        if isinstance(thing, dict | tuple | list):
            self.items_left_out += len(thing)
        return {} if isinstance(thing, dict) else type(thing)() if isinstance(thing, tuple | list) else thing

    def _text(self, text: str) -> str:
        limit = min(self.limits.text_chars, self.left)
        kept = text if len(text) <= limit else _without_torn_word(text[:limit])
        self.left -= len(kept)
        self.left_out += len(text) - len(kept)
        return kept


def characters_in(thing: object, most: int) -> int:
    """Count the characters of all texts in `thing`, each item as a few more; stop beyond `most`."""
    total = _CHARS_OF_AN_ITEM
    if isinstance(thing, str):
        return total + len(thing)
    parts: Any = ()
    if isinstance(thing, dict):
        parts = chain.from_iterable(thing.items())
    elif isinstance(thing, tuple | list):
        parts = thing
    else:
        parts = [part for name in _fields_of(thing) if (part := getattr(thing, name)) is not None]
    for part in parts:
        total += characters_in(part, most - total)
        if total > most:
            break
    return total


def _fields_of(thing: object) -> Iterable[str]:
    """The names of a dataclass's fields; `dataclasses.fields` costs more than reading them."""
    return getattr(thing, "__dataclass_fields__", ())


def _without_torn_word(text: str) -> str:
    """Drop the word that the cut went through: the beginning of a secret has no shape that masking could know."""
    for end in range(len(text), max(0, len(text) - _LONGEST_TORN), -1):
        if text[end - 1] in _SEPARATORS:
            return text[:end]
    return text[: max(0, len(text) - _LONGEST_TORN)]
