"""Cuts long texts so that what the error names stays, and says how much is left out; pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.mcp_server.masking import PLACEHOLDER

_QUOTED = re.compile(r"'([^'\n]{2,60})'|\"([^\"\n]{2,60})\"|`([^`\n]{2,60})`|“([^”\n]{2,60})”")
_NAME = re.compile(r"(?<![\w$.-])[A-Za-z_$][\w$]{0,40}(?:[.-][A-Za-z_$][\w$]{0,40}){0,6}(?![\w$])")
_HAS_JOINT = re.compile(r"[a-z0-9][_.-][a-zA-Z]|[a-z][A-Z]|_")
_INPUT_ENDED = re.compile(
    r"(?i)unexpected (?:end|eof)|end of (?:file|input|stream|json|data)|\beof\b"
    r"|unterminated|truncated|premature|incomplete"
)
_READ_CHARS = 4_000
_MOST_NAMES = 16
_MARK_CHARS = 36
_LEAST_WINDOW = 40


@dataclass(frozen=True, slots=True)
class Focus:
    """What an error is about: names that it mentions, the quoted ones first, and whether its input ended too early."""

    names: tuple[str, ...] = ()
    ended: bool = False


def focus_of(texts: Iterable[str | None]) -> Focus:
    """What the messages of an event name: fields, keys, directives."""
    told = "\n".join(text[:_READ_CHARS] for text in texts if text)[: 2 * _READ_CHARS]
    quoted = [next(filter(None, groups)) for groups in _QUOTED.findall(told)]
    joined = [name for name in _NAME.findall(told) if _HAS_JOINT.search(name)]
    return Focus(tuple(dict.fromkeys([*quoted, *joined]))[:_MOST_NAMES], bool(_INPUT_ENDED.search(told)))


def excerpt(text: str, limit: int, focus: Focus = Focus()) -> str:
    """At most about `limit` characters of `text`, and where something is missing, how many characters are.

    Its begin is kept, and the part around the first name of the focus, or the end where input ended too early.
    """
    if len(text) <= limit:
        return text
    spans = _spans(text, max(_LEAST_WINDOW, limit - _MARK_CHARS), focus)
    parts, at = [], 0
    for start, end in spans:
        parts.append(_left_out(start - at) if start > at else "")
        parts.append(text[start:end])
        at = end
    parts.append(_left_out(len(text) - at) if at < len(text) else "")
    return "".join(parts)


def _left_out(count: int) -> str:
    return f" … {count:,} characters left out … " if count > 1 else "…"


def _spans(text: str, room: int, focus: Focus) -> list[tuple[int, int]]:
    if focus.ended:
        begin = room // 3
        return _apart(text, [(0, begin), (len(text) - (room - begin), len(text))])
    place = _first_named(text, focus.names, room - _LEAST_WINDOW)
    if place is None:
        return _apart(text, [(0, room)])
    start, end = place
    begin = room // 4
    around = max(0, room - begin - (end - start)) // 2
    return _apart(text, [(0, begin), (max(0, start - around), min(len(text), end + around))])


def _first_named(text: str, names: Sequence[str], shown: int) -> tuple[int, int] | None:
    """Where the most telling name stands; None when the begin shows it, or it stands nowhere."""
    for name in names:
        at = text.find(name)
        if at >= 0:
            return None if at + len(name) <= shown else (at, at + len(name))
    return None


def _apart(text: str, spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The spans in order, those that touch as one, and none with an end inside a placeholder."""
    held = [found.span() for found in PLACEHOLDER.finditer(text)]
    found: list[tuple[int, int]] = []
    for start, end in spans:
        start = next((last for first, last in held if first < start < last), start)
        end = next((first for first, last in held if first < end < last), end)
        if found and start <= found[-1][1] + _MARK_CHARS:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        elif end > start:
            found.append((start, end))
    return found
