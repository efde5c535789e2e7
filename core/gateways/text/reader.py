"""Reads any text that people paste or pipe: traces, logs, or words.

The text is hostile: every pattern is bounded and sees one line, so that reading costs linear time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from core.domain.incident import ExceptionInfo
from core.domain.trace_lines import LINE_CHARS
from core.gateways.text import notices, structured
from core.gateways.text.languages import called_at, compiled, native, python, scripting
from core.gateways.text.languages.heads import head_of
from core.gateways.text.model import Line, LogRecord, Trace
from core.gateways.text.records import read_line
from core.gateways.text.wrappings import clean, iterate_unfolded, streams, unquote

MAX_CHARS = 1_048_576
_MAX_LINES = 30_000
_LINE = 100_000
_MAX_RECORDS = 100
_PROSE_CHARS = 4_000
_READERS: tuple[Callable[[Sequence[Line]], Iterator[Trace]], ...] = (
    python.read,
    native.read_deadlock,
    called_at.read,
    compiled.read_go,
    compiled.read_rust,
    scripting.read_php,
    scripting.read_beam,
    scripting.read_ruby,
    scripting.read_dart,
    native.read_apple,
    native.read_native,
    native.read_tombstone,
)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text holds; `traces` in the order of the text, `left_out` says in words what was not read."""

    traces: tuple[Trace, ...] = ()
    records: tuple[LogRecord, ...] = ()
    prose: str = ""
    left_out: str | None = None

    @property
    def trace(self) -> Trace | None:
        """The trace that tells most: with calls of the application, of a fatal error, the last of equals."""
        return max(enumerate(self.traces), key=lambda each: (*_weight(each[1]), each[0]))[1] if self.traces else None


def read_text(text: str) -> Reading:
    """Return the traces, log records and other words of `text`; of more than `MAX_CHARS` characters the last ones."""
    left_out = None
    if len(text) > MAX_CHARS:
        left_out = f"Only the last {MAX_CHARS:,} of {len(text):,} characters were read."
        text = text[-MAX_CHARS:].partition("\n")[2]
    lines = [line[:_LINE] for line in iterate_unfolded(clean(text))]
    if len(lines) > _MAX_LINES:
        left_out = f"Only the last {_MAX_LINES:,} of {len(lines):,} lines were read."
        lines = lines[-_MAX_LINES:]
    found: list[Trace] = []
    records: list[LogRecord] = []
    prose: list[str] = []
    lines = structured.export_lines(lines) or lines
    for stream in streams(unquote(lines)):
        _read_stream(stream, found, records, prose)
    if not found:
        found.extend(_bare_errors(records, prose))
    return Reading(tuple(found), tuple(records[-_MAX_RECORDS:]), "\n".join(prose).strip()[:_PROSE_CHARS], left_out)


def _weight(trace: Trace) -> tuple[bool, bool, bool, bool]:
    return trace.has_own_frames, trace.has_frames, trace.is_fatal, any(each.type for each in trace.exceptions)


def _read_stream(stream: Sequence[str], found: list[Trace], records: list[LogRecord], prose: list[str]) -> None:
    raw, lines = _lines_of(stream)
    lines = _joined(lines)
    own = _distinct([trace for read in _READERS for trace in read(lines)])
    if len(raw) == len(lines):
        covered = [(trace.begin, trace.end) for trace in own]
        own += [
            each for each in notices.read(lines, raw) if not any(begin <= each.begin < end for begin, end in covered)
        ]
    own.sort(key=lambda trace: trace.begin)
    found.extend(own)
    used = {index for trace in own for index in range(trace.begin, trace.end)}
    for index, line in enumerate(lines):
        if line.record is not None:
            records.append(line.record)
        elif index not in used and line.bare:
            prose.append(line.bare)


def _lines_of(stream: Sequence[str]) -> tuple[list[str], list[Line]]:
    """Return the raw and the read lines; the text that a structured record carries stands in its place."""
    raw: list[str] = []
    lines: list[Line] = []
    headed = [read_line(text) for text in stream]
    per_line = sum(
        1
        for line in headed
        if line.record and ((line.text[:1].isspace() and line.bare) or line.bare.startswith(("at ", 'File "')))
    )
    for text, line in zip(stream, headed, strict=True):
        if record := structured.record_in(text):
            inner = clean(record[0]).split("\n")[:2_000] or [""]
            raw.extend(inner)
            lines.append(Line(inner[0], record[1]))
            lines.extend(Line(each) for each in inner[1:])
        else:
            raw.append(text)
            # Where each line of a trace has a head, the head is a prefix and not the begin of a record.
            lines.append(Line(line.text) if per_line >= 2 and line.record else line)
    return raw, [Line(line.text[: LINE_CHARS * 4], line.record) for line in lines]


def _joined(lines: list[Line]) -> list[Line]:
    """Return the lines with calls put together that a mail or a terminal wrapped, the same number of lines."""
    joined = list(lines)
    for index in range(len(joined) - 1):
        above, line = joined[index].bare, joined[index + 1]
        if line.record is None and (joint := _joint(above, line.bare)) is not None:
            joined[index + 1] = Line(joined[index].text.rstrip() + joint + line.bare)
            joined[index] = Line("")
    return joined


def _joint(above: str, line: str) -> str | None:
    """Return what stands between two parts of a wrapped call; None when `line` begins something new."""
    if not line or len(above) > LINE_CHARS or line.startswith(("at ", 'File "', "--->", "Caused by")):
        return None
    if above.startswith('File "'):
        return " " if above.endswith(",") and line.startswith(("line ", "in ")) else None
    if above in ("at", "• at", "- at"):
        return " "
    if not above.startswith("at "):
        return None
    if above.count("(") > above.count(")"):
        return "" if ")" in line else None
    return " " if line.startswith("(") and "(" not in above else None


def _distinct(traces: list[Trace]) -> list[Trace]:
    """Return the traces without those that stand inside another that says more."""
    kept: list[Trace] = []
    for trace in sorted(traces, key=lambda each: (*_weight(each), each.end - each.begin), reverse=True):
        if not any(trace.begin < other.end and other.begin < trace.end for other in kept):
            kept.append(trace)
    return kept


def _bare_errors(records: Sequence[LogRecord], prose: Sequence[str]) -> Iterator[Trace]:
    """Yield errors that are named without their calls."""
    said = [record.message for record in records if record.level in ("error", "fatal")] or list(prose)
    for text in said[-200:]:
        if head := head_of(text):
            yield Trace((ExceptionInfo(head[0], head[1] or None),), "other", 0, 1)
