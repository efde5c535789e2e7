"""The only way to a terminal: whatever text is printed, no character of it can move the cursor or draw a false line."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

_CONTROL_PICTURES = 0x2400
_DELETE = "\u2421"
_UNKNOWN = "\ufffd"
_STAYS = "\n\t"
_HIDDEN = ("Cc", "Cf", "Cs", "Zl", "Zp")


def as_shown(text: str) -> str:
    """Replace each character that a terminal would act on by one that it draws, so that lengths stay as they are."""
    return text if text.isascii() and text.isprintable() else "".join(map(_drawn, text))


@lru_cache(maxsize=4096)
def _drawn(character: str) -> str:
    if character in _STAYS or unicodedata.category(character) not in _HIDDEN:
        return character
    if character < " ":
        return chr(_CONTROL_PICTURES + ord(character))
    return _DELETE if character == "\x7f" else _UNKNOWN


def json_text(document: Mapping[str, Any], *, ascii_only: bool = False) -> str:
    """Write one JSON document that means the same and holds nothing a terminal would act on."""
    text = json.dumps(document, indent=2, ensure_ascii=ascii_only)
    return "".join(character if _drawn(character) == character else _escaped(character) for character in text)


def _escaped(character: str) -> str:
    return json.dumps(character)[1:-1] if ord(character) != 0x7F else "\\u007f"


class TerminalConsole(Console):
    """A rich console that reads no text as markup and prints only what can be seen."""

    def __init__(self, **options: Any) -> None:
        """Take the options of rich's console, but for those that give text a meaning."""
        super().__init__(**options, markup=False, emoji=False, highlight=False)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Draw `renderable`; text inside is made visible first, so that widths are right."""
        for segment in super().render(_visible(renderable), options):
            yield segment if segment.control else segment._replace(text=as_shown(segment.text))


def _visible(renderable: RenderableType) -> RenderableType:
    if isinstance(renderable, str):
        return as_shown(renderable)
    if isinstance(renderable, Text) and as_shown(renderable.plain) != renderable.plain:
        renderable = renderable.copy()
        renderable.plain = as_shown(renderable.plain)
    return renderable
