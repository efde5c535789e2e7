"""When rules ask for code: the changes of the release it began with, and the source where a cause can be seen."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from core.agent.rules.reasoner import RulesReasoner
from core.domain.investigation import Subject
from core.domain.journal import CallObserved, JournalEntry, Transcript
from core.domain.report import Evidence
from core.ports import ToolSpec

NOW = datetime(2026, 11, 28, tzinfo=UTC)
STACK = {
    "exceptions": [{"type": "RecursionError", "value": "maximum recursion depth exceeded", "role": "root"}],
    "frame": {"file": "shop/tree.py", "function": "up", "line": 11, "in_app": True},
    "frame_basis": "in_app",
}
SHOWN: dict[str, dict[str, Any]] = {
    "get_sentry_issue_details": {"title": "RecursionError", "first_release": "shop@1"},
    "get_stacktrace": STACK,
    "analyze_error_frequency": {"total": 9, "onset_release": "shop@2"},
    "get_user_impact": {"users": 1},
    "search_knowledge_base": {"matches": []},
}
ON_CODE = ("get_changes", "get_source", "search_code")


def transcript(*tools: str, **facts: dict[str, Any]) -> Transcript:
    known = {**SHOWN, **facts}
    entries: list[JournalEntry] = [
        CallObserved(f"c{n}", Evidence(f"E{n}", tool, {"issue_id": "S-1"}, "x", True, known[tool]), 1, NOW)
        for n, tool in enumerate(tools, 1)
    ]
    return Transcript(Subject("S-1", "S-1"), tuple(entries))


async def asked(known: Transcript, *, with_code: bool = True) -> dict[str, dict[str, Any]]:
    offered = [*SHOWN, *(ON_CODE if with_code else ())]
    turn = await RulesReasoner().next_turn(known, [ToolSpec(name, "", {}) for name in offered], must_conclude=False)
    return {call.tool: dict(call.arguments) for call in turn.calls}


async def test_the_source_is_read_with_the_context_where_the_kind_of_cause_stands_in_it() -> None:
    calls = await asked(transcript("get_sentry_issue_details", "get_stacktrace"))
    assert calls["get_source"] == {"issue_id": "S-1", "file": "shop/tree.py", "lines": "11"}
    assert "get_changes" not in calls


async def test_the_changes_of_the_release_that_it_began_with_are_compared() -> None:
    assert await asked(transcript(*SHOWN, "get_source", get_source={})) == {
        "get_changes": {"issue_id": "S-1", "release": "shop@2"}
    }
    same = {"total": 9, "onset_release": "shop@1"}
    known = transcript(*SHOWN, "get_source", get_source={}, analyze_error_frequency=same)
    assert await asked(known) == {"get_changes": {"issue_id": "S-1"}}


async def test_without_a_release_or_without_a_repository_no_changes_are_asked_for() -> None:
    nothing: dict[str, dict[str, Any]] = {"get_sentry_issue_details": {"title": "x"}, "analyze_error_frequency": {}}
    assert await asked(transcript(*SHOWN, "get_source", get_source={}, **nothing)) == {}
    assert await asked(transcript(*SHOWN), with_code=False) == {}
