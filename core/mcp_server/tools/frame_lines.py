"""Frames as lines: the one that matters, with its source and locals."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import takewhile
from typing import Any

from core.domain.incident import Frame
from core.mcp_server.output import ToolOutput, cut

_LINES_ABOVE, _LINES_BELOW = 4, 2
_VARIABLES = 16
_VALUE_CHARS = 220
_SOURCE_CHARS = 180
_HEAD = re.compile(
    r"\s*(?:@[\w.]+(?:\(|$)"
    r"|(?:(?:export|default|async|public|private|static|pub) )*(?:def|class|function|fn|func|fun) )"
)
_ADDRESS = re.compile(r" at 0x[0-9A-Fa-f]+(?=>)")


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


def add_frame(output: ToolOutput, frame: Frame, basis: str) -> None:
    """The frame that matters: its place, the source around it with an arrow, its locals, those in the line first."""
    module = f", module {cut(frame.module, 120)}" if frame.module else ""
    output.add(f"Frame that matters ({basis}): {place(frame)}{module}", frame=fields_of(frame), frame_basis=basis)
    failing = ""
    shown = _around(frame)
    width = max((len(str(number)) for number, _ in shown), default=0)
    for number, raw in shown:
        text = cut(raw, _SOURCE_CHARS)
        facts: dict[str, Any] = {"context": [text]} if text else {}
        if number == frame.line:
            failing = raw
            facts["source"] = text.strip()
        output.add(f"{number:<{width}} {'->' if number == frame.line else '  '} {text}".rstrip(), frame=facts)
    _add_locals(output, frame, failing)


def _add_locals(output: ToolOutput, frame: Frame, failing: str) -> None:
    """Those of the failing line first; names that hold the same share a line, and addresses tell nobody anything."""
    named = sorted(frame.variables.items(), key=lambda item: (item[0].startswith("__"), not _is_used(item[0], failing)))
    names_of: dict[str, list[str]] = {}
    for key, value in named[:_VARIABLES]:
        names_of.setdefault(cut(_ADDRESS.sub("", value), _VALUE_CHARS), []).append(cut(key, 80))
    for shown, names in names_of.items():
        output.add(f"local {' = '.join(names)} = {shown}", frame={"variables": dict.fromkeys(names, shown)})
    if len(named) > _VARIABLES:
        output.add(f"… {len(named) - _VARIABLES} more locals")


def _around(frame: Frame) -> Sequence[tuple[int, str]]:
    """The lines around the failing one, without blank lines at either end, and not into the next function."""
    if frame.line is None:
        return frame.source[: 2 * _LINES_ABOVE]
    first, last = frame.line - _LINES_ABOVE, frame.line + _LINES_BELOW
    near = [(number, text) for number, text in frame.source if first <= number <= last]
    depth = next((_depth(text) for number, text in near if number == frame.line), 0)
    same = list(takewhile(lambda line: line[0] <= (frame.line or 0) or not _begins_another(line[1], depth), near))
    telling = [index for index, (number, text) in enumerate(same) if text.strip() or number == frame.line]
    return same[telling[0] : telling[-1] + 1] if telling else ()


def _begins_another(text: str, depth: int) -> bool:
    return _HEAD.match(text) is not None and _depth(text) < depth


def _depth(text: str) -> int:
    return len(text) - len(text.lstrip())


def _is_used(name: str, line: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", line) is not None
