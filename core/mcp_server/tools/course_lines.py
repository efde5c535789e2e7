"""The course of an issue as lines; every sentence follows from the counts that stand beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.domain.incident import EventSeries, Release
from core.mcp_server.attribution import Attribution, add_attribution, attributed, span_words
from core.mcp_server.course import Course, complete_counts, course_of
from core.mcp_server.output import ToolOutput, counted, cut, format_time, iso

_BARS = "▁▂▃▄▅▆▇█"
_ROW = 84
_MOST_SPELLS = 4
_LEAST_RATE = 0.1
_STILL = ("steady since", "just begun", "step up", "step down", "growing", "uneven", "falling")


@dataclass(frozen=True, slots=True)
class Served:
    """A series, the period it was asked in, the one that a caller `wanted`, and when it was read."""

    series: EventSeries
    period: str
    wanted: str = ""
    until: datetime | None = None

    @property
    def span(self) -> timedelta:
        """The time from the first interval to the last."""
        return timedelta(seconds=self.series.interval_s * len(self.series.points))

    @property
    def label(self) -> str:
        """The period of the counts: as asked for, or what the server gave instead."""
        amount, unit = self.period[:-1], self.period[-1:]
        asked = timedelta(hours=int(amount) * (24 if unit == "d" else 1))
        interval = timedelta(seconds=self.series.interval_s)
        if asked - interval <= self.span <= asked + 2 * interval:
            return self.period
        hours = round(self.span.total_seconds() / 3600)
        return f"{round(hours / 24)}d" if hours > 48 else f"{hours}h"

    def at(self, index: int) -> datetime:
        """When interval `index` begins; the one behind the last is the end."""
        return self.series.points[0][0] + timedelta(seconds=self.series.interval_s * index)


def frequency_output(
    served: Served, release: Release | None, previous: Release | None = None, *, first_seen: datetime | None = None
) -> ToolOutput:
    """The series as figures: its shape and the test of it, then onset, release, peak and the row of counts."""
    series = served.series
    counts = [count for _, count in series.points]
    course = course_of(series, served.until)
    onset = _onset(served, course, first_seen)
    began = first_seen or _first_event(served)
    cause = attributed(release, began, previous, series)
    output = ToolOutput(_headline(served, course, onset, cause))
    output.add(f"Shape: {course.kind} ({course.basis})", trend=course.kind, basis=course.basis)
    output.add(
        f"Total: {counted(sum(counts), 'event')} in {served.label}, counted every {series.interval_s} s",
        total=sum(counts),
        interval_s=series.interval_s,
        period=served.label,
    )
    _add_period(output, served, first_seen)
    _add_onset(output, served, course, onset)
    _add_spells(output, served, course)
    _add_daily(output, course)
    _add_release(output, cause)
    _add_peak(output, series)
    if sum(counts):
        begins = iso(series.points[0][0])
        output.draw(f"Counts from {begins}, oldest first: {_row(counts)}", {"counts": counts}, starts_at=begins)
    return output


# ---- the headline ---------------------------------------------------------------------------------------------------


def _headline(served: Served, course: Course, onset: datetime | None, cause: Attribution | None) -> str:
    total = counted(sum(count for _, count in served.series.points), "event")
    since = f" since {format_time(onset)}" if onset else ""
    named = f" (release {cut(cause.release.version, 60)})" if cause and cause.fits else ""
    match course.kind:
        case "too_thin":
            return f"too few events for a shape: {total} in {served.label}"
        case "steady since":
            return f"steady{since}: {_rate(served, course.began or 0)}, none before{named}"
        case "just begun":
            return f"just begun{since}: {total} in {served.label}, none before{named}"
        case "step up" | "step down":
            return f"{course.kind}: {_before(served, course)} to {_rate(served, course.began or 0)}{since}{named}"
        case "burst" | "ended" | "bursts":
            return f"{_over(served, course)}{named}"
        case "nightly" | "daily":
            return f"{course.kind}{_hours(course)}: {total} in {served.label}{named}"
        case _:
            return f"{course.kind}{since}: {total} in {served.label}, {_rate(served, course.began or 0)}{named}"


def _over(served: Served, course: Course) -> str:
    first, last = course.active[0], course.active[-1]
    total = sum(count for _, count in served.series.points)
    if course.kind == "bursts":
        events = counted(total, "event")
        return f"{len(course.active)} bursts: {events} in {served.label}, the last {_from_to(served, last)}"
    inside = counted(_within(served, first), "event")
    if course.kind == "burst":
        return f"burst: {inside} {_from_to(served, first)}, {total} in {served.label}"
    return f"ended: no event since {format_time(served.at(first[1]))}, {counted(total, 'event')} in {served.label}"


def _rate(served: Served, began: int) -> str:
    """Events an hour from interval `began` on, the unfinished interval aside."""
    counts = complete_counts(served.series, served.until)[began:]
    return f"{_hourly(sum(counts), len(counts), served.series.interval_s)} events an hour"


def _before(served: Served, course: Course) -> str:
    """The rate before the step; of few events, how many in which time."""
    intervals, interval_s = course.began or 0, served.series.interval_s
    if course.before * 3600 < _LEAST_RATE * intervals * interval_s:
        return f"from {counted(course.before, 'event')} in {span_words(timedelta(seconds=intervals * interval_s))}"
    return f"from {_hourly(course.before, intervals, interval_s)}"


def _hourly(events: int, intervals: int, interval_s: int) -> str:
    hourly = events * 3600 / (interval_s * intervals) if intervals else 0.0
    return f"{hourly:.0f}" if hourly >= 10 or hourly == 0 else f"{hourly:.1f}"


def _within(served: Served, spell: tuple[int, int]) -> int:
    return sum(count for _, count in served.series.points[spell[0] : spell[1]])


def _from_to(served: Served, spell: tuple[int, int]) -> str:
    return f"from {format_time(served.at(spell[0]))} to {format_time(served.at(spell[1]))}"


# ---- lines ----------------------------------------------------------------------------------------------------------


def _onset(served: Served, course: Course, first_seen: datetime | None) -> datetime | None:
    """When it began, or began to be worse; the time of the first event where that lies in the same interval."""
    if course.kind in ("too_thin", "steady") or (course.began is None and course.kind not in ("nightly", "daily")):
        begins = served.series.points[0][0]
        return first_seen if first_seen and first_seen >= begins and course.kind == "too_thin" else None
    if course.kind in ("nightly", "daily"):
        return first_seen if first_seen and first_seen >= served.series.points[0][0] else None
    at = served.at(course.began or 0)
    is_first = first_seen and at <= first_seen < at + timedelta(seconds=served.series.interval_s)
    return first_seen if is_first else at


def _first_event(served: Served) -> datetime | None:
    """The begin of the first interval with events, unless that is the first of all."""
    return next((at for at, count in served.series.points[1:] if count), None) if not _at_once(served) else None


def _at_once(served: Served) -> bool:
    return bool(served.series.points[0][1])


def _add_period(output: ToolOutput, served: Served, first_seen: datetime | None) -> None:
    if not served.wanted or served.wanted == served.label:
        return
    if served.label == served.period and first_seen is not None:
        why = "which hold all since the first event"
    else:
        why = "which is what the tracker keeps"
    output.add(f"Period: {served.label}, {why}; {served.wanted} were asked for.")


def _add_onset(output: ToolOutput, served: Served, course: Course, onset: datetime | None) -> None:
    if onset is None:
        if course.kind != "too_thin":
            output.add("Onset: before this period, or unknown.")
        return
    is_start = course.kind != "too_thin" and onset == served.at(course.began or 0)
    output.add(f"Onset: {f'within {_interval(served)} from ' if is_start else ''}{iso(onset)}", onset=iso(onset))
    if course.began and course.kind in _STILL:
        before = counted(course.before, "event") if course.before else "no event"
        length = span_words(timedelta(seconds=course.began * served.series.interval_s))
        output.add(f"Before that: {before} in {length}")


def _add_spells(output: ToolOutput, served: Served, course: Course) -> None:
    if course.kind == "bursts":
        for spell in course.active[-_MOST_SPELLS:]:
            output.add(f"Burst {_from_to(served, spell)}: {counted(_within(served, spell), 'event')}")
    elif course.kind in ("burst", "ended"):
        end = course.active[0][1]
        rest = sum(count for _, count in served.series.points[end:])
        output.add(
            f"After {iso(served.at(end))}: {counted(rest, 'event') if rest else 'no event'}", ended=iso(served.at(end))
        )


def _hours(course: Course) -> str:
    daily = course.daily
    if daily is None or daily.begins is None or daily.ends is None:
        return ""
    return f" between {daily.begins:%H:%M} and {daily.ends - timedelta(minutes=1):%H:%M} UTC"


def _add_daily(output: ToolOutput, course: Course) -> None:
    if (daily := course.daily) is None:
        return
    where = (
        f"fall{_hours(course)}" if daily.begins else "fall at the same time of day, which these intervals cannot name"
    )
    output.add(f"It comes daily: most events ({daily.share:.0%}) {where}, on {daily.days} of {daily.of_days} days.")


def _add_release(output: ToolOutput, cause: Attribution | None) -> None:
    if cause is None:
        return
    version = cut(cause.release.version, 150)
    shipped = {"releases": [{"version": version, "at": iso(cause.release.released_at)}]}
    add_attribution(output, cause, **shipped, **({"onset_release": version} if cause.fits else {}))


def _add_peak(output: ToolOutput, series: EventSeries) -> None:
    at, count = max(series.points, key=lambda point: point[1])
    if count:
        output.add(f"Peak: {counted(count, 'event')} at {iso(at)}", peak_at=iso(at), peak_count=count)


def _interval(served: Served) -> str:
    seconds = served.series.interval_s
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds % size == 0:
            return f"1 {unit}" if seconds == size else f"{seconds // size} {unit}s"
    return f"{seconds} seconds"


def _row(counts: Sequence[int]) -> str:
    """Bars, at most `_ROW` of them; neighbours are added up when there are more."""
    size = -(-len(counts) // _ROW)
    sums = [sum(counts[i : i + size]) for i in range(0, len(counts), size)]
    top = max(sums)
    return "".join("·" if not value else _BARS[min(7, value * 8 // (top + 1))] for value in sums)
