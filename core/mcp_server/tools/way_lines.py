"""The way of a failure as lines: who called the frame that matters, and what lies between it and the raise."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from core.domain.incident import Frame
from core.mcp_server.frames import outsiders
from core.mcp_server.output import ToolOutput, counted, cut
from core.mcp_server.tools.frame_lines import fields_of, place

_CALLERS = 60
_WITH_SOURCE = 8
_BELOW = 16
_LIBRARY_ONLY = 12
_LONGEST_PERIOD = 8
_REPEATS = 2
_NAMELESS = re.compile(r"stripped_application_code|<(?:unknown|redacted|anonymous)>|\?*|0x[0-9a-f]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Cycle:
    """How many frames before it come again, and how often."""

    period: int
    times: int


def add_callers(output: ToolOutput, callers: Sequence[Frame], *, only_library: bool) -> None:
    """Who called the frame that matters, newest first, the nearest with their source.

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
        elif told < _CALLERS:
            told += 1
            _add_caller(output, callers[item], with_source=told <= _WITH_SOURCE)
    _add_hidden(output, hidden)


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
            return _Cycle(period, times)
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
