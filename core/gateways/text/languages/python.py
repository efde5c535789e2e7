"""Reads Python's tracebacks: chains in both directions, groups drawn with `|`, syntax errors."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from core.domain.incident import ExceptionInfo, Frame
from core.domain.trace_lines import PYTHON_FRAME, PYTHON_HEAD
from core.gateways.text.model import Line, Trace, text_frame

_ART = re.compile(
    r"^(?P<blank>[ \t]*)(?:\|(?P<text>.*)|\+ (?P<head>Exception Group Traceback.*)|\+-\+?-*+(?P<number> (?:\d+|\.\.\.) -*+)?)$"
)
_MEMBER = re.compile(r"^[ \t]*(?:\+-)?\+-{5,} (?:\d+|\.\.\.) -{5,}")
_CHAINED = ("The above exception was the direct cause of", "During handling of the above exception")
_ERROR = re.compile(r"(?P<type>(?:[A-Za-z_]\w{0,80}\.){0,12}[A-Za-z_]\w{0,120})(?:: (?P<value>.*)|:?$)")
_MARKS = re.compile(r"[ \t]*+[\^~][ \t~^]*+$")
_REPEATED = re.compile(r"\[Previous line repeated \d")
_STOPS = re.compile(
    r"[$#>] |make: |npm ERR|##\[|Process (?:finished|exited|completed)|command terminated|\[\w+\]|END RequestId|REPORT "
)
_WORDS = frozenset(["else", "try", "finally", "pass", "return", "break", "continue", "raise"])
_MORE_VALUE = 6
_MAX_FRAMES = 300


def read(lines: Sequence[Line]) -> Iterator[Trace]:
    """Yield the tracebacks of `lines`."""
    reading = _Reading()
    for index, line in enumerate(lines):
        if done := reading.take(index, line):
            yield done
    if done := reading.finish(len(lines)):
        yield done


class _Reading:
    """Collects one traceback after the other; records of other processes between its lines are passed over."""

    def __init__(self) -> None:
        self._reset()

    def _reset(self) -> None:
        self.frames: list[Frame] = []
        self.found: list[tuple[int, ExceptionInfo]] = []
        self.links: dict[int, bool] = {}
        self.begin: int | None = None
        self.in_trace = False
        self.in_value = 0
        self.flat = False
        self.wants_source = False
        self.chained = False
        self.blank = False

    def take(self, index: int, line: Line) -> Trace | None:
        depth, text = self._undrawn(line.text)
        bare = text.strip()
        if PYTHON_HEAD.match(bare) or (line.record is not None and bare.endswith("Traceback (most recent call last):")):
            done = None if self._goes_on(depth) else self.finish(index)
            self.begin = index if self.begin is None else self.begin
            self.in_trace, self.frames, self.in_value, self.chained, self.blank = True, [], 0, False, False
            self.depth = depth
            return done
        if call := PYTHON_FRAME.match(bare):
            done = None
            if not self.in_trace:
                done = self.finish(index)
                self.begin = index
                self.in_trace, self.in_value, self.depth = True, 0, depth
            self._call(call, flat=not text[:1].isspace())
            return done
        if self.begin is None:
            return None
        if any(bare.startswith(sign) for sign in _CHAINED):
            self.chained, self.in_value = True, 0
            return None
        if not self.in_trace:
            return self._after(index, line, bare)
        if line.record is not None and line.record.level and not _ERROR.match(bare):
            return None
        self._inside(text, bare)
        return None

    def _undrawn(self, text: str) -> tuple[int, str]:
        if self.begin is None and "+ Exception Group" not in text:
            return 0, text
        if drawn := _ART.match(text):
            depth = len(drawn["blank"]) // 2
            return depth, drawn["text"][1:] if drawn["text"] else drawn["head"] or ""
        return 0, text

    def _goes_on(self, depth: int) -> bool:
        is_member = bool(self.found) and depth > 0 and any(each.is_group for _, each in self.found)
        return self.chained or is_member

    def _call(self, call: re.Match[str], *, flat: bool) -> None:
        file, number, function = call.groups()
        if len(self.frames) < _MAX_FRAMES:
            self.frames.append(text_frame(function, file, number))
        self.wants_source, self.flat = True, flat

    def _inside(self, text: str, bare: str) -> None:
        if not bare or _MARKS.match(text) or _REPEATED.match(bare):
            return
        error = _ERROR.match(bare)
        at_margin = not text[:1].isspace() or self.flat
        if self.wants_source and (text[:1].isspace() or (self.flat and not error)):
            self._source(text)
            return
        if error and at_margin and error["type"] not in _WORDS:
            self._error(error["type"], error["value"] or "")
        elif self.wants_source and self.flat:
            self._source(text)

    def _source(self, text: str) -> None:
        frame = self.frames[-1] if self.frames else None
        if frame and frame.line and not frame.source:
            self.frames[-1] = replace(frame, source=((frame.line, text.rstrip()),))
        self.wants_source = False

    def _error(self, kind: str, value: str) -> None:
        is_group = kind.rsplit(".", 1)[-1].endswith("ExceptionGroup")
        self.links[len(self.found)] = self.chained
        self.found.append(
            (self.depth, ExceptionInfo(kind, value or None, frames=tuple(self.frames), is_group=is_group))
        )
        self.frames, self.in_trace, self.in_value, self.chained = [], False, _MORE_VALUE, False
        self.blank = False

    def _after(self, index: int, line: Line, bare: str) -> Trace | None:
        if _MEMBER.match(line.text) or _ART.match(line.text):
            self.in_value = 0 if _MEMBER.match(line.text) or not bare else self.in_value
            if not self.in_value or not line.text.strip().startswith("|"):
                return None
        if line.record is not None:
            self.in_value = 0
            return None
        if not bare:
            self.in_value = 0
            return None
        if self.in_value and not _STOPS.match(bare):
            self.in_value -= 1
            depth, last = self.found[-1]
            self.found[-1] = (depth, replace(last, value=f"{last.value or ''}\n{bare}".strip()))
            return None
        return self.finish(index) if not self.chained and not any(each.is_group for _, each in self.found) else None

    def finish(self, end: int) -> Trace | None:
        """Return what was collected as a trace and begin anew."""
        if self.begin is None:
            return None
        if self.frames and self.in_trace:
            self.found.append((self.depth, ExceptionInfo(frames=tuple(self.frames))))
        trace = Trace(_tree(self.found, self.links), "python", self.begin, end) if self.found else None
        self._reset()
        return trace


def _tree(found: Sequence[tuple[int, ExceptionInfo]], links: dict[int, bool]) -> tuple[ExceptionInfo, ...]:
    """Return the exceptions innermost first; members of a group name their group."""
    if not any(each.is_group for _, each in found):
        return tuple(each for _, each in found)
    open_groups: list[tuple[int, int]] = []
    numbered: list[ExceptionInfo] = []
    for position, (depth, each) in enumerate(found):
        while open_groups and open_groups[-1][0] >= depth:
            open_groups.pop()
        numbered.append(replace(each, id=position, parent_id=open_groups[-1][1] if open_groups else None))
        if links.get(position) and position:
            numbered[position - 1] = replace(numbered[position - 1], parent_id=position)
        if each.is_group:
            open_groups.append((depth, position))
    return tuple(reversed(numbered))
