"""`list_incidents`: issues of the connected tracker, for people to choose from; host-only."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from core.domain.incident import IssueDetails
from core.mcp_server.arguments import Count, Search
from core.mcp_server.limited_output import Cleaner, rendered
from core.mcp_server.masking import Masker
from core.mcp_server.output import ToolOutput, counted, cut, iso
from core.mcp_server.tool_context import ToolContext


def tool(context: ToolContext, masker: Masker) -> Callable[..., Awaitable[ToolOutput]]:
    """The tool over `context`."""

    async def list_incidents(query: Search = "is:unresolved", limit: Count = 25) -> ToolOutput:
        """Issues that match a search, newest activity first."""
        issues = await context.incidents().issues(query, limit)
        return await rendered(context, masker, _output, tuple(issues))

    return list_incidents


def _output(clean: Cleaner, issues: tuple[IssueDetails, ...]) -> ToolOutput:
    return incidents_output(clean(issues))


def incidents_output(issues: Sequence[IssueDetails]) -> ToolOutput:
    """One issue a line."""
    output = ToolOutput(counted(len(issues), "incident"), {"incidents": []})
    for issue in issues:
        facts: dict[str, Any] = {
            "short_id": cut(issue.short_id or issue.id, 60),
            "title": cut(issue.title, 120),
            "culprit": cut(issue.culprit or "", 80),
            "status": issue.status or "",
            "level": issue.level or "",
            "last_seen": iso(issue.last_seen) or "",
        }
        shown = [value for value in facts.values() if value]
        if issue.events is not None:
            facts["events"] = issue.events
            shown.append(counted(issue.events, "event"))
        if issue.users:
            facts["users"] = issue.users
            shown.append(counted(issue.users, "user"))
        output.add(" | ".join(shown), incidents=[{key: value for key, value in facts.items() if value != ""}])
    return output
