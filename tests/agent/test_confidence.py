"""Confidence credits what was read, not that a call succeeded."""

from __future__ import annotations

from typing import Any

import pytest

from core.agent.confidence import Verification, confidence_in
from core.agent.report import _record
from core.domain.causes import Cause
from core.domain.report import Analysis, Evidence

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
