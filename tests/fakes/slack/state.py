"""What Slack remembers: enterprises, workspaces, people, channels and everything written there."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

Json = dict[str, Any]

BOT_SCOPES = (
    "app_mentions:read,assistant:write,channels:history,channels:join,channels:read,chat:write,commands,"
    "files:read,files:write,groups:history,groups:read,im:history,im:write,mpim:history,mpim:read,reactions:read,"
    "reactions:write,users:read"
)


@dataclass(eq=False)
class Grant:
    """What one installation of the app may do, and who its bot is; `owner` is a workspace's or an enterprise's id."""

    token: str
    owner: str
    bot_user_id: str
    bot_id: str
    scopes: frozenset[str]
    is_org_wide: bool = False
    dead: str | None = None
    """The error its token now gets: `token_revoked`, `account_inactive`, or None while it works."""


@dataclass(eq=False)
class User:
    """A person or a bot; `workspace` is where they belong, which for a stranger is not where they write."""

    id: str
    name: str
    workspace: Workspace
    is_admin: bool = False
    is_owner: bool = False
    is_bot: bool = False
    is_restricted: bool = False
    teams: tuple[str, ...] = ()
    """The further workspaces of a Grid organization that they belong to."""
    is_org_admin: bool = False


@dataclass(frozen=True)
class Version:
    """What a message showed from `at` on, by the peer's clock."""

    at: float
    text: str
    blocks: Sequence[Json]


@dataclass(eq=False)
class Message:
    """One message; `versions` are all it ever showed, the present one last."""

    ts: str
    channel: Channel
    user: str
    text: str
    blocks: list[Json] = field(default_factory=list)
    attachments: list[Json] = field(default_factory=list)
    files: list[File] = field(default_factory=list)
    metadata: Json | None = None
    thread_ts: str | None = None
    bot_id: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    versions: list[Version] = field(default_factory=list)
    reactions: dict[str, list[str]] = field(default_factory=dict)
    edited_ts: str | None = None

    @property
    def is_ours(self) -> bool:
        """Whether the app wrote it."""
        grant = self.channel.workspace.grant
        return grant is not None and self.bot_id == grant.bot_id

    def replies(self) -> list[Message]:
        """What stands in its thread, itself left out."""
        return [each for each in self.channel.messages.values() if each.thread_ts == self.ts and each is not self]


@dataclass(eq=False)
class Channel:
    """A place to write in; `kind` is `channel`, `group` (private), `mpim` (a group message) or `im`."""

    id: str
    name: str
    workspace: Workspace
    kind: str = "channel"
    members: set[str] = field(default_factory=set)
    is_ext_shared: bool = False
    is_archived: bool = False
    messages: dict[str, Message] = field(default_factory=dict)

    def posts_of_bot(self) -> list[Message]:
        """What the app wrote here, oldest first."""
        return [each for each in self.messages.values() if each.is_ours]


@dataclass(eq=False)
class Workspace:
    """One team; `grant` is the app's installation in it, or that of its enterprise."""

    id: str
    name: str
    state: State
    enterprise: Enterprise | None = None
    own_grant: Grant | None = None
    users: dict[str, User] = field(default_factory=dict)
    channels: dict[str, Channel] = field(default_factory=dict)

    @property
    def grant(self) -> Grant | None:
        """The installation that serves this workspace, if any."""
        return self.own_grant or (self.enterprise.grant if self.enterprise else None)

    @property
    def bot_token(self) -> str:
        """The token of the installation; fails when the app is not installed."""
        return self._installed().token

    @property
    def bot_user_id(self) -> str:
        """Who `<@…>` mentions; fails when the app is not installed."""
        return self._installed().bot_user_id

    @property
    def mention(self) -> str:
        """The bot's mention, as people type it."""
        return f"<@{self.bot_user_id}>"

    def add_user(
        self, name: str, *, id: str | None = None, is_admin: bool = False, is_owner: bool = False, is_bot: bool = False
    ) -> User:
        """A new member."""
        user = User(id or self.state.new_id("U"), name, self, is_admin, is_owner, is_bot)
        self.users[user.id] = user
        return user

    def add_channel(
        self,
        name: str,
        *members: User,
        id: str | None = None,
        private: bool = False,
        with_bot: bool = True,
        is_ext_shared: bool = False,
    ) -> Channel:
        """A new channel with these members, who may be strangers of other workspaces."""
        channel = Channel(id or self.state.new_id("C"), name, self, "group" if private else "channel")
        channel.is_ext_shared = is_ext_shared
        channel.members = {member.id for member in members} | ({self.bot_user_id} if with_bot else set())
        self.channels[channel.id] = channel
        return channel

    def direct_messages(self, user: User) -> Channel:
        """The conversation of that person with the bot; the same each time."""
        members = {user.id, self.bot_user_id}
        for channel in self.channels.values():
            if channel.kind == "im" and channel.members == members:
                return channel
        channel = Channel(self.state.new_id("D"), "directmessage", self, "im", members)
        self.channels[channel.id] = channel
        return channel

    def _installed(self) -> Grant:
        if self.grant is None:
            raise LookupError(f"the app is not installed in {self.name}")
        return self.grant


@dataclass(eq=False)
class Enterprise:
    """A Grid organization; `grant` is its org-wide installation."""

    id: str
    name: str
    state: State
    grant: Grant | None = None
    workspaces: list[Workspace] = field(default_factory=list)


@dataclass(eq=False)
class File:
    """An upload; `content` is None until the bytes arrived, `message` until it was shared."""

    id: str
    owner: str
    filename: str
    length: int
    alt_text: str | None = None
    title: str | None = None
    content: bytes | None = None
    message: Message | None = None


@dataclass(eq=False)
class View:
    """A modal or a home tab as one person sees it; `previous` is the modal below it."""

    id: str
    workspace: Workspace
    user: User
    payload: Json
    hash: str
    previous: View | None = None
    root_id: str = ""
    is_open: bool = True


@dataclass(frozen=True)
class Ephemeral:
    """A message that only `user` saw."""

    channel: Channel
    user: str
    text: str
    blocks: Sequence[Json]
    thread_ts: str | None


class State:
    """Everything Slack knows. `clock` dates edits and triggers; `ts` follows the wall clock and always grows."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.enterprises: dict[str, Enterprise] = {}
        self.workspaces: dict[str, Workspace] = {}
        self.grants: dict[str, Grant] = {}
        self.files: dict[str, File] = {}
        self.views: dict[str, View] = {}
        self.homes: dict[tuple[str, str], View] = {}
        self.ephemerals: list[Ephemeral] = []
        self.statuses: list[Json] = []
        self.unfurls: list[Json] = []
        self._numbers = count(1)
        self._last_ts: dict[Channel, int] = {}

    def new_id(self, prefix: str) -> str:
        """An id never given before."""
        return f"{prefix}0{next(self._numbers):09d}"

    def install(self, owner: Workspace | Enterprise, scopes: str) -> Grant:
        """The app is installed there; where it was already, its token stays."""
        present = owner.own_grant if isinstance(owner, Workspace) else owner.grant
        if present is not None and present.dead is None:
            present.scopes |= frozenset(scopes.split(","))
            self._seat_bot(present)
            return present
        grant = Grant(
            token=f"xoxb-{secrets.token_urlsafe(24)}",
            owner=owner.id,
            bot_user_id=present.bot_user_id if present else self.new_id("U"),
            bot_id=present.bot_id if present else self.new_id("B"),
            scopes=frozenset(scopes.split(",")),
            is_org_wide=isinstance(owner, Enterprise),
        )
        self.grants[grant.token] = grant
        if isinstance(owner, Workspace):
            owner.own_grant = grant
        else:
            owner.grant = grant
        self._seat_bot(grant)
        return grant

    def _seat_bot(self, grant: Grant) -> None:
        for workspace in self.served_by(grant):
            workspace.users.setdefault(grant.bot_user_id, User(grant.bot_user_id, "logsense", workspace, is_bot=True))

    def served_by(self, grant: Grant) -> Iterator[Workspace]:
        """The workspaces that an installation reaches."""
        return (each for each in list(self.workspaces.values()) if each.grant is grant)

    def next_ts(self, channel: Channel, wanted: str | None = None) -> str:
        """A timestamp later than every other of the channel."""
        last = self._last_ts.get(channel, 0)
        now = int(wanted.replace(".", "")) if wanted else max(time.time_ns() // 1_000, last + 1)
        if now <= last:
            raise ValueError(f"{wanted} is not later than what was written in {channel.name} before")
        self._last_ts[channel] = now
        return f"{now // 1_000_000}.{now % 1_000_000:06d}"

    def write(self, message: Message) -> Message:
        """The message stands in its channel, with its first version."""
        message.versions.append(Version(self.clock(), message.text, tuple(message.blocks)))
        message.channel.messages[message.ts] = message
        return message

    def rewrite(self, message: Message, **changes: Any) -> None:
        """The message shows something else; what it showed stays in its versions."""
        for name, value in changes.items():
            setattr(message, name, value)
        message.edited_ts = f"{time.time():.6f}"
        message.versions.append(Version(self.clock(), message.text, tuple(message.blocks)))
