"""What every listener needs: whose event it is, who did it, and how they are answered."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from adapters.common.background import Tasks
from adapters.common.error_messages import in_words
from adapters.teams.channel import TeamsChannel
from adapters.teams.people import Caller, People
from adapters.teams.render.card import Card
from adapters.teams.render.cards import notice_card
from core.domain.conversation import ConversationRef, InboundEvent
from core.domain.errors import Ignored, NotAllowed, RateLimited, ServiceFailed, ServiceUnavailable
from core.domain.tenancy import Actor
from core.domain.thread_view import NoticeView
from core.ports import Inbox, WorkspaceServices

logger = logging.getLogger("logsense.teams")

_WHERE = {"Sentry": "Who may change LogSense's settings can: in a one-to-one chat with me, connect sentry."}
_TRIES = 4
_FIRST_PAUSE_S = 1.0


@dataclass(frozen=True, slots=True)
class EventContext:
    """The way from Teams' people to the core, and back."""

    inbox: Inbox
    services: WorkspaceServices
    channel: TeamsChannel
    people: People
    tasks: Tasks = field(default_factory=Tasks)

    async def submit(self, event: InboundEvent) -> NoticeView | None:
        """Kept and queued; what the person should know, if there is anything.

        Raises:
            ServiceUnavailable: it could not be kept; Teams is to deliver it again.
        """
        try:
            receipt = await self.inbox.receive(event)
        except Ignored:
            return None
        except ServiceUnavailable:
            raise
        except Exception as error:
            return NoticeView(trouble(error), error=True)
        return NoticeView(receipt.note) if receipt.note else None

    async def person(self, caller: Caller, conversation: ConversationRef, actor: Actor) -> Actor:
        """Who did it, by name. Raises NotAllowed for people of other companies."""
        person = await self.people.person(caller, conversation, actor)
        if person.is_stranger:
            raise NotAllowed("Only members of this organization can ask LogSense.")
        return person.actor

    # ---- answering --------------------------------------------------------------------------------------------------

    def tell(self, conversation: ConversationRef, notice: NoticeView | None) -> None:
        """The notice stands soon where people asked, if there is one; it may quote strangers."""
        if notice is not None:
            self.say(conversation, notice_card(notice.text, error=notice.error), notice.text)

    def say(self, conversation: ConversationRef, card: Card, summary: str, *, service_url: str | None = None) -> None:
        """The card stands soon where people asked."""
        self.tasks.start(self._insisting(conversation, card, summary, service_url), "say")

    def post_ephemeral(self, conversation: ConversationRef, person: Actor, notice: NoticeView | None) -> None:
        """The person is told soon, for their eyes alone, if they can be."""
        if notice is not None:
            self.tasks.start(self._whisper(conversation, person, notice), "post_ephemeral")

    async def send(self, conversation: ConversationRef, activities: tuple[Mapping[str, Any], ...]) -> None:
        """The activities stand in the conversation, in order."""
        for activity in activities:
            await self.channel.send(conversation, activity)

    async def _insisting(
        self, conversation: ConversationRef, card: Card, summary: str, service_url: str | None
    ) -> None:
        pause_s = _FIRST_PAUSE_S
        for left in reversed(range(_TRIES)):
            try:
                return await self.channel.say(conversation, card, summary, service_url=service_url)
            except (RateLimited, ServiceUnavailable) as failure:
                if not left:
                    logger.warning("nothing could be said: %s", failure)
                    return
                # When Teams said how long to wait, the budget waits.
                await asyncio.sleep(0 if isinstance(failure, RateLimited) else pause_s)
                pause_s *= 2
            except ServiceFailed as failure:
                logger.warning("nothing could be said: %s", failure)
                return

    async def _whisper(self, conversation: ConversationRef, person: Actor, notice: NoticeView) -> None:
        try:
            await self.channel.post_ephemeral(conversation, person, notice)
        except ServiceFailed as failure:
            logger.warning("%s could not be told: %s", person.id, failure)


def trouble(error: Exception) -> str:
    """What went wrong, in words for people in Teams."""
    return in_words(error, _WHERE)
