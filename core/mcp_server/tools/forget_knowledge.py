"""`forget_knowledge`: what people want forgotten leaves the index; host-only."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

from pydantic import Field

from core.mcp_server.masking import Masker
from core.mcp_server.output import ToolOutput, counted
from core.mcp_server.tool_context import ToolContext

EntryIds = Annotated[list[str] | None, Field(description="Ids of knowledge entries", max_length=500)]


def tool(context: ToolContext, masker: Masker) -> Callable[..., Awaitable[ToolOutput]]:
    """The tool over `context`."""

    async def forget_knowledge(entries: EntryIds = None) -> ToolOutput:
        """Takes those entries out of the index, or without ids every entry of the organization."""
        before, after = await context.knowledge().forget(entries)
        headline = f"{counted(before, 'entry') if before == 1 else f'{before} entries'} in the index, {after} left"
        return ToolOutput(headline, {"before": before, "after": after})

    return forget_knowledge
