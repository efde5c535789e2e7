"""Reads a stack trace that was written as text, as Python, Java and JavaScript print it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from core.domain.incident import Frame

_MAX_FRAMES = 200
_MAX_CHARS = 100_000
_PYTHON = re.compile(r'^\s*File "([^"\n]+)", line (\d+), in (\S+)\n?([ \t]+(?!File ")\S[^\n]*)?', re.MULTILINE)
_JAVA = re.compile(r"^\s*at (?:[\w.]+/)?([\w.$]+)\.([\w$<>]+)\(([\w$.-]+)(?::(\d+))?\)", re.MULTILINE)
_SCRIPT = re.compile(
    r"^\s*at (?:(?:async )?(?:new )?([\w.$<>\[\] ]+?) \()?([^\s()]+?):(\d+):(\d+)\)?\s*$", re.MULTILINE
)


def frames_in_text(text: str) -> tuple[Frame, ...]:
    """The frames of the first kind of trace found, oldest call first; empty when there is none."""
    shown = text[:_MAX_CHARS]
    for read in (_python_frames, _java_frames, _script_frames):
        frames = tuple(read(shown))[:_MAX_FRAMES]
        if frames:
            return frames
    return ()


def _python_frames(text: str) -> Iterator[Frame]:
    for file, line, function, source in _PYTHON.findall(text):
        shown = ((int(line), source.strip("\n")),) if source.strip() else ()
        yield Frame(function=function, file=file, absolute_path=file, line=int(line), source=shown)


def _java_frames(text: str) -> Iterator[Frame]:
    for module, function, file, line in reversed(_JAVA.findall(text)):
        yield Frame(function=function, file=file, module=module, line=int(line) if line else None)


def _script_frames(text: str) -> Iterator[Frame]:
    for function, file, line, column in reversed(_SCRIPT.findall(text)):
        yield Frame(function=function or None, file=file, absolute_path=file, line=int(line), column=int(column))
