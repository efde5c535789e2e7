"""`analyze_error_frequency`: how often, since when, whether it grows, and what was released then."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta

from core.domain.errors import NotFound, ServiceFailed
from core.domain.incident import EventSeries, IssueDetails, IssueRef, Release
from core.mcp_server.arguments import IssueId, Period
from core.mcp_server.limited_output import Cleaner, rendered
from core.mcp_server.masking import Masker
from core.mcp_server.output import ToolOutput, counted, cut, iso, spoken
from core.mcp_server.tool_context import ToolContext
from core.mcp_server.tools.get_sentry_issue_details import ONE_EVENT
from core.mcp_server.trend import Trend, daily_hour, trend_of
from core.ports import IncidentSource

_HOURS: dict[str, int] = {"24h": 24, "7d": 168, "14d": 336, "30d": 720}
_BARS = "▁▂▃▄▅▆▇█"
_ROW = 84
_RELEASE_REACH = timedelta(hours=24)


def tool(context: ToolContext, masker: Masker) -> Callable[..., Awaitable[ToolOutput]]:
    """The tool over `context`."""

    async def analyze_error_frequency(issue_id: IssueId, period: Period = "14d") -> ToolOutput:
        """Counts over time: trend, onset, the release then."""
        source = context.incidents()
        issue = await source.issue(IssueRef(issue_id))
        fitting = _fitting(period, issue)
        series = await source.series(issue, _HOURS[fitting])
        if context.has_one_event_only():
            return await rendered(context, masker, _one_event_sheet, issue)
        if series is None or not series.points:
            return await rendered(context, masker, _no_series_sheet, issue)
        return await rendered(context, masker, _sheet, series, await _introduced_in(source, issue), fitting)

    return analyze_error_frequency


def _fitting(period: Period, issue: IssueDetails) -> str:
    """The shortest period that holds the issue's whole life, if shorter than asked for: finer counts tell more."""
    if issue.first_seen is None:
        return period
    age_h = (datetime.now(UTC) - issue.first_seen).total_seconds() / 3600 + 1
    return next((name for name, hours in _HOURS.items() if age_h <= hours <= _HOURS[period]), period)


async def _introduced_in(source: IncidentSource, issue: IssueDetails) -> Release | None:
    try:
        return await source.release(issue.first_release) if issue.first_release else None
    except (NotFound, ServiceFailed):
        return None


def _sheet(clean: Cleaner, series: EventSeries, release: Release | None, period: str) -> ToolOutput:
    return frequency_sheet(series, clean(release), period)


def frequency_sheet(series: EventSeries, release: Release | None, period: str) -> ToolOutput:
    """The series as figures: the trend and its test first, then onset, peak and the row of counts."""
    counts = [count for _, count in series.points]
    trend = trend_of(counts)
    onset = _onset(series, trend)
    cause = _release_at(onset, series, release)
    output = ToolOutput(_headline(series, trend, onset, cause, period))
    output.add(f"Trend: {trend.kind} ({trend.basis})", trend=trend.kind, basis=trend.basis)
    output.add(
        f"Total: {counted(sum(counts), 'event')} in {period}, counted every {series.interval_s} s",
        total=sum(counts),
        interval_s=series.interval_s,
        period=period,
    )
    _add_onset(output, onset, cause, release)
    _add_peak(output, series)
    hour = daily_hour(series.points)
    if hour is not None:
        output.add(f"It comes daily: most events fall between {hour:02d}:00 and {hour:02d}:59 UTC.")
    if sum(counts):
        begins = iso(series.points[0][0])
        output.draw(f"Counts from {begins}, oldest first: {_row(counts)}", {"counts": counts}, starts_at=begins)
    return output


def _headline(series: EventSeries, trend: Trend, onset: datetime | None, cause: str | None, period: str) -> str:
    total = sum(count for _, count in series.points)
    released = f" (release {cut(cause, 60)})" if cause else ""
    match trend.kind:
        case "rising" | "falling" if trend.change:
            before, after = (_hourly(rate, series.interval_s) for rate in (trend.change.before, trend.change.after))
            since = f" since {spoken(series.points[trend.change.index][0])}"
            return f"{trend.kind}: {before} to {after} events an hour{since}{released}"
        case "spike":
            at, count = max(series.points, key=lambda point: point[1])
            unit = _interval(series.interval_s)
            return f"spike: {counted(count, 'event')} within {unit} at {spoken(at)}, {total} in {period}{released}"
        case "too_thin":
            return f"too few events for a trend: {total} in {period}"
        case _:
            since = f" since {spoken(onset)}" if onset else ""
            return f"{trend.kind}: {counted(total, 'event')} in {period}{since}{released}"


def _onset(series: EventSeries, trend: Trend) -> datetime | None:
    """When it began, or began to be worse: the change point, else the first event after a silence."""
    if trend.kind == "rising" and trend.change:
        return series.points[trend.change.index][0]
    first = next((index for index, (_, count) in enumerate(series.points) if count), None)
    return series.points[first][0] if first else None


def _release_at(onset: datetime | None, series: EventSeries, release: Release | None) -> str | None:
    """The introducing release, when it was shipped within a day before the onset."""
    if onset is None or release is None or release.released_at is None:
        return None
    lead = onset - release.released_at
    return release.version if -timedelta(seconds=series.interval_s) <= lead <= _RELEASE_REACH else None


def _add_onset(output: ToolOutput, onset: datetime | None, cause: str | None, release: Release | None) -> None:
    if onset is None:
        output.add("Onset: not within this period.")
        return
    output.add(f"Onset: {iso(onset)}", onset=iso(onset))
    if cause and release and release.released_at:
        shown = cut(cause, 150)
        output.add(
            f"Release at the onset: {shown}, released {iso(release.released_at)}",
            onset_release=shown,
            releases=[{"version": shown, "at": iso(release.released_at)}],
        )
    elif release and release.released_at:
        shown = cut(release.version, 150)
        output.add(
            f"The introducing release {shown} was released {iso(release.released_at)}, not at the onset.",
            releases=[{"version": shown, "at": iso(release.released_at)}],
        )


def _add_peak(output: ToolOutput, series: EventSeries) -> None:
    at, count = max(series.points, key=lambda point: point[1])
    if count:
        output.add(f"Peak: {counted(count, 'event')} at {iso(at)}", peak_at=iso(at), peak_count=count)


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


def _row(counts: Sequence[int]) -> str:
    """Bars, at most `_ROW` of them; neighbours are added up when there are more."""
    size = -(-len(counts) // _ROW)
    sums = [sum(counts[i : i + size]) for i in range(0, len(counts), size)]
    top = max(sums)
    return "".join("·" if not value else _BARS[min(7, value * 8 // (top + 1))] for value in sums)


def _hourly(rate: float, interval_s: int) -> str:
    hourly = rate * 3600 / interval_s
    return f"{hourly:.0f}" if hourly >= 10 or hourly == 0 else f"{hourly:.1f}"


def _interval(seconds: int) -> str:
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds % size == 0:
            return f"{seconds // size} {unit}{'s' if seconds > size else ''}"
    return f"{seconds} seconds"
