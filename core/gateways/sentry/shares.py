"""How the traffic of an issue's transaction shares its tags: the question to Sentry's tables, and the answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from core.domain.incident import TRAFFIC_TAGS, IssueDetails, TagDistribution
from core.gateways.sentry.values import integer, listed, mapping, string

ROWS = 100
"""As many rows as a page holds. Where there are more, the total is not known, so no shares either."""

_AT_LEAST = timedelta(days=1)
_AT_MOST = timedelta(days=30)
_COUNT = "count()"


def question_of_traffic(issue: IssueDetails, transaction: str | None) -> dict[str, str | int | list[str]] | None:
    """The query for the transactions named `transaction`, or for all of the project, over the issue's own time.

    None if that time is unknown. Of an issue younger than a day a whole day is asked for: minutes would hold too few.
    """
    if not issue.project or not issue.last_seen:
        return None
    end = issue.last_seen + timedelta(minutes=1)
    first = issue.first_seen or end
    start = max(min(first, end - _AT_LEAST), end - _AT_MOST)
    name = (transaction or "").replace("\\", "").replace('"', "")
    same = f' transaction:"{name}"' if name and "*" not in name else ""
    return {
        "dataset": "transactions",
        "field": [*TRAFFIC_TAGS, _COUNT],
        "query": f"project:{issue.project}{same}",
        "sort": f"-{_COUNT}",
        "per_page": ROWS,
        "start": _utc(start),
        "end": _utc(end),
    }


def shares_of_traffic(body: object) -> Mapping[str, TagDistribution] | None:
    """The answer as a distribution of each tag, empty when there was no traffic; None when it is not such an answer."""
    table = mapping(body)
    if not isinstance(table.get("data"), list):
        return None
    counts: dict[str, Counter[str]] = {key: Counter() for key in TRAFFIC_TAGS}
    for row in map(mapping, listed(table["data"])):
        count = integer(row.get(_COUNT)) or 0
        for key in TRAFFIC_TAGS:
            if count > 0 and (value := string(row.get(key))):
                counts[key][value] += count
    return {key: TagDistribution(key, found.total(), tuple(found.most_common())) for key, found in counts.items()}


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
