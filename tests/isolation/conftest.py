"""Slack and Sentry as the Slack scenarios know them."""

from tests.slack.conftest import fake_slack, sentry

__all__ = ["fake_slack", "sentry"]
