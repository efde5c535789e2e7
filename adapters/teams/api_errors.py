"""Teams' errors as ours, each with what to do about it."""

from __future__ import annotations

import json
from collections.abc import Mapping

from core.domain.errors import AccessDenied, MessageGone, RateLimited, ServiceFailed, ServiceUnavailable

SERVICE = "Microsoft Teams"

_LIMITED = (412, 429)
_PASSING = (408, 500, 502, 503, 504)
_TOO_LARGE = frozenset({"MessageSizeTooBig", "RequestEntityTooLarge"})
_GONE = "ActivityNotFoundInConversation"
_LONGEST_WAIT_S = 300.0


class TokenNotTaken(AccessDenied):
    """Our token was refused: another may do."""


class TooLarge(ServiceFailed):
    """The message holds more than Teams takes: a smaller one may go."""


def refused(status: int, headers: Mapping[str, str], body: bytes) -> ServiceFailed:
    """What an answer other than success means. Never quotes what was sent."""
    code = _code_in(body)
    wait_s = _seconds(headers.get("Retry-After"))
    if status in _LIMITED or (status in _PASSING and wait_s is not None):
        wait_s = 1.0 if wait_s is None else wait_s
        return RateLimited(SERVICE, f"Teams limits the rate; wait {wait_s:.0f} s.", retry_after_s=wait_s)
    if status in _PASSING:
        return ServiceUnavailable(SERVICE, f"Teams failed ({status}).")
    if status == 413 or code in _TOO_LARGE:
        return TooLarge(SERVICE, "The message is too large for Teams.")
    if code == _GONE:
        return MessageGone(SERVICE, "The message is not there any more.")
    if status == 401:
        return TokenNotTaken(SERVICE, "Teams refused LogSense's token. Who runs LogSense has to check its password.")
    if status in (403, 404):
        return AccessDenied(SERVICE, "LogSense cannot write there. Add it to the team or chat, then ask again.")
    return ServiceFailed(SERVICE, f"Teams refused the call ({code or status}).")


def _code_in(body: bytes) -> str:
    try:
        code = json.loads(body)["error"]["code"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return ""
    return code[:60] if isinstance(code, str) and code.isascii() and code.isprintable() else ""


def _seconds(header: str | None) -> float | None:
    try:
        return min(max(float(header or ""), 0.1), _LONGEST_WAIT_S)
    except ValueError:
        return None
