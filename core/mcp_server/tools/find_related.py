"""`find_related`: what else began around the onset, in all projects of the organization, and what broke first."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from core.domain.errors import LogSenseError, NotFound, ServiceFailed
from core.domain.incident import ErrorEvent, IssueDetails, IssueRef, NearbyIssue, Release
from core.domain.knowledge import KnowledgeFindings, KnowledgeMatch
from core.mcp_server.arguments import Hours, IssueId
from core.mcp_server.attribution import span_words
from core.mcp_server.hosts import hosts_in
from core.mcp_server.limited_output import Cleaner, rendered
from core.mcp_server.masking import Masker
from core.mcp_server.output import ToolOutput, counted, cut, iso, quoted
from core.mcp_server.tool_context import ToolContext

_ISSUES, _RELEASES, _PAST = 8, 6, 2
_SPIKE = 3.0
_FEW = 10


@dataclass(frozen=True, slots=True)
class Around:
    """Everything that was read: the issue with its event, and what surrounds it in the organization."""

    issue: IssueDetails
    event: ErrorEvent | None
    neighbors: tuple[NearbyIssue, ...]
    releases: tuple[Release, ...]
    past: tuple[KnowledgeMatch, ...]


@dataclass(frozen=True, slots=True)
class _Neighbor:
    """An issue that began, or came much more often, near the onset; `shares` are what both name."""

    issue: IssueDetails
    at: datetime
    spikes: bool
    shares: tuple[str, ...]


def tool(context: ToolContext, masker: Masker) -> Callable[..., Awaitable[ToolOutput]]:
    """The tool over `context`."""

    async def find_related(issue_id: IssueId, hours: Hours = 3) -> ToolOutput:
        """What else began around the onset in all projects: issues, releases, shared hosts; what broke first."""
        source = context.incidents()
        issue = await source.issue(IssueRef(issue_id))

        async def event() -> ErrorEvent | None:
            try:
                return await source.event(IssueRef(issue_id))
            except (NotFound, ServiceFailed):
                return None

        found, neighbors, releases = await asyncio.gather(event(), source.neighbors(), source.recent_releases())
        past, reach = await _past(context, issue, found), timedelta(hours=hours)
        near = tuple(_bare(each) for each in neighbors if issue.first_seen and _began(each, issue.first_seen, reach))
        around = Around(issue, _lean(found), near, tuple(releases), past)
        return await rendered(context, masker, _output, around, reach)

    return find_related


async def _past(context: ToolContext, issue: IssueDetails, event: ErrorEvent | None) -> tuple[KnowledgeMatch, ...]:
    """Past incidents that name the same hosts or exception; none where the index cannot be asked."""
    words = " ".join([issue.title, *sorted(_hosts_of(issue, event))])[:1_000]
    try:
        found: KnowledgeFindings = await context.knowledge().search(words, _PAST)
    except LogSenseError:
        return ()
    return found.matches


def _bare(each: NearbyIssue) -> NearbyIssue:
    """The issue with what is shown of it."""
    issue = each.issue
    kept = IssueDetails(
        issue.id, issue.short_id, issue.title, issue.culprit, project=issue.project, first_seen=issue.first_seen
    )
    return NearbyIssue(kept, each.recent)


def _lean(event: ErrorEvent | None) -> ErrorEvent | None:
    if event is None:
        return None
    exceptions = tuple(type(each)(each.type, each.value) for each in event.exceptions)
    return ErrorEvent(
        message=event.message, exceptions=exceptions, breadcrumbs=event.breadcrumbs[-8:], server_name=event.server_name
    )


def _output(clean: Cleaner, raw: Around, reach: timedelta) -> ToolOutput:
    return related_output(clean(raw), reach)


def related_output(around: Around, reach: timedelta) -> ToolOutput:
    """What broke first, then issues and releases by time, then what the past knows."""
    onset = around.issue.first_seen
    if onset is None:
        return ToolOutput("nobody knows when this issue began, so nothing can be related to it", {"related": []})
    found = _near(around, onset, reach)
    output = ToolOutput(_headline(found, onset), {"onset": iso(onset)} if not found else {})
    output.add(f"Onset of this issue: {iso(onset)}; looked {span_words(reach)} before it and after", onset=iso(onset))
    first = _first(found, onset)
    if first:
        _add_issue(output, "Broke first: ", first, onset, "first")
    others = [neighbor for neighbor in found if neighbor is not first]
    for neighbor in others[:_ISSUES]:
        _add_issue(output, "", neighbor, onset, "related")
    if len(others) > _ISSUES:
        output.add(f"… {counted(len(others) - _ISSUES, 'more issue')}")
    _add_releases(output, around.releases, onset, reach)
    for match in around.past:
        cause = cut(match.entry.root_cause, 180)
        output.add(f"Past incident {cut(match.entry.id, 60)}: {cause}", past=[{"incident": cut(match.entry.id, 60)}])
    return output


def _headline(found: Sequence[_Neighbor], onset: datetime) -> str:
    if not found:
        return "nothing else began around the onset"
    others = f"{counted(len(found), 'other issue')} began or spiked around the onset"
    first = _first(found, onset)
    named = first.issue.short_id or first.issue.id if first else ""
    return f"{others}; {cut(named, 40)} broke first" if named else f"{others}; none before it names the same things"


def _near(around: Around, onset: datetime, reach: timedelta) -> list[_Neighbor]:
    """Neighbors in the order of their begin, those that share something first where they began together."""
    hosts = _hosts_of(around.issue, around.event)
    kinds = {each.type for each in around.event.exceptions if each.type} if around.event else set()
    found = []
    for each in around.neighbors:
        if each.issue.id == around.issue.id:
            continue
        if began := _began(each, onset, reach):
            shared = [*sorted(hosts & hosts_in((each.issue.title, each.issue.culprit)))]
            shared += sorted(kind for kind in kinds if each.issue.title.startswith(f"{kind}:"))
            found.append(_Neighbor(each.issue, *began, tuple(shared)))
    return sorted(found, key=lambda one: (one.at, not one.shares))


def _hosts_of(issue: IssueDetails, event: ErrorEvent | None) -> frozenset[str]:
    texts: list[str | None] = [issue.title]
    if event is not None:
        texts += [event.message, *(each.value for each in event.exceptions)]
        texts += [text for crumb in event.breadcrumbs for text in (crumb.message, *crumb.data.values())]
    return hosts_in(texts)


def _began(each: NearbyIssue, onset: datetime, reach: timedelta) -> tuple[datetime, bool] | None:
    """When it began within reach; or else when it began to come much more often, and that it did."""
    first = each.issue.first_seen
    if first is not None and abs(first - onset) <= reach:
        return first, False
    points = each.recent.points if each.recent else ()
    before = [count for at, count in points if at < onset - reach]
    near = [(at, count) for at, count in points if abs(at - onset) <= reach]
    usual = sum(before) / len(before) if before else 0.0
    spike = next((at for at, count in near if count >= max(_FEW, _SPIKE * usual)), None) if before else None
    return (spike, True) if spike is not None else None


def _first(found: Sequence[_Neighbor], onset: datetime) -> _Neighbor | None:
    """The earliest of those that began before this issue and share something with it."""
    return next((one for one in found if one.at < onset and one.shares), None)


def _add_issue(output: ToolOutput, label: str, one: _Neighbor, onset: datetime, field: str) -> None:
    facts: dict[str, Any] = {
        "issue": cut(one.issue.short_id or one.issue.id, 60),
        "project": cut(one.issue.project, 60) if one.issue.project else None,
        "title": cut(one.issue.title, 160),
        "at": iso(one.at),
        "lead": _lead(one.at, onset),
        "shares": [cut(each, 80) for each in one.shares],
    }
    known = {name: value for name, value in facts.items() if value}
    where = f" in {known['project']}" if "project" in known else ""
    how = "spiked" if one.spikes else "began"
    shares = f"; both name {', '.join(known['shares'])}" if "shares" in known else ""
    text = f"{label}{known['issue']}{where}: {known['title']}; {how} {known['at']}, {known['lead']}{shares}"
    output.add(text, **{field: known if field == "first" else [known]})


def _lead(at: datetime, onset: datetime) -> str:
    if abs(at - onset) < timedelta(minutes=1):
        return "together with this issue"
    return f"{span_words(abs(at - onset))} {'before' if at < onset else 'after'} this issue"


def _add_releases(output: ToolOutput, releases: Sequence[Release], onset: datetime, reach: timedelta) -> None:
    near = [
        (each.released_at, each) for each in releases if each.released_at and abs(each.released_at - onset) <= reach
    ]
    for at, release in sorted(near, key=lambda pair: pair[0])[:_RELEASES]:
        version = cut(release.version, 100)
        output.add(
            f"Release {quoted(version)} at {iso(at)}, {_lead(at, onset)}",
            releases=[{"version": version, "at": iso(at)}],
        )
