"""`read_trace_spans`: which span failed first, what takes longer than usual, and the critical path."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from typing import Any

from core.gateways.logs.reading import LogIndex
from core.gateways.traces.analysis import (
    Suspect,
    by_service,
    critical_path,
    first_failure,
    slow_services,
    timed,
    usual_times,
)
from core.gateways.traces.index import place_of, read_spans
from core.gateways.traces.otlp import Span
from core.mcp_server.arguments import PageNumber
from core.mcp_server.log_lines import second
from core.mcp_server.masking import Masker
from core.mcp_server.output import ToolOutput, counted, cut, on_one_line, quoted
from core.mcp_server.tool_context import ToolContext

_SHOWN = 8
_PATH = 15
_MESSAGE_CHARS = 240


def tool(context: ToolContext, masker: Masker) -> Callable[..., Awaitable[ToolOutput]]:
    """The tool over `context`."""

    async def read_trace_spans(page: PageNumber = 1) -> ToolOutput:
        """Spans of the given traces: first failure, slow services, the critical path."""
        return await asyncio.to_thread(_output, context.logs(), masker)

    return read_trace_spans


def _output(index: LogIndex, masker: Masker) -> ToolOutput:
    with closing(index):
        begin, end = index.facts.get("window") or (0, 1e11)
        spans, before = read_spans(index.directory, begin * 60, end * 60)
        if not spans:
            return ToolOutput("no spans of traces were given for this time", {})
        services = by_service(spans)
        failed = sum(row.errors for row in services)
        output = ToolOutput(
            f"{counted(len(spans), 'span')} of {counted(len(services), 'service')}, {failed} failed",
            {"spans": len(spans), "failed": failed},
        )
        if (failure := first_failure(spans)) is not None:
            text, facts = _described(failure, masker)
            place = on_one_line(masker.text(place_of(index.directory, failure)))
            output.add(f"First to fail: {text} ({place})", failure={**facts, "place": place})
        # Without earlier spans, the median of the same operation in the same traces is what is usual.
        now = timed(spans)
        for suspect in slow_services(now, usual_times(timed(before) if before else now))[:_SHOWN]:
            _add_slow(output, suspect, masker)
        _add_path(output, spans, failure, masker)
        for row in services[:_SHOWN]:
            times = f"median {_ms(row.median_s)} ms, slowest {_ms(row.slowest_s)} ms"
            output.add(f"{_clean(row.service, masker)}: {counted(row.spans, 'span')}, {row.errors} failed, {times}")
        return output


def _add_slow(output: ToolOutput, suspect: Suspect, masker: Masker) -> None:
    facts = {
        "service": _clean(suspect.service, masker),
        "operation": _clean(suspect.operation, masker),
        "usual_ms": _ms(suspect.usual_s),
        "now_ms": _ms(suspect.now_s),
    }
    took = f"{facts['operation']} takes {facts['now_ms']} ms of its own, usually {facts['usual_ms']} ms"
    output.add(f"Slower than usual: {facts['service']}, {took}", slow=[facts])


def _add_path(output: ToolOutput, spans: Sequence[Span], failure: Span | None, masker: Masker) -> None:
    """List the critical path of the trace that failed first, else of the slowest one."""
    traces: dict[str, list[Span]] = defaultdict(list)
    for span in spans:
        traces[span.trace].append(span)
    trace = failure.trace if failure else max(spans, key=lambda span: span.duration).trace
    path = critical_path(traces[trace])
    output.add(f"Critical path of trace {_clean(trace, masker)}, {_ms(path[0].duration)} ms:")
    for depth, span in enumerate(path[:_PATH]):
        text = f"{_clean(span.service, masker)} {_clean(span.name, masker)} {_ms(span.duration)} ms"
        output.add(f"{'  ' * depth}{text}{' failed' if span.failed else ''}")


def _described(span: Span, masker: Masker) -> tuple[str, dict[str, Any]]:
    message = cut(on_one_line(masker.text(span.message)), _MESSAGE_CHARS)
    facts = {
        "service": _clean(span.service, masker),
        "operation": _clean(span.name, masker),
        "at": second(span.start),
        "message": message.replace("“", '"').replace("”", '"'),
    }
    said = f": {quoted(message, _MESSAGE_CHARS)}" if message else ""
    return f"{facts['service']} {facts['operation']} at {facts['at']}{said}", facts


def _clean(text: str, masker: Masker) -> str:
    return cut(on_one_line(masker.text(text)), 120)


def _ms(seconds: float) -> str:
    return f"{seconds * 1_000:.4g}"
