"""Frames as lines: the one that matters, with its source and locals."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Any

from core.domain.incident import Frame
from core.mcp_server.excerpts import Focus, excerpt
from core.mcp_server.output import ToolOutput, cut

_LINES_ABOVE, _LINES_BELOW = 4, 2
_VARIABLES = 16
_VALUE_CHARS = 220
_SOURCE_CHARS = 180
_LONGEST_STATEMENT = 10
_CALLER_VARIABLES, _CALLER_VALUE_CHARS = 6, 100
_HEAD = re.compile(
    r"\s*(?:@[\w.]+(?:\(|$)"
    r"|(?:(?:export|default|async|public|private|static|pub) )*(?:def|class|function|fn|func|fun) )"
)
_OBJECT = re.compile(r"<[\w.<>]{1,120} object>")
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


def add_frame(output: ToolOutput, frame: Frame, basis: str, focus: Focus) -> None:
    """The frame that matters: its place, the source around it with an arrow, its locals, those in the line first."""
    module = f", module {cut(frame.module, 120)}" if frame.module else ""
    output.add(f"Frame that matters ({basis}): {place(frame)}{module}", frame=fields_of(frame), frame_basis=basis)
    failing = ""
    shown = _around(frame)
    width = max((len(str(number)) for number, _ in shown), default=0)
    for number, raw in shown:
        text = excerpt(raw, _SOURCE_CHARS, focus)
        facts: dict[str, Any] = {"context": [text]} if text else {}
        if number == frame.line:
            failing = raw
            facts["source"] = text.strip()
        output.add(f"{number:<{width}} {'->' if number == frame.line else '  '} {text}".rstrip(), frame=facts)
    _add_locals(output, frame, failing, focus)


def _add_locals(output: ToolOutput, frame: Frame, failing: str, focus: Focus) -> None:
    """Those of the failing line first; names that hold the same share a line, and addresses tell nobody anything."""
    named = sorted(frame.variables.items(), key=lambda item: (item[0].startswith("__"), not _is_used(item[0], failing)))
    names_of: dict[str, list[str]] = {}
    for key, value in named[:_VARIABLES]:
        names_of.setdefault(excerpt(_ADDRESS.sub("", value), _VALUE_CHARS, focus), []).append(cut(key, 80))
    for shown, names in names_of.items():
        output.add(f"local {' = '.join(names)} = {shown}", frame={"variables": dict.fromkeys(names, shown)})
    if len(named) > _VARIABLES:
        output.add(f"… {len(named) - _VARIABLES} more locals")


def locals_beside(frame: Frame, shown: Mapping[str, str], lines: str) -> dict[str, str]:
    """The locals of a caller, those in its lines first, without those that the frame that matters has as well."""
    named = sorted(frame.variables.items(), key=lambda item: (item[0].startswith("__"), not _is_used(item[0], lines)))
    told = {cut(key, 80): excerpt(_ADDRESS.sub("", value), _CALLER_VALUE_CHARS) for key, value in named}
    own = {
        key: value
        for key, value in told.items()
        if _ADDRESS.sub("", shown.get(key, "")) != value and not _OBJECT.fullmatch(value)
    }
    return dict(list(own.items())[:_CALLER_VARIABLES])


def _around(frame: Frame) -> Sequence[tuple[int, str]]:
    """The lines around the failing one, to the end of its statement, but not into the next function."""
    if frame.line is None:
        return frame.source[: 2 * _LINES_ABOVE]
    first, last = frame.line - _LINES_ABOVE, _end_of_statement(frame)
    near = [(number, text) for number, text in frame.source if first <= number <= last]
    depth = next((_depth(text) for number, text in near if number == frame.line), 0)
    same = list(takewhile(lambda line: line[0] <= (frame.line or 0) or not _begins_another(line[1], depth), near))
    telling = [index for index, (number, text) in enumerate(same) if text.strip() or number == frame.line]
    return same[telling[0] : telling[-1] + 1] if telling else ()


def _end_of_statement(frame: Frame) -> int:
    """The last line to show: a few behind the failing one, and as many more as its brackets stay open."""
    line = frame.line or 0
    open_brackets, last = 0, line
    for number, text in frame.source:
        if line <= number <= line + _LONGEST_STATEMENT:
            last = number
            open_brackets += sum(text.count(sign) for sign in "([{") - sum(text.count(sign) for sign in ")]}")
            if open_brackets <= 0:
                break
    return max(line + _LINES_BELOW, last)


def _begins_another(text: str, depth: int) -> bool:
    return _HEAD.match(text) is not None and _depth(text) < depth


def _depth(text: str) -> int:
    return len(text) - len(text.lstrip())


def _is_used(name: str, line: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", line) is not None
