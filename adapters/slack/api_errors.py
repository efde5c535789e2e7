"""Slack's errors as ours, each with what to do about it."""

from __future__ import annotations

import asyncio

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError

from adapters.slack.advice import INVITE, NO_ACCESS, UNREACHABLE, advice_for
from core.domain.errors import AccessDenied, MessageGone, RateLimited, ServiceFailed, ServiceUnavailable

SERVICE = "Slack"

_PASSING = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org"})
GONE = frozenset({"message_not_found", "thread_not_found"})
CLOSED = frozenset({"cant_update_message", "edit_window_closed", "is_inactive"})
"""What stands as it is: nobody may edit it any more."""
UNREADABLE = frozenset({"invalid_blocks", "invalid_blocks_format", "msg_too_long", "msg_blocks_too_long"})


def code_of(error: SlackApiError) -> str:
    """Slack's own short name of what went wrong."""
    return str(error.response.get("error") or "")


def explained(error: Exception) -> ServiceFailed:
    """`error` as one of ours. Never quotes what was sent."""
    if not isinstance(error, SlackApiError):
        return ServiceUnavailable(SERVICE, "Slack cannot be reached just now.")
    code, status = code_of(error), int(error.response.status_code or 0)
    if code in ("ratelimited", "rate_limited") or status == 429:
        wait_s = float(error.response.headers.get("Retry-After") or 1)
        return RateLimited(SERVICE, f"Slack limits the rate; wait {wait_s:.0f} s.", retry_after_s=wait_s)
    if code in UNREACHABLE or code in NO_ACCESS:
        needed = f" ({code}: {error.response.get('needed')})" if code == "missing_scope" else f" ({code})"
        return AccessDenied(SERVICE, advice_for(code) + ("" if advice_for(code) == INVITE else needed))
    if code in GONE:
        return MessageGone(SERVICE, "The message is not there any more.")
    if code in _PASSING or status >= 500 or not code:
        return ServiceUnavailable(SERVICE, f"Slack failed ({code or status}). Ask again in a minute.")
    return ServiceFailed(SERVICE, f"{advice_for(code)} ({code})")


CALL_ERRORS = (SlackClientError, aiohttp.ClientError, asyncio.TimeoutError, OSError)
"""What a call of the SDK may raise."""
