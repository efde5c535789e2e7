"""How a project's other events share a tag's values: the question to Sentry's table of events, and its answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from core.domain.incident import IssueDetails, TagDistribution
from core.gateways.sentry.values import integer, listed, mapping, string

VALUES = 100
"""As many rows as a page holds. A tag with more values has no known total, so no shares either."""

_AT_LEAST = timedelta(days=1)
_AT_MOST = timedelta(days=30)
_COUNT = "count()"


def question_of_others(issue: IssueDetails, key: str) -> dict[str, str | int | list[str]] | None:
    """The query for `key` of all events of the issue's project but its own, over its own time; None if that is unknown.

    Of an issue younger than a day a whole day is asked for: minutes would hold too few others to compare with.
    """
    if not issue.project or not issue.last_seen:
        return None
    end = issue.last_seen + timedelta(minutes=1)
    first = issue.first_seen or end
    start = max(min(first, end - _AT_LEAST), end - _AT_MOST)
    return {
        "dataset": "errors",
        "field": [key, _COUNT],
        "query": f"project:{issue.project} !issue:{issue.short_id or issue.id} has:{key}",
        "sort": f"-{_COUNT}",
        "per_page": VALUES,
        "start": _utc(start),
        "end": _utc(end),
    }


def shares_of_others(body: object, key: str) -> TagDistribution | None:
    """The answer as a distribution, empty when there were no other events; None when it is not such an answer."""
    table = mapping(body)
    if not isinstance(table.get("data"), list):
        return None
    rows = [mapping(row) for row in listed(table["data"])]
    counted = [(string(row.get(key)), integer(row.get(_COUNT)) or 0) for row in rows]
    values = [(value, count) for value, count in counted if value and count > 0]
    ordered = tuple(sorted(values, key=lambda item: -item[1]))
    return TagDistribution(key, sum(count for _, count in ordered), ordered)


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
