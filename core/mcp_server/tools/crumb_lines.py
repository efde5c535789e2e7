"""Breadcrumbs as lines: times to the second, repeats folded, the last one always."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby

from core.domain.incident import Breadcrumb
from core.mcp_server.excerpts import Focus, excerpt
from core.mcp_server.output import ToolOutput, counted, cut

READ = 60
"""So many of the last breadcrumbs are read."""

_SHOWN = 8
_FEW = 3
_MESSAGE_CHARS, _DATA_CHARS = 250, 200

_Run = tuple[Breadcrumb, Breadcrumb, int]
"""The first and the last of breadcrumbs that are alike but for their numbers, and how many they are."""


def read_crumbs(crumbs: Sequence[Breadcrumb]) -> tuple[Breadcrumb, ...]:
    """The newest breadcrumbs, without those whose content the SDK took out, except the very last."""
    return tuple(crumb for n, crumb in enumerate(crumbs, 1) if n == len(crumbs) or not _is_filtered(crumb))[-READ:]


def add_breadcrumbs(output: ToolOutput, crumbs: Sequence[Breadcrumb], of: int, focus: Focus) -> None:
    """Add the last of them, the oldest first; the earlier ones come on a further page."""
    runs = list(_runs(crumbs))
    shown, earlier = runs[-_SHOWN:], runs[:-_SHOWN]
    if not shown:
        return
    told = sum(times for _, _, times in shown)
    which = f"last {told} of {of}, " if told < of else ""
    output.add(f"Breadcrumbs, {which}oldest first:")
    _add_runs(output, shown, focus)
    if earlier:
        further = ToolOutput("")
        further.add(f"The {counted(sum(times for _, _, times in earlier), 'breadcrumb')} before those, oldest first:")
        _add_runs(further, earlier, focus)
        output.further.extend(further.lines)


def _add_runs(output: ToolOutput, runs: Sequence[_Run], focus: Focus) -> None:
    before: datetime | None = None
    for first, last, times in runs:
        _add_crumb(output, first, before, focus, times=times)
        if times >= _FEW:
            output.add(f"  … {times - 2} more like it")
        if times > 1:
            _add_crumb(output, last, first.at, focus)
        before = last.at


def _add_crumb(output: ToolOutput, crumb: Breadcrumb, before: datetime | None, focus: Focus, times: int = 1) -> None:
    """One line; the usual level and a second told on the line before are not repeated."""
    message = excerpt(crumb.message or "", _MESSAGE_CHARS, focus)
    fields = {
        "at": _time(crumb.at, before),
        "category": cut(crumb.category or "", 60),
        "level": None if crumb.level == "info" else crumb.level,
        "message": message,
        "data": pairs_of({k: v for k, v in crumb.data.items() if not v or v not in message}, _DATA_CHARS, focus),
        "times": f"{times} times" if times >= _FEW else None,
    }
    known = {key: value for key, value in fields.items() if value}
    output.add("  " + " | ".join(str(value) for value in known.values()), breadcrumbs=[known])


def pairs_of(data: Mapping[str, str], limit: int, focus: Focus) -> str:
    """`name=value` of as many as fit, and how many do not; a long value is cut around what the error names."""
    parts: list[str] = []
    room = limit
    for position, (key, value) in enumerate(data.items()):
        text = f"{key}={excerpt(value, max(80, limit // 2), focus)}"
        if parts and len(text) > room:
            parts.append(f"… {counted(len(data) - position, 'more value')}")
            break
        parts.append(text)
        room -= len(text) + 2
    return ", ".join(parts)


def _time(at: datetime | None, before: datetime | None) -> str | None:
    """To the second; the day only where it is not that of the one before, and nothing within the same second."""
    if at is None:
        return None
    here, there = (moment.astimezone(UTC).replace(microsecond=0) if moment else None for moment in (at, before))
    if here is None or here == there:
        return None
    return f"{here:%H:%M:%SZ}" if there is not None and there.date() == here.date() else f"{here:%Y-%m-%dT%H:%M:%SZ}"


def _runs(crumbs: Sequence[Breadcrumb]) -> Iterator[_Run]:
    for _, group in groupby(crumbs, key=_shape):
        alike = list(group)
        yield alike[0], alike[-1], len(alike)


def _shape(crumb: Breadcrumb) -> tuple[str | None, str | None, str, str]:
    spelled = " ".join(f"{key}={value}" for key, value in crumb.data.items())
    return crumb.category, crumb.level, _without_numbers(crumb.message or ""), _without_numbers(spelled)


def _without_numbers(text: str) -> str:
    return re.sub(r"\d+", "0", text[:500])


def _is_filtered(crumb: Breadcrumb) -> bool:
    return "[Filtered]" in " ".join((crumb.message or "", *crumb.data.values()))
