"""Reads traces whose calls begin with `at`: the JVM, JavaScript and .NET, newest call first, chains below."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from core.domain.incident import ExceptionInfo, Frame
from core.domain.trace_lines import DOTNET_FRAME, GECKO_FRAME, JVM_FRAME, MONO_FRAME, V8_FRAME
from core.gateways.text.languages.heads import head_above, head_of
from core.gateways.text.model import Line, Trace, text_frame

_CAUSE = re.compile(
    r"(?:\[?cause\]?:|Caused by:?|Wrapped by:|Suppressed:|--->|\(Inner Exception #\d+\))[ \t]*(?P<rest>.*)",
    re.IGNORECASE,
)
_MORE = re.compile(r"\.\.\. (\d{1,5}) (?:more|common frames omitted)|\.\.\. (\d{1,5}) (?:frames? )?truncated")
_END = re.compile(r"-{2,3} ?(?:End|Ende|Fin|Конец)\b.{0,120}", re.IGNORECASE)
_BETWEEN = re.compile(
    r"-{2,3} |\(Coroutine boundary\)|- (?:locked|waiting|parking|eliminated)|\[?CIRCULAR REFERENCE|<---"
)
_NESTED = re.compile(r";? ?nested exception is (?P<type>[\w.$]{3,200})(?:: (?P<value>.*))?$", re.DOTALL)
_LOCATION = re.compile(r"(?P<file>(?:/|[A-Za-z]:\\|file://|node:)[^\s:]{0,400}):(?P<line>\d{1,9})$")
_BUILTIN = re.compile(r"at (?:async )?(?P<call>[\w.$<> ]{1,200}) \((?:<anonymous>|native|index \d+)\)$")
_IMPORTED = re.compile(r"(?:imported from|Require stack:\n?-) *(\S{1,400})")
_MAX_FRAMES = 300
Make = Callable[[str], Frame | None]
Head = tuple[str | None, str]


def jvm_frame(text: str) -> Frame | None:
    """Return the call of Java, Kotlin, Scala, Groovy or Clojure that `text` is."""
    call = JVM_FRAME.match(text)
    if not call:
        return None
    module, function, file, line, other, other_line = call.groups()
    return text_frame(function, file or other, line or other_line, module=module)


def script_frame(text: str) -> Frame | None:
    """Return the call of JavaScript that `text` is, as V8, SpiderMonkey and JavaScriptCore write it."""
    if builtin := _BUILTIN.match(text):
        return text_frame(builtin["call"], None, is_library=True)
    call = V8_FRAME.match(text) or GECKO_FRAME.match(text)
    if not call:
        return None
    function = re.sub(r"^(?:async )?(?:new )?|\s\[as [^\]]*\]$", "", (call["call"] or "").strip())
    if call.re is GECKO_FRAME and not call["line"] and "native" not in call["file"]:
        return None
    return text_frame(function, call["file"], call["line"], column=call["column"])


def dotnet_frame(text: str) -> Frame | None:
    """Return the call of .NET, Mono or Unity that `text` is."""
    call = MONO_FRAME.match(text) or DOTNET_FRAME.match(text)
    if not call:
        return None
    module, _, function = call["call"].replace(":", ".").rpartition(".")
    return text_frame(function, call["file"], call["line"], module=module.rstrip("."))


_LANGUAGES: tuple[tuple[str, Make], ...] = (("java", jvm_frame), ("node", script_frame), ("csharp", dotnet_frame))


def read(lines: Sequence[Line]) -> Iterator[Trace]:
    """Yield the traces of `lines`, each with its chain, innermost cause first."""
    index, floor = 0, 0
    while index < len(lines):
        made = _call(lines[index].bare)
        if made is None:
            index += 1
            continue
        trace, index = _trace(lines, index, floor, *made)
        floor = index
        yield trace


def _call(text: str) -> tuple[str, Make] | None:
    if not text.startswith(("at ", "at\t", "bei ", "à ", "en ")) and "@" not in text and "(at " not in text:
        return None
    return next(((name, make) for name, make in _LANGUAGES if make(text)), None)


def _trace(lines: Sequence[Line], first: int, floor: int, platform: str, make: Make) -> tuple[Trace, int]:
    begin, heads = _heads(lines, first, floor, platform)
    stacks: list[list[Frame]] = [[]]
    pending = len(heads) > 1
    done: list[tuple[Head, list[Frame]]] = []
    index, gaps = first, 0
    while index < len(lines):
        bare = lines[index].bare
        if frame := make(bare):
            stacks[-1].append(frame)
            gaps = 0
        elif pending and _END.match(bare) and len(heads) > 1:
            done.append((heads.pop(), stacks.pop()))
            stacks.append([])
        elif platform != "csharp" and (cause := _CAUSE.match(bare)) and (named := head_of(cause["rest"] or "")):
            done.append((heads.pop(), stacks.pop()))
            heads, stacks = [named], [[]]
        elif more := _MORE.match(bare):
            _restore(stacks[-1], [stack for _, stack in done], int(more[1] or more[2]))
        elif _BETWEEN.match(bare) or _END.match(bare) or (bare in ("{", "}", "]", "") and gaps < 2):
            gaps += not bare
        elif lines[index].record is not None and not _is_last(lines, index, make):
            pass
        elif not stacks[-1] and gaps < 4:
            heads[-1] = (heads[-1][0], f"{heads[-1][1]}\n{bare}".strip())
            gaps += 1
        else:
            break
        index += 1
    done.append((heads.pop(), stacks.pop()))
    done.extend((head, []) for head in reversed(heads))
    exceptions = _chain(done, platform)
    if platform == "node" and (extra := _thrown_at(lines, begin, first, floor) or _importer(exceptions[-1].value)):
        exceptions = _with_place(exceptions, extra)
    return Trace(tuple(exceptions), platform, begin, index), index


def _heads(lines: Sequence[Line], first: int, floor: int, platform: str) -> tuple[int, list[Head]]:
    """Return where the trace begins and what its exceptions are called, outermost first."""
    begin, kind, value = head_above(lines, first, floor) or (first, None, "")
    if platform == "csharp" and (heads := _dotnet_heads(lines, begin, first, floor)):
        return max(floor, first - 12), heads
    return begin, [(kind, value)]


def _chain(done: Sequence[tuple[Head, list[Frame]]], platform: str) -> list[ExceptionInfo]:
    chain = done if platform == "csharp" else list(reversed(done))
    return _nested([_exception(head, stack) for head, stack in chain])


def _with_place(exceptions: list[ExceptionInfo], place: Frame) -> list[ExceptionInfo]:
    """Add the place that Node prints above the error, when its calls are none of the application."""
    last = exceptions[-1]
    if not place.in_app or any(frame.in_app for frame in last.frames):
        return exceptions
    return [*exceptions[:-1], ExceptionInfo(last.type, last.value, frames=(*last.frames, place))]


def _is_last(lines: Sequence[Line], index: int, make: Make) -> bool:
    """Whether no further call of this trace follows soon; a record of another thread may stand between."""
    return not any(make(line.bare) for line in lines[index + 1 : index + 3])


def _exception(head: Head, newest_first: Sequence[Frame]) -> ExceptionInfo:
    return ExceptionInfo(head[0], head[1] or None, frames=tuple(reversed(newest_first[:_MAX_FRAMES])))


def _restore(stack: list[Frame], enclosing: Sequence[Sequence[Frame]], count: int) -> None:
    """Add the calls that `... 23 more` stands for: the oldest ones of the enclosing exception, as far as known."""
    outer = enclosing[-1] if enclosing else ()
    stack.extend(outer[-min(count, _MAX_FRAMES, len(outer)) :] if outer and count else ())


def _nested(exceptions: list[ExceptionInfo]) -> list[ExceptionInfo]:
    """Add the exception that Spring names only inside the message of the innermost one."""
    if not exceptions or not (nested := _NESTED.search(exceptions[0].value or "")):
        return exceptions
    return [ExceptionInfo(nested["type"], nested["value"]), *exceptions]


def _dotnet_heads(lines: Sequence[Line], begin: int, first: int, floor: int) -> list[Head]:
    """Return outermost first what stands between the head and the calls, split at its arrows."""
    start = begin
    while start > floor and lines[start].bare.startswith("--->"):
        start -= 1
    text = "\n".join(line.bare for line in lines[start:first])[:8_000]
    parts = re.split(r"(?:^|\s)---> ", text)
    return [named for part in parts if (named := head_of(part.partition("\n")[0].strip()))]


def _importer(value: str | None) -> Frame | None:
    """Return the file that asked for a module which Node did not find; its loader's calls do not show it."""
    found = _IMPORTED.search(value or "")
    return text_frame(None, found[1]) if found else None


def _thrown_at(lines: Sequence[Line], begin: int, first: int, floor: int) -> Frame | None:
    """Return the place that Node prints above an error, with its source line."""
    for index in range(max(floor, begin - 8), begin):
        if (place := _LOCATION.match(lines[index].bare)) and not place["file"].startswith("node:"):
            number = int(place["line"])
            source = lines[index + 1].bare if index + 1 < len(lines) else ""
            return text_frame(None, place["file"], number, source=((number, source),) if source else ())
    return None
