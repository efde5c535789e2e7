"""`describe_connection`: whether the tracker can be read, and what the token may do there; host-only."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from core.mcp_server.masking import Masker
from core.mcp_server.output import ToolOutput, cleaned
from core.mcp_server.tool_context import ToolContext

_MOST = 40


def tool(context: ToolContext, masker: Masker) -> Callable[..., Awaitable[ToolOutput]]:
    """The tool over `context`."""

    async def describe_connection() -> ToolOutput:
        """Reads one issue, and asks which scopes the token has."""
        source = context.incidents()
        await source.issues("is:unresolved", 1)
        scopes = await source.scopes()
        if scopes is None:
            return ToolOutput("Issues can be read; the tracker does not say what else the token may do.")
        known = cleaned(tuple(scopes), masker)[:_MOST]
        output = ToolOutput("Issues can be read.", {"scopes": []})
        output.add(f"The token may: {', '.join(known)}", scopes=list(known))
        return output

    return describe_connection
