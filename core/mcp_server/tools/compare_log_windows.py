"""`compare_log_windows`: what logs say after a time that they did not say before, and what grows or repeats."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import closing

from core.gateways.logs.analysis import Change, compare, find_bursts, growing, periodic, restarts
from core.gateways.logs.reading import LogIndex
from core.mcp_server.arguments import LogTime, Minutes, PageNumber
from core.mcp_server.doors import Doors
from core.mcp_server.log_lines import described, minute_of, second
from core.mcp_server.masking import Masker
from core.mcp_server.rendering import Sheet, counted

_SHOWN = 8


def tool(doors: Doors, masker: Masker) -> Callable[..., Awaitable[Sheet]]:
    """The tool over `doors`."""

    async def compare_log_windows(at: LogTime = "", minutes: Minutes = 60, page: PageNumber = 1) -> Sheet:
        """Logs before and after a time: new, gone, more frequent; growth, restarts, jobs."""
        return await asyncio.to_thread(_sheet, doors.logs(), at, minutes, masker)

    return compare_log_windows


def _sheet(index: LogIndex, at: str, minutes: int, masker: Masker) -> Sheet:
    with closing(index):
        window = index.window()
        moment = minute_of(at) if at else _turning_point(index, window)
        before, after = (moment - minutes, moment), (moment, moment + minutes)
        changes = compare(index, before, after)
        sheet = Sheet(
            f"{counted(len(changes.new), 'new template')}, {len(changes.gone)} gone, {len(changes.more)} more frequent "
            f"within {minutes} min of {second(moment * 60)}",
            {"at": second(moment * 60)},
        )
        for word, found in (("new", changes.new), ("more", changes.more), ("gone", changes.gone)):
            for change in found[:_SHOWN]:
                _add_change(sheet, index, word, change, masker)
        _add_courses(sheet, index, (max(before[0], (index.span() or before)[0]), after[1]), masker)
        return sheet


def _turning_point(index: LogIndex, window: tuple[int, int]) -> int:
    bursts = find_bursts(index, *window)
    return max(bursts, key=lambda burst: burst.count).begin if bursts else (window[0] + window[1]) // 2


def _add_change(sheet: Sheet, index: LogIndex, word: str, change: Change, masker: Masker) -> None:
    text, facts = described(index, change.kind, masker)
    label = {"new": "New", "gone": "Gone", "more": "More frequent"}[word]
    sheet.add(f"{label}, {change.before:.2g} to {change.after:.2g} a minute: {text}", **{word: [facts]})


def _add_courses(sheet: Sheet, index: LogIndex, span: tuple[int, int], masker: Masker) -> None:
    """List restarts, quantities that grow and jobs that repeat, in all of the span."""
    kinds = index.kinds(*span)
    for kind in restarts(kinds)[:_SHOWN]:
        text, facts = described(index, kind, masker)
        sheet.add(f"Restart: {text}", restarts=[facts])
    for component, name, first, last in growing(index, *span)[:_SHOWN]:
        facts = {"component": component, "name": name, "first": f"{first:.4g}", "last": f"{last:.4g}"}
        sheet.add(f"Grows: {name} of {component}, from {first:.4g} to {last:.4g} on average", growing=[facts])
    for kind, gap in periodic(index, kinds, *span)[:_SHOWN]:
        text, facts = described(index, kind, masker)
        sheet.add(f"Repeats every {gap} min: {text}", periodic=[facts])
