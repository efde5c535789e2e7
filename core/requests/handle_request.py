"""The Inbox: whatever people ask becomes a claimed delivery and queued work, or a refusal they can act on."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from typing import assert_never

from core.delivery.threads import PROGRESS
from core.domain.conversation import (
    Again,
    Cancellation,
    ConversationRef,
    Feedback,
    FollowUp,
    InboundEvent,
    InvestigationRequest,
    IssueText,
    MessageRef,
    PastedEvent,
    Resolution,
)
from core.domain.errors import Ignored, NotConnected, NotFound, Refusal
from core.domain.incident import IssueRef
from core.domain.investigation import Investigation, Question, Subject
from core.domain.issue_reference import parse_issue_reference
from core.domain.tenancy import OrganizationId, PersonalData, Platform, SentryConnection
from core.ports import BackgroundTask, OrganizationStore, Receipt, Stores
from core.requests.resolve import record_resolution
from core.requests.spending import Spending
from core.work.background_tasks import APPLY_FEEDBACK, END_PROGRESS, JOIN

PASTED_ISSUE_ID = "this-event"
MAX_QUESTION_CHARS = 2_000

Masks = frozenset[PersonalData] | None


class RequestHandler:
    """Implements `core.ports.Inbox`.

    `describe_event` gives a pasted event's title or raises InvalidInput; `mask` hides secrets in what people type; both
    are told the personal data that the organization chose to have masked. `sentry` gives its connection.
    """

    def __init__(
        self,
        stores: Stores,
        *,
        sentry: Callable[[OrganizationId], Awaitable[SentryConnection | None]],
        describe_event: Callable[[OrganizationId, str, Masks], Awaitable[str]],
        mask: Callable[[str, Masks], str],
        new_id: Callable[[], str],
        now: Callable[[], datetime],
    ) -> None:
        self._stores = stores
        self._sentry = sentry
        self._describe_event = describe_event
        self._mask = mask
        self._new_id = new_id
        self._now = now
        self._spending = Spending(stores, now)

    async def receive(self, event: InboundEvent) -> Receipt:
        """See `core.ports.Inbox.receive`."""
        organization = await self._stores.directory.organization_of(event.conversation.workspace)
        store = self._stores.for_organization(organization.id)
        match event:
            case InvestigationRequest():
                return await self._investigate(event, organization.id, store)
            case FollowUp():
                return await self._follow_up(event, store)
            case Resolution():
                return await self._resolve(event, store)
            case Feedback():
                return await self._judge(event, store)
            case Cancellation():
                return await self._cancel(event, store)
            case _:
                assert_never(event)

    # ---- asking -----------------------------------------------------------------------------------------------------

    async def _investigate(
        self, event: InvestigationRequest, organization_id: OrganizationId, store: OrganizationStore
    ) -> Receipt:
        if (made := await store.delivered(event.delivery_id)) is not None:
            return Receipt(made, repeated=True)
        subject, event_text = await self._subject_of(event.subject, organization_id, store)
        is_live = event.conversation.workspace.platform is not Platform.TERMINAL
        investigation = Investigation(self._new_id(), subject, event.conversation, event.actor, self._now())
        accepted = await store.add_investigation(investigation, event_text, event.delivery_id, announced=is_live)
        if accepted.joined:
            return await self._joined(await store.investigation(accepted.id), event, store)
        return Receipt(accepted.id, await self._spending.note(organization_id))

    async def _joined(self, running: Investigation, event: InvestigationRequest, store: OrganizationStore) -> Receipt:
        """Who asked hears who asked first; elsewhere than there, the thread follows."""
        posted = await store.posted(running.id, PROGRESS)
        note = f"{running.subject.label} is already being investigated, asked by {running.asked_by.name}."
        if event.conversation in await store.followers(running.id):
            await store.add_background_task(BackgroundTask(self._new_id(), JOIN, {"investigation_id": running.id}))
            note += " The report comes here, too."
        return Receipt(running.id, note, posted[0] if posted else None, is_awaited=not posted)

    async def _subject_of(
        self,
        asked: IssueRef | IssueText | PastedEvent | Again,
        organization_id: OrganizationId,
        store: OrganizationStore,
    ) -> tuple[Subject, str | None]:
        match asked:
            case Again(investigation_id=earlier):
                return (await store.investigation(earlier)).subject, await store.event_text(earlier)
            case PastedEvent(text=text, origin=origin, log=log):
                title = await self._describe_event(organization_id, text, await store.masked_personal_data())
                return Subject(f"{title} ({origin})", PASTED_ISSUE_ID, pasted=True, log=log), text
            case IssueText(text=text):
                connection = await self._sentry(organization_id)
                if connection is None:
                    raise NotConnected("Sentry")
                asked = parse_issue_reference(
                    text, base_url=connection.base_url, organization_slug=connection.organization_slug
                )
        return Subject(asked.id, asked.id, asked.event_id), None

    async def _follow_up(self, event: FollowUp, store: OrganizationStore) -> Receipt:
        text = self._mask(event.question.strip(), await store.masked_personal_data())
        if not text:
            raise Refusal("Ask something, for example: who is affected?")
        if len(text) > MAX_QUESTION_CHARS:
            raise Refusal(f"That question has {len(text):,} characters; keep it under {MAX_QUESTION_CHARS:,}.")
        delivery, note = event.delivery_id, ""
        if (made := await store.delivered(delivery)) is not None:
            if not event.edited or not await _asked_otherwise(made, text, store):
                return Receipt(made, repeated=True)
            delivery = f"{delivery}:{hashlib.sha256(text.encode()).hexdigest()[:16]}"
            if (made := await store.delivered(delivery)) is not None:
                return Receipt(made, repeated=True)
            note = "You changed the words of your question, so it is answered once more. "
        investigation = await _meant(event.investigation_id, None, event.conversation, store)
        question = Question(self._new_id(), investigation.id, text, event.conversation, event.actor, self._now())
        asked = await store.add_question(question, delivery)
        if not investigation.status.is_over:
            note += "It will be answered when the investigation has ended."
        return Receipt(asked, note.strip())

    # ---- deciding ---------------------------------------------------------------------------------------------------

    async def _resolve(self, event: Resolution, store: OrganizationStore) -> Receipt:
        investigation = await _meant(event.investigation_id, event.message, event.conversation, store)
        if event.on and not investigation.status.is_over:
            raise Refusal("The investigation is still running: mark it resolved once it has reported.")
        if event.on and investigation.report is None:
            raise Refusal("The investigation ended without a report, so there is nothing to confirm.")
        if event.fix:
            event = replace(event, fix=self._mask(event.fix, await store.masked_personal_data()))
        made = await record_resolution(event, investigation, store, task_id=self._new_id(), now=self._now())
        if made is not None:
            return Receipt(made)
        if event.message is not None or investigation.resolved_by is None:
            raise Ignored("It changes nothing: another reaction stands, or none did.")
        return Receipt(
            investigation.id, f"It is resolved already, by {investigation.resolved_by.name}; yours is noted."
        )

    async def _judge(self, event: Feedback, store: OrganizationStore) -> Receipt:
        investigation = await _meant(event.investigation_id, event.message, event.conversation, store)
        if investigation.report is None:
            raise Ignored("There is no report to judge.")
        at = self._now()
        await store.change_investigation(investigation.id, lambda it: it.judge(event.actor, event.helpful, at))
        by = {"id": event.actor.id, "name": event.actor.name}
        await store.add_background_task(
            BackgroundTask(self._new_id(), APPLY_FEEDBACK, {"investigation_id": investigation.id, "by": by})
        )
        thanks = "Thank you; it is noted." if event.helpful else "Noted as wrong. Reply with what it really was."
        return Receipt(investigation.id, thanks if event.helpful is not None else "")

    async def _cancel(self, event: Cancellation, store: OrganizationStore) -> Receipt:
        if (made := await store.delivered(event.delivery_id)) is not None:
            return Receipt(made, repeated=True)
        investigation = await _to_cancel(event, store)
        if investigation.status.is_over:
            raise Refusal(f"Investigation {investigation.id} is already {investigation.status}; nothing to cancel.")
        await store.cancel_run(investigation.id)
        await store.claim(event.delivery_id, investigation.id)
        if await store.run_state(investigation.id) == "cancelled":
            # It was only queued: no worker will tell.
            await store.save_investigation(investigation.cancel(self._now()))
            await store.add_background_task(
                BackgroundTask(self._new_id(), END_PROGRESS, {"investigation_id": investigation.id})
            )
        return Receipt(investigation.id, "It is being stopped; what it found so far is kept.")


async def _meant(
    investigation_id: str | None, message: MessageRef | None, conversation: ConversationRef, store: OrganizationStore
) -> Investigation:
    """The investigation named, or behind a message, or in a thread; without any of these the latest with a report.

    Raises:
        Ignored: the message or the thread is not of an investigation.
    """
    if investigation_id is None and message is not None:
        investigation_id = await store.investigation_behind(message)
    elif investigation_id is None and conversation.thread is not None:
        investigation_id = await store.investigation_in(conversation)
    elif investigation_id is None:
        return await store.latest_investigation(with_report=True)
    if investigation_id is None:
        raise Ignored("It is not about an investigation.")
    return await store.investigation(investigation_id)


async def _asked_otherwise(made: str, text: str, store: OrganizationStore) -> bool:
    """Whether the delivery made a question in other words; what made an investigation is no question."""
    try:
        return (await store.question(made)).text != text
    except NotFound:
        return False


async def _to_cancel(event: Cancellation, store: OrganizationStore) -> Investigation:
    if event.investigation_id is not None or event.conversation.thread is not None:
        return await _meant(event.investigation_id, None, event.conversation, store)
    live = await store.unfinished()
    if not live:
        raise Refusal("Nothing is running, so there is nothing to cancel.")
    return live[-1]
