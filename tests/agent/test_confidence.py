"""Confidence credits what was read, not that a call succeeded."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from core.agent.confidence import Verification, confidence_in
from core.agent.report import _record, report_from
from core.domain.causes import Cause
from core.domain.investigation import Subject
from core.domain.journal import CallObserved, Transcript
from core.domain.report import Analysis, Evidence, Finding, RootCauseReport

ANALYSIS = Analysis("cause", Cause.UNKNOWN, None, (), ())


def reasons(tool: str, facts: dict[str, Any]) -> str:
    evidence = [Evidence("E1", tool, {}, "text", True, facts)]
    return " ".join(confidence_in(ANALYSIS, evidence, {}, Verification(0, 0, False, True), match=None)[1])


@pytest.mark.parametrize(
    ("tool", "nothing", "something", "reason"),
    [
        ("analyze_error_frequency", {"first_seen": "x"}, {"total": 0}, "its course over time was read"),
        ("get_user_impact", {"severity": "low", "events": 1}, {"users": 3}, "whom it hits was read"),
        ("get_stacktrace", {"event_id": "a"}, {"exceptions": [{"type": "X"}]}, "the stack of an event was read"),
    ],
)
def test_an_answer_that_tells_nothing_does_not_count(
    tool: str, nothing: dict[str, Any], something: dict[str, Any], reason: str
) -> None:
    assert reason in reasons(tool, something)
    assert reason not in reasons(tool, nothing)


@pytest.mark.parametrize(
    ("last_seen", "said"), [("2026-11-03T10:00:00Z", ""), ("2026-10-30T10:00:00Z", "its fix held")]
)
def test_a_fix_held_only_where_the_tracker_saw_no_event_since(last_seen: str, said: str) -> None:
    match = {"record": "its fix held", "confirmed_on": "2026-11-01", "seen_before": True}
    assert _record(match, [Evidence("E1", "get_sentry_issue_details", {}, "", True, {"last_seen": last_seen})]) == said


def checked(root_cause: str, cited: str = "E1") -> RootCauseReport:
    evidence = Evidence("E1", "get_stacktrace", {}, "cart.py:41 in total(): float(price)", True, {"event_id": "a"})
    entries = (CallObserved("t1c1", evidence, 1, datetime(2026, 1, 1, tzinfo=UTC)),)
    finding = Finding("It failed in cart.py:41", ("E1", cited))
    analysis = Analysis(root_cause, Cause.PARSE_ERROR, None, (finding,), ())
    return report_from(Transcript(Subject("SHOP-1", "SHOP-1"), entries), analysis, "model")


def test_naming_general_knowledge_costs_nothing() -> None:
    plain, knowing = checked("The price is no number."), checked("`float()` raises `ValueError` for “n/a”, as of 3.12.")
    assert plain.confidence == knowing.confidence


def test_an_invented_place_and_a_false_citation_cost() -> None:
    plain = checked("The price is no number.")
    invented, false = checked("It broke in shop/ghost.py:7."), checked("The price is no number.", cited="E9")
    assert invented.confidence < plain.confidence and false.confidence < plain.confidence
    assert any("cited that does not exist" in reason for reason in false.confidence_reasons)
    assert all(set(finding.evidence) == {"E1"} for finding in false.findings)
