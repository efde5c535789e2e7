"""Posts and edits in Teams, within its limits: the only place that writes messages."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from adapters.common.chart import frequency_chart
from adapters.common.rate_limits import PROGRESS, Budget
from adapters.common.shared_limits import Budgets
from adapters.teams.api_errors import TooLarge
from adapters.teams.bot_framework import Connector
from adapters.teams.inbound.ids import CHAT, conversation_id, is_one_to_one, message_ref
from adapters.teams.install.installations import TeamsInstallations
from adapters.teams.render.ai_label import marks_of
from adapters.teams.render.card import Card, halved
from adapters.teams.render.cards import cards_of, picture_card, summary_of
from adapters.teams.render.chart_links import ChartLinks
from core.domain.conversation import ConversationRef, MessageRef
from core.domain.errors import MessageGone, RateLimited
from core.domain.tenancy import Actor
from core.domain.thread_view import ReportView, ThreadView
from core.ports import Check

CARD = "application/vnd.microsoft.card.adaptive"
_NO_MARKS: Mapping[str, Any] = {}
_POST, _UPDATE = "post", "update"

_T = TypeVar("_T")


def budget_of(method: str) -> Budget:
    """Teams lets a bot write 1,800 times an hour to a conversation, a channel being one with all its threads."""
    return Budget(per_minute=29, burst=1 if method == _UPDATE else 5)


class TeamsChannel:
    """Implements `core.ports.Channel` for every tenant."""

    def __init__(
        self, connector: Connector, installations: TeamsInstallations, budgets: Budgets, charts: ChartLinks | None
    ) -> None:
        """Without `charts` nothing is illustrated: Teams could not reach this process."""
        self._connector = connector
        self._installations = installations
        self._budgets = budgets
        self._charts = charts

    async def post(
        self,
        conversation: ConversationRef,
        view: ThreadView,
        *,
        key: str = "",
        again: bool = False,
        check: Check | None = None,
    ) -> tuple[MessageRef, ...]:
        """See the port. Teams lets no bot read what it posted, so nothing can be looked for by its key."""
        posted: list[MessageRef] = []
        for card in cards_of(view, now=_now()):
            marks = marks_of(view, first=not posted)
            posted += await self._post_card(conversation, card, summary_of(view), check, marks=marks)
            conversation = posted[-1].conversation
        return tuple(posted)

    async def turn(self, message: MessageRef) -> None:
        """See the port."""
        await self._budget(_UPDATE, message.conversation).turn(PROGRESS)

    async def edit(self, message: MessageRef, view: ThreadView, *, final: bool = False) -> None:
        """See the port."""
        card, marks = cards_of(view, now=_now())[0], marks_of(view)
        await self.replace(message, card, summary_of(view), takes_turn=final, marks=marks)

    async def delete(self, message: MessageRef) -> None:
        """See the port."""
        conversation = message.conversation
        service = await self._installations.service_of(conversation.workspace)
        with contextlib.suppress(MessageGone):
            delete = self._connector.delete(service, conversation_id(conversation), message.message_id)
            await self._limited(conversation, delete)

    async def post_ephemeral(self, conversation: ConversationRef, person: Actor, view: ThreadView) -> None:
        """See the port: in the one-to-one chat with them."""
        if not is_one_to_one(conversation):
            workspace = conversation.workspace
            service = await self._installations.service_of(workspace)
            chat = await self._connector.chat_with(service, workspace.key, person.id)
            conversation = ConversationRef(workspace, chat, CHAT)
        await self.post(conversation, view)

    async def post_attachments(self, conversation: ConversationRef, view: ThreadView) -> None:
        """See the port: the chart of event frequency, when the series is worth looking at."""
        if self._charts is None or not isinstance(view, ReportView):
            return
        chart = await asyncio.to_thread(frequency_chart, view.evidence)
        if chart is not None:
            url = self._charts.url_of(conversation.workspace, view.investigation_id)
            await self._post_card(conversation, picture_card(url, chart.alt_text), "Events over time", None)

    # ---- beside the port --------------------------------------------------------------------------------------------

    async def say(
        self, conversation: ConversationRef, card: Card, summary: str, *, service_url: str | None = None
    ) -> None:
        """The card stands in the conversation; `service_url` reaches a tenant of which nothing is kept."""
        await self._post_card(conversation, card, summary, None, service_url)

    async def replace(
        self,
        message: MessageRef,
        card: Card,
        summary: str,
        *,
        takes_turn: bool = True,
        marks: Mapping[str, Any] = _NO_MARKS,
    ) -> None:
        """The card stands in the message's place."""
        conversation = message.conversation
        service = await self._installations.service_of(conversation.workspace)
        if takes_turn:
            await self._budget(_UPDATE, conversation).turn()
        while True:
            shown = _activity(card, summary, marks)
            update = self._connector.update(service, conversation_id(conversation), message.message_id, shown)
            try:
                return await self._limited(conversation, update)
            except TooLarge:
                smaller = halved(card)[0]
                if smaller == card:
                    raise
                card = smaller

    async def send(self, conversation: ConversationRef, activity: Mapping[str, Any]) -> None:
        """The activity stands in the conversation as it is."""
        await self._send(conversation, activity, None, None)

    # ---- calls ------------------------------------------------------------------------------------------------------

    async def _post_card(
        self,
        conversation: ConversationRef,
        card: Card,
        summary: str,
        check: Check | None,
        service_url: str | None = None,
        marks: Mapping[str, Any] = _NO_MARKS,
    ) -> list[MessageRef]:
        """One message, or several where Teams finds the card too large."""
        try:
            return [await self._send(conversation, _activity(card, summary, marks), check, service_url)]
        except TooLarge:
            first, *rest = halved(card)
            if not rest:
                raise
        posted = await self._post_card(conversation, first, summary, check, service_url, marks)
        for part in rest:
            posted += await self._post_card(posted[-1].conversation, part, summary, check, service_url)
        return posted

    async def _send(
        self,
        conversation: ConversationRef,
        activity: Mapping[str, Any],
        check: Check | None,
        service_url: str | None,
    ) -> MessageRef:
        service = service_url or await self._installations.service_of(conversation.workspace)
        await self._budget(_POST, conversation).turn()
        if check is not None:
            await check()
        send = self._connector.send(service, conversation_id(conversation), activity)
        return message_ref(conversation, await self._limited(conversation, send))

    async def _limited(self, conversation: ConversationRef, call: Awaitable[_T]) -> _T:
        """What the call gives; when Teams wants us to wait, everybody who writes there does."""
        try:
            return await call
        except RateLimited as limited:
            for each in (_POST, _UPDATE):
                self._budget(each, conversation).pause(limited.retry_after_s)
            raise

    def _budget(self, method: str, conversation: ConversationRef) -> Any:
        return self._budgets.of(method, conversation.workspace.key, conversation.channel)


def _activity(card: Card, summary: str, marks: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"type": "message", "summary": summary, "attachments": [{"contentType": CARD, "content": card}], **marks}


def _now() -> datetime:
    return datetime.now(UTC)
