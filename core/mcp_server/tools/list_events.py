"""`list_events`: the newest events of an issue, and in what they differ."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from core.domain.incident import ErrorEvent, IssueRef
from core.mcp_server.arguments import EventCount, IssueId
from core.mcp_server.limited_output import Cleaner, rendered
from core.mcp_server.masking import Masker
from core.mcp_server.output import ToolOutput, counted, cut, iso
from core.mcp_server.spread import common, differing
from core.mcp_server.tool_context import ToolContext

_SHOWN = 6


def tool(context: ToolContext, masker: Masker) -> Callable[..., Awaitable[ToolOutput]]:
    """The tool over `context`."""

    async def list_events(issue_id: IssueId, limit: EventCount = 10) -> ToolOutput:
        """Events of an issue: ids, times, release, user, values that differ."""
        source = context.incidents()
        issue = await source.issue(IssueRef(issue_id))
        return await rendered(context, masker, _output, tuple(await source.events(issue, limit)))

    return list_events


def _output(clean: Cleaner, raw: tuple[ErrorEvent, ...]) -> ToolOutput:
    return events_output(clean(tuple(_lean(event) for event in raw)))


def _lean(event: ErrorEvent) -> ErrorEvent:
    return ErrorEvent(
        id=event.id, title=event.title, at=event.at, release=event.release, user_id=event.user_id, tags=event.tags
    )


def events_output(events: Sequence[ErrorEvent]) -> ToolOutput:
    """One event a line, the newest first, after what is the same in all."""
    if not events:
        return ToolOutput("the tracker lists no events of this issue", {"events": []})
    rows = [dict(event.tags) | ({"title": event.title} if event.title else {}) for event in events]
    users = {event.user_id for event in events if event.user_id}
    spread = differing(rows)
    output = ToolOutput(
        f"{counted(len(events), 'newest event')}: {counted(len(users), 'user') if users else 'no user named'}"
    )
    same = {cut(name, 60): cut(value, 120) for name, value in common(rows).items()}
    if same and len(events) > 1:
        output.add(f"The same in all: {', '.join(f'{name}={value}' for name, value in same.items())}", same=same)
    for event, row in zip(events, rows, strict=True):
        values = {cut(name, 60): cut(row[name], 100) for name in list(spread)[:_SHOWN] if name in row}
        _add_event(output, event, values if len(events) > 1 else {})
    return output


def _add_event(output: ToolOutput, event: ErrorEvent, values: dict[str, str]) -> None:
    facts: dict[str, Any] = {
        "id": cut(event.id or "", 40),
        "at": iso(event.at),
        "release": cut(event.release, 80) if event.release else None,
        "user": cut(event.user_id, 60) if event.user_id else None,
    }
    known = {name: value for name, value in facts.items() if value}
    told = [value if name in ("id", "at") else f"{name} {value}" for name, value in known.items()]
    beside = [f"{name}={value}" for name, value in values.items() if name not in ("release", "user")]
    output.add(" | ".join([*told, *beside]), events=[{**known, **({"values": values} if beside else {})}])
