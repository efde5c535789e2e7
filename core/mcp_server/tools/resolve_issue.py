"""`resolve_issue`: the tracker learns that a person called an incident over, or not over; host-only."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from core.domain.incident import IssueRef
from core.mcp_server.arguments import IssueId
from core.mcp_server.masking import Masker
from core.mcp_server.output import ToolOutput
from core.mcp_server.tool_context import ToolContext


def tool(context: ToolContext, masker: Masker) -> Callable[..., Awaitable[ToolOutput]]:
    """The tool over `context`."""

    async def resolve_issue(issue_id: IssueId, resolved: bool) -> ToolOutput:
        """Marks the issue resolved, or unresolved again, because a person said so."""
        context.require_writing()
        await context.incidents().set_resolved(IssueRef(issue_id), resolved=resolved)
        status = "resolved" if resolved else "unresolved"
        return ToolOutput(f"{masker.text(issue_id)} is {status} in the tracker", {"status": status})

    return resolve_issue
