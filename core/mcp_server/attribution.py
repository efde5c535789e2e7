"""Says how the release in which an issue was first seen relates to its first event: one rule for all tools; pure."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from core.domain.incident import EventSeries, Release
from core.mcp_server.output import ToolOutput, counted, cut, iso

_MOST_PAUSES = 2
"""A wait of up to twice the longest pause between events is what chance brings: the code had not yet been run."""


@dataclass(frozen=True, slots=True)
class Attribution:
    """The first release with an issue, and the one that was out before it.

    `fits` says whether the wait from its deploy to the first event is no longer than the pauses between events explain;
    None where the course of the events is not known.
    """

    release: Release
    first_event: datetime | None = None
    previous: Release | None = None
    fits: bool | None = None

    @property
    def wait(self) -> timedelta | None:
        """From its deploy to the first event; below zero where the event came first."""
        if self.first_event is None or self.release.released_at is None:
            return None
        return self.first_event - self.release.released_at


def attributed(
    release: Release | None,
    first_event: datetime | None,
    previous: Release | None = None,
    series: EventSeries | None = None,
) -> Attribution | None:
    """Relate `release` to the first event; with the `series` of events also judge how long the first one took."""
    if release is None:
        return None
    found = Attribution(release, first_event, previous)
    if found.wait is None or series is None or not any(count for _, count in series.points):
        return found
    reach = max(_longest_pause(series), timedelta(seconds=series.interval_s)) * _MOST_PAUSES
    fits = -timedelta(seconds=series.interval_s) <= found.wait <= reach
    return Attribution(release, first_event, previous, fits)


def add_attribution(output: ToolOutput, found: Attribution | None, **more: Any) -> None:
    """Add what is known as a line or two; the first also states the facts `more`."""
    if found is None or found.release.released_at is None:
        return
    version, at = cut(found.release.version, 150), iso(found.release.released_at)
    told = f"First release with this issue: {version}, released {at}"
    facts: dict[str, Any] = {"first_release": version, "first_release_at": at, **more}
    if found.wait is not None:
        lead = _lead(found.wait)
        told = f"{told}, {lead}"
        facts["release_lead"] = lead
    output.add(f"{told}{_judged(found)}", **facts)
    _add_previous(output, found)


def _judged(found: Attribution) -> str:
    if found.fits is None:
        return ""
    if found.fits:
        return "; it may have come with it, since pauses between its events are as long"
    if found.wait is not None and found.wait < timedelta(0):
        return "; so it did not come with this deploy"
    return "; its events come far more often, so something later set it off: data, load, a setting, another service"


def _add_previous(output: ToolOutput, found: Attribution) -> None:
    """Add how long the release before was out, unless the issue may have been in it."""
    previous, after = found.previous, found.release.released_at
    if previous is None or previous.released_at is None or after is None or previous.released_at >= after:
        return
    if found.first_event is None or found.first_event < after:
        return
    version = cut(previous.version, 150)
    out = span_words(after - previous.released_at)
    used = ", with other events" if previous.has_events else ""
    output.add(
        f"The release before, {version}, was out for {out} from {iso(previous.released_at)}{used}, without this issue.",
        previous_release=version,
    )


def _lead(wait: timedelta) -> str:
    if abs(wait) < timedelta(minutes=1):
        return "at the first event"
    return f"{span_words(abs(wait))} {'before' if wait > timedelta(0) else 'after'} the first event"


def span_words(span: timedelta) -> str:
    """`9 minutes`, `26 hours` or `4 days`: rounded, in the unit in which a person would say it."""
    minutes = span.total_seconds() / 60
    if minutes < 90:
        return counted(max(1, round(minutes)), "minute")
    return counted(round(minutes / 60), "hour") if minutes < 72 * 60 else counted(round(minutes / 1440), "day")


def _longest_pause(series: EventSeries) -> timedelta:
    """The longest stretch without events between two intervals with some."""
    with_events = [index for index, (_, count) in enumerate(series.points) if count]
    return timedelta(seconds=series.interval_s * max(_gaps(with_events), default=0))


def _gaps(indexes: Sequence[int]) -> list[int]:
    return [later - earlier - 1 for earlier, later in itertools.pairwise(indexes)]
