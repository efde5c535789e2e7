"""How Slack's people are told that something went wrong, and what to do about it."""

from __future__ import annotations

import logging
import secrets

from core.domain.errors import LogSenseError, NotConnected

logger = logging.getLogger("logsense.slack")

_WHERE = {"Sentry": "An admin can connect it with /logsense connect, or on the Home tab of this app."}


def in_words(error: Exception) -> str:
    """One or two sentences; what nobody foresaw is logged under an id that the person sees."""
    if isinstance(error, NotConnected):
        return f"{error} {_WHERE.get(error.service, '')}".strip()
    if isinstance(error, LogSenseError):
        return str(error)
    error_id = secrets.token_hex(4)
    logger.error("error %s", error_id, exc_info=error)
    return f"LogSense itself failed (error id {error_id}); whoever runs it finds the details in its log. Try again."
