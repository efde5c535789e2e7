"""Finds secrets in tables whose first line names the columns (CSV, tab-separated, Markdown), and in rows for SQL."""

from __future__ import annotations

import re
from collections.abc import Iterator

from core.masking.names import Secrecy, secrecy
from core.masking.value_readers import Span
from core.masking.values import is_open

_LONGEST_LINE = 2_000
_MOST_ROWS = 200
_LINE_END = re.compile(r"\r?\n|\\{1,8}+(?:r\\{1,8}+)?n")
_BESIDE = re.compile(r"(?:[ \"'`*]{0,20}+(?P<separator>[,;|])|(?P<tab> {4}))")
_BEFORE = re.compile(r"(?:(?P<separator>[,;|])[ \"'`*]{0,20}|(?P<tab> {4}))$")
_ROWS_FOR_SQL = re.compile(r"\)\s{0,20}+(?i:values)\s{0,20}+(?=\()")
_ROW_FOR_SQL = re.compile(r"\(([^()]{1,2000}+)\)[\s,]{0,20}+")
_HEADING = re.compile(r"[\s\"'`*]{0,20}+[\w .#/-]{0,40}[\s\"'`*]{0,20}+")
_AROUND = " \t\r\"'`*"


def find(text: str, start: int, end: int) -> tuple[list[Span], int]:
    """Return the cells below secrets' names, when the line of the name at `start` is the headings of a table.

    Also returns up to where this was decided, so that no line is looked at twice.
    """
    beside = _BESIDE.match(text, end) or _BEFORE.search(text, max(0, start - 21), start)
    if beside is None:
        return [], end
    if rows := _ROWS_FOR_SQL.search(text, end, end + _LONGEST_LINE):
        return _for_sql(text, start, rows)
    separator = beside["separator"] or beside["tab"]
    low, high, at = _line_around(text, start, end)
    headings = text[low:high].split(separator)
    if len(headings) < 2 or at >= len(text) or not all(map(_HEADING.fullmatch, headings)):
        return [], high
    secret = [column for column, name in enumerate(headings) if secrecy(name.strip(_AROUND)) is Secrecy.CERTAIN]
    found: list[Span] = []
    for row_low, row_high, after in _rows(text, at):
        if text.count(separator, row_low, row_high) != len(headings) - 1:
            break
        found += _cells(text, row_low, row_high, separator, secret)
        at = after
    return found, at


def _for_sql(text: str, start: int, values: re.Match[str]) -> tuple[list[Span], int]:
    """Read `(name, password) VALUES ('ada', 'value'), …`."""
    low = text.rfind("(", max(0, start - _LONGEST_LINE), start) + 1
    headings = text[low : values.start()].split(",")
    secret = [column for column, name in enumerate(headings) if secrecy(name.strip(_AROUND)) is Secrecy.CERTAIN]
    found: list[Span] = []
    at = values.end()
    for _ in range(_MOST_ROWS):
        row = _ROW_FOR_SQL.match(text, at)
        if row is None or row[1].count(",") != len(headings) - 1:
            break
        found += _cells(text, *row.span(1), ",", secret)
        at = row.end()
    return found, at


def _rows(text: str, at: int) -> Iterator[tuple[int, int, int]]:
    """Yield where each line from `at` begins and ends, and where the next begins."""
    for _ in range(_MOST_ROWS):
        if at >= len(text):
            return
        line_end = _LINE_END.search(text, at, at + _LONGEST_LINE)
        high = line_end.start() if line_end else min(len(text), at + _LONGEST_LINE)
        after = line_end.end() if line_end else len(text)
        yield at, high, after
        at = after


def _cells(text: str, low: int, high: int, separator: str, columns: list[int]) -> Iterator[Span]:
    for column, cell in enumerate(text[low:high].split(separator)):
        value = cell.strip(_AROUND)
        if column in columns and value.strip("-:") and not is_open(value, "", is_certain=True, is_spoken=False):
            begin = low + cell.index(value)
            yield begin, begin + len(value)
        low += len(cell) + 1


def _line_around(text: str, start: int, end: int) -> tuple[int, int, int]:
    """Return where the line of the name begins and ends, and where the next begins; the text's end without one."""
    limit = max(0, start - _LONGEST_LINE)
    escaped = text.rfind("\\n", limit, start)
    low = max(text.rfind("\n", limit, start) + 1, escaped + 2 if escaped >= 0 else 0)
    after = _LINE_END.search(text, end, end + _LONGEST_LINE)
    return (max(low, limit), after.start(), after.end()) if after else (max(low, limit), len(text), len(text))
