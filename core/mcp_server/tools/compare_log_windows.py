"""`compare_log_windows`: what logs say after a time that they did not say before, and what grows or repeats."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import closing

from core.gateways.logs.analysis import Change, Changes, compare, find_bursts, periodic, ranges, restarts, trends
from core.gateways.logs.flows import broken_flows
from core.gateways.logs.reading import LogIndex
from core.mcp_server.arguments import LogTime, Minutes, PageNumber
from core.mcp_server.log_lines import described, minute_of, second
from core.mcp_server.masking import Masker
from core.mcp_server.output import ToolOutput, counted, on_one_line, quoted
from core.mcp_server.tool_context import ToolContext

_SHOWN = 8
_EXPECTED_CHARS = 160


def tool(context: ToolContext, masker: Masker) -> Callable[..., Awaitable[ToolOutput]]:
    """The tool over `context`."""

    async def compare_log_windows(at: LogTime = "", minutes: Minutes = 60, page: PageNumber = 1) -> ToolOutput:
        """Logs before and after a time: new, gone, more frequent; growth, restarts, jobs."""
        return await asyncio.to_thread(_output, context.logs(), at, minutes, masker)

    return compare_log_windows


def _output(index: LogIndex, at: str, minutes: int, masker: Masker) -> ToolOutput:
    with closing(index):
        window = index.window()
        moment = minute_of(at) if at else _turning_point(index, window)
        before, after = (moment - minutes, moment), (moment, moment + minutes)
        has_before = bool(index.kinds(*before))
        changes = compare(index, before, after) if has_before else Changes((), (), ())
        output = ToolOutput(_headline(changes, has_before, minutes, moment), {"at": second(moment * 60)})
        for word, found in (("new", changes.new), ("more", changes.more), ("gone", changes.gone)):
            for change in found[:_SHOWN]:
                _add_change(output, index, word, change, masker)
        _add_broken(output, index, before, after, masker)
        _add_restarts(output, index, (before[0], after[1]), masker)
        _add_courses(output, index, window, masker)
        return output


def _headline(changes: Changes, has_before: bool, minutes: int, moment: int) -> str:
    if not has_before:
        return f"the logs begin at {second(moment * 60)}, so there is nothing to compare with"
    counts = f"{counted(len(changes.new), 'new template')}, {len(changes.gone)} gone, {len(changes.more)} more frequent"
    return f"{counts} within {minutes} min of {second(moment * 60)}"


def _turning_point(index: LogIndex, window: tuple[int, int]) -> int:
    bursts = find_bursts(index, *window)
    return max(bursts, key=lambda burst: burst.count).begin if bursts else (window[0] + window[1]) // 2


def _add_change(output: ToolOutput, index: LogIndex, word: str, change: Change, masker: Masker) -> None:
    text, facts = described(index, change.kind, masker)
    label = {"new": "New", "gone": "Gone", "more": "More frequent"}[word]
    output.add(f"{label}, {change.before:.2g} to {change.after:.2g} a minute: {text}", **{word: [facts]})


def _add_broken(
    output: ToolOutput, index: LogIndex, before: tuple[int, int], after: tuple[int, int], masker: Masker
) -> None:
    """List messages that followed others in most traces before, and no longer do."""
    for broken in broken_flows(index, before, after)[:_SHOWN]:
        text, facts = described(index, broken.kind, masker)
        expected = described(index, broken.expected, masker)[1]["message"] if broken.expected else ""
        shares = f"{broken.usual_share:.0%} before, {broken.share:.0%} after"
        follows = f"came {quoted(expected, _EXPECTED_CHARS)}" if expected else "the request ended"
        output.add(f"No longer after it: {follows} ({shares}) after {text}", broken=[{**facts, "expected": expected}])


def _add_restarts(output: ToolOutput, index: LogIndex, span: tuple[int, int], masker: Masker) -> None:
    for kind in restarts(index.kinds(*span))[:_SHOWN]:
        text, facts = described(index, kind, masker)
        output.add(f"Restart, deployment or new configuration: {text}", restarts=[facts])


def _add_courses(output: ToolOutput, index: LogIndex, span: tuple[int, int], masker: Masker) -> None:
    """List quantities that grow or fall, what the others lie between, and jobs that repeat, in all of the logs."""
    moving = trends(index, *span)[:_SHOWN]
    for trend in moving:
        component, name = on_one_line(masker.text(trend.component)), on_one_line(masker.text(trend.name))
        word = "grows" if trend.last > trend.first else "falls"
        facts = {"component": component, "name": name, "first": f"{trend.first:.4g}", "last": f"{trend.last:.4g}"}
        output.add(f"{name} of {component} {word} from {trend.first:.4g} to {trend.last:.4g}", trends=[facts])
    known = {(trend.component, trend.name) for trend in moving}
    for component, name, low, high in ranges(index, *span)[:_SHOWN]:
        if (component, name) not in known:
            component, name = on_one_line(masker.text(component)), on_one_line(masker.text(name))
            facts = {"component": component, "name": name, "low": f"{low:.4g}", "high": f"{high:.4g}"}
            output.add(f"{name} of {component} lies between {low:.4g} and {high:.4g}", ranges=[facts])
    kinds = index.kinds(*span)
    for kind, gap in periodic(index, kinds, *span)[:_SHOWN]:
        text, facts = described(index, kind, masker)
        output.add(f"Repeats every {gap} min: {text}", periodic=[facts])
