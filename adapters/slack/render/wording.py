"""How people and places are named in Slack."""

from __future__ import annotations

import re

from adapters.slack.render.mrkdwn import cut, escaped
from core.domain.tenancy import Actor

_NAME = 80
_PERSON = re.compile(r"[UW][A-Z0-9]{2,}")
_CHANNEL = re.compile(r"[CGD][A-Z0-9]{2,}")


def person(actor: Actor) -> str:
    """A mention when the person is one of Slack's, else their name."""
    return f"<@{actor.id}>" if _PERSON.fullmatch(actor.id) else cut(escaped(actor.name or actor.id), _NAME)


def place(channel: str) -> str:
    """A mention of the channel, which Slack shows to those who may see it; nothing for other platforms' places."""
    return f"<#{channel}>" if _CHANNEL.fullmatch(channel) else ""
