"""Reads the limits of an organization as people type them."""

from __future__ import annotations

from dataclasses import fields

from core.domain.errors import InvalidInput
from core.domain.tenancy import Limits

LIMITS = tuple(field.name for field in fields(Limits))


def parse_limit(text: str) -> tuple[str, float | None]:
    """Return name and value of `max_queued=5`; the value of `default` is None.

    Raises:
        InvalidInput: there is no such limit, or the value does not fit it.
    """
    name, _, value = text.partition("=")
    if name not in LIMITS:
        raise InvalidInput(f"{name!r} is no limit. They are {', '.join(LIMITS)}.")
    if value == "default":
        return name, None
    try:
        number = float(value) if name.endswith("_usd") else int(value)
    except ValueError:
        raise InvalidInput(f"{name} wants a number, or default.") from None
    if number < (0 if name.endswith("_usd") else 1):
        raise InvalidInput(f"{name} must be positive.")
    return name, number
