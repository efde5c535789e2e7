"""Reads the traces of Ruby, PHP, Elixir, Erlang and Dart."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from core.domain.incident import ExceptionInfo, Frame
from core.domain.trace_lines import BEAM_FRAME, DART_FRAME, ERLANG_FRAME, PHP_FRAME, RUBY_FRAME
from core.gateways.text.languages.heads import head_above, head_of
from core.gateways.text.model import Line, Trace, text_frame

_RUBY_TAIL = re.compile(r": (?P<value>.*) \((?P<type>[A-Z][\w:]{1,120})\)$")
_RUBY_HEAD = re.compile(r"(?P<type>[A-Z]\w*(?:::[A-Z]\w*){0,8}) \((?P<value>.*)\)(?::)?$")
_RUBY_NUMBER = re.compile(r"^\d{1,5}: (?=from )")
_PHP_UNCAUGHT = re.compile(
    r"(?:.{0,200}?(?:Uncaught|Next|Uncaught PHP Exception) |Next )(?P<type>[A-Z\\][\w\\]{1,200}): (?P<value>.*?)(?: in (?P<file>\S.{0,300}?)(?::| on line | line )(?P<line>\d{1,9})| at (?P<file2>\S{1,300}) line (?P<line2>\d{1,9}).*)?$"
)
_PHP_PLAIN = re.compile(
    r"(?:PHP )?(?P<type>(?:Fatal|Parse|Recoverable fatal|Catchable fatal) error|Warning|Notice|Deprecated): {1,2}(?P<value>.*) in (?P<file>/\S.{0,300}) on line (?P<line>\d{1,9})$"
)
_PHP_OBJECT = re.compile(
    r"(?:\[object\] )?\((?P<type>[A-Z][\w\\]{1,200})\(code: \w{1,20}\): (?P<value>(?:(?!\(code: \w{1,20}\): ).){0,1000}?) at (?P<file>(?:/|[A-Z]:\\)[^\s\"]{1,300}):(?P<line>\d{1,9})\)"
)
_PHP_AT = re.compile(r"at (?P<file>\S{1,300}\.php):(?P<line>\d{1,9})$")
_BEAM_ERROR = re.compile(
    r"(?:.{0,200}?)\*\* \((?P<type>[A-Z][\w.]{0,200}|exit|throw|stop|EXIT from [^)]{1,60})\) (?P<value>.*)$"
)
_ERLANG_ERROR = re.compile(r"(?:\*\* )?exception (?P<type>error|exit|throw): (?P<value>.*)$")
_ERLANG_STACK = re.compile(
    r"\{(?P<module>\w{1,80}),(?P<call>'?[\w/ -]{1,100}'?),(?:\d{1,3}|\[[^\]\n]{0,200}\]),\[\{file,\"(?P<file>[^\"\n]{1,300})\"\},\{line,(?P<line>\d{1,9})\}"
)
_DART_SKIP = re.compile(r"Unhandled [Ee]xception:|When the exception was thrown|<asynchronous suspension>")
_DART_THROWN = re.compile(r"The following (?P<type>\S{1,120}?)(?: object)? was thrown")
_DART_VALUE = re.compile(r"(?:.{0,200}Unhandled [Ee]xception: )(?P<value>\S.*)$")
_MAX = 300


def read_ruby(lines: Sequence[Line]) -> Iterator[Trace]:
    """Yield Ruby's traces, newest or oldest call first, with the causes that follow."""
    index, floor = 0, 0
    while index < len(lines):
        if not RUBY_FRAME.match(_RUBY_NUMBER.sub("", lines[index].bare)):
            index += 1
            continue
        trace, index = _ruby(lines, index, floor)
        floor = index
        yield trace


def _ruby(lines: Sequence[Line], begin: int, floor: int) -> tuple[Trace, int]:
    kind, value = _ruby_head(lines, begin, floor)
    chain: list[tuple[str | None, str, list[Frame]]] = [(kind, value, [])]
    index, gaps, is_reversed = begin, 0, False
    while index < len(lines) and gaps < 8:
        bare = _RUBY_NUMBER.sub("", lines[index].bare)
        is_reversed = is_reversed or bool(_RUBY_NUMBER.match(lines[index].bare))
        head = _RUBY_HEAD.match(bare) or None
        if call := RUBY_FRAME.match(bare):
            gaps = 0
            frame = text_frame(call["call"].removeprefix("block in "), call["file"], call["line"])
            if tail := _RUBY_TAIL.match(bare, call.end()):
                if chain[-1][0] is not None:
                    chain.append((None, "", []))
                chain[-1] = (tail["type"], tail["value"], chain[-1][2])
            chain[-1][2].append(frame)
        elif head and chain[-1][2]:
            chain.append((head["type"], head["value"], []))
        elif bare and not bare.startswith(("Caused by", "Causes:", "...")) and chain[-1][2] and gaps:
            break
        else:
            gaps += 1
        index += 1
    errors = [
        ExceptionInfo(kind, value or None, frames=tuple((stack if is_reversed else stack[::-1])[:_MAX]))
        for kind, value, stack in chain
        if kind or stack
    ]
    return Trace(tuple(reversed(errors)), "ruby", max(floor, begin - 8), index), index


def _ruby_head(lines: Sequence[Line], begin: int, floor: int) -> tuple[str | None, str]:
    bare = lines[begin].bare
    if (call := RUBY_FRAME.match(bare)) and _RUBY_TAIL.match(bare, call.end()):
        return None, ""
    for line in reversed(lines[max(floor, begin - 10) : begin]):
        if head := _RUBY_HEAD.match(line.bare):
            return head["type"], head["value"]
    above = head_above(lines, begin, floor)
    return (above[1], above[2]) if above else (None, "")


def read_php(lines: Sequence[Line]) -> Iterator[Trace]:
    """Yield PHP's errors: fatal ones, those of Monolog, and what Laravel's console shows."""
    index, last = 0, 0
    while index < len(lines):
        bare = lines[index].bare
        objects = list(_PHP_OBJECT.finditer(bare.replace('\\"', '"').replace("\\\\", "\\")))[:20]
        found = _PHP_UNCAUGHT.match(bare) or _PHP_PLAIN.match(bare)
        place = _PHP_AT.match(bare)
        begin = index
        if objects:
            stack, index = _php_stack(lines, index + 1)
            yield Trace(
                tuple(reversed([_php_error(each, stack if not i else []) for i, each in enumerate(objects)])),
                "php",
                begin,
                index,
            )
        elif found or (bare.startswith("PHP Fatal error:") and "Uncaught" in bare):
            errors, index = _php_fatal(lines, index)
            if errors:
                yield Trace(tuple(errors), "php", begin, index, is_fatal="atal" in bare)
        elif place and (above := head_above(lines, index, last)):
            frame = text_frame(None, place["file"], place["line"])
            index += 1
            yield Trace((ExceptionInfo(above[1], above[2], frames=(frame,)),), "php", above[0], index)
        elif PHP_FRAME.match(bare) and ".php" in bare:
            stack, index = _php_stack(lines, index)
            above = head_above(lines, begin, last)
            kind, value = (above[1], above[2]) if above else (None, "")
            yield Trace((ExceptionInfo(kind, value or None, frames=tuple(reversed(stack))),), "php", begin, index)
        else:
            index += 1
            continue
        last = index


def _php_fatal(lines: Sequence[Line], index: int) -> tuple[list[ExceptionInfo], int]:
    errors: list[ExceptionInfo] = []
    while index < len(lines):
        text = lines[index].bare
        extra = 0
        while (
            "Uncaught" in text
            and not re.search(r" in \S+(?::| on line )\d+$", text)
            and extra < 8
            and index + extra + 1 < len(lines)
        ):
            extra += 1
            text += " " + lines[index + extra].bare
        found = _PHP_UNCAUGHT.match(text) or _PHP_PLAIN.match(text)
        if not found:
            if (text and not text.startswith(("thrown in", "Stack trace:"))) or errors == []:
                break
            index += 1
            continue
        stack, index = _php_stack(lines, index + extra + 1)
        errors.append(_php_error(found, stack))
    return errors, max(index, 1) if errors else index + 1


def _php_error(found: re.Match[str], stack: list[Frame]) -> ExceptionInfo:
    groups = found.groupdict()
    file, line = groups.get("file") or groups.get("file2"), groups.get("line") or groups.get("line2")
    thrower = stack[0].function if stack else None
    place = [text_frame(thrower, file, line)] if file else []
    # The call `#0` names the function that threw; its own place is where that function was called.
    callers = [
        text_frame(after.function if after else None, frame.file, frame.line)
        for frame, after in zip(stack, [*stack[1:], None], strict=False)
    ]
    return ExceptionInfo(
        found["type"], found["value"].strip().strip('"') or None, frames=tuple(reversed([*place, *callers]))
    )


def _php_stack(lines: Sequence[Line], index: int) -> tuple[list[Frame], int]:
    stack: list[Frame] = []
    while index < len(lines):
        bare = lines[index].bare
        if call := PHP_FRAME.match(bare):
            name = call["call"].partition("(")[0]
            stack.append(text_frame(name, call["file"] or "[internal function]", call["line"]))
        elif bare not in ("Stack trace:", "[stacktrace]", '"}', "") and not bare.startswith(("thrown in", "#")):
            break
        index += 1
    return [frame for frame in stack if frame.file][:_MAX], index


def _with_arity(call: str) -> str:
    """Return `call` with the number of its arguments in place of the arguments."""
    name, opened, given = call.partition("(")
    if not opened or not given.endswith(")"):
        return call
    return f"{name}/{given.count(',') + 1 if given != ')' else 0}"


def read_beam(lines: Sequence[Line]) -> Iterator[Trace]:
    """Yield the errors of Elixir and Erlang."""
    index = 0
    while index < len(lines):
        bare = lines[index].bare
        found = _BEAM_ERROR.match(bare) or _ERLANG_ERROR.match(bare)
        terms = list(_ERLANG_STACK.finditer(bare))[:_MAX]
        if not (found or terms or BEAM_FRAME.match(bare)):
            index += 1
            continue
        begin, value, frames = index, [], []
        kind = found["type"] if found else None
        value = [found["value"]] if found else []
        frames = [_erlang_term(term) for term in terms]
        index += 1 if found or terms else 0
        while index < len(lines):
            bare = lines[index].bare
            if call := BEAM_FRAME.match(bare):
                frames.append(
                    text_frame(_with_arity(call["call"]), call["file"], call["line"], package=call["package"])
                )
            elif call := ERLANG_FRAME.match(bare):
                frames.append(text_frame(call["call"], call["file"], call["line"]))
            elif inner := _BEAM_ERROR.match(bare):
                kind, value, frames = inner["type"], [inner["value"]], []
            elif more := list(_ERLANG_STACK.finditer(bare)):
                frames.extend(_erlang_term(term) for term in more[:_MAX])
            elif bare and not frames and len(value) < 6 and lines[index].record is None:
                value.append(bare)
            else:
                break
            index += 1
        error = ExceptionInfo(kind, "\n".join(value) or None, frames=tuple(reversed(frames[:_MAX])))
        yield Trace((error,), "elixir" if kind and kind[0].isupper() else "erlang", begin, index)


def _erlang_term(term: re.Match[str]) -> Frame:
    return text_frame(f"{term['module']}:{term['call']}", term["file"], term["line"])


def read_dart(lines: Sequence[Line]) -> Iterator[Trace]:
    """Yield the errors of Dart and Flutter."""
    index, floor = 0, 0
    while index < len(lines):
        if not DART_FRAME.match(lines[index].bare):
            index += 1
            continue
        begin, frames = index, []
        while index < len(lines) and (
            DART_FRAME.match(lines[index].bare)
            or _DART_SKIP.match(lines[index].bare)
            or lines[index].bare.startswith("(elided")
        ):
            if call := DART_FRAME.match(lines[index].bare):
                frames.append(
                    text_frame(
                        re.sub(r"^new ", "", call["call"]),
                        call["file"].removeprefix("package:"),
                        call["line"],
                        column=call["column"],
                        package=call["file"],
                    )
                )
            index += 1
        kind, value = _dart_head([line.bare for line in lines[max(floor, begin - 30) : begin]])
        floor = index
        yield Trace((ExceptionInfo(kind, value, frames=tuple(reversed(frames[:_MAX]))),), "dart", begin, index)


def _dart_head(above: Sequence[str]) -> tuple[str | None, str | None]:
    for position in range(len(above) - 1, -1, -1):
        text = above[position]
        if thrown := _DART_THROWN.match(text):
            value = " ".join(line for line in above[position + 1 : position + 6] if line)
            return thrown["type"], value.partition(" The relevant error-causing")[0].partition(" When the exception")[
                0
            ] or None
        if said := _DART_VALUE.match(text):
            return _split(" ".join([said["value"], *above[position + 1 :]]))
        if _DART_SKIP.match(text):
            return _split("\n".join(line for line in above[position + 1 :] if line))
    last = next((text for text in reversed(above) if text), "")
    return _split(last) if last else (None, None)


def _split(text: str) -> tuple[str | None, str | None]:
    named = head_of(text.partition("\n")[0])
    return (named[0], named[1]) if named else ("Unhandled exception", text or None)
