"""The way of a failure as lines: who called the frame that matters, and what lies between it and the raise."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from core.domain.incident import Frame
from core.mcp_server.frames import outsiders
from core.mcp_server.output import ToolOutput, counted, cut
from core.mcp_server.tools.frame_lines import fields_of, locals_beside, place

_CALLERS = 60
_WITH_SOURCE = 8
NEAREST = 3
"""So many callers of ours are shown with the lines around their call, and with their locals."""
_OUTER = 4
_CALLS_IN_CYCLE = 9
_CYCLE_NAMES = 8
_CYCLE_VALUE_CHARS = 60
_BELOW = 16
_LIBRARY_ONLY = 12
_LONGEST_PERIOD = 8
_REPEATS = 2
_NAMELESS = re.compile(r"stripped_application_code|<(?:unknown|redacted|anonymous)>|\?*|0x[0-9a-f]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Cycle:
    """How many frames before it, from index `at` on, come again, and how often."""

    period: int
    times: int
    at: int = 0


def add_callers(output: ToolOutput, callers: Sequence[Frame], below: Frame | None, *, only_library: bool) -> None:
    """Who called the frame that matters, `below`, newest first, the nearest with three lines of source and locals.

    Library code is counted, unless there is no other (`only_library`); of a cycle one period is shown.
    """
    if not callers:
        return
    output.add("Called from, newest first:")
    foreign = outsiders(callers)
    if only_library and all(foreign):
        _add_library(output, callers)
        return
    told = hidden = 0
    for item in _without_cycles(callers):
        outside = isinstance(item, int) and foreign[item]
        hidden += outside
        if outside:
            continue
        _add_hidden(output, hidden)
        hidden = 0
        if isinstance(item, _Cycle):
            _add_cycle(output, item)
            _add_values_in_cycle(output, callers[item.at :: item.period], below)
        elif told < _CALLERS:
            told += 1
            _add_caller(output, callers[item], with_source=told <= _WITH_SOURCE)
            if told <= NEAREST and not _is_same(callers[item], below):
                _add_surroundings(output, callers[item], below.variables if below else {})
    _add_hidden(output, hidden)


def add_outer(output: ToolOutput, stacks: Sequence[tuple[str, Sequence[Frame]]], told: Sequence[Frame]) -> None:
    """The frames of ours in the stacks of outer exceptions, by their type, that no other stack has shown."""
    seen = {_named(frame) for frame in told}
    for kind, stack in stacks:
        foreign = outsiders(stack)
        ours = [frame for frame, outside in zip(stack, foreign, strict=True) if not outside]
        fresh = {_named(frame): frame for frame in reversed(ours) if _named(frame) not in seen}
        seen |= fresh.keys()
        for frame in list(fresh.values())[:_OUTER]:
            output.add(f"  {place(frame)}{_line_of(frame)} (in the stack of {cut(kind, 60)})")


def add_below(output: ToolOutput, below: Sequence[Frame]) -> None:
    """What the frame that matters called, down to where it was raised; of many the ends are shown."""
    if not below:
        return
    deeper = f"From there it went {counted(len(below), 'call')} deeper, newest first:"
    output.add(deeper, library_calls_below=len(below))
    items = list(_without_cycles(below))
    middle = range(_BELOW // 2, len(items) - _BELOW // 2) if len(items) > _BELOW else range(0)
    for position, item in enumerate(items):
        if position in middle:
            if position == middle[0]:
                output.add(f"  … {counted(len(middle), 'more frame')}")
        elif isinstance(item, _Cycle):
            _add_cycle(output, item)
        else:
            output.add(f"  {place(below[item])}{_line_of(below[item])}")


def _add_library(output: ToolOutput, callers: Sequence[Frame]) -> None:
    """Frames of libraries where they are the only evidence: the nearest ones, as lines without facts."""
    items = list(_without_cycles(callers))
    for item in items[:_LIBRARY_ONLY]:
        if isinstance(item, _Cycle):
            _add_cycle(output, item)
        else:
            output.add(f"  {place(callers[item])} (library)")
    _add_hidden(output, sum(isinstance(item, int) for item in items[_LIBRARY_ONLY:]))


def _add_hidden(output: ToolOutput, count: int) -> None:
    if count:
        output.add(f"  … {counted(count, 'library frame')}")


def _add_cycle(output: ToolOutput, cycle: _Cycle) -> None:
    which = "the frame above comes" if cycle.period == 1 else f"the {cycle.period} frames above come"
    output.add(f"  … {which} again {counted(cycle.times, 'time')}")


def _add_values_in_cycle(output: ToolOutput, calls: Sequence[Frame], below: Frame | None) -> None:
    """The locals that change from call to call, the newest first: they spell out what goes round."""
    alike = [below, *calls] if below is not None and calls and _is_same(calls[0], below) else list(calls)
    seen = [frame.variables for frame in alike[:_CALLS_IN_CYCLE] if frame is not None and frame.variables]
    if len(seen) <= _REPEATS:
        return
    for name in list(seen[0])[:_CYCLE_NAMES]:
        values = [cut(each[name], _CYCLE_VALUE_CHARS) for each in seen if name in each]
        values = _one_round(values)
        if len(set(values)) > 1:
            shown = f"  there, newest call first, {cut(name, 80)} = {', '.join(values)}"
            output.add(shown, cycle=[{"name": cut(name, 80), "values": values}])


def _one_round(values: list[str]) -> list[str]:
    """The values up to where they begin again, the first of the next round included."""
    for period in range(1, len(values) // 2 + 1):
        if values[period:] == values[: len(values) - period]:
            return values[: period + 1]
    return values


def _add_surroundings(output: ToolOutput, frame: Frame, shown: Mapping[str, str]) -> None:
    """The lines above and below the call, and the locals that are not those of the frame that matters."""
    lines = [(number, text) for number, text in frame.source if abs(number - (frame.line or -9)) <= 1]
    for number, text in lines:
        if number != frame.line and text.strip():
            output.add(f"    {number} | {cut(text.strip(), 120)}")
    held = locals_beside(frame, shown, "\n".join(text for _, text in lines))
    if held:
        output.add(f"    locals {', '.join(f'{name} = {value}' for name, value in held.items())}")


def _is_same(frame: Frame, other: Frame | None) -> bool:
    return other is not None and _named(frame) == _named(other)


def _named(frame: Frame) -> tuple[str | None, str | None, int | None]:
    return frame.file or frame.module, frame.function, frame.line


def _add_caller(output: ToolOutput, frame: Frame, *, with_source: bool) -> None:
    line = _line_of(frame) if with_source else ""
    facts = {**fields_of(frame), **({"source": line.removeprefix(": ")} if line else {})}
    output.add(f"  {place(frame)}{line}", callers=[facts])


def _line_of(frame: Frame) -> str:
    return next((f": {cut(text.strip(), 120)}" for number, text in frame.source if number == frame.line), "")


def _without_cycles(frames: Sequence[Frame]) -> Iterator[int | _Cycle]:
    """The indexes of `frames`, where a period that comes more than twice more is shown once, then as a cycle."""
    at = 0
    while at < len(frames):
        cycle = _cycle_at(frames, at)
        if cycle is None:
            yield at
            at += 1
            continue
        yield from range(at, at + cycle.period)
        yield cycle
        at += cycle.period * (cycle.times + 1)


def _cycle_at(frames: Sequence[Frame], at: int) -> _Cycle | None:
    for period in range(1, _LONGEST_PERIOD + 1):
        same = at + period
        while same < len(frames) and _same(frames[same], frames[same - period]):
            same += 1
        times = (same - at - period) // period
        if times >= _REPEATS:
            return _Cycle(period, times, at)
    return None


def _same(frame: Frame, other: Frame) -> bool:
    """Whether both are the same call; frames that were stripped of their names are not known to be."""
    if frame.line is None and _NAMELESS.fullmatch(frame.function or ""):
        return False
    return (frame.file or frame.module, frame.function, frame.line) == (
        other.file or other.module,
        other.function,
        other.line,
    )
