"""Limits what is read of one event, before any pattern sees it, and says in its notes what was left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from core.domain.incident import ErrorEvent
from core.domain.reading_limits import ReadingLimits, TextBudget

_LEAST_TELLING = frozenset(
    {"contexts", "context", "extra", "breadcrumbs", "spans", "threads", "modules", "packages", "sdk", "_meta"}
)


def limited_payload(payload: Mapping[str, Any], length: int, budget: TextBudget) -> Mapping[str, Any]:
    """Return what `budget` has room for; what tells least about an error comes last.

    `length` is that of the JSON: all of it may be one text, so that there is room for all of a short one.
    """
    if length <= budget.limits.text_chars:
        return payload
    return budget.limited(dict(sorted(payload.items(), key=lambda item: item[0] in _LEAST_TELLING)))


def ends_of(text: str, limits: ReadingLimits) -> str:
    """Return both ends of a text that is longer than `limits` allow, in whole lines if it has some."""
    if len(text) <= limits.all_chars:
        return text
    half = limits.all_chars // 2
    head, tail = text[:half], text[-half:]
    return "\n".join((head.rpartition("\n")[0] or head, tail.partition("\n")[2] or tail))


def with_notes(event: ErrorEvent, budget: TextBudget) -> ErrorEvent:
    """Return `event` with a note on what `budget` had no room for."""
    told = budget.told()
    return replace(event, notes=(*event.notes, told)) if told else event
