"""How kinds of log messages are written in results: who, what, how many, and where, with the same as facts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from core.domain.errors import InvalidInput
from core.gateways.logs.analysis import target_of
from core.gateways.logs.reading import Kind, LogIndex
from core.mcp_server.masking import Masker
from core.mcp_server.output import cut, on_one_line, quoted

_MESSAGE_CHARS = 240


def second(at: float) -> str:
    """`2026-11-20T10:48:07Z`, for seconds since 1970."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at >= 0 else "an unknown time"


def minute_of(text: str) -> int:
    """Return the minutes since 1970 of a time in UTC.

    Raises:
        InvalidInput: there is no such time.
    """
    try:
        return int(datetime.fromisoformat(text.removesuffix("Z")).replace(tzinfo=UTC).timestamp() // 60)
    except ValueError:
        raise InvalidInput("There is no such time. Give one such as 2026-11-20T10:17Z.") from None


def told_span(window: tuple[int, int]) -> str:
    """Say from when to when, for minutes since 1970."""
    return f"{second(window[0] * 60)} to {second(window[1] * 60)}" if window[0] >= 0 else "which have no times"


def described(index: LogIndex, kind: Kind, masker: Masker) -> tuple[str, dict[str, Any]]:
    """Return one line about a kind of message, and its facts; the example is its first line in that time."""
    whole = on_one_line(masker.text(index.message(kind)))
    message = cut(whole, _MESSAGE_CHARS)
    at, component = second(kind.at), on_one_line(masker.text(kind.component))
    place = on_one_line(masker.text(kind.place))
    text = f"T{kind.id} {component} {kind.level} {kind.count}x from {at} ({place}): {quoted(message, _MESSAGE_CHARS)}"
    facts: dict[str, Any] = {
        "template": f"T{kind.id}",
        "component": component,
        "level": kind.level,
        "count": kind.count,
        "at": at,
        "place": place,
        "message": message.replace("“", '"').replace("”", '"'),
    }
    if (target := target_of(message)) is not None:
        facts["target"] = target
    return text, facts
