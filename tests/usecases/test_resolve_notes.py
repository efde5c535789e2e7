"""What people are told when the tracker took the decision, and not the note."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from bot.cli.investigate import told_of_decision
from core.domain.investigation import Status
from core.domain.tenancy import Actor
from core.ports import ToolResult
from core.requests.resolve import _tell_tracker


async def test_a_note_that_could_not_be_left_is_said() -> None:
    class Tools:
        async def resolve_issue(self, issue_id: str, *, resolved: bool) -> ToolResult:
            return ToolResult("SHOP-1 is resolved in the tracker", {}, True)

        async def add_issue_note(self, issue_id: str, text: str) -> ToolResult:
            return ToolResult("The Sentry token may not do this. It needs the scopes event:write.", {}, False)

    investigation: Any = SimpleNamespace(
        subject=SimpleNamespace(pasted=False, issue_id="SHOP-1"),
        status=Status.RESOLVED,
        resolved_by=Actor("U1", "Ada"),
        report=None,
        fixed_by="",
    )
    tools: Any = Tools()
    said = await _tell_tracker(investigation, tools, writes_allowed=True)
    assert said == (
        "SHOP-1 is resolved in the tracker, but the note could not be left: "
        "The Sentry token may not do this. It needs the scopes event:write."
    )


async def test_a_connection_that_may_not_write_is_a_sentry_that_was_not_changed() -> None:
    investigation: Any = SimpleNamespace(subject=SimpleNamespace(pasted=False, issue_id="SHOP-1"))
    tools: Any = None
    tracker = await _tell_tracker(investigation, tools, writes_allowed=False)
    (first, _), (second, _) = told_of_decision({"investigation_id": "i1", "tracker": tracker}, "resolved", "Ada")
    assert first.startswith("Investigation i1 is resolved here; Sentry was not changed: its connection does not allow")
    assert second == "In LogSense it is resolved by Ada."
