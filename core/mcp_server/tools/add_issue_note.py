"""`add_issue_note`: a note on an issue in the tracker, because a person wanted it there; host-only."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from core.domain.incident import IssueRef
from core.mcp_server.arguments import IssueId, Note
from core.mcp_server.masking import Masker
from core.mcp_server.output import ToolOutput
from core.mcp_server.tool_context import ToolContext


def tool(context: ToolContext, masker: Masker) -> Callable[..., Awaitable[ToolOutput]]:
    """The tool over `context`."""

    async def add_issue_note(issue_id: IssueId, text: Note) -> ToolOutput:
        """Leaves a note on the issue; secrets in it are masked first."""
        context.require_writing()
        await context.incidents().add_note(IssueRef(issue_id), masker.text(text))
        return ToolOutput(f"a note was left on {masker.text(issue_id)}")

    return add_issue_note
