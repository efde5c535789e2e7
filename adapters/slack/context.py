"""What every listener needs: whose event it is, who did it, and how they are answered."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from slack_sdk.web.async_client import AsyncWebClient

from adapters.common.background import Tasks
from adapters.slack.channel import SlackChannel
from adapters.slack.error_messages import in_words
from adapters.slack.people import People, Person
from adapters.slack.render.message import Message
from core.domain.conversation import ConversationRef, FollowUp, InboundEvent
from core.domain.errors import AccessDenied, Ignored, NotAllowed, ServiceFailed, ServiceUnavailable
from core.domain.tenancy import Actor, WorkspaceRef
from core.domain.thread_view import NoticeView
from core.ports import Inbox, Receipt, WorkspaceServices

logger = logging.getLogger("logsense.slack")

_POSTED_WITHIN_S = (0.1, 0.2, 0.4, 0.8, 1.5, 3.0, 6.0, 12.0)
"""When to look for the first message of an investigation that others asked for."""
_MOST_TOLD = 10_000
_PATIENCE_S = 10.0
"""How long it is tried to learn who reads a channel before something is said there; nobody waits for an answer."""


@dataclass(frozen=True, slots=True)
class Caller:
    """One event's workspace, with the client that speaks for us there."""

    workspace: WorkspaceRef
    client: AsyncWebClient
    bot_user_id: str
    team_id: str | None
    patience_s: float = 2.0
    """How long reads are tried again: Slack waits 3 s for the answer to an event, and longer where it was given."""

    def conversation(self, channel: str, thread: str | None) -> ConversationRef:
        """A thread of this workspace."""
        return ConversationRef(self.workspace, channel, thread)


@dataclass(frozen=True, slots=True)
class EventContext:
    """The way from Slack's people to the core, and back."""

    inbox: Inbox
    services: WorkspaceServices
    channel: SlackChannel
    people: People = field(default_factory=People)
    tasks: Tasks = field(default_factory=Tasks)
    guests_may_ask: bool = False
    told: set[tuple[str, str, str]] = field(default_factory=set)
    """Whom we told in which channel that nothing is answered there."""

    async def submit(self, event: InboundEvent) -> None:
        """Kept and queued; what the person should know is whispered later, outside of Slack's patience.

        Raises:
            ServiceUnavailable: it could not be kept; Slack is to deliver it again.
        """
        try:
            receipt = await self.inbox.receive(event)
        except Ignored:
            return
        except ServiceUnavailable:
            raise
        except Exception as error:
            self.post_ephemeral(event.conversation, event.actor, in_words(error), error=True)
            return
        if isinstance(event, FollowUp) and not receipt.repeated and "when the investigation" not in receipt.note:
            self.tasks.start(self.channel.show_typing(event.conversation), "status")
        if receipt.note:
            self.tasks.start(self._note(event.conversation, event.actor, receipt), "note")

    async def person(self, caller: Caller, user_id: str) -> Person:
        """Who did it. Raises NotAllowed for people of other companies, ServiceFailed when Slack cannot say."""
        person = await self.people.person(
            caller.client, caller.workspace, caller.team_id, user_id, patience_s=caller.patience_s
        )
        if person.is_stranger:
            raise NotAllowed("Only members of this workspace can ask LogSense.")
        if person.is_guest and not self.guests_may_ask:
            raise NotAllowed("Guests cannot ask LogSense here. Whoever runs it can allow that: LOGSENSE_SLACK_GUESTS.")
        return person

    async def refuse_if_shared(self, caller: Caller, channel: str) -> None:
        """Raises NotAllowed where outsiders would read along, unless an admin allowed that."""
        if await self.people.is_shared(
            caller.client, caller.workspace, channel, patience_s=caller.patience_s
        ) and not await self._is_allowed(caller.workspace, channel):
            raise NotAllowed(
                "This channel is shared with another company, so nothing is investigated or answered here. "
                "Ask in a channel of your own, or let an admin allow it with /logsense connect channel."
            )

    async def may_speak(self, client: AsyncWebClient, conversation: ConversationRef, age_s: float) -> None:
        """Raises AccessDenied where outsiders would read what we say: the channel became shared since people asked."""
        workspace, channel = conversation.workspace, conversation.channel
        if await self.people.is_shared(
            client, workspace, channel, patience_s=_PATIENCE_S, age_s=age_s
        ) and not await self._is_allowed(workspace, channel):
            raise AccessDenied(
                "Slack",
                "That channel is shared with another company now, so what was found is not posted there. "
                "Ask again in a channel of your own: what was found is kept.",
            )

    async def _is_allowed(self, workspace: WorkspaceRef, channel: str) -> bool:
        return (await self.services.channel_settings(workspace, channel)).shared_is_allowed

    def refuse_once(self, conversation: ConversationRef, person: Actor, text: str) -> None:
        """The person is told, the first time that they ask in that channel."""
        asked = (conversation.workspace.key, conversation.channel, person.id)
        if asked in self.told:
            return
        if len(self.told) >= _MOST_TOLD:
            self.told.clear()
        self.told.add(asked)
        self.post_ephemeral(conversation, person, text, error=True)

    def post_ephemeral(self, conversation: ConversationRef, person: Actor, text: str, *, error: bool = False) -> None:
        """The person is told soon, for their eyes alone; the text may quote strangers."""
        self.tasks.start(self._whisper(conversation, person, text, error), "post_ephemeral")

    def whispers(self, conversation: ConversationRef, person: Actor, said: list[str]) -> Callable[[str], None]:
        """Return what whispers each text that it is given, and keeps it in `said`."""

        def post_ephemeral(text: str) -> None:
            said.append(text)
            self.post_ephemeral(conversation, person, text)

        return post_ephemeral

    def tell(self, conversation: ConversationRef, person: Actor, mrkdwn: str) -> None:
        """Like `post_ephemeral`, with a text of ours in Slack's markup."""
        self.tasks.start(self._tell(conversation, person, mrkdwn), "tell")

    async def note_of(self, receipt: Receipt, workspace: WorkspaceRef) -> str:
        """What the person is told, with a link to the work that they joined; its message is waited for."""
        joined = receipt.joined
        for pause_s in _POSTED_WITHIN_S if receipt.is_awaited else ():
            await asyncio.sleep(pause_s)
            if (joined := await self.services.progress_message(workspace, receipt.id)) is not None:
                break
        if joined is not None and (link := await self.channel.link(joined)):
            return f"{receipt.note} Follow it here: {link}"
        return receipt.note

    async def _note(self, conversation: ConversationRef, person: Actor, receipt: Receipt) -> None:
        await self._whisper(conversation, person, await self.note_of(receipt, conversation.workspace), False)

    async def _tell(self, conversation: ConversationRef, person: Actor, mrkdwn: str) -> None:
        block = {"type": "section", "text": {"type": "mrkdwn", "text": mrkdwn[:3_000]}}
        try:
            await self.channel.tell(conversation, person, Message(mrkdwn[:3_000], (block,)))
        except ServiceFailed as failure:
            logger.warning("%s could not be told: %s", person.id, failure)

    async def _whisper(self, conversation: ConversationRef, person: Actor, text: str, error: bool) -> None:
        try:
            await self.channel.post_ephemeral(conversation, person, NoticeView(text, error=error))
        except ServiceFailed as failure:
            logger.warning("%s could not be told: %s", person.id, failure)
