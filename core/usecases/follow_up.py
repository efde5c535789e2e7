"""One question about an investigation: the same loop, with the evidence so far and a budget of its own."""

from __future__ import annotations

from dataclasses import replace

from core.agent.react import ReactLoop
from core.agent.report import checked_answer
from core.domain.errors import LogSenseError
from core.domain.journal import Transcript
from core.domain.report import Answer
from core.ports import OrganizationStore, Run
from core.usecases.investigate import Investigators


class FollowUpJob:
    """Implements `core.usecases.worker.Job` for runs of kind `follow_up`."""

    def __init__(self, investigators: Investigators) -> None:
        self._with = investigators

    async def work(self, run: Run) -> None:
        """Answered, citing evidence of the investigation or of new calls."""
        store = self._store(run)
        question = await store.question(run.subject_id)
        if question.answered_at is not None:
            return
        investigation = await store.investigation(question.investigation_id)
        past = Transcript(investigation.subject, await store.journal(investigation.id).entries())
        journal = store.journal(question.id, run)
        loop = ReactLoop(
            Transcript(
                investigation.subject,
                await journal.entries(),
                question=question.text,
                report=investigation.report,
                earlier=past.evidence(),
            ),
            reasoners=self._with.reasoners(run.organization_id),
            toolbox=self._with.tools.toolbox(
                run.organization_id, investigation.id, await store.event_text(investigation.id)
            ),
            record=journal.record,
            now=self._with.now,
            budget=self._with.budget,
        )
        transcript, conclusion = await loop.run()
        if not isinstance(conclusion, Answer):
            raise LogSenseError("The follow-up ended with an analysis instead of an answer.")
        answer = checked_answer(transcript, conclusion)
        await store.save_question(replace(question, answer=answer, answered_at=self._with.now()), run)

    async def fail(self, run: Run, error: Exception, text: str) -> None:
        """Not answered; the person sees why."""
        await self._end(run, text, run)

    async def cancelled(self, run: Run) -> None:
        """Not answered, because somebody cancelled it."""
        await self._end(run, "The question was cancelled.", None)

    async def _end(self, run: Run, failure: str, fence: Run | None) -> None:
        store = self._store(run)
        question = await store.question(run.subject_id)
        if question.answered_at is None:
            await store.save_question(replace(question, failure=failure, answered_at=self._with.now()), fence)

    def _store(self, run: Run) -> OrganizationStore:
        return self._with.stores.for_organization(run.organization_id)
