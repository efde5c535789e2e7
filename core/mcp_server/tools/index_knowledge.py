"""`index_knowledge`: what people confirmed becomes searchable; host-only."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from core.domain.errors import InvalidInput
from core.domain.knowledge import KnowledgeEntry
from core.mcp_server.masking import Masker
from core.mcp_server.output import ToolOutput, counted
from core.mcp_server.tool_context import ToolContext

Entries = Annotated[list[dict[str, Any]], Field(description="Knowledge entries", max_length=500)]

_reader = TypeAdapter(tuple[KnowledgeEntry, ...])


def tool(context: ToolContext, masker: Masker) -> Callable[..., Awaitable[ToolOutput]]:
    """The tool over `context`."""

    async def index_knowledge(entries: Entries) -> ToolOutput:
        """Adds or replaces entries in the organization's index."""
        try:
            read = _reader.validate_python(entries)
        except ValidationError as error:
            raise InvalidInput(f"{counted(error.error_count(), 'field')} of the entries cannot be read.") from None
        state = await context.knowledge().index(read)
        many = "1 entry" if len(read) == 1 else f"{len(read)} entries"
        headline = f"{many} indexed, {state.total} in the index. {state.note}".strip()
        return ToolOutput(headline, {"total": state.total, "note": state.note})

    return index_knowledge
