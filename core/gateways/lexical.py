"""Errors as weighted terms: identifiers by their parts, exception classes, frames, ids and versions.

Terms carry their kind (`x:` exception class, `f:` frame, `w:` word), so that a word never passes for a frame. How rare
a term is among the entries is the index's business, not ours.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence

MAX_TEXT = 20_000
MAX_FRAMES = 15
_FINGERPRINT_FRAMES = 3
_FINGERPRINT_CHARS = 300
_HEADLINE_CHARS = 2_000

_IDENTIFIER = re.compile(r"[^\W\d][\w$]*(?:\.[^\W\d][\w$]*)*")
_PARTS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+|[^\W\d_A-Za-z]+")
_NUMBERED = re.compile(r"\b[A-Z][A-Z0-9]+-\d+\b|(?<![\w.])v?\d[\w.-]*\b")
_EXCEPTION = re.compile(r"(?<!\w)([A-Z]\w*(?:Exception|Error|Timeout|Fault|Failure|Interrupt|Panic|Warning|Exit))\b")
_PLACE = re.compile(r"(?<![\w@$+./\\-])([\w@$+./\\-]*\.[A-Za-z]{1,6}):(?!\d)([\w$<>.~#]+)")
_PYTHON = re.compile(r'File "([^"\n]+)", line \d+, in ([^\s]+)')
_SCRIPT = re.compile(r"\bat (?:async |new )?([\w$.<>]+) \(([^()\s]+?)(?::\d+){1,2}\)")
_JVM = re.compile(r"\bat ((?:[\w$]+\.)+[\w$<>]+)\((\w+\.\w+)(?::\d+)?\)")

_STOP_WORDS = frozenset(
    re.findall(
        r"\w+",
        """a an the and or of to in is it its this that for on with as by be are was were at from if i we you not no can
        could would should has have had do does did so but when then than there here which what how why will just also
        any some my our your he she they error exception line file py js jsx ts tsx java kt rb php cs cpp""",
    )
)
_SUFFIXES = ("ing", "edly", "ed", "ies", "es", "s")


def terms(text: str) -> Counter[str]:
    """How often each term stands in `text`; frames count once, and only the newest ones count at all."""
    text = text[:MAX_TEXT]
    found: Counter[str] = Counter()
    for identifier in _IDENTIFIER.findall(text):
        _add_identifier(found, identifier)
    for number in _NUMBERED.findall(text):
        found[f"w:{number.lower().strip('.-')}"] += 1
    for exception in dict.fromkeys(_EXCEPTION.findall(text)):
        found[f"x:{exception.lower()}"] += 1
    for frame in frames_in(text):
        found[f"f:{frame}"] += 1
    return found


def query_weights(text: str) -> dict[str, float]:
    """What each term of a query weighs: repeats at most three times, the newest frames more than their callers."""
    weights = {term: float(min(count, 3)) for term, count in terms(text).items()}
    for term in weights:
        if term.startswith("x:"):
            weights[term] = 3.0
    for position, frame in enumerate(frames_in(text)):
        weights[f"f:{frame}"] = 3.0 / (1 + 0.5 * position)
    return weights


def stored_weights(counts: Mapping[str, float], *, k: float = 1.2, b: float = 0.75) -> dict[str, float]:
    """BM25's weight of each term of a stored text; rareness is left to the index."""
    average = 80.0
    norm = k * (1 - b + b * sum(counts.values()) / average)
    return {term: count * (k + 1) / (count + norm) for term, count in counts.items()}


def term_id(term: str) -> int:
    """The sparse dimension of `term`: the same in every process, without a vocabulary to share."""
    return zlib.crc32(term.encode("utf-8", "surrogatepass"))


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


def _frame(file: str, function: str) -> str:
    name = re.split(r"[/\\]", file)[-1]
    last = function.strip(".").rsplit(".", 1)[-1] or function
    return f"{name}:{last}".lower()


def _add_identifier(found: Counter[str], identifier: str) -> None:
    """Its words, and where it has several also the whole: `OrderTotal` is found as itself, as order and as total."""
    names = identifier.split(".")
    if len(names) > 1:
        found[f"w:{'.'.join(names[-2:]).lower()}"] += 1
    for name in names:
        words = [word.lower() for word in _PARTS.findall(name)]
        if len(words) > 1:
            found[f"w:{name.lower()}"] += 1
        for word in words:
            if word not in _STOP_WORDS and (len(word) > 1 or not word.isascii()):
                found[f"w:{_stem(word)}"] += 1


def _stem(word: str) -> str:
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 4 and not word.endswith("ss"):
            return word[: -len(suffix)]
    return word


# ---- the same error again -------------------------------------------------------------------------------------------

_VOLATILE = tuple(
    re.compile(pattern, re.I)
    for pattern in (
        r"\b[a-z][a-z0-9+.-]*://\S+",
        r"\b[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}\b",
        r"\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?",
        r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b",
        r"\b0x[0-9a-f]+\b|\b(?=[0-9a-f]*\d)[0-9a-f]{7,}\b",
        # A digit after a letter belongs to a name: `utf8`, `k2`.
        r"(?<![^\W\d])\d+(?:[.,]\d+)*",
    )
)


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
    headline = headline[:_HEADLINE_CHARS]
    for pattern in _VOLATILE:
        headline = pattern.sub("#", headline)
    steady = " ".join(headline.casefold().split())[:_FINGERPRINT_CHARS]
    return hashlib.sha256("\n".join((steady, *frames)).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")
