"""How this installation is known to Slack."""

from __future__ import annotations

from dataclasses import dataclass, field

from adapters.slack.install.installations import Installation
from adapters.slack.install.oauth import OAuthClient

API_URL = "https://slack.com/api/"
SLACK_URL = "https://slack.com"


@dataclass(frozen=True, slots=True)
class SlackConfig:
    """`single` is the one workspace of a configured bot token, `oauth` lets any workspace install; either will do.

    With `signing_secret` events come over HTTP, with `app_token` through a socket.
    """

    signing_secret: str | None = field(default=None, repr=False)
    app_token: str | None = field(default=None, repr=False)
    single: Installation | None = None
    oauth: OAuthClient | None = None
    resolve_reactions: frozenset[str] = frozenset({"white_check_mark"})
    guests_may_ask: bool = False
    unfurls: bool = False
    api_url: str = API_URL
    slack_url: str = SLACK_URL
