"""`forget_knowledge`: an organization that is deleted leaves nothing in the index; host-only."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from core.mcp_server.doors import Doors
from core.mcp_server.masking import Masker
from core.mcp_server.rendering import Sheet, counted


def tool(doors: Doors, masker: Masker) -> Callable[..., Awaitable[Sheet]]:
    """The tool over `doors`."""

    async def forget_knowledge() -> Sheet:
        """Takes every entry of the organization out of the index."""
        before, after = await doors.knowledge().forget()
        headline = f"{counted(before, 'entry') if before == 1 else f'{before} entries'} in the index, {after} left"
        return Sheet(headline, {"before": before, "after": after})

    return forget_knowledge
