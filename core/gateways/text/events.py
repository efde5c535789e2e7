"""Turns a text into the event that it tells of, as a tracker would have recorded it."""

from __future__ import annotations

from core.domain.incident import Breadcrumb, ErrorEvent
from core.gateways.text.model import LogRecord
from core.gateways.text.reader import Reading, read_text

_CRUMBS = 30
_TELLING = ("error", "fatal")


def event_in_text(text: str) -> ErrorEvent | None:
    """Return the event that `text` tells of; None when it has no trace, no error and no log record of one."""
    reading = read_text(text)
    trace = reading.trace
    record = _telling_record(reading)
    if trace is None and record is None:
        return None
    last = trace.exceptions[-1] if trace and trace.exceptions else None
    title = ": ".join(filter(None, (last.type, (last.value or "").partition("\n")[0][:200]))) if last else None
    message = record.message if record else None
    details = trace.details if trace else {}
    return ErrorEvent(
        title=title or message or None,
        message=message if trace is None else None,
        platform=trace.platform if trace else "other",
        level=(record.level if record else None) or "error",
        at=record.at if record else None,
        exceptions=trace.exceptions if trace else (),
        threads=trace.threads if trace else (),
        breadcrumbs=tuple(_breadcrumb(each) for each in reading.records[-_CRUMBS:] if each.message),
        server_name=record.service if record else None,
        request_method=details.get("method"),
        request_url=details.get("url"),
        extra={"text": reading.prose[:200]} if reading.prose else {},
        problems=tuple(_problems(reading)),
    )


def _telling_record(reading: Reading) -> LogRecord | None:
    return next((record for record in reversed(reading.records) if record.level in _TELLING), None)


def _breadcrumb(record: LogRecord) -> Breadcrumb:
    data = {"trace_id": record.trace_id} if record.trace_id else {}
    return Breadcrumb(record.at, record.logger or record.service or "log", record.level, record.message[:500], data)


def _problems(reading: Reading) -> list[str]:
    several = len(reading.traces)
    told = [f"The text holds {several} errors; the most telling one is read."] if several > 1 else []
    return [*told, *filter(None, (reading.left_out,))]
