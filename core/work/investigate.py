"""One investigation, from its run to its report: the loop works, every step is journalled first, then shown."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from core.agent.loop import Budget, NothingToRead, ReactLoop
from core.agent.patience import Patience
from core.agent.report import report_from
from core.delivery.live_message import LiveThread
from core.delivery.threads import REPORT, Thread, Threads
from core.domain.errors import LeaseLost, LogSenseError, Refusal, ServiceFailed
from core.domain.investigation import Investigation, Status
from core.domain.journal import JournalEntry, PersonSaid, Transcript, TurnTaken
from core.domain.report import Analysis
from core.domain.tenancy import OrganizationId
from core.domain.thread_view import NoticeView, ProgressView, progress_of, report_of
from core.knowledge.lessons import save_draft
from core.ports import Journal, OrganizationStore, Reasoner, Run, Stores, ToolProvider
from core.work.telemetry import count_ended, with_telemetry

logger = logging.getLogger("logsense.thread")


@dataclass(frozen=True, slots=True)
class AgentFactory:
    """What every run of the agent needs; `reasoners` gives those to try, in order, for an organization.

    From the confidence `ask_from` on, a report asks people to confirm it.
    """

    stores: Stores
    tools: ToolProvider
    reasoners: Callable[[OrganizationId], Awaitable[Sequence[Reasoner]]]
    budget: Budget
    now: Callable[[], datetime]
    threads: Threads
    ask_from: int = 70

    async def loop(
        self,
        run: Run,
        investigation: Investigation,
        transcript: Transcript,
        journal: Journal,
        patience: Patience | None = None,
    ) -> ReactLoop:
        """The agent over `transcript`, with the organization's reasoners and tools, recording to `journal`."""
        store = self.stores.for_organization(run.organization_id)
        event_text = await store.event_text(investigation.id) if investigation.subject.pasted else None

        async def check() -> None:
            if not await store.holds(run):
                raise LeaseLost(f"The {run.kind} of {run.subject_id} was taken over by another worker.")

        async def hear() -> Sequence[PersonSaid]:
            waiting = await store.waiting_questions(investigation.id)
            return [PersonSaid(each.id, each.asked_by.name, each.text, each.asked_at) for each in waiting]

        return ReactLoop(
            transcript,
            reasoners=await self.reasoners(run.organization_id),
            toolbox=await self.tools.toolbox(
                run.organization_id,
                investigation.id,
                event_text,
                investigation.subject.log,
                issue_id=investigation.subject.issue_id,
            ),
            record=with_telemetry(journal.record, run, self.now()),
            now=self.now,
            budget=self.budget,
            check=check,
            patience=patience,
            begin_by_looking=True,
            hear=hear if transcript.question is None else None,
        )


class InvestigateJob:
    """Implements `core.work.worker.Job` for runs of kind `investigate`."""

    def __init__(self, agents: AgentFactory) -> None:
        self._with = agents

    async def work(self, run: Run) -> None:
        """Reported, in the thread too; a run that was cut short goes on after its last committed step."""
        store = self._store(run)
        investigation = await store.investigation(run.subject_id)
        thread = await self._with.threads.of(investigation, store)
        entries = None
        if not investigation.status.is_over:
            investigation, entries = await self._investigate(investigation, thread, store, run)
        await self._tell(investigation, thread, store, run, entries)

    async def fail(self, run: Run, error: Exception, text: str) -> None:
        """Failed, with the sentence people see."""
        store = self._store(run)
        investigation = await store.investigation(run.subject_id)
        if investigation.status.is_over:
            # It had ended; what failed is telling so. At least nothing is left spinning.
            if thread := await self._with.threads.of(investigation, store):
                with suppress(ServiceFailed):
                    entries = await store.journal(investigation.id).entries()
                    await thread.end_progress(progress_of(investigation, entries))
            return
        investigation = investigation.fail(text, self._with.now(), user_can_fix=_is_mendable(error))
        await store.save_investigation(investigation, run)
        count_ended(investigation, run.organization_id)
        await self._tell(investigation, await self._with.threads.of(investigation, store), store, run)

    async def cancelled(self, run: Run) -> None:
        """Cancelled; what was found so far stays in the journal."""
        store = self._store(run)
        investigation = await store.investigation(run.subject_id)
        if not investigation.status.is_over:
            investigation = investigation.cancel(self._with.now())
            await store.save_investigation(investigation)
            count_ended(investigation, run.organization_id)
        # Without the fence, which lets nobody write for a run that is to be cancelled.
        await self._tell(investigation, await self._with.threads.of(investigation, store), store, None)

    async def _investigate(
        self, investigation: Investigation, thread: Thread | None, store: OrganizationStore, run: Run
    ) -> tuple[Investigation, tuple[JournalEntry, ...]]:
        # Nothing is journalled before it is known to have begun.
        is_new = investigation.status is Status.QUEUED
        investigation = investigation.start()
        await store.save_investigation(investigation, run)
        journal = store.journal(investigation.id, run)
        transcript = Transcript(investigation.subject, () if is_new else await journal.entries())
        if thread is None:
            loop = await self._with.loop(run, investigation, transcript, journal)
            transcript, conclusion = await loop.run()
        else:
            async with thread.live(run) as live:
                shown = _Shown(journal, investigation, transcript.entries, live)
                loop = await self._with.loop(run, investigation, transcript, shown, Patience(tell=shown.waiting))
                transcript, conclusion = await loop.run()
        if not isinstance(conclusion, Analysis):
            raise LogSenseError("The investigation ended with an answer instead of an analysis.")
        report = report_from(transcript, conclusion, _reasoner_of(transcript))
        report = replace(report, asks_confirmation=report.confidence >= self._with.ask_from)
        concluded = investigation.conclude(report, self._with.now())
        await save_draft(concluded, transcript, store, await self._with.tools.host_tools(run.organization_id))
        await store.save_investigation(concluded, run)
        count_ended(concluded, run.organization_id)
        return concluded, transcript.entries

    async def _tell(
        self,
        investigation: Investigation,
        thread: Thread | None,
        store: OrganizationStore,
        run: Run | None,
        entries: tuple[JournalEntry, ...] | None = None,
    ) -> None:
        """The thread shows the end, and questions that waited for it are taken up."""
        await store.release_questions(investigation.id)
        if thread is None:
            return
        if entries is None:
            entries = await store.journal(investigation.id).entries()
        view = report_of(investigation, entries)
        for each in (thread, *await self._with.threads.following(investigation, store)):
            try:
                # The report first: it is what people wait for, and edits may have to queue.
                if investigation.status is not Status.CANCELLED:
                    await each.say(REPORT, view, run)
                await each.end_progress(progress_of(investigation, entries))
            except ServiceFailed as failure:
                # The platform will not take it: the channel is gone or not for us any more. Other threads go on.
                logger.error("the end of %s could not be shown: %s", investigation.id, failure)
                await each.post_ephemeral(investigation.asked_by, NoticeView(str(failure), error=True))
                with suppress(ServiceFailed):
                    await each.end_progress(progress_of(investigation, entries))
        if investigation.report is not None:
            await thread.post_attachments(view, run)

    def _store(self, run: Run) -> OrganizationStore:
        return self._with.stores.for_organization(run.organization_id)


class _Shown(Journal):
    """A journal whose every committed entry is shown live."""

    def __init__(
        self,
        journal: Journal,
        investigation: Investigation,
        entries: tuple[JournalEntry, ...],
        live: LiveThread | None,
    ) -> None:
        self._journal = journal
        self._investigation = investigation
        self._entries = entries
        self._live = live
        self._waited_s: float | None = None
        self._show()

    async def entries(self) -> tuple[JournalEntry, ...]:
        return self._entries

    async def record(self, entry: JournalEntry) -> None:
        await self._journal.record(entry)
        self._entries += (entry,)
        self._show()

    def waiting(self, seconds: float | None) -> None:
        """Show for how long the tracker has not answered; None ends that."""
        self._waited_s = seconds
        self._show()

    def _show(self) -> None:
        if self._live is not None:
            self._live.show(self._view)

    def _view(self) -> ProgressView:
        view = progress_of(self._investigation, self._entries)
        if self._waited_s is None:
            return view
        note = f"Sentry does not answer, trying again ({self._waited_s:.0f} s)"
        return replace(view, notes=(*view.notes, note))


def _reasoner_of(transcript: Transcript) -> str:
    """Who reached the conclusion."""
    turns = [entry for entry in transcript.entries if isinstance(entry, TurnTaken)]
    return turns[-1].reasoner


def _is_mendable(error: Exception) -> bool:
    """Whether the person who asked can mend it, rather than whoever runs a service."""
    if isinstance(error, NothingToRead):
        return error.evidence.facts.get("error") == "refused"
    return isinstance(error, Refusal)
