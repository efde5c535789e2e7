"""Traces: one an investigation, in the same one whoever goes on with it, and nothing of the incident in it."""

from __future__ import annotations

import asyncio
import gzip
from datetime import UTC, datetime, timedelta

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from bot.app.tracing import exporting, tracing
from core.domain.journal import CallObserved, JournalEntry, TurnTaken
from core.domain.report import Evidence, Usage
from core.domain.tenancy import OrganizationId
from core.ports import Run
from core.work.telemetry import count_ended, with_telemetry
from tests.isolation.lives import INVESTIGATION, REPORT

AT = datetime(2026, 11, 23, 3, 12, tzinfo=UTC)
SECRET = "only people of the organization may read this"


async def nothing(entry: JournalEntry) -> None:
    """A journal that keeps nothing."""


async def told(run: Run) -> None:
    """One turn, one call, and the end of an investigation."""
    record = with_telemetry(nothing, run, AT)
    await record(TurnTaken(1, "rules", SECRET, (), None, Usage(1, 90, 10), AT + timedelta(seconds=2)))
    await record(CallObserved("c1", Evidence("E1", "get_stacktrace", {"q": SECRET}, SECRET, ok=False), 500, AT))
    investigation = INVESTIGATION.start().conclude(REPORT, AT + timedelta(seconds=9))
    count_ended(investigation, OrganizationId("acme"))


def run_of(attempt: int) -> Run:
    return Run("r", "investigate", OrganizationId("acme"), INVESTIGATION.id, attempt, 0)


async def test_steps_are_spans_with_the_journals_own_times_below_one_root() -> None:
    exporter = InMemorySpanExporter()
    with exporting(SimpleSpanProcessor(exporter)):
        await told(run_of(1))
    turn, call, root = exporter.get_finished_spans()
    assert [span.name for span in (turn, call, root)] == ["turn 1", "get_stacktrace", "investigation"]
    assert root.parent is None and root.context is not None
    assert {span.parent.span_id for span in (turn, call) if span.parent} == {root.context.span_id}
    assert (turn.end_time or 0) - (turn.start_time or 0) == 2_000_000_000
    assert (call.end_time or 0) - (call.start_time or 0) == 500_000_000
    assert not call.status.is_ok and turn.attributes is not None and turn.attributes["logsense.tokens"] == 100
    assert SECRET not in "".join(span.to_json() for span in (turn, call, root))


async def test_another_replica_goes_on_in_the_same_trace() -> None:
    traces = set()
    for attempt in (1, 2):
        exporter = InMemorySpanExporter()
        with exporting(SimpleSpanProcessor(exporter)):
            await told(run_of(attempt))
        traces |= {span.context.trace_id for span in exporter.get_finished_spans() if span.context}
    assert len(traces) == 1


async def test_nobody_is_told_when_nothing_is_set() -> None:
    with tracing(None):
        await told(run_of(1))


async def test_a_collector_gets_them_over_http() -> None:
    received: list[ExportTraceServiceRequest] = []

    async def take(request: web.Request) -> web.Response:
        body = await request.read()
        message = ExportTraceServiceRequest()
        message.ParseFromString(gzip.decompress(body) if request.headers.get("Content-Encoding") == "gzip" else body)
        received.append(message)
        return web.Response()

    app = web.Application()
    app.router.add_post("/v1/traces", take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    await asyncio.to_thread(_tell, address)
    await runner.cleanup()
    spans = [span.name for one in received for each in one.resource_spans for s in each.scope_spans for span in s.spans]
    assert spans == ["turn 1", "get_stacktrace", "investigation"]


def _tell(address: str) -> None:
    """In a thread: the exporter blocks when it is closed, and the collector is on our loop."""
    with tracing(address):
        asyncio.run(told(run_of(1)))
