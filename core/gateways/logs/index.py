"""Indexes logs in one pass: what kinds of messages there are, how many of each in each minute, and where they stand.

The index is a directory: `index.db` (SQLite) and `raw`, the text itself in compressed blocks that can be read again one
by one. Memory is bounded: counts are written out when there are many, and traces and templates are limited.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO
from zlib import crc32

import zstandard

from core.domain.errors import InvalidInput
from core.gateways.logs.course import Course
from core.gateways.logs.heads import NO_MINUTE, Head, HeadReader, gauge, trace_id
from core.gateways.logs.sources import DAMAGED, Progress, iterate_blocks, open_log
from core.gateways.logs.templates import TemplateTree
from core.gateways.traces.otlp import is_otlp_logs, iterate_log_blocks

DATABASE = "index.db"
RAW = "raw"
MAX_BYTES = 4 * 1024**3
"""Of all logs of one index together, decompressed; what comes after is not read."""

_COUNTS_KEPT = 100_000
_TRACED_KEPT = 2_000
_MAX_TRACED = 100_000
"""Messages that name a trace; when there are more, those of every other trace are dropped, again and again."""
_MAX_GAUGES = 500
_LEVEL = 1
_PEEKED = 400
_TABLES = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT);
CREATE TABLE files (id INTEGER PRIMARY KEY, name TEXT, lines INTEGER, note TEXT);
CREATE TABLE blocks (file INTEGER, first_line INTEGER, lines INTEGER, place INTEGER, size INTEGER);
CREATE TABLE templates (id INTEGER PRIMARY KEY, component TEXT, level TEXT, logger TEXT, text TEXT);
CREATE TABLE counts (template INTEGER, minute INTEGER, count INTEGER, file INTEGER, line INTEGER, at REAL,
  PRIMARY KEY (template, minute)) WITHOUT ROWID;
CREATE TABLE traced (trace TEXT, mark INTEGER, template INTEGER, at REAL, line INTEGER);
CREATE TABLE gauges (component TEXT, name TEXT, minute INTEGER, mean REAL, low REAL, high REAL);
"""
_ADD_COUNT = """INSERT INTO counts VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (template, minute) DO UPDATE SET count = count + excluded.count"""

_Count = list[Any]


@dataclass(frozen=True, slots=True)
class Source:
    """One log to read; `component` is who writes it, empty when the lines have to say."""

    name: str
    file: BinaryIO
    component: str = ""
    modified: datetime | None = None


def keep_window(directory: Path, begin: int, end: int) -> None:
    """Keep in the index which minutes were asked for."""
    database = sqlite3.connect(directory / DATABASE)
    try:
        database.execute("INSERT INTO facts VALUES ('window', ?)", (json.dumps([begin, end]),))
        database.commit()
    finally:
        database.close()


@dataclass(slots=True)
class LogIndexer:
    """Writes the index of some logs into an empty directory."""

    directory: Path
    max_bytes: int = MAX_BYTES
    tree: TemplateTree = field(default_factory=TemplateTree)
    lines: int = 0
    read_bytes: int = 0
    _counts: dict[tuple[int, int], _Count] = field(default_factory=dict)
    _gauges: dict[tuple[str, str], Course] = field(default_factory=dict)
    _traced: list[tuple[str, int, int, float, int]] = field(default_factory=list)
    _every: int = 1

    def index(self, sources: Sequence[Source], facts: dict[str, Any], progress: Progress = lambda _: None) -> None:
        """Read every source to its end; `facts` are kept beside what was found.

        Raises:
            InvalidInput: nothing in them is text.
        """
        self.directory.mkdir(parents=True, mode=0o700)
        database = sqlite3.connect(self.directory / DATABASE)
        try:
            database.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;" + _TABLES)
            with (self.directory / RAW).open("wb") as raw:
                for number, source in enumerate(sources):
                    self._read(number, source, database, raw, progress)
            self._flush(database)
            self._finish(database, facts)
            database.commit()
        finally:
            database.close()

    def _read(
        self, number: int, source: Source, database: sqlite3.Connection, raw: BinaryIO, progress: Progress
    ) -> None:
        heads = HeadReader(self.tree, source.component, source.modified or datetime.now(UTC))
        packer = zstandard.ZstdCompressor(level=_LEVEL)
        first, minute, note = 1, NO_MINUTE, ""
        try:
            for block in self._blocks(source, progress):
                lines = block.split(b"\n")
                if not lines[-1]:
                    lines.pop()
                minute = self._add(number, first, lines, heads, minute)
                packed = packer.compress(block)
                row = (number, first, len(lines), raw.tell(), len(packed))
                database.execute("INSERT INTO blocks VALUES (?, ?, ?, ?, ?)", row)
                raw.write(packed)
                first += len(lines)
                if len(self._counts) > _COUNTS_KEPT or len(self._traced) > _TRACED_KEPT:
                    self._flush(database)
        except DAMAGED:
            note = "The compressed file is damaged or ends early; what came before was read."
        if self.read_bytes >= self.max_bytes:
            note = f"Only the first {self.max_bytes / 1024**3:.0f} GiB were read."
        self.lines += first - 1
        database.execute("INSERT INTO files VALUES (?, ?, ?, ?)", (number, source.name, first - 1, note))

    def _blocks(self, source: Source, progress: Progress) -> Iterator[bytes]:
        file = open_log(source.file, progress)
        is_first = True
        is_otlp = is_otlp_logs(file.peek(_PEEKED)[:_PEEKED])  # type: ignore[attr-defined]
        for block in iterate_log_blocks(file, source.name) if is_otlp else iterate_blocks(file):
            if self.read_bytes >= self.max_bytes:
                return
            if is_first and b"\0" in block[:4_096]:
                raise InvalidInput(f"{source.name} is not text. Give logs as text, JSON lines, or either compressed.")
            is_first = False
            self.read_bytes += len(block)
            yield block

    def _add(self, number: int, first: int, lines: Sequence[bytes], heads: HeadReader, minute: int) -> int:
        """Count the lines; return the minute of the last of them, which those without a time belong to."""
        counts, read, minute_of = self._counts, heads.head, heads.minute
        for index, line in enumerate(lines):
            head = read(line)
            if head.template is None:
                continue
            told = minute_of(line)
            minute = minute if told == NO_MINUTE else told
            key = (head.template.id, minute)
            count = counts.get(key)
            if count is None:
                counts[key] = [1, number, first + index, heads.seconds(line, minute)]
            else:
                count[0] += 1
            if head.has_gauge or head.has_trace:
                self._add_details(head, line, minute, heads, first + index)
        return minute

    def _add_details(self, head: Head, line: bytes, minute: int, heads: HeadReader, number: int) -> None:
        template = head.template
        if template is None:
            return
        if head.has_trace and (trace := trace_id(line)):
            mark = crc32(trace.encode()) & 0xFFFF
            if mark % self._every == 0:
                self._traced.append((trace, mark, template.id, heads.seconds(line, minute), number))
        if head.has_gauge and (found := gauge(line)) is not None:
            course = self._gauges.get((template.source[0], found[0]))
            if course is None:
                if len(self._gauges) >= _MAX_GAUGES:
                    return
                course = self._gauges[template.source[0], found[0]] = Course()
            course.add(minute, found[1])

    def _flush(self, database: sqlite3.Connection) -> None:
        database.executemany(_ADD_COUNT, ((*key, *count) for key, count in self._counts.items()))
        database.executemany("INSERT INTO traced VALUES (?, ?, ?, ?, ?)", self._traced)
        while database.execute("SELECT count(*) FROM traced").fetchone()[0] > _MAX_TRACED:
            self._every *= 2
            database.execute("DELETE FROM traced WHERE mark % ? != 0", (self._every,))
        self._counts.clear()
        self._traced.clear()

    def _finish(self, database: sqlite3.Connection, facts: dict[str, Any]) -> None:
        rows = ((each.id, *each.source, each.text) for each in self.tree.templates)
        database.executemany("INSERT INTO templates VALUES (?, ?, ?, ?, ?)", rows)
        gauges = ((*key, *part) for key, course in self._gauges.items() for part in course.parts())
        database.executemany("INSERT INTO gauges VALUES (?, ?, ?, ?, ?, ?)", gauges)
        database.execute("CREATE INDEX counts_minute ON counts (minute)")
        told = {**facts, "lines": self.lines, "bytes": self.read_bytes}
        database.executemany("INSERT INTO facts VALUES (?, ?)", ((name, json.dumps(told[name])) for name in told))
