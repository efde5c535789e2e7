"""`describe_connection`: whether the tracker can be read, and what the token may do there; host-only."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from core.mcp_server.masking import Masker
from core.mcp_server.output import Sheet, cleaned
from core.mcp_server.tool_context import Doors

_MOST = 40


def tool(doors: Doors, masker: Masker) -> Callable[..., Awaitable[Sheet]]:
    """The tool over `doors`."""

    async def describe_connection() -> Sheet:
        """Reads one issue, and asks which scopes the token has."""
        source = doors.incidents()
        await source.issues("is:unresolved", 1)
        scopes = await source.scopes()
        if scopes is None:
            return Sheet("Issues can be read; the tracker does not say what else the token may do.")
        known = cleaned(tuple(scopes), masker)[:_MOST]
        sheet = Sheet("Issues can be read.", {"scopes": []})
        sheet.add(f"The token may: {', '.join(known)}", scopes=list(known))
        return sheet

    return describe_connection
