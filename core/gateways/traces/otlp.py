"""Reads OpenTelemetry's JSON (OTLP): spans, and log records as the JSON lines that the reader of logs knows.

A file holds one document, or one document a line as the collector's file exporter writes them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, BinaryIO

from core.domain.errors import InvalidInput

MAX_DOCUMENT_BYTES = 64 * 1024**2
"""Of one document; a file of several may be larger."""

_TEXT_CHARS = 2_000
_BLOCK_LINES = 1_000
_OTLP_LOGS = re.compile(rb"\s*+\{\s*+\"resource_?[lL]ogs\"")
_OTLP_SPANS = re.compile(rb"\s*+\{\s*+\"resource_?[sS]pans\"")
_STACK_CHARS = 20_000
_FAILED = (2, "2", "STATUS_CODE_ERROR")
_CALLS_OUT = (3, "3", "SPAN_KIND_CLIENT", 4, "4", "SPAN_KIND_PRODUCER")
_SEVERITIES = ((21, "fatal"), (17, "error"), (13, "warn"), (9, "info"), (1, "debug"))


@dataclass(frozen=True, slots=True)
class Span:
    """One span; times in seconds since 1970. `message` and `stack` say why it failed."""

    trace: str
    id: str
    parent: str
    service: str
    name: str
    start: float
    end: float
    calls_out: bool = False
    failed: bool = False
    message: str = ""
    stack: str = ""

    @property
    def duration(self) -> float:
        """In seconds, never negative."""
        return max(0.0, self.end - self.start)


def iterate_documents(file: BinaryIO, name: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yield the documents of a file with the number of the line that each begins in.

    Raises:
        InvalidInput: it is no OTLP JSON.
    """
    kept, first, number, least = b"", 1, 0, 0
    while line := file.readline(MAX_DOCUMENT_BYTES + 1):
        number += 1
        is_whole = not kept.strip()
        kept += line
        if len(kept) > MAX_DOCUMENT_BYTES:
            raise InvalidInput(f"{name} has one document of more than 64 MiB; give one document a line instead.")
        # A printed document ends with a brace at the margin. After a failure the next try waits until the text is twice
        # as long, so that all tries together take linear time.
        if (is_whole or line.rstrip() == b"}") and len(kept) >= least:
            if (document := _parsed(kept)) is not None:
                yield first, document
                kept, first, least = b"", number + 1, 0
            elif not is_whole:
                least = 2 * len(kept)
    if kept.strip():
        if (document := _parsed(kept)) is None:
            raise InvalidInput(f"{name} is no OTLP JSON. Give what the collector's file exporter writes.")
        yield first, document


def _parsed(text: bytes) -> Mapping[str, Any] | None:
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, Mapping) else None


def iterate_spans(document: Mapping[str, Any]) -> Iterator[Span]:
    """Yield the spans of a document; what is no span is passed over."""
    for service, each in _records(document, "resourceSpans", ("scopeSpans", "instrumentationLibrarySpans"), "spans"):
        start, end = _seconds(_get(each, "startTimeUnixNano")), _seconds(_get(each, "endTimeUnixNano"))
        if start is None or end is None:
            continue
        status = each.get("status")
        status = status if isinstance(status, Mapping) else {}
        message, stack = _exception(each)
        yield Span(
            str(_get(each, "traceId") or "")[:64],
            str(_get(each, "spanId") or "")[:64],
            str(_get(each, "parentSpanId") or "")[:64],
            service,
            str(each.get("name") or "")[:200],
            start,
            end,
            each.get("kind") in _CALLS_OUT,
            status.get("code") in _FAILED,
            (message or str(status.get("message") or ""))[:_TEXT_CHARS],
            stack,
        )


def is_otlp_logs(beginning: bytes) -> bool:
    """Whether a file that begins so holds log records in OTLP JSON."""
    return _OTLP_LOGS.match(beginning) is not None


def is_otlp_spans(beginning: bytes) -> bool:
    """Whether a file that begins so holds spans in OTLP JSON."""
    return _OTLP_SPANS.match(beginning) is not None


def iterate_log_blocks(file: BinaryIO, name: str) -> Iterator[bytes]:
    """Yield the log records of a file as blocks of JSON lines, one block or more for each document.

    Raises:
        InvalidInput: it is no OTLP JSON.
    """
    for _, document in iterate_documents(file, name):
        lines: list[bytes] = []
        for line in iterate_log_lines(document):
            lines.append(line)
            if len(lines) >= _BLOCK_LINES:
                yield b"".join(lines)
                lines = []
        if lines:
            yield b"".join(lines)


def iterate_log_lines(document: Mapping[str, Any]) -> Iterator[bytes]:
    """Yield the log records of a document, each as one JSON line."""
    for service, each in _records(document, "resourceLogs", ("scopeLogs", "instrumentationLibraryLogs"), "logRecords"):
        at = _seconds(_get(each, "timeUnixNano")) or _seconds(_get(each, "observedTimeUnixNano"))
        attributes = _attributes(each)
        line = {
            "time": None if at is None else datetime.fromtimestamp(at, UTC).isoformat(),
            "level": _get(each, "severityText") or _severity(_get(each, "severityNumber")),
            "service": service,
            "message": _value(each.get("body")),
            "trace_id": _get(each, "traceId"),
            "error.type": attributes.get("exception.type"),
            "error.message": attributes.get("exception.message"),
            "stack_trace": attributes.get("exception.stacktrace"),
        }
        yield json.dumps({name: value for name, value in line.items() if value}).encode() + b"\n"


def _records(
    document: Mapping[str, Any], resources: str, scopes: Sequence[str], records: str
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield service and record, in the camel case of OTLP or in snake case."""
    for resource in _mappings(_get(document, resources)):
        about = resource.get("resource")
        named = _attributes(about).get("service.name") if isinstance(about, Mapping) else None
        for scope in (each for name in scopes for each in _mappings(_get(resource, name))):
            for record in _mappings(_get(scope, records)):
                yield str(named or "unknown")[:80], record


def _mappings(things: object) -> Iterator[Mapping[str, Any]]:
    yield from (each for each in things if isinstance(each, Mapping)) if isinstance(things, list) else ()


def _get(record: Mapping[str, Any], name: str) -> Any:
    if name in record:
        return record[name]
    return record.get("".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name))


def _attributes(record: Mapping[str, Any]) -> dict[str, str]:
    return {str(each.get("key")): _value(each.get("value")) for each in _mappings(record.get("attributes"))}


def _value(value: object) -> str:
    """Return an attribute's value as text."""
    if not isinstance(value, Mapping):
        return "" if value is None else str(value)[:_STACK_CHARS]
    found = next(iter(value.values()), "")
    return (found if isinstance(found, str) else json.dumps(found))[:_STACK_CHARS]


def _seconds(nanoseconds: object) -> float | None:
    try:
        seconds = int(nanoseconds) / 1e9  # type: ignore[call-overload]
    except (TypeError, ValueError):
        return None
    return seconds if 0 < seconds < 1e11 else None


def _severity(number: object) -> str:
    level = number if isinstance(number, int) else 0
    return next((name for least, name in _SEVERITIES if level >= least), "")


def _exception(span: Mapping[str, Any]) -> tuple[str, str]:
    """Return message and stack of the span's exception event, empty without one."""
    for event in _mappings(span.get("events")):
        if event.get("name") == "exception":
            found = _attributes(event)
            message = ": ".join(filter(None, (found.get("exception.type"), found.get("exception.message"))))
            return message, found.get("exception.stacktrace", "")
    return "", ""
