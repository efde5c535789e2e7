"""Where people talk: what adapters hand in, how threads are shown, what a workspace may look up."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from core.domain.conversation import ConversationRef, InboundEvent, MessageRef
from core.domain.home_view import HomeView, Incidents
from core.domain.investigation import Investigation
from core.domain.journal import JournalEntry
from core.domain.tenancy import (
    Actor,
    ChannelSettings,
    ModelConnection,
    Organization,
    PersonalData,
    SentryConnection,
    WorkspaceRef,
)
from core.domain.thread_view import ThreadView

Check = Callable[[], Awaitable[None]]
"""Raises LeaseLost when we may not speak any more."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What came of an event: the id of what it made or changed, and what the person should be told at once.

    `joined` is the message that shows the work, when others had asked for the same before; None with `is_awaited` when
    it does not stand yet. `repeated` says that the
    event was taken before, so nothing was made.
    """

    id: str
    note: str = ""
    joined: MessageRef | None = None
    repeated: bool = False
    is_awaited: bool = False


class Inbox(Protocol):
    """Where adapters hand in what people ask."""

    async def receive(self, event: InboundEvent) -> Receipt:
        """Claim `event` once and queue its work in the same transaction.

        A repeated delivery changes nothing and gets the same receipt.

        Raises:
            Refusal: the text is meant for the person who asked.
            Ignored: it does not concern LogSense.
        """
        ...


class Channel(Protocol):
    """One platform's way of showing views in threads. Methods raise ServiceFailed when the platform did not do it."""

    async def post(
        self,
        conversation: ConversationRef,
        view: ThreadView,
        *,
        key: str = "",
        again: bool = False,
        check: Check | None = None,
    ) -> tuple[MessageRef, ...]:
        """Show `view` as a new message, or several when it is long; their addresses have the thread filled in.

        The messages are marked with `key`. With `again` an earlier attempt may have posted some: those that carry the
        key are looked for, where the platform can find them, and not posted a second time. `check` is awaited right
        before each is sent, after any wait for the platform's limits: what it raises keeps it from being sent.
        """
        ...

    async def turn(self, message: MessageRef) -> None:
        """Returns when `message` may be edited within the platform's limits; only then decide what it shall show."""
        ...

    async def edit(self, message: MessageRef, view: ThreadView, *, final: bool = False) -> None:
        """Replace what `message` shows; the same view twice is harmless. Final views go first and need no turn.

        Raises:
            MessageGone: it was deleted, and another may stand in its place.
        """
        ...

    async def delete(self, message: MessageRef) -> None:
        """Delete a message of ours; one that is gone already is no failure."""
        ...

    async def post_attachments(self, conversation: ConversationRef, view: ThreadView) -> None:
        """Add what `view` is better understood with and no message holds, such as a chart, if there is any."""
        ...

    async def post_ephemeral(self, conversation: ConversationRef, person: Actor, view: ThreadView) -> None:
        """Show `view` to that person alone, near the conversation if they can be reached there."""
        ...


class WorkspaceServices(Protocol):
    """What adapters may look up and change for the organization behind a workspace, beside what they hand in.

    `platform_admin` says that the platform itself counts the person among the workspace's admins. Methods raise
    NotFound for workspaces that lead nowhere, NotAllowed where a role is missing.
    """

    async def investigation(
        self, workspace: WorkspaceRef, investigation_id: str
    ) -> tuple[Investigation, tuple[JournalEntry, ...]]:
        """The investigation and its journal."""
        ...

    async def unfinished(self, workspace: WorkspaceRef) -> Sequence[Investigation]:
        """What is queued or running, oldest first."""
        ...

    async def progress_message(self, workspace: WorkspaceRef, investigation_id: str) -> MessageRef | None:
        """The message that shows how the investigation goes, once it stands."""
        ...

    async def is_ours(self, conversation: ConversationRef) -> bool:
        """Whether an investigation lives in that thread."""
        ...

    async def incidents(self, workspace: WorkspaceRef, query: str, *, channel: str | None, limit: int) -> Incidents:
        """The tracker's issues matching `query`, of the channel's projects if it has any."""
        ...

    async def home(self, workspace: WorkspaceRef, person: Actor, *, platform_admin: bool) -> HomeView:
        """That person's home page."""
        ...

    async def connections(
        self, workspace: WorkspaceRef, person: Actor, *, platform_admin: bool
    ) -> tuple[SentryConnection | None, ModelConnection | None]:
        """What is connected, without token and key, for somebody who may change it."""
        ...

    async def connect_sentry(
        self, workspace: WorkspaceRef, person: Actor, connection: SentryConnection, *, platform_admin: bool
    ) -> str:
        """Tried, then kept; a sentence on what was reached. An empty token keeps the one there is."""
        ...

    async def connect_model(
        self, workspace: WorkspaceRef, person: Actor, connection: ModelConnection, *, platform_admin: bool
    ) -> str:
        """Tried, then kept; a sentence on what was reached. An empty key keeps the one there is."""
        ...

    async def masked_personal_data(
        self, workspace: WorkspaceRef, person: Actor, *, platform_admin: bool
    ) -> frozenset[PersonalData]:
        """Return the kinds of personal data that are masked, for somebody who may change it."""
        ...

    async def mask_personal_data(
        self, workspace: WorkspaceRef, person: Actor, kinds: frozenset[PersonalData], *, platform_admin: bool
    ) -> None:
        """Mask those kinds in what is read from now on."""
        ...

    async def channel_settings(self, workspace: WorkspaceRef, channel: str) -> ChannelSettings:
        """What was decided about the channel."""
        ...

    async def save_channel_settings(
        self, workspace: WorkspaceRef, person: Actor, channel: str, settings: ChannelSettings, *, platform_admin: bool
    ) -> None:
        """Keep that decision."""
        ...

    async def installed(
        self, workspace: WorkspaceRef, name: str, installer: Actor, invite: str | None
    ) -> tuple[Organization, bool]:
        """Where the workspace leads, and whether since now: to the inviting organization or a new one.

        The installer owns what the workspace was linked to; one that leads somewhere already changes no owner.
        """
        ...

    async def uninstalled(self, workspace: WorkspaceRef) -> None:
        """Work for the workspace is cancelled, what the platform gave is forgotten, and it leads nowhere any more."""
        ...
