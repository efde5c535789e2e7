"""One call of the Web API: who calls, what with, and what they may touch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.fakes.slack.state import Channel, Grant, Json, Message, State, Workspace
from tests.fakes.slack.validation import SlackError

SCOPE_OF_KIND = {"channel": "channels", "group": "groups", "im": "im", "mpim": "mpim"}

Notify = Callable[[Workspace, Json, Channel | None], None]
"""Has an event delivered to the app, some time after."""


@dataclass(frozen=True)
class Call:
    """A call that arrived, for assertions: `error` is None when it was done; `at` is the peer's clock."""

    method: str
    workspace: str | None
    args: Json
    at: float
    error: str | None = None
    status: int = 200


@dataclass
class ApiCall:
    """A call as its method sees it."""

    state: State
    args: Json
    url: str
    notify: Notify
    caller: Grant | None
    open_socket: Callable[[], str]
    authorization: str = ""
    """The header, for the one method that takes the app's secret instead of a token."""

    @property
    def grant(self) -> Grant:
        """The installation that calls; raises SlackError without one."""
        if self.caller is None:
            raise SlackError("not_allowed_token_type")
        return self.caller

    @property
    def workspaces(self) -> list[Workspace]:
        """Where the token works, the one that the call names first."""
        reached = list(self.state.served_by(self.grant))
        return sorted(reached, key=lambda each: each.id != self.args.get("team_id"))

    def require(self, scope: str) -> None:
        """Raises SlackError unless the token has the scope."""
        if scope not in self.grant.scopes:
            provided = ",".join(sorted(self.grant.scopes))
            raise SlackError("missing_scope", needed=scope, provided=provided)

    def channel(self, id: str | None = None, *, as_member: bool = False) -> Channel:
        """The channel that the call names, where the bot may know of it; raises SlackError."""
        wanted = id or str(self.args["channel"])
        for workspace in self.workspaces:
            channel = workspace.channels.get(wanted)
            if channel is None:
                continue
            is_member = self.grant.bot_user_id in channel.members
            if not is_member and channel.kind != "channel":
                break
            if as_member and not is_member:
                raise SlackError("not_in_channel")
            return channel
        raise SlackError("channel_not_found")

    def writable(self) -> Channel:
        """Where the call may post: a channel with the bot in it, or a person's direct messages; raises SlackError."""
        wanted = str(self.args["channel"])
        for workspace in self.workspaces:
            if wanted in workspace.users:
                return workspace.direct_messages(workspace.users[wanted])
        channel = self.channel(as_member="chat:write.public" not in self.grant.scopes)
        if channel.is_archived:
            raise SlackError("is_archived")
        return channel

    def message(self, channel: Channel, ts: Any) -> Message:
        """A message of the channel; raises SlackError."""
        message = channel.messages.get(str(ts))
        if message is None:
            raise SlackError("message_not_found")
        return message
