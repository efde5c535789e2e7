"""Slack and Sentry as the Slack scenarios know them."""

from tests.slack.conftest import peer, sentry

__all__ = ["peer", "sentry"]
