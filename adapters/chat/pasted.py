"""What a text brings to start from when it names no issue: a raw event, a stack trace, or words. Pure.

`origin` says in words where it was pasted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from adapters.chat.typed import straight
from core.domain.conversation import PastedEvent

_MOST_CHARS = 100_000
_FEWEST_CHARS = 20
_FENCE = re.compile(r"```(?:[a-z]{1,12}\n)?(.*?)```", re.DOTALL)
_QUOTE = re.compile(r"^[ \t]*(?:> ?)+", re.MULTILINE)
_CALL = re.compile(
    r"[ \t>|•\d:.)]*+(?:Traceback \(most recent call last\)"
    r'|File "[^"]+", line \d'
    r"|at[ \t]++.*(?:[A-Za-z/>]:\d+:\d+\)?[ \t]*$|\([\w$.-]+\.(?:java|kt|scala|groovy|clj):\d+\)|\(Native Method\)))"
)
_PYTHON_ERROR = re.compile(r"(?:[a-z_]\w*\.)*[A-Z]\w*(?::[ \t].*)?$")
_LONGEST_LINE = 1_000
_OF_EVENTS = ("exception", "entries", "logentry", "threads", "stacktrace", "occurrence", "spans", "csp")
_OF_MESSAGES = ("event_id", "eventID", "platform")


def event_in(text: str, origin: str) -> PastedEvent | None:
    """The Sentry event in it, as it was pasted: alone, in a code block, or between words."""
    braces = text[text.find("{") : text.rfind("}") + 1] if "{" in text else ""
    for block in (*_FENCE.findall(text), braces):
        # Straight quotes would break an event that quotes typographically, so they come second.
        for form in dict.fromkeys((block.strip(), straight(block.strip()))):
            if form.startswith("{") and _is_event(form):
                return PastedEvent(form, origin)
    return None


def trace_in(text: str, origin: str) -> PastedEvent | None:
    """The whole text as an event, when a line of it is a call of a stack trace."""
    return _as_event(text, origin) if any(map(_CALL.match, _lines(straight(text)))) else None


def words_in(text: str, origin: str) -> PastedEvent | None:
    """The text as an event; None when it is too short to say what went wrong."""
    return _as_event(text, origin) if len(text.strip()) >= _FEWEST_CHARS else None


def prose_of(text: str) -> str:
    """What people say around what they pasted, which holds ids of everything but issues."""
    outside = _FENCE.sub(lambda fence: " " if "\n" in fence[1].strip() or "{" in fence[1] else fence[1], text)
    before: list[str] = []
    for line in outside.splitlines():
        if line.lstrip().startswith("{") or _CALL.match(straight(line[:_LONGEST_LINE])):
            break
        before.append(line)
    return "\n".join(before).strip()


def _as_event(text: str, origin: str) -> PastedEvent:
    message = _QUOTE.sub("", straight(text.replace("```", "\n"))).strip()[:_MOST_CHARS]
    lines = list(_lines(message))
    title = _title(lines)
    event = {"message": message, "platform": _platform(message), "level": "error"}
    return PastedEvent(json.dumps({**event, "title": title} if title else event), origin)


def _lines(text: str) -> Iterator[str]:
    return (line[:_LONGEST_LINE] for line in text.splitlines())


def _title(lines: Sequence[str]) -> str | None:
    """The line that names the error: Python prints it after the calls, others before."""
    calls = [position for position, line in enumerate(lines) if _CALL.match(line)]
    if not calls:
        return None
    if 'File "' in lines[calls[-1]]:
        below = (line.strip() for line in lines[calls[-1] + 1 :])
        return next((line[:200] for line in below if _PYTHON_ERROR.match(line)), None)
    above = (line.strip() for line in reversed(lines[: calls[0]]))
    return next((line[:200] for line in above if line), None)


def _platform(text: str) -> str:
    if "Traceback (most recent" in text or re.search(r'File "[^"\n]+", line \d', text):
        return "python"
    if re.search(r"\.(?:java|kt|scala|groovy|clj):\d+[ \t]*\)", text):
        return "java"
    return "node" if re.search(r"\.[cm]?[jt]sx?:\d+:\d+|node:internal/", text) else "other"


def _is_event(text: str) -> bool:
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        return False
    for body in (given, _part(given, "event"), _part(_part(given, "data"), "event")):
        if any(_part(body, name) for name in _OF_EVENTS):
            return True
        if _part(body, "message") and any(_part(body, name) for name in _OF_MESSAGES):
            return True
    return False


def _part(body: object, name: str) -> object:
    return body.get(name) if isinstance(body, Mapping) else None
