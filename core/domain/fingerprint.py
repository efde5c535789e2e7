"""What an error looks like, and whether two are the same: exception classes, frames, and a fingerprint of both."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

MAX_TEXT = 20_000
MAX_FRAMES = 15
_FINGERPRINT_FRAMES = 3
_FINGERPRINT_CHARS = 300
_HEADLINE_CHARS = 2_000
_EXCEPTION = re.compile(r"(?<!\w)([A-Z]\w*(?:Exception|Error|Timeout|Fault|Failure|Interrupt|Panic|Warning|Exit))\b")
_PLACE = re.compile(r"(?<![\w@$+./\\-])([\w@$+./\\-]*\.[A-Za-z]{1,6}):(?!\d)([\w$<>.~#]+)")
_PYTHON = re.compile(r'File "([^"\n]+)", line \d+, in ([^\s]+)')
_SCRIPT = re.compile(r"\bat (?:async |new )?([\w$.<>]+) \(([^()\s]+?)(?::\d+){1,2}\)")
_JVM = re.compile(r"\bat ((?:[\w$]+\.)+[\w$<>]+)\((\w+\.\w+)(?::\d+)?\)")

_IDS = tuple(
    re.compile(pattern, re.I)
    for pattern in (
        r"\b[a-z][a-z0-9+.-]{0,30}://\S+",
        r"\b[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}\b",
        r"\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?",
        r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b",
        r"\b0x[0-9a-f]+\b|\b(?=[0-9a-f]*\d)[0-9a-f]{7,}\b",
    )
)
# A digit after a letter belongs to a name: `utf8`, `k2`.
_NUMBER = re.compile(r"(?<![^\W\d])\d+(?:[.,]\d+)*")


def exceptions_in(text: str) -> tuple[str, ...]:
    """Exception classes named in `text`, without their packages."""
    return tuple(dict.fromkeys(_EXCEPTION.findall(text[:MAX_TEXT])))


def frames_in(text: str) -> tuple[str, ...]:
    """Frames in `text` as `file:function` in lower case, newest call first; Python's own order is turned round."""
    text = text[:MAX_TEXT]
    frames = [_frame(file, function) for file, function in _PLACE.findall(text)]
    frames += [_frame(file, function) for file, function in reversed(_PYTHON.findall(text))]
    frames += [_frame(file, function) for function, file in _SCRIPT.findall(text)]
    frames += [_frame(file, function) for function, file in _JVM.findall(text)]
    return tuple(dict.fromkeys(frames))[:MAX_FRAMES]


def normalize(text: str) -> str:
    """`text` in lower case without what differs each time: ids, numbers, times, addresses."""
    for pattern in (*_IDS, _NUMBER):
        text = pattern.sub("#", text)
    return " ".join(text.casefold().split())


def without_ids(text: str) -> str:
    """`text` as it is, but for addresses, ids and times: numbers may be versions, ports or codes, which say much."""
    for pattern in _IDS:
        text = pattern.sub("", text)
    return text


def fingerprint(error_type: str, message: str, frames: Sequence[str]) -> str:
    """Equal for the same error told twice: type, message without its volatile parts, newest frames.

    Empty when there is nothing but a type: two timeouts are not the same timeout.
    """
    newest = frames_in("\n".join(frames))[:_FINGERPRINT_FRAMES]
    message = _first_line(message)
    if not message and not newest:
        return ""
    headline = ": ".join(part for part in (error_type.strip(), message) if part)
    return _digest(headline, newest)


def fingerprint_of_text(text: str) -> str:
    """The fingerprint of an error told as `Type: message` and then a line for each frame; empty when too little."""
    headline = _first_line(text)
    frames = frames_in(text[text.find(headline) + len(headline) :])[:_FINGERPRINT_FRAMES]
    if not frames and ": " not in headline:
        return ""
    return _digest(headline, frames)


def _digest(headline: str, frames: Sequence[str]) -> str:
    first = normalize(headline[:_HEADLINE_CHARS])[:_FINGERPRINT_CHARS]
    return hashlib.sha256("\n".join((first, *frames)).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


def _frame(file: str, function: str) -> str:
    name = re.split(r"[/\\]", file)[-1]
    last = function.strip(".").rsplit(".", 1)[-1] or function
    return f"{name}:{last}".lower()
