"""Reads what Go and Rust print when they panic."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from core.domain.incident import ExceptionInfo, Frame, ThreadStack
from core.domain.trace_lines import GO_PLACE, RUST_HEAD, RUST_PLACE
from core.gateways.text.model import Line, Trace, text_frame

_PANIC = re.compile(r"(?:.{0,120}?\b)?(?P<kind>panic(?: serving \S+)?|fatal error): (?P<value>\S.*)$")
_GOROUTINE = re.compile(r"goroutine (\d{1,9}) (?:gp=.{0,80} )?\[([^\]\n]{1,80})\]:")
_GO_CALL = re.compile(
    r"(?:created by )?(?P<call>[\w./*()\[\]{}~@%\u00b7,-]{1,400}?)(?:\((?:0x|\{|\.\.\.|\"|\)|[\d?]).*|\(\)| in goroutine \d+)?$"
)
_RUST_SAID = re.compile(
    r"\A(?:'(?P<old>.{0,1000})', )?(?P<file>\S(?:(?!', ).){0,300}?):(?P<line>\d{1,9})(?::(?P<column>\d{1,9}))?:?$"
)
_RUST_CALL = re.compile(r"\d{1,4}:[ \t]+(?:0x[0-9a-f]+ - )?(?P<call>\S.{0,400})$")
_RUST_NOTE = re.compile(r"note: |stack backtrace:|error: test failed|query stack")
_ANYHOW = re.compile(r"(?:\d{1,3}: )?(?P<value>\S.*)$")
_MAX_FRAMES = 300


def read_go(lines: Sequence[Line]) -> Iterator[Trace]:
    """Yield Go's panics and fatal errors; the goroutine that is printed first is the one that failed."""
    index = 0
    while index < len(lines):
        head = _PANIC.match(lines[index].bare)
        starts = head or _GOROUTINE.match(lines[index].bare) or _is_go_call(lines, index)
        if not starts:
            index += 1
            continue
        trace, index = _go_trace(lines, index, head)
        if trace:
            yield trace


def _is_go_call(lines: Sequence[Line], index: int) -> bool:
    below = lines[index + 1].text if index + 1 < len(lines) else ""
    return bool(below[:1].isspace() and GO_PLACE.match(below.strip()) and _GO_CALL.match(lines[index].bare))


def _go_trace(lines: Sequence[Line], begin: int, head: re.Match[str] | None) -> tuple[Trace | None, int]:
    values = [head["value"]] if head else []
    stacks: list[tuple[str, list[Frame]]] = []
    index = begin + (1 if head else 0)
    blanks = 0
    while index < len(lines) and blanks < 3:
        bare = lines[index].bare
        blanks = 0 if bare else blanks + 1
        if routine := _GOROUTINE.match(bare):
            stacks.append((f"goroutine {routine[1]} [{routine[2]}]", []))
        elif (again := _PANIC.match(bare)) and not stacks:
            values.append(again["value"])
        elif _is_go_call(lines, index):
            stacks = stacks or [("", [])]
            stacks[-1][1].append(_go_frame(bare, lines[index + 1].bare))
            index += 1
        elif (stacks and stacks[-1][1] and bare and not bare.startswith(("...", "exit status"))) or (
            bare and not stacks and not bare.startswith("[signal") and index > begin + 8
        ):
            break
        index += 1
    if head is None and (not stacks or not stacks[0][1]):
        return None, max(index, begin + 1)
    if head is None and begin and lines[begin - 1].bare:
        values = [lines[begin - 1].bare]
    frames = tuple(reversed(_below_panic(stacks[0][1])[:_MAX_FRAMES])) if stacks else ()
    value = re.sub(r" \[recovered\]$", "", values[0]) if values else None
    kind = (head["kind"].split(" serving")[0] if head else None) or ("panic" if head else None)
    threads = tuple(ThreadStack(name, False, tuple(reversed(stack))) for name, stack in stacks[1:50])
    return Trace(
        (ExceptionInfo(kind, value, frames=frames),), "go", begin, index, threads, is_fatal=head is not None
    ), index


def _below_panic(stack: list[Frame]) -> list[Frame]:
    raised = [position for position, frame in enumerate(stack) if frame.function == "panic"]
    return stack[raised[-1] + 1 :] or stack if raised else stack


def _go_frame(call: str, place: str) -> Frame:
    found, where = _GO_CALL.match(call), GO_PLACE.match(place)
    function = found["call"] if found else call
    return text_frame(function, where["file"] if where else None, where["line"] if where else None)


def read_rust(lines: Sequence[Line]) -> Iterator[Trace]:
    """Yield Rust's panics, in the layout before and after 1.73, and the `Caused by:` lists of anyhow."""
    index = 0
    while index < len(lines):
        bare = lines[index].bare
        if (head := RUST_HEAD.search(bare)) and (said := _RUST_SAID.match(bare[head.end() :])):
            trace, index = _rust_panic(lines, index, said)
            yield trace
        elif bare.startswith("Error: ") and any(line.bare == "Caused by:" for line in lines[index + 1 : index + 4]):
            trace, index = _anyhow(lines, index)
            yield trace
        else:
            index += 1


def _rust_panic(lines: Sequence[Line], begin: int, said: re.Match[str]) -> tuple[Trace, int]:
    values = [said["old"]] if said["old"] is not None else []
    index = begin + 1
    while index < len(lines) and said["old"] is None and lines[index].bare and not _RUST_NOTE.match(lines[index].bare):
        values.append(lines[index].bare)
        index += 1
        if len(values) > 12:
            break
    stack, index = _rust_stack(lines, index)
    place = text_frame(None, said["file"], said["line"], column=said["column"])
    if not any(
        frame.file and frame.file.endswith(said["file"].lstrip("./")) and frame.line == place.line for frame in stack
    ):
        stack = [place, *stack]
    error = ExceptionInfo("panic", "\n".join(values) or None, frames=tuple(reversed(stack)))
    return Trace((error,), "rust", begin, index, is_fatal=True), index


def _rust_stack(lines: Sequence[Line], index: int) -> tuple[list[Frame], int]:
    stack: list[Frame] = []
    call: str | None = None
    while index < len(lines):
        bare = lines[index].bare
        if place := RUST_PLACE.match(bare):
            stack.append(text_frame(call, place["file"], place["line"], column=place["column"], module=call))
            call = None
        elif found := _RUST_CALL.match(bare):
            if call:
                stack.append(text_frame(call, None, module=call))
            call = re.sub(r"::h[0-9a-f]{16}$", "", found["call"])
        elif not (_RUST_NOTE.match(bare) or (not bare and not stack)):
            break
        index += 1
    return stack[:_MAX_FRAMES] + ([text_frame(call, None, module=call)] if call else []), index


def _anyhow(lines: Sequence[Line], begin: int) -> tuple[Trace, int]:
    chain = [lines[begin].bare.removeprefix("Error: ")]
    index = begin + 1
    while index < len(lines) and not lines[index].bare.startswith("Stack backtrace"):
        bare = lines[index].bare
        if bare and bare != "Caused by:":
            if not lines[index].text[:1].isspace():
                break
            found = _ANYHOW.match(bare)
            chain.append(found["value"] if found else bare)
        index += 1
    stack, index = _rust_stack(lines, index + 1)
    frames = tuple(reversed(stack))
    errors = tuple(
        ExceptionInfo("Error", value, frames=frames if not position else ())
        for position, value in enumerate(reversed(chain))
    )
    return Trace(errors, "rust", begin, index), index
