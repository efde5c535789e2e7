"""What indexed logs show: causal order, what no longer follows, what grows, what is rare."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.gateways.logs.analysis import comes_from_elsewhere, find_bursts, rare, restarts, target_of, trends
from core.gateways.logs.course import MAX_PARTS, Course
from core.gateways.logs.flows import broken_flows, components_of
from core.gateways.logs.heads import gauge, trace_id
from core.gateways.logs.index import LogIndexer, Source
from core.gateways.logs.reading import LogIndex

BEGIN = datetime(2026, 11, 20, 10, tzinfo=UTC)


def line(second: float, service: str, message: str, level: str = "info", trace: str = "") -> str:
    told = {"time": (BEGIN + timedelta(seconds=second)).isoformat(), "level": level, "service": service}
    return json.dumps({**told, "message": message, **({"trace_id": trace} if trace else {})})


def indexed(directory: Path, lines: list[str]) -> LogIndex:
    text = "".join(f"{each}\n" for each in lines).encode()
    LogIndexer(directory / "index").index([Source("log", io.BytesIO(text))], {})
    return LogIndex(directory / "index")


def test_an_error_without_a_trace_is_first_when_it_is_earlier_and_traces_order_the_others(tmp_path: Path) -> None:
    lines = [line(1, "auth", "lost Redis: connection refused redis:6379", "error")]
    lines.append(line(2, "gateway", "checkout failed", "error"))
    for n in range(3):
        lines.append(line(5 + n, "orders", "no user", "error", f"trace-{n}-a"))
        lines.append(line(5.5 + n, "gateway", "checkout failed", "error", f"trace-{n}-a"))
    index = indexed(tmp_path, lines)
    burst = find_bursts(index, *index.window())[0]
    assert [kind.component for kind in burst.first_by_component] == ["auth", "orders", "gateway"]
    index.close()


def test_the_component_whose_request_ends_early_is_named_before_its_callers(tmp_path: Path) -> None:
    lines = []
    for n in range(40):
        at, trace, is_broken = 10.0 * n, f"trace-{n:04d}", n >= 20
        lines.append(line(at, "orders", "asking for contacts", trace=trace))
        lines.append(line(at + 1, "contacts", "looking up contact", trace=trace))
        lines.append(line(at + 2, "contacts", "nothing there" if is_broken else "contact found in table", trace=trace))
        lines.append(line(at + 3, "orders", "order without contact" if is_broken else "order placed ok", trace=trace))
    index = indexed(tmp_path, lines)
    begin, end = index.window()
    middle = begin + 3
    broken = broken_flows(index, (begin, middle), (middle + 1, end))
    assert components_of(broken)[0] == "contacts"
    assert broken[0].kind.text == "looking up contact"
    assert broken[0].expected is not None
    assert broken[0].expected.text == "contact found in table"
    index.close()


def test_what_stays_as_it_was_is_not_broken(tmp_path: Path) -> None:
    lines = [
        line(10.0 * n + k, "api", word, trace=f"trace-{n}") for n in range(40) for k, word in enumerate(("a", "b"))
    ]
    index = indexed(tmp_path, lines)
    begin, end = index.window()
    assert broken_flows(index, (begin, begin + 3), (begin + 3, end)) == []
    index.close()


@given(st.lists(st.floats(min_value=-1e6, max_value=1e6), min_size=1, max_size=700))
def test_a_course_keeps_count_order_and_bounds_in_few_parts(values: list[float]) -> None:
    course = Course()
    for minute, value in enumerate(values):
        course.add(minute, value)
    parts = list(course.parts())
    assert len(parts) <= MAX_PARTS
    assert [minute for minute, *_ in parts] == sorted(minute for minute, *_ in parts)
    assert min(low for *_, low, _ in parts) == min(values)
    assert max(high for *_, high in parts) == max(values)


@pytest.mark.parametrize("seconds", [0.001, 60])
def test_growth_is_seen_however_fast_the_lines_come(tmp_path: Path, seconds: float) -> None:
    lines = [line(seconds * n, "api", f"gc done, heap={100 + n} MB, id {n}") for n in range(400)]
    lines += [line(seconds * n, "calm", f"heap={100 + n % 7} MB") for n in range(400)]
    index = indexed(tmp_path, lines)
    assert [(trend.component, trend.name) for trend in trends(index, *index.window())] == [("api", "heap")]
    index.close()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("GC done, heap=120 MB", ("heap", 120.0)),
        ('{"memory_usage_mb": 96.5, "limit": 4096}', ("memory_usage_mb", 96.5)),
        ("Memory usage: 4096MB (100%)", ("memory usage", 4096.0)),
        ("Page rendered in 7.25 seconds.", ("rendered", 7.25)),
        ("queue depth is 14", ("queue depth", 14.0)),
        ("member 12 joined", None),
        ("generated 12 reports", None),
        ("order 12 in 3 parts", None),
    ],
)
def test_quantities_are_read_by_name_and_ids_are_none(text: str, found: tuple[str, float] | None) -> None:
    assert gauge(text.encode()) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("done trace_id=0af7651916cd43dd", "0af7651916cd43dd"),
        ("TraceID: 0af7651916cd43dd done", "0af7651916cd43dd"),
        ('{"correlationId": "a-1-b-2-c"}', "a-1-b-2-c"),
        ("X-REQUEST-ID: 7f3a-11", "7f3a-11"),
        ("stack trace follows, request took 7 ms", None),
    ],
)
def test_the_trace_of_a_line_is_read_in_the_usual_spellings(text: str, found: str | None) -> None:
    assert trace_id(text.encode()) == found


def test_a_message_that_comes_once_among_thousands_stands_out(tmp_path: Path) -> None:
    index = indexed(tmp_path, [f"Log entry {n}" if n != 1_500 else "Peer down" for n in range(3_000)])
    assert [kind.place for kind in rare(index.kinds(*index.window()))] == ["log:1501"]
    index.close()


def test_a_json_line_longer_than_what_is_usually_read_keeps_its_service(tmp_path: Path) -> None:
    index = indexed(
        tmp_path, [line(0, "stock", "failed to reserve", "error").replace("failed", "failed " + "x" * 9_000)]
    )
    kind = index.kinds(*index.window())[0]
    assert (kind.component, kind.level) == ("stock", "error")
    assert index.message(kind).startswith("failed xxx")
    index.close()


@pytest.mark.parametrize(
    ("message", "target"),
    [
        ("could not connect to db-payments:5432: connection refused", "db-payments:5432"),
        ("Target host: prod-db, port: 3333", "prod-db:3333"),
        ("GET https://user:pw@api.example.com/v1 failed", "api.example.com"),
        ("No instances available for ts-basic-service", "ts-basic-service"),
        ("payments answered 503", "payments"),
        ("disk quota exceeded", None),
    ],
)
def test_the_host_or_service_that_was_not_reached_is_named(message: str, target: str | None) -> None:
    assert target_of(message) == target


@pytest.mark.parametrize("message", ["disk quota exceeded", "KeyError: 'sku'", "user 503 signed in late"])
def test_own_errors_do_not_come_from_elsewhere(message: str) -> None:
    assert not comes_from_elsewhere(message)


@pytest.mark.parametrize(
    "message", ["POST /pay failed with 502", "payments answered 503", "upstream timed out", "ECONNREFUSED"]
)
def test_refusals_of_other_services_come_from_elsewhere(message: str) -> None:
    assert comes_from_elsewhere(message)


def test_restarts_deployments_and_new_configuration_are_told_from_other_messages(tmp_path: Path) -> None:
    told = ["Configuration reloaded successfully", "received SIGTERM, shutting down", "deployed version 4.2.0"]
    others = ["Loading configuration from application.properties", "order changed its address", "started to pay order"]
    index = indexed(tmp_path, [line(n, "api", message) for n, message in enumerate([*told, *others])])
    assert {index.message(kind) for kind in restarts(index.kinds(*index.window()))} == set(told)
    index.close()
