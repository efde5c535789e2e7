"""Spans as lines: those that were repeated or long, and the longest with its share of the whole."""

from __future__ import annotations

from core.domain.durations import readable_time
from core.domain.incident import ErrorEvent, Span
from core.mcp_server.output import ToolOutput, cut

_SHOWN = 8


def add_spans(output: ToolOutput, event: ErrorEvent) -> None:
    """The longest first as a sentence, then the most repeated and longest ones."""
    longest = max(event.spans, key=lambda span: span.duration_ms or 0, default=None)
    if longest and longest.duration_ms:
        _add_longest(output, longest, event.duration_ms)
    for span in sorted(event.spans, key=lambda each: (-each.count, -(each.duration_ms or 0)))[:_SHOWN]:
        fields = {
            "operation": cut(span.operation or "", 60),
            "description": cut(span.description or "", 300),
            "count": str(span.count),
            "duration_ms": "" if span.duration_ms is None else f"{span.duration_ms:.0f}",
        }
        took = f", {fields['duration_ms']} ms" if fields["duration_ms"] else ""
        output.add(
            f"Span: {fields['operation']} {fields['description']} ({fields['count']} times{took})",
            spans=[{key: value for key, value in fields.items() if value}],
        )


def _add_longest(output: ToolOutput, span: Span, whole_ms: float | None) -> None:
    took = readable_time(span.duration_ms or 0)
    fields = {
        "operation": cut(span.operation or "", 60),
        "description": cut(span.description or "", 300),
        "took": took,
    }
    of = ""
    if whole_ms and whole_ms > 0:
        fields |= {"whole": readable_time(whole_ms), "share": f"{min((span.duration_ms or 0) / whole_ms, 1):.0%}"}
        of = f" of {fields['whole']} ({fields['share']})"
    known = {key: value for key, value in fields.items() if value}
    output.add(f"Most time went to: {fields['operation']} {fields['description']}: {took}{of}", longest_span=known)
