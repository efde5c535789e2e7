"""`analyze_error_frequency`: how often, since when, in which shape, and what was released then."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime

from core.domain.errors import NotFound, ServiceFailed
from core.domain.incident import IssueDetails, IssueRef, Release
from core.mcp_server.arguments import IssueId, Period
from core.mcp_server.limited_output import Cleaner, rendered
from core.mcp_server.masking import Masker
from core.mcp_server.output import ToolOutput, counted, iso
from core.mcp_server.tool_context import ToolContext
from core.mcp_server.tools.course_lines import Served, frequency_output
from core.mcp_server.tools.get_sentry_issue_details import ONE_EVENT
from core.ports import IncidentSource

__all__ = ["frequency_output", "tool"]

_MOST_POINTS = 750
_HOURS: dict[str, int] = {"24h": 24, "7d": 168, "14d": 336, "30d": 720}


def tool(context: ToolContext, masker: Masker) -> Callable[..., Awaitable[ToolOutput]]:
    """The tool over `context`."""

    async def analyze_error_frequency(issue_id: IssueId, period: Period = "14d") -> ToolOutput:
        """Counts over time: shape, onset, the release then."""
        source = context.incidents()
        issue = await source.issue(IssueRef(issue_id))
        now = datetime.now(UTC)
        fitting = _fitting(period, issue, now)
        series = await source.series(issue, _HOURS[fitting])
        if context.has_one_event_only():
            return await rendered(context, masker, _one_event_sheet, issue)
        if series is None or not series.points:
            return await rendered(context, masker, _no_series_sheet, issue)
        release, previous = await releases_around(source, issue)
        served = Served(replace(series, points=series.points[-_MOST_POINTS:]), fitting, period, now)
        return await rendered(context, masker, _output, served, issue, release, previous)

    return analyze_error_frequency


def _fitting(period: Period, issue: IssueDetails, now: datetime) -> str:
    """The shortest period that holds the issue's whole life, if shorter than asked for: finer counts tell more."""
    if issue.first_seen is None:
        return period
    age_h = (now - issue.first_seen).total_seconds() / 3600 + 1
    return next((name for name, hours in _HOURS.items() if age_h <= hours <= _HOURS[period]), period)


async def releases_around(source: IncidentSource, issue: IssueDetails) -> tuple[Release | None, Release | None]:
    """The release in which the issue was first seen and the one before it, as far as the tracker tells."""
    if not issue.first_release:
        return None, None
    try:
        release = await source.release(issue.first_release)
    except (NotFound, ServiceFailed):
        return None, None
    try:
        return release, await source.release_before(issue, release) if release else None
    except (NotFound, ServiceFailed):
        return release, None


def _output(
    clean: Cleaner, served: Served, issue: IssueDetails, release: Release | None, previous: Release | None
) -> ToolOutput:
    return frequency_output(served, clean(release), clean(previous), first_seen=issue.first_seen)


def _add_seen(output: ToolOutput, issue: IssueDetails) -> None:
    known = {"first_seen": iso(issue.first_seen), "last_seen": iso(issue.last_seen)}
    if told := ", ".join(f"{field.replace('_', ' ')} {at}" for field, at in known.items() if at):
        output.add(f"All events: {told}", **known)


def _one_event_sheet(clean: Cleaner, raw: IssueDetails) -> ToolOutput:
    issue = clean(raw)
    output = ToolOutput("one pasted event: no frequency is known")
    output.add(ONE_EVENT, single_event=True)
    if issue.last_seen:
        output.add(f"It happened at {iso(issue.last_seen)}", last_seen=iso(issue.last_seen))
    return output


def _no_series_sheet(clean: Cleaner, raw: IssueDetails) -> ToolOutput:
    issue = clean(raw)
    counts = f", {counted(issue.events, 'event')} in all" if issue.events is not None else ""
    output = ToolOutput(f"the tracker has no counts over time{counts}")
    _add_seen(output, issue)
    return output
