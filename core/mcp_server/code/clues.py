"""What of an event can be found in code: the files and lines of its own frames, and names that stand in it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from core.domain.incident import ErrorEvent, Frame
from core.mcp_server import frames
from core.mcp_server.code.paths import PathIndex, PathMatch

MOST_PLACES = 10
_MOST_NAMES = 40
_TEXT_CHARS = 2_000
_MOST_SPANS, _SPAN_CHARS = 40, 200
_QUOTED = re.compile(r"['\"`“\u2018]([A-Za-z_][\w.-]{2,60})['\"`”\u2019]")
_CODE_LIKE = re.compile(
    r"\b(?:[a-zA-Z]\w{0,40}_\w{1,40}|[a-z]{1,30}[A-Z]\w{1,40}|[A-Z][A-Z0-9]{1,20}_[A-Z0-9_]{1,40})\b"
)
_KEY = re.compile(r"['\"]([A-Za-z_]\w{2,40})['\"]\s{0,3}:")
_ADDRESS = re.compile(r"\b(?:[a-z][\w-]{1,40}(?:\.[a-z][\w-]{1,40}){1,5}|\d{1,3}(?:\.\d{1,3}){3})(?::\d{2,5})?\b")
_TABLE = re.compile(r"(?i)\b(?:FROM|INTO|UPDATE|JOIN)\s{1,5}[`\"\[]?([A-Za-z_]\w{2,60})")
_USELESS = frozenset(
    [
        "self",
        "this",
        "None",
        "none",
        "null",
        "undefined",
        "true",
        "false",
        "True",
        "False",
        "NaN",
        "object",
        "Object",
        "function",
        "Error",
        "error",
        "message",
        "type",
        "value",
        "name",
        "key",
        "string",
        "number",
        "line",
        "file",
        "args",
        "kwargs",
        "result",
        "data",
        "item",
        "items",
        "response",
        "request",
    ]
)


@dataclass(frozen=True, slots=True)
class Place:
    """A frame's place in the repository; the first places matter most. `text` is the line as the event has it."""

    path: str
    line: int | None = None
    function: str | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Clues:
    """Places, and names of keys, functions, settings and hosts; `ambiguous` are paths that fit several files."""

    places: tuple[Place, ...] = ()
    names: frozenset[str] = frozenset()
    ambiguous: tuple[PathMatch, ...] = ()


def clues_of(event: ErrorEvent, index: PathIndex) -> Clues:
    """Find the own frames of `event` among the files of a commit, the frame that matters first."""
    places: list[Place] = []
    ambiguous: list[PathMatch] = []
    for frame in own_frames(event):
        match = index.of_frame(frame)
        if match.path is not None and len(places) < MOST_PLACES:
            text = next((text.strip() for number, text in frame.source if number == frame.line), "")
            place = Place(match.path, frame.line, _bare(frame.function), text)
            if place not in places:
                places.append(place)
        elif match.candidates and match not in ambiguous:
            ambiguous.append(match)
    return Clues(tuple(places), frozenset(_names_in(event)), tuple(ambiguous[:2]))


def own_frames(event: ErrorEvent) -> list[Frame]:
    """The frames of ours: the one that matters and its callers, then those of the other exceptions, newest first."""
    sighting = frames.sight(event)
    stacks = [exception.frames for exception, _ in frames.roles(event.exceptions)]
    found: list[Frame] = [sighting.frame] if sighting.frame else []
    for stack in (
        tuple(reversed(sighting.callers)),
        *stacks,
        *(thread.frames for thread in event.threads if thread.crashed),
    ):
        foreign = frames.outsiders(stack)
        found += [frame for frame, outside in zip(reversed(stack), reversed(foreign), strict=True) if not outside]
    return found


def _bare(function: str | None) -> str | None:
    """`Cart.total` and `Cart::total` as `total`; what has no name of its own is none."""
    name = re.split(r"[.:#>\s]", function or "")[-1].removesuffix("()")
    return name if re.fullmatch(r"[\w$]{2,100}", name) else None


def _names_in(event: ErrorEvent) -> list[str]:
    names = dict.fromkeys(name for name in _all_names(event) if name not in _USELESS and len(name) > 2)
    return list(names)[:_MOST_NAMES]


def _all_names(event: ErrorEvent) -> Iterator[str]:
    for text in (*(each.value or "" for each in event.exceptions), event.message or "", *event.message_params):
        part = text[:_TEXT_CHARS]
        for pattern in (_QUOTED, _CODE_LIKE, _ADDRESS):
            yield from pattern.findall(part)
    for span in event.spans[:_MOST_SPANS]:
        yield (span.description or "")[:_SPAN_CHARS]
        yield from _TABLE.findall((span.description or "")[:_TEXT_CHARS])
    frame = frames.sight(event).frame
    if frame is None:
        return
    line = next((text for number, text in frame.source if number == frame.line), "")[:500]
    yield from _QUOTED.findall(line)
    for name, value in list(frame.variables.items())[:30]:
        if re.search(rf"\b{re.escape(name)}\b", line):
            yield from _KEY.findall(value[:_TEXT_CHARS])
    yield from _CODE_LIKE.findall(line)
