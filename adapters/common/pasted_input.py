"""What a text brings to start from when it names no issue: a raw event, a stack trace, or words. Pure.

`origin` says in words where it was pasted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from adapters.common.input_text import straight
from core.domain.conversation import PastedEvent
from core.domain.trace_lines import is_trace_line, names_an_error

_MOST_CHARS = 100_000
_FEWEST_CHARS = 20
_FENCE = re.compile(r"```(?:[a-z]{1,12}\n)?(.*?)```", re.DOTALL)
_QUOTE = re.compile(r"^[ \t]*(?:> ?)+", re.MULTILINE)
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
    """The whole text, when a line of it is part of a stack trace, a log's error or an error by its name.

    It is handed on as it is: the text reader of the tool server finds the exceptions in it.
    """
    bare = straight(text)
    if not any(map(_tells, _lines(bare))):
        return None
    return PastedEvent(_unquoted(bare), origin)


def words_in(text: str, origin: str) -> PastedEvent | None:
    """The text as an event; None when it is too short to say what went wrong."""
    return _as_event(text, origin) if len(text.strip()) >= _FEWEST_CHARS else None


def prose_of(text: str) -> str:
    """What people say around what they pasted, which holds ids of everything but issues."""
    outside = _FENCE.sub(lambda fence: " " if "\n" in fence[1].strip() or "{" in fence[1] else fence[1], text)
    before: list[str] = []
    for line in outside.splitlines():
        if line.lstrip().startswith("{") or _tells(straight(line[:_LONGEST_LINE])):
            break
        before.append(line)
    return "\n".join(before).strip()


def _as_event(text: str, origin: str) -> PastedEvent:
    return PastedEvent(
        json.dumps({"message": _unquoted(straight(text)), "platform": "other", "level": "error"}), origin
    )


def _unquoted(text: str) -> str:
    return _QUOTE.sub("", text.replace("```", "\n")).strip()[:_MOST_CHARS]


def _tells(line: str) -> bool:
    return is_trace_line(line) or names_an_error(_QUOTE.sub("", line))


def _lines(text: str) -> Iterator[str]:
    return (line[:_LONGEST_LINE] for line in text.splitlines())


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
