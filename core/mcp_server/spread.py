"""How values spread over several events: what all have in common, and what differs; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

_PERSONAL = ("user", "sentry:user", "id", "trace", "trace_id", "span_id", "event_id")
_MOST = 12

Row = Mapping[str, str]


def common(rows: Sequence[Row]) -> dict[str, str]:
    """The names with the same value in every row."""
    if not rows:
        return {}
    return {name: value for name, value in rows[0].items() if all(row.get(name) == value for row in rows[1:])}


def differing(rows: Sequence[Row]) -> dict[str, Counter[str]]:
    """The names whose values differ, with how many rows have each; a row without the name counts as `(none)`."""
    names = dict.fromkeys(name for row in rows for name in row)
    same = common(rows)
    return {
        name: Counter(row.get(name, "(none)") for row in rows)
        for name in list(names)
        if name not in same and name not in _PERSONAL
    }


def most_telling(spread: Mapping[str, Counter[str]]) -> list[tuple[str, Counter[str]]]:
    """The names with the fewest values first: they divide the events best."""
    return sorted(spread.items(), key=lambda item: (len(item[1]), item[0]))[:_MOST]
