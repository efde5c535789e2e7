"""Which frame a person should open first, and what each exception of a chain or tree is; pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from core.domain.incident import ErrorEvent, ExceptionInfo, Frame
from core.domain.library_code import is_library_module, is_library_path
from core.mcp_server.messengers import is_fault, own_place

_RUNTIME = re.compile(
    r"(?:java|javax|jdk|sun|kotlin|scala|System|std|core|runtime)[.:]"
    r"|node:|internal/|<frozen|<internal|dart:|\[native"
)
_OPERATOR = re.compile(r"(?:[\w:]+[#.])?[^\w\s<({]+")
_BUNDLE = re.compile(r"(?i)\.min\.js|(?:bundle|chunk|vendors?)[\w.~-]{0,120}\.js|[.-][0-9a-f]{6,64}\.js")
_SCRIPT = re.compile(r"(?i)\.[cm]?jsx?(?:\?|$)|\.html?$")
_FAR_COLUMN = 300
_LONG_LINE = 300
_NEXT_PLACES = 2

Stack = tuple[Frame, ...]

LIKELY, MAYBE, STARTING_POINT = "likely", "maybe", "a starting point"


@dataclass(frozen=True, slots=True)
class Sighting:
    """The frame that matters in its stack; `basis` is in_app, not_library, last or none.

    `callers` and `below`, the way down to the raise, are newest first. `raised_in` is where the root cause was raised,
    when that is another frame. `trust` says how far the frame is the place to mend: likely, maybe or a starting point;
    unless it is likely, `next_places` are the two to look at then.
    """

    frame: Frame | None
    basis: str
    callers: Stack = ()
    below: Stack = ()
    raised_in: Frame | None = None
    trust: str = STARTING_POINT
    next_places: Stack = ()


def sight(event: ErrorEvent) -> Sighting:
    """The frame that matters: application code first, innermost exception first, then threads and bare stacks."""
    stacks = [(stack, raised) for stack, raised in _stacks(event) if stack]
    for basis, accepts in _RUNGS:
        for stack, raised in stacks:
            accepted = [accepts(frame, outside) for frame, outside in zip(stack, outsiders(stack), strict=True)]
            if any(accepted):
                first = _above_operator(stack, max(i for i, each in enumerate(accepted) if each))
                shown = own_place(stack, first, raised, accepted)
                return _with_trust(_sighting(stack, shown, basis, stacks[0][0]), raised, reported=shown < first)
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
    return _is_installed(frame) or any(name and is_library_module(name) for name in (frame.module, frame.package))


def outsiders(stack: Sequence[Frame]) -> list[bool]:
    """For each frame, whether it is library code: as the SDK marked it, or by name where that marked nothing as ours.

    An SDK that marks all frames as ours tells nothing of those in a folder of installed packages.
    """
    if not any(frame.in_app for frame in stack):
        return [is_library(frame) for frame in stack]
    if any(frame.in_app is False for frame in stack):
        return [not frame.in_app for frame in stack]
    return [not frame.in_app or _is_installed(frame) for frame in stack]


def _is_installed(frame: Frame) -> bool:
    return any(path and is_library_path(path) for path in (frame.absolute_path, frame.file, frame.package))


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


def _stacks(event: ErrorEvent) -> Iterator[tuple[Stack, str | None]]:
    """Each stack with the type of what was raised there."""
    for exception, _ in roles(event.exceptions):
        yield exception.frames, exception.type
    raised = event.exceptions[-1].type if event.exceptions else None
    yield from ((thread.frames, raised) for thread in event.threads if thread.crashed)
    yield event.frames, raised
    if len(event.threads) == 1:
        yield event.threads[0].frames, raised


def _is_runtime(frame: Frame) -> bool:
    """Whether the language's own runtime runs it, which tells less than the library that called it."""
    return bool(_RUNTIME.match(frame.module or "") or _RUNTIME.match(frame.absolute_path or frame.file or ""))


_RUNGS: tuple[tuple[str, Callable[[Frame, bool], bool]], ...] = (
    ("in_app", lambda frame, foreign: bool(frame.in_app) and not foreign),
    ("in_app", lambda frame, foreign: bool(frame.in_app)),
    ("not_library", lambda frame, foreign: not is_library(frame)),
    ("last", lambda frame, foreign: not _is_runtime(frame)),
    ("last", lambda frame, foreign: True),
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
        below=tuple(reversed(stack[index + 1 :])),
        raised_in=None if same else raised_in,
    )


def _with_trust(sighting: Sighting, raised: str | None, *, reported: bool) -> Sighting:
    """What a language raises by itself fails where it is; a refusal often above it; what is reported nearly always."""
    trust = LIKELY if is_fault(raised) else MAYBE
    if reported or sighting.basis == "last":
        trust = STARTING_POINT
    return replace(sighting, trust=trust, next_places=() if trust == LIKELY else tuple(_next_places(sighting)))


def _next_places(sighting: Sighting) -> Iterator[Frame]:
    """The nearest callers of ours in two other functions."""
    seen = {_named(sighting.frame)} if sighting.frame else set()
    foreign = outsiders(sighting.callers)
    own = (frame for frame, outside in zip(sighting.callers, foreign, strict=True) if not outside)
    for frame in own:
        if len(seen) > _NEXT_PLACES:
            return
        if _named(frame) not in seen and (frame.function or frame.line is not None):
            seen.add(_named(frame))
            yield frame


def _named(frame: Frame) -> tuple[str | None, str | None]:
    return frame.file or frame.module, frame.function


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
