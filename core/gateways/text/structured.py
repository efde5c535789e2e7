"""Reads log records that are data: JSON lines of the usual loggers, logfmt, and systemd's export format."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from core.gateways.text.model import LogRecord
from core.gateways.text.records import level_named, time_of

_TIMES = ("@timestamp", "timestamp", "time", "ts", "t", "@t", "eventTime", "__REALTIME_TIMESTAMP")
_LEVELS = ("level", "severity", "log.level", "levelname", "@l", "lvl", "loglevel", "severity_text", "PRIORITY")
_MESSAGES = (
    "message",
    "msg",
    "@message",
    "event",
    "@m",
    "@mt",
    "short_message",
    "body",
    "textPayload",
    "MESSAGE",
    "log",
    "errorMessage",
)
_LOGGERS = ("logger", "logger_name", "log.logger", "name", "category", "SourceContext", "component")
_SERVICES = ("service.name", "service", "app", "serviceContext.service", "_SYSTEMD_UNIT", "kubernetes.container_name")
_THREADS = ("thread", "thread_name", "process.thread.name", "threadName")
_TRACES = ("trace_id", "trace.id", "traceId", "logging.googleapis.com/trace", "dd.trace_id", "TraceId")
_STACKS = (
    "stack_trace",
    "error.stack_trace",
    "err.stack",
    "error.stack",
    "exception.stacktrace",
    "exc_info",
    "exception",
    "stack",
    "stacktrace",
    "errorVerbose",
    "error.stacktrace",
    "errorStack",
    "full_message",
    "@x",
    "trace",
    "traceback",
    "exception.stack_trace",
    "Exception",
    "err.stacktrace",
    "attributes.exception.stacktrace",
    "backtrace",
    "error.exception.stacktrace",
    "exception.backtrace",
    "error.backtrace",
)
_TYPES = (
    "error.type",
    "err.type",
    "errorType",
    "exception.type",
    "err.name",
    "error.name",
    "exception.class",
    "error.class",
    "exception_type",
    "exception.exc_type",
)
_VALUES = (
    "error.message",
    "err.message",
    "errorMessage",
    "exception.message",
    "error.kind",
    "exception.value",
    "exception_message",
    "err",
    "error",
    "exception.exc_value",
    "cause",
)
_WRAPPERS = ("jsonPayload", "fields", "log", "data", "attributes")
_LOGFMT = re.compile(
    r'(?<!\w)(?P<name>[A-Za-z_][\w.@-]{0,60})=(?P<value>"(?>(?:[^"\\]|\\.){0,20000})"|[^\s"]{0,2000}+)(?:(?P<end>\s|$)|\S*+)'
)
"""A pair is one that ends at a blank; the rest of any other word is passed over, so that nothing is read twice."""
_EXPORT = re.compile(r"(?:__CURSOR|__REALTIME_TIMESTAMP|MESSAGE|_[A-Z_]+|[A-Z][A-Z_]+)=")
_DEEP = 4


def record_in(line: str) -> tuple[str, LogRecord] | None:
    """Return the text that a structured record carries (its message, then its stack), and the record."""
    begin = line.find("{")
    if 0 <= begin < 400 and line.rstrip().endswith("}"):
        try:
            body = json.loads(line[begin:])
        except (ValueError, RecursionError):
            body = None
        if isinstance(body, Mapping) and (fields := _flat(body)) and _is_record(fields):
            return _record(fields)
    if re.match(r"\s*[\w.@]+=", line) and ("level=" in line or "lvl=" in line or "msg=" in line):
        fields = {found["name"]: _bare(found["value"]) for found in _LOGFMT.finditer(line) if found["end"] is not None}
        if len(fields) >= 2 and _is_record(fields):
            return _record(fields)
    return None


def export_lines(lines: Sequence[str]) -> list[str] | None:
    """Return the messages of a systemd export, journald's prefix before each; None when it is none."""
    if not any(line.startswith(("__CURSOR=", "__REALTIME_TIMESTAMP=")) for line in lines[:200]):
        return None
    return [
        line.removeprefix("MESSAGE=")
        for line in lines
        if line.startswith("MESSAGE=") or (not _EXPORT.match(line) and line)
    ]


def _is_record(fields: Mapping[str, Any]) -> bool:
    return (
        any(name in fields for name in (*_MESSAGES, *_STACKS, *_TYPES))
        and not {"exception.values", "event_id"} & fields.keys()
    )


def _bare(value: str) -> str:
    if not value.startswith('"'):
        return value
    try:
        return str(json.loads(value))
    except ValueError:
        return value[1:-1]


def _record(fields: Mapping[str, Any]) -> tuple[str, LogRecord]:
    message = _first(fields, _MESSAGES) or ""
    kind, value = _first(fields, _TYPES), _first(fields, _VALUES)
    level = next((named for name in _LEVELS if (named := level_named(fields.get(name)))), "error" if kind else None)
    at = next((time for name in _TIMES if (time := time_of(fields.get(name)))), None)
    stack = next((text for name in _STACKS if (text := _stack(fields.get(name)))), None)
    if stack and kind and value and value.splitlines()[0] not in stack[:2_000] and kind not in stack[:2_000]:
        stack = f"{kind}: {value}\n{stack}"
    elif not stack and (kind or value) and (kind or "Error") + str(value) not in message:
        stack = (
            f"{kind}: {value}" if kind and value else f"{message}: {value}" if value and value not in message else None
        )
    record = LogRecord(
        message.split("\n")[0][:2_000],
        at,
        level,
        _first(fields, _LOGGERS),
        _first(fields, _SERVICES),
        _first(fields, _THREADS),
        _first(fields, _TRACES),
        {name: str(each)[:200] for name, each in list(fields.items())[:40] if isinstance(each, str | int | float)},
    )
    return "\n".join(filter(None, (message, stack if stack != message else None))), record


def _stack(value: object) -> str | None:
    if isinstance(value, list):
        return "\n".join(str(line) for line in value[:500] if isinstance(line, str)) or None
    return value if isinstance(value, str) and ("\n" in value or ": " in value) else None


def _first(fields: Mapping[str, Any], names: Sequence[str]) -> str | None:
    return next(
        (
            str(value)
            for name in names
            if isinstance(value := fields.get(name), str | int | float) and str(value).strip()
        ),
        None,
    )


def _flat(body: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in _walk(body, "", 0):
        found.setdefault(name, value)
        head, _, rest = name.partition(".")
        if rest and head in _WRAPPERS:
            found.setdefault(rest, value)
    return found


def _walk(body: Mapping[str, Any], above: str, depth: int) -> Iterator[tuple[str, Any]]:
    for name, value in list(body.items())[:200]:
        path = f"{above}{name}"
        if isinstance(value, Mapping) and depth < _DEEP:
            yield from _walk(value, f"{path}.", depth + 1)
        else:
            yield path, value
