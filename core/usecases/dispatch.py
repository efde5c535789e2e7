"""The Inbox: whatever people ask becomes a claimed delivery and queued work, or a refusal they can act on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import assert_never

from core.domain.conversation import (
    Cancellation,
    FollowUp,
    InboundEvent,
    InvestigationRequest,
    PastedEvent,
    Resolution,
)
from core.domain.errors import Refusal
from core.domain.incident import IssueRef
from core.domain.investigation import Investigation, Question, Status, Subject
from core.ports import OrganizationStore, Stores
from core.usecases.resolve import record_resolution

PASTED_ISSUE_ID = "this-event"
MAX_QUESTION_CHARS = 2_000


class Dispatch:
    """Implements `core.ports.Inbox`. `describe_event` gives a pasted event's title or raises InvalidInput."""

    def __init__(
        self,
        stores: Stores,
        *,
        describe_event: Callable[[str], str],
        new_id: Callable[[], str],
        now: Callable[[], datetime],
    ) -> None:
        self._stores = stores
        self._describe_event = describe_event
        self._new_id = new_id
        self._now = now

    async def receive(self, event: InboundEvent) -> str:
        """See `core.ports.Inbox.receive`."""
        organization = await self._stores.directory.organization_of(event.conversation.workspace)
        store = self._stores.for_organization(organization.id)
        match event:
            case InvestigationRequest():
                return await self._investigate(event, store)
            case FollowUp():
                return await self._follow_up(event, store)
            case Resolution():
                investigation = await _named_or_latest(store, event.investigation_id)
                return await record_resolution(event, investigation, store, errand_id=self._new_id(), now=self._now())
            case Cancellation():
                return await self._cancel(event, store)
            case _:
                assert_never(event)

    async def _investigate(self, event: InvestigationRequest, store: OrganizationStore) -> str:
        subject, event_text = self._subject_of(event.subject)
        if event_text is None and (running := await _running_on(subject, store)):
            return running.id
        investigation = Investigation(self._new_id(), subject, event.conversation, event.actor, self._now())
        return await store.add_investigation(investigation, event_text, event.delivery_id)

    def _subject_of(self, asked: IssueRef | PastedEvent) -> tuple[Subject, str | None]:
        match asked:
            case IssueRef(id=issue_id, event_id=event_id):
                return Subject(issue_id, issue_id, event_id), None
            case PastedEvent(text=text, origin=origin):
                title = self._describe_event(text)
                return Subject(f"{title} ({origin})", PASTED_ISSUE_ID, pasted=True), text

    async def _follow_up(self, event: FollowUp, store: OrganizationStore) -> str:
        text = event.question.strip()
        if not text:
            raise Refusal('Ask something, for example: logsense ask "who is affected?"')
        if len(text) > MAX_QUESTION_CHARS:
            raise Refusal(f"That question has {len(text):,} characters; keep it under {MAX_QUESTION_CHARS:,}.")
        investigation = await _named_or_latest(store, event.investigation_id)
        question = Question(self._new_id(), investigation.id, text, event.conversation, event.actor, self._now())
        return await store.add_question(question, event.delivery_id)

    async def _cancel(self, event: Cancellation, store: OrganizationStore) -> str:
        investigation = await _named_or_latest_running(store, event.investigation_id)
        if investigation.status.is_over:
            raise Refusal(f"Investigation {investigation.id} is already {investigation.status}; nothing to cancel.")
        await self._stores.runs.cancel(investigation.id)
        if await self._stores.runs.state_of(investigation.id) == "cancelled":
            await store.save_investigation(investigation.cancel(self._now()))
        return investigation.id


async def _named_or_latest(store: OrganizationStore, investigation_id: str | None) -> Investigation:
    if investigation_id is not None:
        return await store.investigation(investigation_id)
    return await store.latest_investigation(with_report=True)


async def _named_or_latest_running(store: OrganizationStore, investigation_id: str | None) -> Investigation:
    if investigation_id is not None:
        return await store.investigation(investigation_id)
    live = [known for known in await store.investigations(50) if not known.status.is_over]
    if not live:
        raise Refusal("Nothing is running, so there is nothing to cancel.")
    return live[0]


async def _running_on(subject: Subject, store: OrganizationStore) -> Investigation | None:
    """An investigation of the same subject that has not ended: asking twice joins it."""
    live = (Status.QUEUED, Status.RUNNING)
    known = await store.investigations(50)
    return next((other for other in known if other.status in live and other.subject == subject), None)
