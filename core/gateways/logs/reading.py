"""Reads an index of logs again: kinds of messages, their counts by minute, and the lines themselves."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import zstandard

from core.gateways.logs.heads import NO_MINUTE, message_of
from core.gateways.logs.index import DATABASE, RAW
from core.gateways.logs.sources import BLOCK_BYTES, LONGEST_LINE

_MOST_LINES = 200
_LINE_BYTES = 4_000
_MESSAGE_BYTES = 65_536
"""JSON that is cut is no JSON, and its message could not be told from the rest."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of message of one component in a span of time: how many, and the first of them.

    `at` is in seconds since 1970; `place` is `file:line`.
    """

    id: int
    component: str
    level: str
    logger: str
    text: str
    count: int
    at: float
    file: int
    line: int
    place: str

    @property
    def is_error(self) -> bool:
        """Whether its level says that something failed."""
        return self.level in ("error", "fatal")


class GaugePart(NamedTuple):
    """A part of the course of a quantity."""

    mean: float
    low: float
    high: float


class LogIndex:
    """An index that `LogIndexer` wrote. Times are minutes since 1970; the end of a span is not part of it."""

    def __init__(self, directory: Path) -> None:
        """Open the index for reading.

        Raises:
            FileNotFoundError: there is none.
        """
        if not (directory / DATABASE).is_file():
            raise FileNotFoundError(directory)
        self.directory = directory
        self._raw = directory / RAW
        self._database = sqlite3.connect(f"file:{directory / DATABASE}?mode=ro", uri=True, check_same_thread=False)
        self.facts: Mapping[str, Any] = {
            name: json.loads(value) for name, value in self._database.execute("SELECT name, value FROM facts")
        }
        rows = self._database.execute("SELECT id, name, note FROM files ORDER BY id").fetchall()
        self.files: Mapping[int, str] = {number: name for number, name, _ in rows}
        self.notes: Sequence[str] = [f"{name}: {note}" for _, name, note in rows if note]

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def span(self) -> tuple[int, int] | None:
        """Return the first minute and the one after the last; None when no line has a time."""
        first, last = self._database.execute("SELECT min(minute), max(minute) FROM counts WHERE minute >= 0").fetchone()
        return None if first is None else (first, last + 1)

    def kinds(self, begin: int, end: int) -> list[Kind]:
        """Return the kinds of messages between two minutes, in the order in which each is first seen."""
        # SQLite gives the bare columns of the row that has the minimum.
        rows = self._database.execute(
            "SELECT template, component, level, logger, text, sum(count), min(at), file, line FROM counts"
            " JOIN templates ON id = template WHERE minute >= ? AND minute < ?"
            " GROUP BY template ORDER BY min(at), line",
            (begin, end),
        )
        return [self._kind(row) for row in rows]

    def _kind(self, row: Sequence[Any]) -> Kind:
        number, component, level, logger, text, count, at, file, line = row
        return Kind(number, component, level, logger, text, count, at, file, line, f"{self.files[file]}:{line}")

    def by_minute(self, levels: Sequence[str], begin: int, end: int) -> dict[int, int]:
        """Return how many messages of these levels each minute has; minutes without any are left out."""
        marks = ", ".join("?" * len(levels))
        rows = self._database.execute(
            "SELECT minute, sum(count) FROM counts JOIN templates ON id = template"
            f" WHERE level IN ({marks}) AND minute >= ? AND minute < ? GROUP BY minute ORDER BY minute",
            (*levels, begin, end),
        )
        return dict(rows.fetchall())

    def course(self, template: int, begin: int, end: int) -> dict[int, int]:
        """Return how many messages of one kind each minute has."""
        rows = self._database.execute(
            "SELECT minute, count FROM counts WHERE template = ? AND minute >= ? AND minute < ? ORDER BY minute",
            (template, begin, end),
        )
        return dict(rows.fetchall())

    def traced(self, begin: int, end: int) -> Iterator[tuple[str, int, float]]:
        """Yield trace id, kind and time of the messages that name a trace, by trace and time; of some traces if many."""
        yield from self._database.execute(
            "SELECT trace, template, at FROM traced WHERE at >= ? AND at < ? ORDER BY trace, at, line",
            (begin * 60.0, end * 60.0),
        )

    def gauges(self, begin: int, end: int) -> dict[tuple[str, str], list[GaugePart]]:
        """Return by component and name of a quantity its parts, in the order of time."""
        found: dict[tuple[str, str], list[GaugePart]] = {}
        rows = self._database.execute(
            "SELECT component, name, mean, low, high FROM gauges WHERE minute >= ? AND minute < ? ORDER BY minute, rowid",
            (begin, end),
        )
        for component, name, *part in rows:
            found.setdefault((component, name), []).append(GaugePart(*part))
        return found

    def window(self) -> tuple[int, int]:
        """Return the minutes that were asked for, all if none were; logs without times are one minute, `NO_MINUTE`."""
        span, asked = self.span() or (NO_MINUTE, NO_MINUTE + 1), self.facts.get("window")
        if asked is None:
            return span
        return max(span[0], asked[0]), min(span[1], asked[1])

    def message(self, kind: Kind) -> str:
        """Return what the first line of this kind says, without its head."""
        lines = self.lines(kind.file, kind.line, 1, _MESSAGE_BYTES)
        return message_of(lines[0][1]) if lines else kind.text

    def kind_numbered(self, number: int) -> Kind | None:
        """Return the kind of message with this number, its first line anywhere in the logs."""
        span = self.span() or (NO_MINUTE, NO_MINUTE + 1)
        return next((kind for kind in self.kinds(NO_MINUTE, span[1]) if kind.id == number), None)

    def file_named(self, name: str) -> int | None:
        """Return the number of the file with this name."""
        return next((number for number, known in self.files.items() if known == name), None)

    def place_of(self, minute: int) -> tuple[int, int] | None:
        """Return file and line of the first message from `minute` on."""
        found = self._database.execute(
            "SELECT file, line FROM counts WHERE minute >= ? ORDER BY minute, at LIMIT 1", (minute,)
        ).fetchone()
        return None if found is None else (found[0], found[1])

    def lines(self, file: int, first: int, count: int, width: int = _LINE_BYTES) -> list[tuple[int, str]]:
        """Return up to `count` lines of a file from line `first` on, with their numbers, each cut to `width` bytes."""
        first, count = max(1, first), min(count, _MOST_LINES)
        blocks = self._database.execute(
            "SELECT first_line, place, size FROM blocks WHERE file = ? AND first_line < ? AND first_line + lines > ?"
            " ORDER BY first_line",
            (file, first + count, first),
        )
        found: list[tuple[int, str]] = []
        for begin, place, size in blocks:
            skipped = max(0, first - begin)
            lines = self._block(place, size).split(b"\n")
            for offset, line in enumerate(lines[skipped : first + count - begin], skipped):
                if offset + 1 < len(lines) or line:
                    found.append((begin + offset, line[:width].decode("utf-8", "replace").rstrip("\r")))
        return found

    def _block(self, place: int, size: int) -> bytes:
        with self._raw.open("rb") as raw:
            raw.seek(place)
            unpacker = zstandard.ZstdDecompressor()
            return unpacker.decompress(raw.read(size), max_output_size=BLOCK_BYTES + LONGEST_LINE)
