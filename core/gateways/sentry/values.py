"""Reads single JSON values that may be missing, null or of the wrong type: what cannot be read is empty."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import Any

MAX_VALUE_CHARS = 4_000
"""Far more than is shown: masking comes before cutting, since a secret that was cut is not recognized any more."""
MAX_TEXT_CHARS = 20_000
_MAX_ITEMS = 60
_MAX_DEPTH = 5


def mapping(value: object) -> Mapping[str, Any]:
    """The object, or an empty one."""
    return value if isinstance(value, Mapping) else {}


def listed(value: object) -> list[Any]:
    """The array, or an empty one."""
    return value if isinstance(value, list) else []


def string(value: object) -> str | None:
    """Text of at most 20,000 characters; numbers are spelled, everything else and blank text is None."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, str) and value.strip():
        return value[:MAX_TEXT_CHARS]
    return None


def unquoted(text: str | None) -> str | None:
    """Return `text` without the single quotes that some SDKs put around every name; quotes inside it stay."""
    return text[1:-1] if text and len(text) > 2 and text[0] == text[-1] == "'" else text


def integer(value: object) -> int | None:
    """A whole number, also when it is spelled as text, as Sentry spells counts."""
    if isinstance(value, bool):
        return None
    try:
        return int(str(value)) if isinstance(value, int | str) else None
    except ValueError:
        return None


def number(value: object) -> float | None:
    """A finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def truth(value: object) -> bool | None:
    """True, false, or unknown: null is not "no"."""
    return value if isinstance(value, bool) else None


def moment(value: object) -> datetime | None:
    """A time in UTC from ISO 8601 text or seconds since 1970."""
    seconds = number(value)
    try:
        if seconds is not None:
            return datetime.fromtimestamp(seconds, UTC)
        if isinstance(value, str):
            found = datetime.fromisoformat(value.replace("Z", "+00:00"))
            return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return None


def short(value: object) -> str:
    """Any value on one short line. SDKs spell the leaves of nested values as code already, so they are not quoted."""
    text = _spelled(value, depth=0)
    return text if len(text) <= MAX_VALUE_CHARS else f"{text[: MAX_VALUE_CHARS - 1]}…"


def _spelled(value: object, depth: int) -> str:
    if depth > _MAX_DEPTH:
        return "…"
    match value:
        case str():
            return value[: MAX_VALUE_CHARS + 1]
        case Mapping():
            parts = (f"{name}: {_spelled(item, depth + 1)}" for name, item in islice(value.items(), _MAX_ITEMS))
            return f"{{{', '.join(parts)}}}"
        case list():
            return f"[{', '.join(_spelled(item, depth + 1) for item in value[:_MAX_ITEMS])}]"
        case _:
            return json.dumps(value, default=str)


def flat(values: Mapping[Any, Any]) -> dict[str, str]:
    """Names with their values on one line; nulls are left out."""
    known = [(name, value) for name, value in values.items() if value is not None]
    return {str(name)[:MAX_VALUE_CHARS]: short(value) for name, value in known[:_MAX_ITEMS]}


def pairs(value: object) -> Iterator[tuple[str, str]]:
    """Name and text from any of the ways Sentry writes them: object, [name, text] pairs, {key, value} objects."""
    if isinstance(value, Mapping):
        value = list(value.items())
    for item in listed(value):
        if isinstance(item, Mapping):
            item = (item.get("key"), item.get("value"))
        if isinstance(item, list | tuple) and len(item) == 2 and (name := string(item[0])):
            yield name, short(item[1]) if item[1] is not None else ""
