"""The tools of the MCP server, as the rest of the core sees them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from core.domain.journal import ToolCall
from core.domain.knowledge import KnowledgeEntry
from core.domain.tenancy import (
    OrganizationId,
)
from core.ports.reasoning import ToolSpec


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool returned: masked, fenced text for the model and the same as fields for rules; `ok` False explains."""

    text: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    ok: bool = True


class Toolbox(Protocol):
    """The tools that a reasoner may use, bound to one organization and one investigation."""

    async def list_tools(self) -> Sequence[ToolSpec]:
        """The model's tools, in a stable order."""
        ...

    async def call(self, call: ToolCall) -> ToolResult:
        """The result of one call; a read that met a dying server was already tried again once.

        Raises:
            ToolRejected: unknown tool or arguments that do not fit; nothing ran.
            ServiceFailed: the tool could not be reached, in time or at all.
        """
        ...


class HostTools(Protocol):
    """The tools that only people's actions trigger, bound to one organization. They raise like `Toolbox.call`."""

    async def describe_connection(self) -> ToolResult:
        """Whether the tracker can be read, and what the credentials may do: facts `{"scopes": […]}` if it says."""
        ...

    async def list_incidents(self, query: str, limit: int) -> ToolResult:
        """Issues of the connected tracker, newest first; facts: `{"incidents": [{"short_id", "title", …}]}`."""
        ...

    async def resolve_issue(self, issue_id: str, *, resolved: bool) -> ToolResult:
        """Mark an issue resolved, or unresolved again, in the tracker."""
        ...

    async def add_issue_note(self, issue_id: str, text: str) -> ToolResult:
        """Leave a note on an issue in the tracker."""
        ...

    async def forget_knowledge(self, entry_ids: Sequence[str] | None = None) -> ToolResult:
        """Take those entries, or without ids all, out of the index; facts: `{"before": …, "after": …}`."""
        ...

    async def index_knowledge(self, entries: Sequence[KnowledgeEntry]) -> ToolResult:
        """Put entries into the index, replacing those with equal ids; facts: `{"total": …, "note": …}`.

        `total` is how many the index has now; with a `note` they are found, but not by everything they could be.
        """
        ...

    async def search_knowledge(self, query: str, limit: int) -> ToolResult:
        """What the knowledge base finds for `query`; facts as in `KnowledgeFacts`."""
        ...


class ToolProvider(Protocol):
    """Tools for any organization, with its own connections; what comes out of it is bound to that organization."""

    async def toolbox(
        self,
        organization_id: OrganizationId,
        investigation_id: str,
        event_text: str | None,
        log: str | None = None,
        *,
        issue_id: str | None = None,
    ) -> Toolbox:
        """The reasoner's tools for one investigation; with `event_text` they read that one event, not the tracker.

        `log` is the handle of logs that were handed over; there are tools that read them then. So there are tools on
        code where a repository has that of the issue `issue_id`.
        """
        ...

    async def host_tools(self, organization_id: OrganizationId) -> HostTools:
        """The tools behind people's actions."""
        ...

    async def writes_allowed(self, organization_id: OrganizationId) -> bool:
        """Whether people may resolve and comment in the organization's tracker through LogSense."""
        ...
