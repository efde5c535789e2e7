"""`find_repository`: which repository has the code of an issue, so that the tools on code are offered only then."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from core.domain.errors import NotFound
from core.mcp_server.arguments import IssueId
from core.mcp_server.code.reading import code_of_issue
from core.mcp_server.doors import Doors
from core.mcp_server.masking import Masker
from core.mcp_server.rendering import Sheet


def tool(doors: Doors, masker: Masker) -> Callable[..., Awaitable[Sheet]]:
    """The tool over `doors`."""

    async def find_repository(issue_id: IssueId) -> Sheet:
        """The repository with the code of an issue, if there is one."""
        if not doors.code():
            return Sheet("no repository is known", {})
        try:
            code = await code_of_issue(doors, issue_id)
        except NotFound:
            return Sheet("no repository has the code of this issue", {})
        name, shares = code.repository.name, code.repository.policy.shares_source
        return Sheet(f"the code is in {name}", {"repository": name, "shares_source": shares})

    return find_repository
