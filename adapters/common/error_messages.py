"""How people are told that something went wrong, and what to do about it."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping

from core.domain.errors import LogSenseError, NotConnected

logger = logging.getLogger("logsense.chat")


def in_words(error: Exception, where: Mapping[str, str]) -> str:
    """One or two sentences; what nobody foresaw is logged under an id that the person sees.

    `where` says for a service that is not connected yet where people can do that.
    """
    if isinstance(error, NotConnected):
        return f"{error} {where.get(error.service, '')}".strip()
    if isinstance(error, LogSenseError):
        return str(error)
    error_id = secrets.token_hex(4)
    logger.error("error %s", error_id, exc_info=error)
    return f"LogSense itself failed (error id {error_id}); whoever runs it finds the details in its log. Try again."
