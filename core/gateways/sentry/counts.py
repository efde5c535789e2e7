"""Counts in the Web API's answers, over time and by tag; wrong parts become empty, never an exception."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from core.domain.incident import EventSeries, TagDistribution
from core.gateways.sentry.values import integer, listed, mapping, moment, string

HOUR_S, DAY_S = 3600, 24 * 3600


def series_from_events(body: object, interval_s: int) -> EventSeries | None:
    """The series in an answer of `events-timeseries`; servers of 2025 spell its key in lower case."""
    found = mapping(body)
    for series in listed(found.get("timeSeries") or found.get("timeseries")):
        points = [
            (datetime.fromtimestamp(at / 1000, UTC), round(float(count)))
            for value in listed(mapping(series).get("values"))
            if isinstance(at := mapping(value).get("timestamp"), int | float)
            and isinstance(count := mapping(value).get("value"), int | float)
        ]
        if points:
            interval_ms = mapping(mapping(series).get("meta")).get("interval")
            return EventSeries(int(interval_ms / 1000) if isinstance(interval_ms, int) else interval_s, tuple(points))
    return None


def series_from_stats(stats: object, period_h: int) -> EventSeries | None:
    """The series in the `stats` of an issue: hours of a day, or days of a month."""
    points = _points(mapping(stats).get("24h" if period_h <= 24 else "30d"))
    if not points:
        return None
    return EventSeries(
        HOUR_S if period_h <= 24 else DAY_S, points[-max(1, period_h // 24) :] if period_h > 24 else points
    )


def series_from_issue_stats(body: object, issue_id: str, period: str, now: datetime) -> EventSeries | None:
    """The series in an answer of `issues-stats`, which leaves out the intervals without events."""
    of_issue = next((item for item in map(mapping, listed(body)) if string(item.get("id")) == issue_id), None)
    if of_issue is None:
        return None
    interval_s, length = (HOUR_S, 24) if period == "24h" else (DAY_S, 14)
    counts: dict[datetime, int] = {}
    for at, count in _points(mapping(of_issue.get("stats")).get(period)):
        start = _floor(at, interval_s)
        counts[start] = counts.get(start, 0) + count
    if not counts:
        return None
    end = _floor(now, interval_s)
    starts = [end - timedelta(seconds=interval_s * back) for back in reversed(range(length + 1))]
    return EventSeries(interval_s, tuple((start, counts.get(start, 0)) for start in starts))


def tag_from_json(payload: object, key: str) -> TagDistribution | None:
    """One tag's values, most frequent first; None when there are none."""
    body = mapping(payload)
    values = tuple(
        (name, count)
        for item in listed(body.get("topValues"))
        if (name := string(mapping(item).get("value") or mapping(item).get("name")))
        and (count := integer(mapping(item).get("count"))) is not None
    )
    total = integer(body.get("totalValues")) or sum(count for _, count in values)
    ordered = tuple(sorted(values, key=lambda item: -item[1]))
    return TagDistribution(key, total, ordered) if ordered else None


def tags_by_key(body: object) -> Mapping[str, Mapping[str, Any]]:
    """The tags of an answer that lists them, by key."""
    return {key: item for item in map(mapping, listed(body)) if (key := string(item.get("key")))}


def users_in(tags: Mapping[str, Mapping[str, Any]]) -> int | None:
    """How many users the tags tell of, where the server does not count them itself."""
    for key in ("user.id", "user"):
        if distinct := integer(mapping(tags.get(key)).get("uniqueValues")):
            return distinct
    return None


def _floor(at: datetime, interval_s: int) -> datetime:
    seconds = int(at.timestamp())
    return datetime.fromtimestamp(seconds - seconds % interval_s, UTC)


def _points(stats: object) -> tuple[tuple[datetime, int], ...]:
    return tuple(
        (at, count)
        for pair in listed(stats)
        if isinstance(pair, list) and len(pair) == 2
        if (at := moment(pair[0])) is not None and (count := integer(pair[1])) is not None
    )
