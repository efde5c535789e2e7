"""`compare_events`: what the events of an issue have in common and differ in, also against what did not fail."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence

from core.domain.errors import NotFound, ServiceFailed
from core.domain.incident import TRAFFIC_TAGS, ErrorEvent, IssueRef, TagDistribution
from core.mcp_server import frames
from core.mcp_server.addresses import without_ids
from core.mcp_server.arguments import EventCount, IssueId
from core.mcp_server.excerpts import excerpt
from core.mcp_server.limited_output import Cleaner, rendered
from core.mcp_server.masking import Masker
from core.mcp_server.output import ToolOutput, counted, cut
from core.mcp_server.spread import common, differing, most_telling
from core.mcp_server.tool_context import ToolContext

_VALUES = 4
_VALUE_CHARS = 90
_LOCALS = 16
_IN_A_LINE = 6
_FEW_REQUESTS = 20
_TELLING = 0.15
_OBJECT = re.compile(r"<[^<>]{1,200} object(?: at 0x[0-9a-f]+)?>")


def tool(context: ToolContext, masker: Masker) -> Callable[..., Awaitable[ToolOutput]]:
    """The tool over `context`."""

    async def compare_events(issue_id: IssueId, limit: EventCount = 10) -> ToolOutput:
        """What failing events share and differ in: tags, locals, parameters, requests; against traffic."""
        source = context.incidents()
        issue = await source.issue(IssueRef(issue_id))
        events = await source.events(issue, limit, whole=True)
        traffic: dict[str, TagDistribution] = {}
        for key in TRAFFIC_TAGS if len(events) > 1 else ():
            try:
                found = await source.usual_values(issue, key)
            except (NotFound, ServiceFailed):
                break
            if found is not None and found.total >= _FEW_REQUESTS:
                traffic[key] = found
        return await rendered(context, masker, _output, tuple(_values_of(event) for event in events), traffic)

    return compare_events


def _values_of(event: ErrorEvent) -> dict[str, str]:
    """Everything by which an event may be told from another, under names that say what it is."""
    frame = frames.sight(event).frame
    held = dict(list(frame.variables.items())[:_LOCALS]) if frame else {}
    exception = event.exceptions[0] if event.exceptions else None
    values = {
        **{f"tag {name}": value for name, value in event.tags.items()},
        **{f"local {name}": value for name, value in held.items() if not _OBJECT.fullmatch(value)},
        **{f"parameter {n}": value for n, value in enumerate(event.message_params, 1)},
        "message": (exception.value if exception else event.message) or "",
        "request": " ".join(filter(None, (event.request_method, without_ids(event.request_url or "")))),
        "user": event.user_id or "",
    }
    return {name: value for name, value in values.items() if value}


def _output(clean: Cleaner, rows: tuple[Mapping[str, str], ...], traffic: Mapping[str, TagDistribution]) -> ToolOutput:
    return comparison_output([clean(row) for row in rows], clean(traffic))


def comparison_output(rows: Sequence[Mapping[str, str]], traffic: Mapping[str, TagDistribution]) -> ToolOutput:
    """What differs first, by how well it divides the events; then what is the same in all, and the traffic."""
    if len(rows) < 2:
        return ToolOutput(f"{counted(len(rows), 'event')}: nothing to compare", {"compared": len(rows)})
    spread, same = differing(rows), common(rows)
    head = f"{len(rows)} events compared: {counted(len(spread), 'value')} differ, {len(same)} are the same in all"
    output = ToolOutput(head, {"compared": len(rows)})
    for name, counts in most_telling(spread):
        _add_spread(output, name, counts)
    shown = {cut(name, 80): excerpt(value, _VALUE_CHARS) for name, value in same.items()}
    for start in range(0, len(shown), _IN_A_LINE):
        part = dict(list(shown.items())[start : start + _IN_A_LINE])
        output.add(f"The same in all: {', '.join(f'{name} = {value}' for name, value in part.items())}", same=part)
    for key, distribution in traffic.items():
        _add_traffic(output, key, Counter(row.get(f"tag {key}", "(none)") for row in rows), distribution)
    return output


def _add_spread(output: ToolOutput, name: str, counts: Counter[str]) -> None:
    listed = [(excerpt(value, _VALUE_CHARS), count) for value, count in counts.most_common(_VALUES)]
    more = f"; {len(counts) - _VALUES} more values" if len(counts) > _VALUES else ""
    told = "; ".join(f"{value} ({count})" for value, count in listed)
    facts = {"name": cut(name, 80), "values": [{"value": value, "count": count} for value, count in listed]}
    output.add(f"{cut(name, 80)} differs: {told}{more}", differs=[facts])


def _add_traffic(output: ToolOutput, key: str, failing: Counter[str], traffic: TagDistribution) -> None:
    """The most frequent value among the failing events, beside its share of all requests."""
    value, count = failing.most_common(1)[0]
    share = dict(traffic.values).get(value, 0) / traffic.total
    if abs(count / failing.total() - share) < _TELLING:
        output.add(f"{key} is as in all requests")
        return
    output.add(f"{key} {cut(value, 100)}: {count} of these {failing.total()} events, {share:.0%} of all requests")
