"""Reads a stack trace that was written as text, as Python, Java and JavaScript print it. Pure.

Chats, mails and log viewers change what was printed: indentation is lost, lines are quoted, numbered or wrapped; it is
read all the same. The text is hostile: every pattern sees one line of bounded length, so that none can take long.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from core.domain.incident import Frame

_MAX_FRAMES = 200
_MAX_CHARS = 100_000
_MAX_LINE = 1_000
_QUOTE = re.compile(r"[ \t]*(?:> ?)+")
_NUMBER = re.compile(r"[ \t]*\d{1,5}[:.|)]?[ \t]")
_BULLET = re.compile(r"[ \t]*(?:[|•*-][ \t]*)?(?=at(?:[ \t]|$)|File \")")
_PYTHON = re.compile(r'[ \t]*File "([^"]+)", line (\d+), in (\S+)')
_NOT_SOURCE = re.compile(r'[ \t]*(?:$|File "|Traceback )|During handling |The above exception |[A-Za-z_][\w.]*(?::|$)')
_JAVA = re.compile(r"at[ \t]++(?:[\w.@-]*/){0,2}([\w.$]+)\.([\w$<>]+)[ \t]*\([ \t]*([\w$.-]+)(?::(\d+))?[ \t]*\)")
_SCRIPT = re.compile(
    r"at[ \t]++(?:(?:async )?(?:new )?([\w.$#<>\[\] ]+?) \([ \t]*+)?([^\s(]\S*?):(\d+):(\d+)[ \t]*+\)?[ \t]*+$"
)


def frames_in_text(text: str) -> tuple[Frame, ...]:
    """The frames of the first kind of trace found, oldest call first; empty when there is none."""
    lines = _as_printed(text[:_MAX_CHARS])
    for read in (_python_frames, _java_frames, _script_frames):
        frames = tuple(read(lines))[:_MAX_FRAMES]
        if frames:
            return frames
    return ()


def _as_printed(text: str) -> list[str]:
    """The lines without quote marks, numbers and bullets, wrapped ones joined; source lines keep their indentation."""
    given = (line[:_MAX_LINE] for line in text.splitlines())
    unquoted = [line[quote.end() :] if (quote := _QUOTE.match(line)) else line for line in given]
    if sum(bool(_is_numbered_call(line)) for line in unquoted) > 1:
        unquoted = [line[number.end() :] if (number := _NUMBER.match(line)) else line for line in unquoted]
    lines: list[str] = []
    for line in unquoted:
        bullet = _BULLET.match(line)
        bare = line[bullet.end() :] if bullet and not line.lstrip().startswith("File") else line
        joint = _joint(lines[-1], bare.strip()) if lines else None
        if joint is None:
            lines.append(bare)
        else:
            lines[-1] = lines[-1].rstrip() + joint + bare.strip()
    return lines


def _is_numbered_call(line: str) -> bool:
    number = _NUMBER.match(line)
    return bool(number and _BULLET.match(line, number.end()))


def _joint(above: str, line: str) -> str | None:
    """What stands between two parts of a call that was wrapped; None when `line` begins something new."""
    begun = above.strip()
    if not line or len(begun) > _MAX_LINE or line.startswith(("at ", 'File "')):
        return None
    if begun.startswith('File "'):
        return " " if begun.endswith(",") and line.startswith(("line ", "in ")) else None
    if begun == "at":
        return " "
    if not begun.startswith("at "):
        return None
    if begun.count("(") > begun.count(")"):
        return "" if ")" in line else None
    return " " if line.startswith("(") and "(" not in begun else None


def _python_frames(lines: Sequence[str]) -> Iterator[Frame]:
    for position, text in enumerate(lines):
        if call := _PYTHON.match(text):
            file, line, function = call.groups()
            below = lines[position + 1] if position + 1 < len(lines) else ""
            source = ((int(line), below),) if _is_source(below, flat=not text[0].isspace()) else ()
            yield Frame(function=function, file=file, absolute_path=file, line=int(line), source=source)


def _is_source(line: str, *, flat: bool) -> bool:
    """Whether a line below a call shows its code; `flat` when the call had lost its own indentation."""
    if not line[:1].isspace() and not flat:
        return False
    return not _NOT_SOURCE.match(line)


def _java_frames(lines: Sequence[str]) -> Iterator[Frame]:
    for call in filter(None, map(_JAVA.match, reversed(lines))):
        module, function, file, line = call.groups()
        yield Frame(function=function, file=file, module=module, line=int(line) if line else None)


def _script_frames(lines: Sequence[str]) -> Iterator[Frame]:
    for call in filter(None, map(_SCRIPT.match, reversed(lines))):
        function, file, line, column = call.groups()
        yield Frame(function=function or None, file=file, absolute_path=file, line=int(line), column=int(column))
