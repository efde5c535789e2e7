"""Reads crash reports of machine code: sanitizers, debuggers, Apple's reports, Android's tombstones, Java deadlocks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from core.domain.incident import ExceptionInfo, Frame, ThreadStack
from core.domain.library_code import is_library_path
from core.domain.trace_lines import APPLE_FRAME, GDB_FRAME, SANITIZER_FRAME, TOMBSTONE_FRAME
from core.gateways.text.languages.called_at import jvm_frame
from core.gateways.text.model import Line, Trace, text_frame

_SANITIZER = re.compile(r"(?:==\d{1,9}==\s?)?(?:ERROR|WARNING): (?P<type>\w+Sanitizer): (?P<value>.*)$")
_HINT = re.compile(r"(?:==\d{1,9}==\s?)?(?:The signal is caused by|Hint:) ?(?P<value>.*)$")
_UBSAN = re.compile(r"(?P<file>[^\s:]{1,300}):(?P<line>\d{1,9}):(?P<column>\d{1,9}): runtime error: (?P<value>.*)$")
_SIGNAL = re.compile(
    r"(?:Program|Thread .{0,80}) (?:received signal|terminated with signal) (?P<type>SIG\w+), (?P<value>.*?)\.?$|.{0,120}stop reason = (?P<reason>.*)$"
)
_ASSERT = re.compile(
    r"(?:\S{1,200}: )?(?P<file>\S{1,300}):(?P<line>\d{1,9}): (?P<call>.{1,300}?): Assertion [`'](?P<value>.*)' failed\.?$"
)
_SWIFT = re.compile(
    r"(?P<file>\S{1,300}\.swift):(?P<line>\d{1,9}): (?P<type>Fatal error|Precondition failed|Assertion failed)(?:: (?P<value>.*))?$"
)
_APPLE_TYPE = re.compile(r"Exception Type: +(?P<type>\S+)(?: \((?P<signal>\w+)\))?")
_NSEXCEPTION = re.compile(
    r".{0,120}\*\*\* Terminating app due to uncaught exception '(?P<type>[^']{1,120})', reason: '(?P<value>.*?)'?$"
)
_APPLE_SAID = re.compile(
    r"(?:Application Specific Information|Fatal error|Last Exception|Exception Subtype|Termination Reason)"
)
_TOMBSTONE = re.compile(
    r"signal \d{1,3} \((?P<type>SIG\w+)\), code \S+(?: \((?P<code>\w++)[^)\n]*\))?(?:, fault addr (?P<at>\S+))?"
)
_DEADLOCK = re.compile(r"Found (?:one|\d+) Java-level deadlocks?:?")
_THREAD = re.compile(r"\"(?P<name>[^\"\n]{1,200})\"(?: .{0,300})?:?$")
_WAITS = re.compile(
    r"waiting to lock (?:monitor \S+ \(object \S+, a (?P<a>[\w.$]+)\)|<\S+> \(a (?P<b>[\w.$]+)\))|which is held by \"(?P<by>[^\"\n]{1,200})\""
)
_MAX = 300


def read_native(lines: Sequence[Line]) -> Iterator[Trace]:
    """Yield the reports of sanitizers, debuggers and failed assertions."""
    for index, line in enumerate(lines):
        bare = line.bare
        if found := _SANITIZER.match(bare):
            hints = [hint["value"] for each in lines[index + 1 : index + 6] if (hint := _HINT.match(each.bare))]
            stack, end = _numbered(lines, index + 1, SANITIZER_FRAME)
            value = re.sub(r" ?\(pc 0x[^)]{0,300}\)| at pc 0x.*$", "", found["value"])
            yield _trace(found["type"], "\n".join([value, *hints]), stack, index, end)
        elif found := _UBSAN.match(bare):
            stack, end = _numbered(lines, index + 1, SANITIZER_FRAME)
            stack = stack or [text_frame(None, found["file"], found["line"], column=found["column"])]
            yield _trace("runtime error", found["value"], stack, index, end)
        elif found := _SIGNAL.match(bare):
            stack, end = _numbered(lines, index + 1, GDB_FRAME)
            yield _trace(found["type"] or "signal", found["value"] or found["reason"], stack, index, end)
        elif found := _ASSERT.match(bare):
            stack, end = _numbered(lines, index + 1, GDB_FRAME)
            place = text_frame(found["call"], found["file"], found["line"])
            yield _trace("Assertion failed", found["value"], [place, *stack], index, end)
        elif found := _SWIFT.match(bare):
            yield _trace(
                found["type"], found["value"] or "", [text_frame(None, found["file"], found["line"])], index, index + 1
            )


def _trace(kind: str | None, value: str, stack: Sequence[Frame], begin: int, end: int) -> Trace:
    error = ExceptionInfo(kind, value or None, frames=tuple(reversed(stack[:_MAX])))
    return Trace((error,), "native", begin, end, is_fatal=True)


def _without_arguments(call: str) -> str:
    bare = call.removesuffix(" const")
    first = re.search(r"(?<=\w)\(", bare) if bare.endswith(")") else None
    return bare[: first.start()] if first else call


def _numbered(lines: Sequence[Line], index: int, pattern: re.Pattern[str]) -> tuple[list[Frame], int]:
    """Return the first run of numbered calls below `index`, newest first."""
    stack: list[Frame] = []
    limit = index + 15
    while index < len(lines) and (stack or index < limit):
        bare = lines[index].bare.removeprefix("* ")
        call = pattern.match(bare) if "#" in bare[:8] else None
        if call:
            groups = call.groupdict()
            stack.append(
                text_frame(
                    _without_arguments(call["call"]),
                    groups.get("file"),
                    groups.get("line"),
                    column=groups.get("column"),
                    package=groups.get("package") or groups.get("image"),
                )
            )
        elif stack:
            break
        index += 1
    return stack, index


def read_apple(lines: Sequence[Line]) -> Iterator[Trace]:
    """Yield Apple's crash reports and uncaught NSExceptions; the app's own image is the one that its process names."""
    first = next(
        (i for i, line in enumerate(lines) if _APPLE_TYPE.match(line.bare) or _NSEXCEPTION.match(line.bare)), None
    )
    calls = [i for i, line in enumerate(lines) if APPLE_FRAME.match(line.bare)]
    if first is None or not calls:
        return
    process = next((line.bare.split()[1] for line in lines[:40] if re.match(r"Process: +\S", line.bare)), None)
    kind = _APPLE_TYPE.match(lines[first].bare)
    thrown = _NSEXCEPTION.match(lines[first].bare)
    said = [
        lines[i + 1].bare
        for i in range(len(lines) - 1)
        if lines[i].bare.startswith("Application Specific Information") and lines[i + 1].bare
    ]
    start = next(
        (
            i
            for i, line in enumerate(lines)
            if re.match(r"Thread \d+ Crashed|Last Exception Backtrace|\*\*\* First throw", line.bare)
        ),
        calls[0] - 1,
    )
    stack: list[Frame] = []
    index = start + 1
    while index < len(lines) and (not stack or APPLE_FRAME.match(lines[index].bare)):
        if call := APPLE_FRAME.match(lines[index].bare):
            foreign = is_library_path(call["package"]) or bool(
                process and call["package"].strip() != process and not call["file"]
            )
            stack.append(
                text_frame(
                    call["call"], call["file"], call["line"], package=call["package"].strip(), is_library=foreign
                )
            )
        index += 1
    type_ = thrown["type"] if thrown else kind["type"] if kind else "crash"
    value = thrown["value"] if thrown else said[0] if said else (kind["signal"] if kind else "") or ""
    yield _trace(type_, value, stack, first, index)


def read_tombstone(lines: Sequence[Line]) -> Iterator[Trace]:
    """Yield Android's tombstones."""
    for index, line in enumerate(lines):
        if found := _TOMBSTONE.match(line.bare):
            stack: list[Frame] = []
            said = next(
                (
                    each.bare.partition(":")[2].strip(" '")
                    for each in lines[index : index + 10]
                    if each.bare.startswith("Abort message")
                ),
                "",
            )
            end = index + 1
            for end in range(index + 1, min(len(lines), index + 200)):
                if call := TOMBSTONE_FRAME.match(lines[end].bare):
                    stack.append(text_frame(call["call"], None, package=call["package"]))
                elif stack:
                    break
            place = f"{found['code'] or ''} at {found['at']}" if found["at"] else found["code"] or ""
            yield _trace(found["type"], said or place, stack, index, end)


def read_deadlock(lines: Sequence[Line]) -> Iterator[Trace]:
    """Yield the deadlocks that a Java thread dump names, with the stack of each thread."""
    begin = next((i for i, line in enumerate(lines) if _DEADLOCK.search(line.bare)), None)
    if begin is None:
        return
    waits: list[str] = []
    threads: list[tuple[str, list[Frame]]] = []
    name = ""
    for line in lines[begin + 1 :]:
        if named := _THREAD.match(line.bare):
            name = named["name"]
            threads.append((name, []))
        elif (frame := jvm_frame(line.bare)) and threads:
            threads[-1][1].append(frame)
        elif (wait := _WAITS.search(line.bare)) and not line.bare.startswith("-") and len(waits) < 8:
            waits.append(f"which {wait['by']} holds" if wait["by"] else f"{name} waits for {wait['a'] or wait['b']}")
    stacks = [(thread, stack) for thread, stack in threads if stack]
    frames = tuple(reversed(stacks[0][1])) if stacks else ()
    error = ExceptionInfo("Java-level deadlock", f"deadlock: {', '.join(waits)}", frames=frames)
    others = tuple(ThreadStack(thread, False, tuple(reversed(stack))) for thread, stack in stacks)
    yield Trace((error,), "java", begin, len(lines), others, is_fatal=True)
