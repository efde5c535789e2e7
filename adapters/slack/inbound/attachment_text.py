"""Reads what blocks and attachments say, whichever app made them. Pure; the shapes are strangers'."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice

_MOST_TEXTS = 2_000
_DEEPEST = 12
_RICH = ("rich_text_section", "rich_text_preformatted", "rich_text_quote")
_TELLING = ("title_link", "from_url", "original_url", "url", "title", "pretext", "text", "fallback", "value", "footer")


def texts_in(thing: object) -> list[str]:
    """Every text and address inside, in order and once; addresses before what is said of them."""
    return list(dict.fromkeys(islice(_texts(thing, 0), _MOST_TEXTS)))


def _texts(thing: object, depth: int) -> Iterator[str]:
    if depth > _DEEPEST:
        return
    if isinstance(thing, list):
        for item in thing:
            yield from _texts(item, depth + 1)
    elif isinstance(thing, Mapping):
        if thing.get("type") in _RICH:
            yield from _rich(thing.get("elements"))
            return
        yield from (value for name in _TELLING if isinstance(value := thing.get(name), str) and value.strip())
        for value in thing.values():
            if isinstance(value, list | Mapping):
                yield from _texts(value, depth + 1)


def _rich(elements: object) -> Iterator[str]:
    """The addresses, then the words as they read: a link may stand in the middle of a line."""
    parts = [part for part in elements if isinstance(part, Mapping)] if isinstance(elements, list) else []
    yield from (url for part in parts if isinstance(url := part.get("url"), str))
    words = (part.get("text") or part.get("url") for part in parts)
    if said := "".join(word for word in words if isinstance(word, str)):
        yield said
