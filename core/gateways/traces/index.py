"""Keeps the spans of traces in the index of an investigation's logs, and reads them again."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import astuple
from pathlib import Path

from core.gateways.logs.index import DATABASE, Source
from core.gateways.logs.sources import Progress, open_log
from core.gateways.traces.otlp import Span, iterate_documents, iterate_spans

MAX_SPANS = 100_000
"""Of one investigation; those after them are not read."""

_STACK_CHARS = 4_000
_TABLE = """CREATE TABLE IF NOT EXISTS spans (trace TEXT, id TEXT, parent TEXT, service TEXT, name TEXT, start REAL,
  end REAL, calls_out INTEGER, failed INTEGER, message TEXT, stack TEXT, place TEXT)"""
_ADD = "INSERT INTO spans VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


def index_spans(directory: Path, sources: Sequence[Source], progress: Progress = lambda _: None) -> int:
    """Add the spans of the sources to the index in `directory`; return how many there are.

    Raises:
        InvalidInput: a source is no OTLP JSON.
    """
    database = sqlite3.connect(directory / DATABASE)
    total = 0
    try:
        database.execute(_TABLE)
        for source in sources:
            for line, document in iterate_documents(open_log(source.file, progress), source.name):
                rows = [_row(span, f"{source.name}:{line}") for span in iterate_spans(document)][: MAX_SPANS - total]
                database.executemany(_ADD, rows)
                total += len(rows)
        database.commit()
    finally:
        database.close()
    return total


def _row(span: Span, place: str) -> tuple[object, ...]:
    return (*astuple(span)[:-1], span.stack[:_STACK_CHARS], place)


def read_spans(directory: Path, begin: float, end: float) -> tuple[list[Span], list[Span]]:
    """Return the spans that begin between two times in seconds since 1970, and those before; none without traces."""
    database = sqlite3.connect(f"file:{directory / DATABASE}?mode=ro", uri=True)
    try:
        if database.execute("SELECT 1 FROM sqlite_master WHERE name = 'spans'").fetchone() is None:
            return [], []
        now: list[Span] = []
        before: list[Span] = []
        for row in database.execute("SELECT * FROM spans ORDER BY start"):
            span = Span(*row[:-1])
            if begin <= span.start < end:
                now.append(span)
            elif span.start < begin:
                before.append(span)
        return now, before
    finally:
        database.close()


def count_spans(directory: Path) -> int:
    """Return how many spans the index has."""
    database = sqlite3.connect(f"file:{directory / DATABASE}?mode=ro", uri=True)
    try:
        if database.execute("SELECT 1 FROM sqlite_master WHERE name = 'spans'").fetchone() is None:
            return 0
        return int(database.execute("SELECT count(*) FROM spans").fetchone()[0])
    finally:
        database.close()


def span_minutes(directory: Path) -> tuple[int, int] | None:
    """Return the first minute since 1970 in which a span begins, and the one after the last; None without spans."""
    if not count_spans(directory):
        return None
    database = sqlite3.connect(f"file:{directory / DATABASE}?mode=ro", uri=True)
    try:
        first, last = database.execute("SELECT min(start), max(start) FROM spans").fetchone()
        return int(first // 60), int(last // 60) + 1
    finally:
        database.close()


def place_of(directory: Path, span: Span) -> str:
    """Return the `file:line` of the document that holds the span."""
    database = sqlite3.connect(f"file:{directory / DATABASE}?mode=ro", uri=True)
    try:
        row = database.execute(
            "SELECT place FROM spans WHERE trace = ? AND id = ? LIMIT 1", (span.trace, span.id)
        ).fetchone()
        return str(row[0]) if row else ""
    finally:
        database.close()
