"""The two ports to the tool server: what a reasoner may call, and what only people's actions trigger."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from mcp_types import CallToolResult, TextContent, Tool
from pydantic import TypeAdapter

from core.domain.errors import InvalidInput, ServiceUnavailable, ToolRejected
from core.domain.journal import ToolCall
from core.domain.knowledge import KnowledgeEntry
from core.domain.tenancy import OrganizationId, SentryConnection
from core.gateways.mcp.envelope import (
    HOST_ONLY_META,
    LOGS_META,
    MASKED_META,
    MAX_EVENT_BYTES,
    Caller,
    Envelope,
    digest_of_arguments,
    digest_of_event,
)
from core.gateways.mcp.process import SERVICE, McpProcess
from core.gateways.mcp.tool_arguments import validate_arguments
from core.ports import ToolResult, ToolSpec

_entries = TypeAdapter(list[KnowledgeEntry])

MAX_RESULT_CHARS = 6_000


class McpToolbox:
    """`core.ports.Toolbox` for one investigation of one organization."""

    def __init__(
        self,
        process: McpProcess,
        organization_id: OrganizationId,
        connection: SentryConnection | None,
        investigation_id: str,
        event_text: str | None = None,
        masks: Collection[str] | None = None,
        *,
        log: str | None = None,
    ) -> None:
        if event_text is not None and len(event_text.encode("utf-8", "surrogatepass")) > MAX_EVENT_BYTES:
            raise InvalidInput("The event is larger than 1 MiB; give a smaller one, or name the issue.")
        self._process = process
        self._event_text = event_text
        self._log = log
        self._caller = _Caller(process, organization_id, connection, investigation_id, "model", event_text, masks, log)

    async def list_tools(self) -> Sequence[ToolSpec]:
        """The model's tools, in the server's own stable order."""
        return [
            ToolSpec(tool.name, tool.description or "", tool.input_schema)
            for tool in await self._process.tools()
            if not _is_host_only(tool) and (self._log is not None or not _reads_logs(tool))
        ]

    async def call(self, call: ToolCall) -> ToolResult:
        """The result of one call; a read that met a dying server was tried again once."""
        offered = {spec.name: spec.parameters for spec in await self.list_tools()}
        if call.tool not in offered:
            raise ToolRejected(f"There is no such tool. The tools are {', '.join(offered)}.")
        if correction := validate_arguments(call.tool, offered[call.tool], call.arguments):
            raise ToolRejected(correction)
        return await self._caller.call(call.tool, call.arguments, retry=True)


class McpHostTools:
    """`core.ports.HostTools` for one organization."""

    def __init__(
        self,
        process: McpProcess,
        organization_id: OrganizationId,
        connection: SentryConnection | None,
        masks: Collection[str] | None = None,
    ) -> None:
        self._caller = _Caller(process, organization_id, connection, "", "person", None, masks)

    async def describe_connection(self) -> ToolResult:
        """Whether the tracker can be read, and what the credentials may do."""
        return await self._caller.call("describe_connection", {}, retry=False)

    async def list_incidents(self, query: str, limit: int) -> ToolResult:
        """Issues of the connected tracker, newest first."""
        return await self._caller.call("list_incidents", {"query": query, "limit": limit}, retry=False)

    async def resolve_issue(self, issue_id: str, *, resolved: bool) -> ToolResult:
        """Mark an issue resolved, or unresolved again, in the tracker."""
        return await self._caller.call("resolve_issue", {"issue_id": issue_id, "resolved": resolved}, retry=False)

    async def add_issue_note(self, issue_id: str, text: str) -> ToolResult:
        """Leave a note on an issue in the tracker."""
        return await self._caller.call("add_issue_note", {"issue_id": issue_id, "text": text}, retry=False)

    async def forget_knowledge(self, entry_ids: Sequence[str] | None = None) -> ToolResult:
        """Take those entries, or without ids all, out of the index."""
        arguments = {} if entry_ids is None else {"entries": list(entry_ids)}
        return await self._caller.call("forget_knowledge", arguments, retry=False)

    async def index_knowledge(self, entries: Sequence[KnowledgeEntry]) -> ToolResult:
        """Put entries into the index, replacing those with equal ids."""
        arguments = {"entries": _entries.dump_python(list(entries), mode="json")}
        return await self._caller.call("index_knowledge", arguments, retry=False)

    async def search_knowledge(self, query: str, limit: int) -> ToolResult:
        """What the knowledge base finds for `query`."""
        return await self._caller.call("search_knowledge_base", {"query": query, "limit": limit}, retry=True)


class _Caller:
    """Calls of one organization: sealed on the way out, verified on the way back."""

    def __init__(
        self,
        process: McpProcess,
        organization_id: OrganizationId,
        connection: SentryConnection | None,
        investigation_id: str,
        caller: Caller,
        event_text: str | None,
        masks: Collection[str] | None,
        log: str | None = None,
    ) -> None:
        self._process = process
        self._masks = None if masks is None else tuple(sorted(masks))
        self._organization_id = organization_id
        self._connection = connection
        self._investigation_id = investigation_id
        self._caller = caller
        self._event_text = event_text
        self._log = log
        self._event_digest = None if event_text is None else digest_of_event(event_text)

    async def call(self, tool: str, arguments: Mapping[str, Any], *, retry: bool) -> ToolResult:
        envelope = Envelope(
            organization_id=self._organization_id,
            investigation_id=self._investigation_id,
            tool=tool,
            arguments_digest=digest_of_arguments(arguments),
            caller=self._caller,
            connection=self._connection,
            event_digest=self._event_digest,
            masks=self._masks,
            log=self._log,
        )
        return verified(await self._process.call(arguments, envelope, self._event_text, retry=retry))


def verified(result: CallToolResult) -> ToolResult:
    """`result` when it is what our server sends: one short text, masked, nothing invisible, fields beside it.

    Raises:
        ServiceUnavailable: it is anything else, so none of it may be shown or stored.
    """
    if len(result.content) != 1 or not isinstance(result.content[0], TextContent):
        raise _untrustworthy("not one text")
    text = result.content[0].text
    if len(text) > MAX_RESULT_CHARS:
        raise _untrustworthy("too long")
    if (result.meta or {}).get(MASKED_META) is not True:
        raise _untrustworthy("not masked")
    facts = result.structured_content
    if not isinstance(facts, dict):
        raise _untrustworthy("without fields")
    if _has_controls(text) or _has_controls_inside(facts):
        raise _untrustworthy("holding control characters")
    return ToolResult(text, facts, ok=not result.is_error)


def _untrustworthy(what: str) -> ServiceUnavailable:
    return ServiceUnavailable(SERVICE, f"The tool server sent a result that is {what}; it was discarded.")


def _has_controls(text: str) -> bool:
    if text.replace("\n", " ").isprintable():
        return False
    return any(unicodedata.category(character) in ("Cc", "Cf", "Cs") for character in text if character != "\n")


def _has_controls_inside(thing: object) -> bool:
    if isinstance(thing, str):
        return _has_controls(thing)
    if isinstance(thing, Mapping):
        return any(_has_controls_inside(key) or _has_controls_inside(value) for key, value in thing.items())
    if isinstance(thing, list):
        return any(_has_controls_inside(item) for item in thing)
    return False


def _is_host_only(tool: Tool) -> bool:
    return bool((tool.meta or {}).get(HOST_ONLY_META))


def _reads_logs(tool: Tool) -> bool:
    return bool((tool.meta or {}).get(LOGS_META))
