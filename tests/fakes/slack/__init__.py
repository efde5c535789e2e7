"""Slack, played on loopback; `peer.py` lists everything it does."""

from tests.fakes.slack.calls import Call
from tests.fakes.slack.delivery import Answer, Outcome
from tests.fakes.slack.oauth import Installed
from tests.fakes.slack.peer import FakeSlack
from tests.fakes.slack.responses import Response
from tests.fakes.slack.state import (
    BOT_SCOPES,
    Channel,
    Enterprise,
    Ephemeral,
    File,
    Grant,
    Message,
    User,
    Version,
    View,
    Workspace,
)
from tests.fakes.slack.validation import SlackError

__all__ = [
    "BOT_SCOPES",
    "Answer",
    "Call",
    "Channel",
    "Enterprise",
    "Ephemeral",
    "FakeSlack",
    "File",
    "Grant",
    "Installed",
    "Message",
    "Outcome",
    "Response",
    "SlackError",
    "User",
    "Version",
    "View",
    "Workspace",
]
