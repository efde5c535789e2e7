"""A card as Teams takes it, and how elements are divided among several when they are too many for one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.teams.render.elements import Element, rich, weight
from adapters.teams.render.text import run
from adapters.teams.render.wording import NOT_SHOWN

Card = Mapping[str, Any]

LIMIT = 15_500
"""The most a card may weigh, in UTF-16 units of its JSON: 31,000 bytes.

With citations beside it the message stays below the 40 KB of Teams' older limit."""
COMMA = 2
MOST_CARDS = 5
"""A view is never more cards than this; the rest of a report stands behind “Show evidence”."""
CHANGES = 1_000
"""What may come and go in a first card: who resolved it, another button, the small print."""


def card(body: Sequence[Element], buttons: Sequence[Element] = (), mentions: Sequence[Mapping[str, Any]] = ()) -> Card:
    """One card of version 1.5, as wide as Teams lets it be; `mentions` are the people whom it calls."""
    made: dict[str, Any] = {
        "type": "AdaptiveCard",
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "version": "1.5",
        "fallbackText": NOT_SHOWN,
        "msteams": {"width": "Full", **({"entities": list(mentions)} if mentions else {})},
        "body": list(body),
    }
    return made | ({"actions": list(buttons)} if buttons else {})


FRAME = weight(card([]))


@dataclass(frozen=True, slots=True)
class Divided:
    """The elements of each card, and those for which there is none."""

    parts: tuple[tuple[Element, ...], ...]
    rest: tuple[Element, ...]


def divided(body: Sequence[Element], *, reserved: Sequence[Element] = (), more: int = 0) -> Divided:
    """The elements in their order in at most `MOST_CARDS` cards.

    In the first there is room for those of `reserved`, for what may change about them, and for `more`.
    """
    first = sum(weight(element) + COMMA for element in reserved) + (CHANGES if reserved else 0) + more
    parts = list(_parts(body, first)) or [[]]
    rest = [element for part in parts[MOST_CARDS:] for element in part]
    return Divided(tuple(map(tuple, parts[:MOST_CARDS])), tuple(rest))


def cards(
    body: Divided,
    about: str,
    *,
    head: Sequence[Element] = (),
    tail: Sequence[Element] = (),
    buttons: Sequence[Element] = (),
    mentions: Sequence[Mapping[str, Any]] = (),
    note: Element | None = None,
) -> tuple[Card, ...]:
    """The divided elements as cards; the later ones say what they continue: `about`.

    `head` begins the first card, `tail` and `buttons` end it. `note` ends the last where there is a rest.
    """
    first, *others = body.parts
    notes = [note] if body.rest and note is not None else []
    made = [card([*head, *first, *tail, *(() if others else notes)], buttons, mentions)]
    for number, part in enumerate(others, 2):
        heading = rich(run(f"{number}/{len(others) + 1} · {about}", subtle=True, size="Small"))
        is_last = number == len(others) + 1
        made.append(card([heading, *part, *(notes if is_last else ())]))
    return tuple(made)


def halved(whole: Card) -> tuple[Card, ...]:
    """The card as two of about equal weight, the first with its buttons; as it is when it cannot be divided."""
    body = whole["body"]
    # What is folded stays with the line that unfolds it.
    ends = [end for end in range(1, len(body)) if body[end].get("isVisible", True)]
    if not ends:
        return _split_inside(whole)
    half = sum(map(weight, body)) / 2
    end = min(ends, key=lambda end: abs(sum(map(weight, body[:end])) - half))
    return {**whole, "body": body[:end]}, card(body[end:])


def _split_inside(whole: Card) -> tuple[Card, ...]:
    """Divide the heaviest box of a card that is one fold: the second half continues it, unfolded."""
    body = whole["body"]
    boxes = [at for at, element in enumerate(body) if len(element.get("items", ())) > 1]
    if not boxes:
        return (whole,)
    at = max(boxes, key=lambda at: weight(body[at]))
    items = body[at]["items"]
    middle = len(items) // 2
    begun = {**body[at], "items": items[:middle]}
    continued = {name: value for name, value in body[at].items() if name not in ("id", "isVisible")}
    continued["items"] = items[middle:]
    return {**whole, "body": [*body[:at], begun]}, card([continued, *body[at + 1 :]])


def _parts(body: Sequence[Element], reserved: int) -> Iterator[list[Element]]:
    part: list[Element] = []
    room = LIMIT - FRAME - reserved
    for group in _groups(body):
        heavy = sum(weight(element) + COMMA for element in group)
        if (part or reserved) and heavy > room:
            yield part
            part, room, reserved = [], LIMIT - FRAME - _HEADING, 0
        part += group
        room -= heavy
    if part:
        yield part


def _groups(body: Sequence[Element]) -> Iterator[list[Element]]:
    """The elements, each with what follows it hidden: a line to press stays with what it unfolds."""
    group: list[Element] = []
    for element in body:
        if group and element.get("isVisible", True):
            yield group
            group = []
        group.append(element)
    if group:
        yield group


_HEADING = 1_000
"""What the line that continues a card and a note at its end may weigh."""
