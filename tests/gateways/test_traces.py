"""What is read from OpenTelemetry's JSON, and what spans show."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.errors import InvalidInput
from core.gateways.logs.index import LogIndexer, Source
from core.gateways.logs.reading import LogIndex
from core.gateways.traces.analysis import by_service, critical_path, first_failure, slow_services, timed, usual_times
from core.gateways.traces.otlp import Span, iterate_documents, iterate_spans

BEGIN = 1_763_632_000.0
SPAN_IDS = st.sampled_from(["", "a", "b", "c", "d"])


def span(name: str, parent: str, service: str, start: float, end: float, *, failed: bool = False) -> Span:
    return Span("t", name, parent, service, name, BEGIN + start, BEGIN + end, failed=failed)


def otlp(service: str, **fields: Any) -> dict[str, Any]:
    told = {"traceId": "t1", "startTimeUnixNano": "1763632000000000000", "endTimeUnixNano": "1763632001000000000"}
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]}
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": [{**told, **fields}]}]}]}


def spans_of(text: str) -> list[Span]:
    documents = iterate_documents(io.BytesIO(text.encode()), "trace.json")
    return [each for _, document in documents for each in iterate_spans(document)]


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("count", [1, 3])
def test_documents_are_read_on_lines_of_their_own_and_printed_on_many(indent: int | None, count: int) -> None:
    text = "\n".join(json.dumps(otlp(f"s{n}", name="GET /"), indent=indent) for n in range(count))
    assert [each.service for each in spans_of(text)] == [f"s{n}" for n in range(count)]


def test_snake_case_is_read_like_camel_case() -> None:
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "stock"}}]}
    each = {"trace_id": "t", "span_id": "s", "name": "n", "start_time_unix_nano": 1_763_632_000_000_000_000}
    each["end_time_unix_nano"] = 1_763_632_001_000_000_000
    text = json.dumps({"resource_spans": [{"resource": resource, "scope_spans": [{"spans": [each]}]}]})
    assert [(found.service, found.duration) for found in spans_of(text)] == [("stock", 1.0)]


def test_a_failed_span_has_the_message_of_its_exception() -> None:
    attributes = {"exception.type": "KeyError", "exception.message": "'sku'", "exception.stacktrace": "Traceback"}
    listed = [{"key": key, "value": {"stringValue": value}} for key, value in attributes.items()]
    event = {"name": "exception", "attributes": listed}
    found = spans_of(json.dumps(otlp("stock", name="read", status={"code": 2}, events=[event])))[0]
    assert (found.failed, found.message, found.stack) == (True, "KeyError: 'sku'", "Traceback")


@pytest.mark.parametrize("text", ["hello\n", '{"a": 1', "[1, 2]", "\x00\xff"])
def test_what_is_no_otlp_is_refused_in_words(text: str) -> None:
    with pytest.raises(InvalidInput, match="no OTLP JSON"):
        spans_of(text)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda each: (
            st.lists(each, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "resourceSpans",
                        "scopeSpans",
                        "spans",
                        "resource",
                        "attributes",
                        "key",
                        "value",
                        "status",
                        "events",
                    ]
                ),
                each,
                max_size=4,
            )
        ),
        max_leaves=20,
    )
)
def test_no_shape_of_json_stops_the_reading(document: Any) -> None:
    if isinstance(document, dict):
        list(iterate_spans(document))


def test_log_records_in_otlp_are_read_as_a_log(tmp_path: Path) -> None:
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "stock"}}]}
    record = {
        "timeUnixNano": "1763632000000000000",
        "severityNumber": 17,
        "body": {"stringValue": "disk quota exceeded"},
        "traceId": "0af7651916cd43dd",
    }
    document = {"resourceLogs": [{"resource": resource, "scopeLogs": [{"logRecords": [record]}]}]}
    source = Source("otel.json", io.BytesIO(json.dumps(document, indent=1).encode()))
    LogIndexer(tmp_path / "index").index([source], {})
    index = LogIndex(tmp_path / "index")
    kind = index.kinds(*index.window())[0]
    assert (kind.component, kind.level, index.message(kind)) == ("stock", "error", "disk quota exceeded")
    assert [trace for trace, _, _ in index.traced(*index.window())] == ["0af7651916cd43dd"]
    index.close()


def test_the_deepest_failed_span_failed_first() -> None:
    spans = [
        span("root", "", "gateway", 0, 9, failed=True),
        span("order", "root", "orders", 1, 8, failed=True),
        span("query", "order", "stock", 2, 7, failed=True),
        span("late", "root", "mail", 8, 9),
    ]
    failure = first_failure(spans)
    assert failure is not None
    assert failure.service == "stock"
    assert by_service(spans)[-1].service == "mail"


def test_the_critical_path_follows_the_children_that_end_last() -> None:
    spans = [
        span("root", "", "gateway", 0, 9),
        span("short", "root", "mail", 0, 2),
        span("long", "root", "orders", 1, 8),
        span("query", "long", "stock", 2, 7),
    ]
    assert [each.id for each in critical_path(spans)] == ["root", "long", "query"]


def test_a_service_with_a_slow_network_is_blamed_before_those_that_call_it() -> None:
    def trace(delay: float) -> list[Span]:
        return [
            span("root", "", "gateway", 0, 1 + delay),
            span("GET", "root", "gateway", 0.1, 0.9 + delay),
            span("serve", "GET", "stock", 0.2 + delay / 2, 0.3 + delay / 2),
        ]

    usual = usual_times(timed(trace(0)))
    suspects = slow_services(timed(trace(4)), usual)
    assert [suspect.service for suspect in suspects] == ["stock", "gateway"]
    assert slow_services(timed(trace(0)), usual) == []


@given(
    st.lists(
        st.tuples(SPAN_IDS, SPAN_IDS, st.integers(min_value=0, max_value=9), st.integers(min_value=0, max_value=9)),
        max_size=12,
    )
)
def test_own_times_add_up_to_the_time_in_which_anything_runs(rows: list[tuple[str, str, int, int]]) -> None:
    spans = [span(name, parent, name, start, end) for name, parent, start, end in rows]
    running = {second for each in rows for second in range(each[2], each[3])}
    assert sum(each.own_s for each in timed(spans)) == pytest.approx(len(running))
    critical_path(spans)
    first_failure(spans)
