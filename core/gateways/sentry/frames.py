"""Stack frames in either dialect."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from core.domain.incident import ExceptionInfo, Frame
from core.gateways.sentry.values import flat, integer, listed, mapping, string, truth, unquoted

MAX_FRAMES = 500
_MAX_VARIABLES = 30


def read_frames(stacktrace: Mapping[str, Any]) -> tuple[Frame, ...]:
    """The frames of a stack, oldest call first; of an endless stack the newest 500."""
    frames = [mapping(frame) for frame in listed(stacktrace.get("frames"))[-MAX_FRAMES:]]
    return tuple(_frame(frame) for frame in frames if frame)


def with_ids_by_position(exceptions: Sequence[ExceptionInfo]) -> tuple[ExceptionInfo, ...]:
    """Give members of a group the ids that the server dropped: SDKs number them from the outermost, which is last.

    GlitchTip keeps `parent_id` and drops `exception_id`.
    """
    if any(each.id is not None for each in exceptions) or all(each.parent_id is None for each in exceptions):
        return tuple(exceptions)
    outermost_is_first = exceptions[0].parent_id is None and exceptions[-1].parent_id is not None
    last = len(exceptions) - 1
    return tuple(
        replace(each, id=position if outermost_is_first else last - position)
        for position, each in enumerate(exceptions)
    )


def _frame(frame: Mapping[str, Any]) -> Frame:
    line = integer(_either(frame, "lineno", "lineNo"))
    variables = frame.get("vars")
    return Frame(
        function=unquoted(string(frame.get("function")) or string(frame.get("rawFunction"))),
        file=unquoted(string(frame.get("filename"))),
        module=unquoted(string(frame.get("module"))),
        line=line,
        column=integer(_either(frame, "colno", "colNo")),
        in_app=truth(_either(frame, "in_app", "inApp")),
        source=tuple(_source(frame, line)),
        variables=dict(list(flat(mapping(variables)).items())[:_MAX_VARIABLES]),
        absolute_path=string(_either(frame, "abs_path", "absPath")),
        package=string(frame.get("package")),
    )


def _source(frame: Mapping[str, Any], line: int | None) -> Iterator[tuple[int, str]]:
    """Numbered source lines: `context` as the Web API writes it, or the SDKs' three parts."""
    numbered = [
        (number, text)
        for pair in listed(frame.get("context"))
        if isinstance(pair, list) and len(pair) == 2
        if (number := integer(pair[0])) is not None and isinstance(text := pair[1], str)
    ]
    if numbered:
        yield from numbered
        return
    failing = frame.get("context_line")
    if line is None or not isinstance(failing, str):
        return
    before = [text for text in listed(frame.get("pre_context")) if isinstance(text, str)]
    after = [text for text in listed(frame.get("post_context")) if isinstance(text, str)]
    yield from enumerate([*before, failing, *after], line - len(before))


def _either(frame: Mapping[str, Any], one: str, other: str) -> Any:
    value = frame.get(one)
    return frame.get(other) if value is None else value
