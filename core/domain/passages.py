"""Documents that people wrote for the next time, cut into passages that can be found and cited."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

PASSAGE_CHARS = 1_200
_BREAKS = ("\n\n", "\n", ". ", " ")


@dataclass(frozen=True, slots=True)
class Section:
    """What stands under one heading: `path` are the headings above it, outermost first.

    `blocks` are its paragraphs, lists, tables and pieces of code, in order.
    """

    path: tuple[str, ...]
    blocks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A runbook or a post-mortem; `source` is the name it is kept under, such as `runbooks/failover.md`."""

    source: str
    title: str
    sections: tuple[Section, ...]
    service: str = ""


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a document, of at most `PASSAGE_CHARS`; `number` counts from 1 within its headings."""

    path: tuple[str, ...]
    number: int
    text: str


def passages(document: Document) -> Iterator[Passage]:
    """The whole document in order. A block stays whole when it fits, and never shares a passage with another heading's.

    A block that is too long is cut where a paragraph, else a line, a sentence or a word ends.
    """
    numbers = Counter[tuple[str, ...]]()
    for path, sections in groupby(document.sections, key=lambda section: section.path):
        for text in _packed(piece for section in sections for block in section.blocks for piece in _cut(block)):
            numbers[path] += 1
            yield Passage(path, numbers[path], text)


def _packed(pieces: Iterable[str]) -> Iterator[str]:
    pack = ""
    for piece in pieces:
        joined = f"{pack}\n\n{piece}" if pack else piece
        if len(joined) > PASSAGE_CHARS:
            yield pack
            joined = piece
        pack = joined
    if pack:
        yield pack


def _cut(block: str) -> Iterator[str]:
    rest = block.strip("\n")
    while len(rest) > PASSAGE_CHARS:
        at = _break_in(rest)
        if piece := rest[:at].rstrip():
            yield piece
        # Only line ends go: what is left may be code, whose indentation says something.
        rest = rest[at:].lstrip("\n")
    if rest.strip():
        yield rest.rstrip()


def _break_in(text: str) -> int:
    """Where to cut: at the last break that leaves no less than half a passage before it."""
    for mark in _BREAKS:
        at = text.rfind(mark, PASSAGE_CHARS // 2, PASSAGE_CHARS)
        if at >= 0:
            return at + len(mark)
    return PASSAGE_CHARS
