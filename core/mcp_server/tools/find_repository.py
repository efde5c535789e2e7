"""`find_repository`: which repository has the code of an issue, so that the tools on code are offered only then."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from core.domain.errors import NotFound
from core.mcp_server.arguments import IssueId
from core.mcp_server.code.reading import code_of_issue
from core.mcp_server.masking import Masker
from core.mcp_server.output import ToolOutput
from core.mcp_server.tool_context import ToolContext


def tool(context: ToolContext, masker: Masker) -> Callable[..., Awaitable[ToolOutput]]:
    """The tool over `context`."""

    async def find_repository(issue_id: IssueId) -> ToolOutput:
        """The repository with the code of an issue, if there is one."""
        if not context.code():
            return ToolOutput("no repository is known", {})
        try:
            code = await code_of_issue(context, issue_id)
        except NotFound:
            return ToolOutput("no repository has the code of this issue", {})
        name, shares = code.repository.name, code.repository.policy.shares_source
        return ToolOutput(f"the code is in {name}", {"repository": name, "shares_source": shares})

    return find_repository
