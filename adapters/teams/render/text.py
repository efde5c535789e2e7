"""Text for Adaptive Cards. What strangers wrote stands in text runs, which no client reads as markup.

A text block would be read as Markdown; text blocks therefore hold nothing but words of our own. What is left to defuse
in a run is what cards compute themselves: dates and times.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from adapters.common.text_limits import reach, size, visible

Run = dict[str, Any]

PIECE = 2_000
"""The longest text of one run."""

_COMPUTED = re.compile(r"\{(?=\{(?:DATE|TIME)\()", re.IGNORECASE)
_SPAN = re.compile(r"`(?P<code>[^`\n]+)`")
_FENCED = re.compile(r"```(?:[\w+-]*\n)?(?P<block>.+?)```", re.DOTALL)
_BOLD = re.compile(r"\*\*(?=\S)(.{1,300}?)(?<=\S)\*\*")
_BULLET = re.compile(r"^([^\S\n]*+)[-*] ", re.MULTILINE)
_BLANKS = re.compile(r"^ +| {2,}", re.MULTILINE)
_NO_BREAK = "\xa0"


def shown(text: str) -> str:
    """`text` as it is, but for what cannot be seen and what a card would compute."""
    return _COMPUTED.sub("{ ", visible(text))


def run(
    text: str,
    *,
    bold: bool = False,
    italic: bool = False,
    code: bool = False,
    subtle: bool = False,
    size: str | None = None,
    color: str | None = None,
) -> Run:
    """One run of text; `size` and `color` are those of Adaptive Cards."""
    made: Run = {"type": "TextRun", "text": _aligned(shown(text)) if code else shown(text)}
    flags = {"weight": bold and "Bolder", "italic": italic, "fontType": code and "Monospace", "isSubtle": subtle}
    return made | {name: value for name, value in {**flags, "size": size, "color": color}.items() if value}


def link(url: str, label: str) -> Run:
    """A heading that opens an address, which was checked where it was read (core/gateways/sentry/links.py)."""
    press = {"type": "Action.OpenUrl", "url": url}
    return {**run(label, bold=True, size="Large", color="Accent"), "selectAction": press}


def _aligned(text: str) -> str:
    """Clients fold blanks as web pages do, which code cannot stand."""
    return _BLANKS.sub(lambda blanks: _NO_BREAK * len(blanks[0]), text)


def prose(text: str, **style: Any) -> Iterator[Run]:
    """Sentences of a reasoner: what they set in backticks is code, lists have bullets, all else is as it is."""
    text = visible(text)
    end = 0
    for span in _SPAN.finditer(text):
        yield from _plain(text[end : span.start()], style)
        yield from (run(piece, **{**style, "code": True}) for piece in pieces(span["code"], PIECE))
        end = span.end()
    yield from _plain(text[end:], style)


def _plain(text: str, style: dict[str, Any]) -> Iterator[Run]:
    for piece in pieces(_BULLET.sub(r"\1• ", _BOLD.sub(r"\1", text)), PIECE):
        yield run(piece, **style)


def blocks_of_code(text: str) -> Iterator[tuple[bool, str]]:
    """The text in order, in parts that are a block of code (True) or not."""
    text = visible(text)
    end = 0
    for block in _FENCED.finditer(text):
        yield False, text[end : block.start()]
        yield True, block["block"].strip("\n")
        end = block.end()
    yield False, text[end:]


def pieces(text: str, limit: int) -> Iterator[str]:
    """All of `text` in pieces of at most `limit`, divided after lines or words where possible."""
    while text:
        end = len(text) if size(text) <= limit else _good_end(text, reach(text, limit) or 1)
        yield text[:end]
        text = text[end:]


def _good_end(text: str, end: int) -> int:
    """After the last line in the second half of `text[:end]`, else after the last word there, else `end`."""
    for divider in ("\n", " "):
        if (found := text.rfind(divider, end // 2, end)) > 0:
            return found + 1
    return end
