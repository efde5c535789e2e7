"""Which frame a person should open first, and what each exception of a chain or tree is; pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from core.domain.incident import ErrorEvent, ExceptionInfo, Frame
from core.domain.library_code import is_library_module, is_library_path

_RUNTIME = re.compile(
    r"(?:java|javax|jdk|sun|kotlin|scala|System|std|core|runtime)[.:]"
    r"|node:|internal/|<frozen|<internal|dart:|\[native"
)
_OPERATOR = re.compile(r"(?:[\w:]+[#.])?[^\w\s<({]+")
_BUNDLE = re.compile(r"(?i)\.min\.js|(?:bundle|chunk|vendors?)[\w.~-]{0,120}\.js|[.-][0-9a-f]{6,64}\.js")
_SCRIPT = re.compile(r"(?i)\.[cm]?jsx?(?:\?|$)|\.html?$")
_FAR_COLUMN = 300
_LONG_LINE = 300

Stack = tuple[Frame, ...]


@dataclass(frozen=True, slots=True)
class Sighting:
    """The frame that matters in its stack; `basis` is in_app, not_library, last or none.

    `callers` are newest first. `raised_in` is where the root cause was raised, when that is another frame.
    """

    frame: Frame | None
    basis: str
    callers: Stack = ()
    hidden_below: int = 0
    raised_in: Frame | None = None


def sight(event: ErrorEvent) -> Sighting:
    """The frame that matters: application code first, innermost exception first, then threads and bare stacks."""
    stacks = [stack for stack in _stacks(event) if stack]
    for basis, accepts in _RUNGS:
        for stack in stacks:
            index = next((i for i in reversed(range(len(stack))) if accepts(stack[i])), None)
            if index is not None:
                return _sighting(stack, _above_operator(stack, index), basis, stacks[0])
    return Sighting(None, "none")


def roles(exceptions: Sequence[ExceptionInfo]) -> list[tuple[ExceptionInfo, str]]:
    """Every exception as root, sibling (as deep, as independent) or wrapper: root first, the outermost last."""
    if not exceptions:
        return []
    root = _root(exceptions)
    above = _ancestors(root, exceptions)
    with_children = {exception.parent_id for exception in exceptions if exception.parent_id is not None}

    def role(exception: ExceptionInfo) -> str:
        if exception is root:
            return "root"
        is_tree = root.id is not None and exception.id is not None and bool(with_children)
        inner = exception.id in with_children or exception.is_group
        return "sibling" if is_tree and not inner and exception.id not in above else "wrapper"

    named = [(exception, role(exception)) for exception in exceptions]
    return sorted(named, key=lambda pair: ("root", "sibling", "wrapper").index(pair[1]))


def is_library(frame: Frame) -> bool:
    """Whether the path or module says that somebody else wrote this code."""
    paths = (frame.absolute_path, frame.file, frame.package)
    if any(path and is_library_path(path) for path in paths):
        return True
    return any(name and is_library_module(name) for name in (frame.module, frame.package))


def outsiders(stack: Sequence[Frame]) -> list[bool]:
    """For each frame, whether it is library code; when the SDK marked nothing as ours, paths decide."""
    if any(frame.in_app for frame in stack):
        return [not frame.in_app or is_library(frame) for frame in stack]
    return [is_library(frame) for frame in stack]


def is_minified(frame: Frame, problems: Sequence[str]) -> bool:
    """Whether names and lines of a script frame are those of a bundle and mislead."""
    name = frame.file or frame.absolute_path or ""
    if not _SCRIPT.search(name):
        return False
    if any("source" in problem.lower() and "map" in problem.lower() for problem in problems):
        return True
    hints = (
        _BUNDLE.search(name) is not None,
        (frame.column or 0) > _FAR_COLUMN,
        len(frame.function or "") <= 2,
        any(len(text) > _LONG_LINE or "{snip}" in text for _, text in frame.source),
    )
    return sum(hints) >= 2


def _stacks(event: ErrorEvent) -> Iterator[Stack]:
    for exception, _ in roles(event.exceptions):
        yield exception.frames
    yield from (thread.frames for thread in event.threads if thread.crashed)
    yield event.frames
    if len(event.threads) == 1:
        yield event.threads[0].frames


def _is_runtime(frame: Frame) -> bool:
    """Whether the language's own runtime runs it, which tells less than the library that called it."""
    return bool(_RUNTIME.match(frame.module or "") or _RUNTIME.match(frame.absolute_path or frame.file or ""))


_RUNGS: tuple[tuple[str, Callable[[Frame], bool]], ...] = (
    ("in_app", lambda frame: bool(frame.in_app) and not is_library(frame)),
    ("in_app", lambda frame: bool(frame.in_app)),
    ("not_library", lambda frame: not is_library(frame)),
    ("last", lambda frame: not _is_runtime(frame)),
    ("last", lambda frame: True),
)


def _above_operator(stack: Stack, index: int) -> int:
    """An operator such as `/` has a frame of its own in some languages: its caller on the same line says more."""
    frame = stack[index]
    caller = stack[index - 1] if index else None
    if caller and _OPERATOR.fullmatch(frame.function or "") and (caller.file, caller.line) == (frame.file, frame.line):
        return index - 1
    return index


def _sighting(stack: Stack, index: int, basis: str, innermost: Stack) -> Sighting:
    frame = stack[index]
    raised_in = next((each for each in reversed(innermost) if each.line is not None), innermost[-1])
    same = (raised_in.file, raised_in.line, raised_in.module) == (frame.file, frame.line, frame.module)
    return Sighting(
        frame,
        basis,
        callers=tuple(reversed(stack[:index])),
        hidden_below=len(stack) - 1 - index,
        raised_in=None if same else raised_in,
    )


def _root(exceptions: Sequence[ExceptionInfo]) -> ExceptionInfo:
    """The innermost exception; in a group the leaf that has our code on its stack, else the first that was raised."""
    parents = {exception.parent_id for exception in exceptions if exception.parent_id is not None}
    leaves = [each for each in exceptions if not each.is_group and (not parents or each.id not in parents)]
    if not leaves:
        return exceptions[0]
    if not parents:
        return leaves[0]
    ours = [leaf for leaf in leaves if any(frame.in_app for frame in leaf.frames)]
    return min(ours or leaves, key=lambda leaf: leaf.id if leaf.id is not None else 0)


def _ancestors(root: ExceptionInfo, exceptions: Sequence[ExceptionInfo]) -> set[int]:
    by_id = {exception.id: exception for exception in exceptions if exception.id is not None}
    found: set[int] = set()
    step: ExceptionInfo | None = root
    while step and step.parent_id is not None and step.parent_id not in found:
        found.add(step.parent_id)
        step = by_id.get(step.parent_id)
    return found
