"""Frames as lines: the one that matters with its source and locals, its callers with library code folded."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from core.domain.incident import Frame
from core.mcp_server.frames import outsiders
from core.mcp_server.rendering import Sheet, cut

_SOURCE_LINES = 4
_VARIABLES = 16
_VALUE_CHARS = 220
_SOURCE_CHARS = 180
_CALLERS = 60
_REPEATS_SHOWN = 2


def place(frame: Frame, *, short: bool = False) -> str:
    """`cart.py:41 in total()`; with `short`, the file without its folders."""
    file = cut(frame.file or frame.absolute_path or frame.module or frame.package or "", 160)
    where = re.split(r"[/\\]", file)[-1] if short else file
    at = where
    if frame.line is not None:
        at = f"{where}:{frame.line}" if where else f"line {frame.line}"
    name = cut(frame.function, 120) if frame.function else ""
    if re.fullmatch(r"[\w.:$]+", name):
        name += "()"
    return " in ".join(part for part in (at, name) if part) or "a frame without a name"


def fields_of(frame: Frame) -> dict[str, Any]:
    """The frame's own fields, cut as `place` cuts them."""
    fields = {
        "function": cut(frame.function, 120) if frame.function else None,
        "file": cut(frame.file or frame.absolute_path or "", 160) or None,
        "module": cut(frame.module, 120) if frame.module else None,
        "line": frame.line,
        "in_app": frame.in_app,
    }
    return {key: value for key, value in fields.items() if value is not None}


def add_frame(sheet: Sheet, frame: Frame, basis: str) -> None:
    """The frame that matters: its place, the source around it with an arrow, its locals, those in the line first."""
    module = f", module {cut(frame.module, 120)}" if frame.module else ""
    sheet.add(f"Frame that matters ({basis}): {place(frame)}{module}", frame=fields_of(frame), frame_basis=basis)
    failing = ""
    for number, raw in _around(frame):
        text = cut(raw, _SOURCE_CHARS)
        facts: dict[str, Any] = {"context": [text]} if text else {}
        if number == frame.line:
            failing = raw
            facts["source"] = text.strip()
        sheet.add(f"{'->' if number == frame.line else '  '} {number} | {text}", frame=facts)
    named = sorted(frame.variables.items(), key=lambda item: (item[0].startswith("__"), not _is_used(item[0], failing)))
    for key, value in named[:_VARIABLES]:
        name, shown = cut(key, 80), cut(value, _VALUE_CHARS)
        sheet.add(f"   local {name} = {shown}", frame={"variables": {name: shown}})
    if len(named) > _VARIABLES:
        sheet.add(f"   … {len(named) - _VARIABLES} more locals")


def add_callers(sheet: Sheet, callers: Sequence[Frame]) -> None:
    """Who called the frame that matters, newest first; runs of library code and repetitions are counted, not shown."""
    if not callers:
        return
    sheet.add("Called from, newest first:")
    seen: Counter[tuple[str | None, str | None, int | None]] = Counter()
    marked = zip(callers, outsiders(callers), strict=True)
    kinds = [(frame, _fold(frame, outside, seen)) for frame, outside in marked]
    for kind, run in groupby(kinds, key=lambda pair: pair[1]):
        members = [frame for frame, _ in run]
        if kind:
            sheet.add(f"  … {len(members)} {kind} frame{'s' if len(members) > 1 else ''}")
            continue
        for frame in members[:_CALLERS]:
            line = next((cut(text.strip(), 120) for number, text in frame.source if number == frame.line), None)
            facts = {**fields_of(frame), **({"source": line} if line else {})}
            sheet.add(f"  {place(frame)}{f': {line}' if line else ''}", callers=[facts])


def _fold(frame: Frame, outside: bool, seen: Counter[tuple[str | None, str | None, int | None]]) -> str:
    if outside:
        return "library"
    identity = (frame.file or frame.module, frame.function, frame.line)
    seen[identity] += 1
    return "repeated" if seen[identity] > _REPEATS_SHOWN else ""


def _around(frame: Frame) -> Sequence[tuple[int, str]]:
    """The lines around the failing one, without blank lines at either end."""
    if frame.line is None:
        return frame.source[: 2 * _SOURCE_LINES]
    near = [(number, text) for number, text in frame.source if abs(number - frame.line) <= _SOURCE_LINES]
    telling = [index for index, (number, text) in enumerate(near) if text.strip() or number == frame.line]
    return near[telling[0] : telling[-1] + 1] if telling else ()


def _is_used(name: str, line: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", line) is not None
