"""Issues that are no exceptions: what each says, from which evidence, and what it never advises."""

import json
from typing import Any

import pytest

from core.agent.report import quoted_parts, stands_in
from core.agent.rules.issue_kinds import _kinds
from core.domain.causes import Cause
from core.domain.report import Analysis
from core.gateways.sentry.payloads import read_event
from tests.agent.by_rules import investigate

ADVICE_FOR_EXCEPTIONS = "Capture the exception with its stack"


def told(analysis: Analysis) -> str:
    fixes = [text for fix in analysis.fixes for text in (fix.title, *fix.steps)]
    return "\n".join([analysis.root_cause, *(finding.claim for finding in analysis.findings), *fixes])


def occurred(title: str, shown: dict[str, str], data: dict[str, object] | None = None, **event: object) -> object:
    display = [{"name": name, "value": value, "important": True} for name, value in shown.items()]
    return {**event, "occurrence": {"issue_title": title, "evidence_display": display, "evidence_data": data or {}}}


def monitor(slug: str, **config: object) -> object:
    return {"monitor": {"slug": slug, "config": config}}


ISSUES: list[tuple[object, Cause, list[str]]] = [
    (
        occurred(
            "Monitor failure: invoices",
            {"Failure reason": "2 missed check-ins detected", "Last successful check-in": "Never"},
            contexts=monitor("invoices", schedule=["1", "hour"]),
        ),
        Cause.UNKNOWN,
        ["invoices", "missed", "every 1 hour", "never reported success"],
    ),
    (
        occurred(
            "Cron failure: rates",
            {"Failure reason": "A timeout check-in was detected", "Last successful check-in": "2026-02-03T04:05:00Z"},
            contexts=monitor("rates", schedule={"type": "crontab", "value": "5 4 * * *"}, max_runtime=15),
        ),
        Cause.TIMEOUT,
        ["rates", "15 min", "2026-02-03T04:05:00Z"],
    ),
    (
        occurred("Monitor failure: sweep", {"Failure reason": "An error check-in was detected"}),
        Cause.UNKNOWN,
        ["sweep", "reported itself that it failed"],
    ),
    (
        occurred("Downtime detected for https://a.example.org/up", {"Failure reason": "DNS error: no such host"}),
        Cause.DNS,
        ["https://a.example.org/up", "no such host"],
    ),
    (
        {"subscription_id": "1", "status": "failure", "status_reason": {"type": "timeout", "description": "timed out"}},
        Cause.TIMEOUT,
        ["timed out"],
    ),
    (
        occurred("N+1 API Call", {"Transaction Name": "/map", "Repeating Spans (14)": "GET /tiles/{id}"}),
        Cause.N_PLUS_ONE,
        ["/map", "GET /tiles/{id}", "14 times"],
    ),
    (
        occurred("Slow DB Query", {"Transaction Name": "/reports", "Slow DB Query": "SELECT sum FROM ledger"}),
        Cause.LATENCY_REGRESSION,
        ["/reports", "SELECT sum FROM ledger"],
    ),
    (
        occurred("Large HTTP payload", {"Transaction Name": "/feed", "Large HTTP Payload": "GET /items"}),
        Cause.LATENCY_REGRESSION,
        ["large payload", "GET /items"],
    ),
    (
        occurred("Consecutive HTTP", {"Transaction Name": "/home", "Offending Spans": "GET /a, GET /b"}),
        Cause.LATENCY_REGRESSION,
        ["/home", "one after the other", "GET /a"],
    ),
    (
        occurred("Endpoint Regression", {"Regression": "Duration increased from 14.5712ms to 9876.54ms (P95)"}),
        Cause.LATENCY_REGRESSION,
        ["from 14.6 ms to 9.88 s"],
    ),
    (
        occurred(
            "Function Regression",
            {},
            {"aggregate_range_1": 2_000_000, "aggregate_range_2": 1_500_000_000, "breakpoint": 1767600000},
            culprit="render",
        ),
        Cause.LATENCY_REGRESSION,
        ["render", "from 2 ms to 1.5 s", "2026-01-05T08:00Z"],
    ),
    (
        {
            "csp-report": {
                "blocked-uri": "inline",
                "effective-directive": "style-src",
                "document-uri": "https://a.example/",
            }
        },
        Cause.CONFIGURATION,
        ["style-src", "an inline script or style", "https://a.example/"],
    ),
    (
        {
            "type": "csp-violation",
            "user_agent": "x",
            "body": {"blockedURL": "https://b.example/w.js", "effectiveDirective": "script-src-elem"},
        },
        Cause.CONFIGURATION,
        ["script-src-elem", "https://b.example/w.js"],
    ),
    (
        {"event_id": "1", "comments": "The map stays grey", "name": "A", "email": "a@example.org"},
        Cause.UNKNOWN,
        ["The map stays grey"],
    ),
    (
        occurred("Dead Click", {"Selector Path": "nav > a.more"}, transaction="/help"),
        Cause.UNKNOWN,
        ["nav > a.more", "changed nothing"],
    ),
    (
        {"exception": {"values": [{"type": "App Hanging", "value": "App hanging for at least 2000 ms."}]}},
        Cause.LATENCY_REGRESSION,
        ["main thread", "at least 2000 ms"],
    ),
    (
        {"exception": {"values": [{"type": "WatchdogTermination", "value": "The OS watchdog terminated your app."}]}},
        Cause.OUT_OF_MEMORY,
        ["ended the app"],
    ),
    (
        {
            "exception": {
                "values": [
                    {
                        "type": "SIGABRT",
                        "value": "Abort",
                        "stacktrace": {"frames": [{"package": "/data/app/libpaint.so", "instruction_addr": "0x1"}]},
                    }
                ]
            }
        },
        Cause.NATIVE_CRASH,
        ["symbols are missing"],
    ),
    ({"message": "Nightly import done", "level": "info"}, Cause.NOTHING_FAILED, ["Nightly import done", "level info"]),
    ({"message": "Import stopped early", "level": "error"}, Cause.UNKNOWN, ["Import stopped early", "just before it"]),
    (
        {
            "type": "transaction",
            "transaction": "/cart",
            "start_timestamp": 1.0,
            "timestamp": 5.0,
            "spans": [{"op": "http.client", "description": "GET /rates", "start_timestamp": 1.5, "timestamp": 4.5}],
        },
        Cause.LATENCY_REGRESSION,
        ["/cart took 4 s", "3 s of it (75%)", "GET /rates"],
    ),
]


@pytest.mark.parametrize(("payload", "cause", "facts"), ISSUES, ids=range(len(ISSUES)))
def test_each_kind_of_issue_has_words_of_its_own_from_its_evidence(
    payload: object, cause: Cause, facts: list[str]
) -> None:
    analysis, evidence = investigate(payload)
    assert analysis.cause is cause
    for fact in facts:
        assert fact in analysis.root_cause
    assert all(stands_in(part, evidence) for part in quoted_parts(analysis.root_cause))
    assert ADVICE_FOR_EXCEPTIONS not in told(analysis)
    assert analysis.fixes


@pytest.mark.parametrize("kind", _kinds(), ids=lambda kind: kind.name)
def test_each_kind_ends_with_a_sentence_and_a_fix_that_need_nothing(kind: Any) -> None:
    entry = kind.entry
    needless = [text for text in (entry.says[-1], entry.fixes[-1].title, *entry.fixes[-1].steps) if "{" in text]
    assert needless == [] or kind.only_unknown or kind.name == "slow_transaction"


def test_an_exception_is_never_taken_for_another_kind_of_issue() -> None:
    raised = {"type": "SlowQueryError", "value": "Monitor failure: rage click"}
    analysis, _ = investigate({"exception": {"values": [raised]}, "level": "info", "message": "feedback"})
    assert analysis.cause in (Cause.UNKNOWN, Cause.LATENCY_REGRESSION)
    assert "clicked" not in analysis.root_cause and "monitor" not in analysis.root_cause


def test_spans_that_are_alike_are_one_with_their_number() -> None:
    spans = [{"op": "db", "description": "SELECT 1", "start_timestamp": n, "timestamp": n + 0.5} for n in range(4)]
    event = read_event(json.dumps({"type": "transaction", "spans": spans}))
    assert [(span.count, span.duration_ms) for span in event.spans] == [(4, 2000.0)]
