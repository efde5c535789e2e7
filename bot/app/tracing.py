"""OpenTelemetry traces, as an extra: one trace an investigation, told by its journal, whoever works on it.

A span is made when a step is committed, with the times that the journal has for it. Ids are derived from the
investigation's, so that what another replica goes on with stands in the same trace. Nothing of an incident is in it.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from core.domain.errors import Refusal
from core.telemetry import Span, traced_by

_NANOSECONDS = 1_000_000_000
_TRACE_BITS, _SPAN_BITS = 128, 64

Export = Callable[[Span], None]


@contextlib.contextmanager
def tracing(endpoint: str | None) -> Iterator[None]:
    """Spans are sent to the collector at `endpoint` while the block lasts; None traces nothing.

    Raises:
        Refusal: OpenTelemetry is not installed.
    """
    if endpoint is None:
        yield
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        raise Refusal(
            "OTEL_EXPORTER_OTLP_ENDPOINT is set, and traces need an extra: pip install 'logsense[tracing]'"
        ) from None
    with exporting(BatchSpanProcessor(OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces"))):
        yield


@contextlib.contextmanager
def exporting(processor: Any) -> Iterator[None]:
    """Spans go to an OpenTelemetry span processor while the block lasts; what it still has is sent at the end."""
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider

    ids: Any = _Ids()
    provider = TracerProvider(
        resource=Resource.create({"service.name": "logsense"}), id_generator=ids, shutdown_on_exit=False
    )
    provider.add_span_processor(processor)
    try:
        with traced_by(_export_to(provider, ids)):
            yield
    finally:
        provider.shutdown()


def _export_to(provider: Any, ids: Any) -> Export:
    from opentelemetry.trace import NonRecordingSpan, SpanContext, Status, StatusCode, TraceFlags, set_span_in_context

    tracer = provider.get_tracer("logsense")

    def export(span: Span) -> None:
        trace_id, root_id = _number(span.trace, _TRACE_BITS), _number(f"{span.trace}/", _SPAN_BITS)
        ids.next_trace, ids.next_span = trace_id, root_id if span.is_root else _number(span.key, _SPAN_BITS)
        root = NonRecordingSpan(SpanContext(trace_id, root_id, is_remote=True, trace_flags=TraceFlags(1)))
        parent = None if span.is_root else set_span_in_context(root)
        made = tracer.start_span(span.name, parent, attributes=dict(span.attributes), start_time=_ns(span.start))
        if not span.ok:
            made.set_status(Status(StatusCode.ERROR))
        made.end(_ns(span.end))

    return export


class _Ids:
    """Implements OpenTelemetry's `IdGenerator`: gives the ids that were set just before."""

    next_trace = 0
    next_span = 0

    def generate_trace_id(self) -> int:
        """Of the investigation."""
        return self.next_trace

    def generate_span_id(self) -> int:
        """Of the step."""
        return self.next_span

    def is_trace_id_random(self) -> bool:
        """They are a hash."""
        return True


def _number(key: str, bits: int) -> int:
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[: bits // 8]) or 1


def _ns(at: datetime) -> int:
    return int(at.timestamp() * _NANOSECONDS)
