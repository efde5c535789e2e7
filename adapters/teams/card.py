"""A card as Teams takes it, and how elements are divided among several when they are too many for one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from adapters.teams.elements import Element, rich, weight
from adapters.teams.text import run
from adapters.teams.wording import NOT_SHOWN

Card = Mapping[str, Any]

LIMIT = 13_500
"""The most a card may weigh, in UTF-16 units of its JSON: 27,000 bytes, the message around it then has 28 KB."""
COMMA = 2
AROUND = 3_000
"""What begins and ends a first card may weigh: who resolved it, buttons, the small print."""


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


def fits(body: Sequence[Element], reserved: int = 0) -> bool:
    """Whether the elements fit into one card beside `reserved`."""
    return FRAME + reserved + sum(weight(element) + COMMA for element in body) <= LIMIT


def cards(
    body: Sequence[Element],
    about: str,
    *,
    head: Sequence[Element] = (),
    tail: Sequence[Element] = (),
    buttons: Sequence[Element] = (),
    mentions: Sequence[Mapping[str, Any]] = (),
) -> tuple[Card, ...]:
    """The elements in their order, in as many cards as they need; the others say what they continue: `about`.

    `head` begins the first card, `tail` and `buttons` end it. Together they weigh at most `AROUND`, and how `body` is
    divided does not depend on them.
    """
    reserved = AROUND if head or tail or buttons else 0
    first, *others = _divided(body, reserved + weight(list(mentions)))
    made = [card([*head, *first, *tail], buttons, mentions)]
    for number, part in enumerate(others, 2):
        heading = rich(run(f"{number}/{len(others) + 1} · {about}", subtle=True, size="Small"))
        made.append(card([heading, *part]))
    return tuple(made)


def halved(whole: Card) -> tuple[Card, ...]:
    """The card as two of about equal weight, the first with its buttons; as it is when it cannot be divided."""
    body = whole["body"]
    # What is folded stays with the line that unfolds it.
    ends = [end for end in range(1, len(body)) if body[end].get("isVisible", True)]
    if not ends:
        return (whole,)
    half = sum(map(weight, body)) / 2
    end = min(ends, key=lambda end: abs(sum(map(weight, body[:end])) - half))
    return {**whole, "body": body[:end]}, card(body[end:])


def _divided(body: Sequence[Element], reserved: int) -> Iterator[list[Element]]:
    part: list[Element] = []
    room = LIMIT - FRAME - reserved
    for element in body:
        heavy = weight(element) + COMMA
        if part and heavy > room:
            yield part
            part, room = [], LIMIT - FRAME - _HEADING
        part.append(element)
        room -= heavy
    yield part


_HEADING = 500
"""What the line that continues a card may weigh."""
