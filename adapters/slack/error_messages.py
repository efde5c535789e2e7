"""How Slack's people are told that something went wrong, and what to do about it."""

from __future__ import annotations

from adapters.common import error_messages as trouble

_WHERE = {"Sentry": "An admin can connect it with /logsense connect, or on the Home tab of this app."}


def in_words(error: Exception) -> str:
    """One or two sentences, with where Sentry is connected in Slack."""
    return trouble.in_words(error, _WHERE)
