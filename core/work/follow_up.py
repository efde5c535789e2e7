"""One question about an investigation: the same loop, with the evidence so far and a budget of its own."""

from __future__ import annotations

import logging
from dataclasses import replace

from core.agent.report import checked_answer
from core.domain.errors import LogSenseError, ServiceFailed
from core.domain.investigation import Question
from core.domain.journal import Transcript
from core.domain.report import Answer
from core.domain.thread_view import answer_of
from core.ports import OrganizationStore, Run
from core.work.investigate import AgentFactory

logger = logging.getLogger("logsense.thread")


class FollowUpJob:
    """Implements `core.work.worker.Job` for runs of kind `follow_up`."""

    def __init__(self, agents: AgentFactory) -> None:
        self._with = agents

    async def work(self, run: Run) -> None:
        """Answered, in the thread too, citing evidence of the investigation or of new calls."""
        store = self._store(run)
        question = await store.question(run.subject_id)
        if question.answered_at is None:
            question = await self._answer(question, store, run)
        await self._tell(question, store, run)

    async def fail(self, run: Run, error: Exception, text: str) -> None:
        """Not answered; the person sees why."""
        await self._end(run, text, run)

    async def cancelled(self, run: Run) -> None:
        """Not answered, because somebody cancelled it."""
        await self._end(run, "The question was cancelled.", None)

    async def _answer(self, question: Question, store: OrganizationStore, run: Run) -> Question:
        investigation = await store.investigation(question.investigation_id)
        past = Transcript(investigation.subject, await store.journal(investigation.id).entries())
        journal = store.journal(question.id, run)
        asked = Transcript(
            investigation.subject,
            await journal.entries(),
            question=question.text,
            report=investigation.report,
            earlier=past.evidence(),
        )
        transcript, conclusion = await (await self._with.loop(run, investigation, asked, journal)).run()
        if not isinstance(conclusion, Answer):
            raise LogSenseError("The follow-up ended with an analysis instead of an answer.")
        answer = checked_answer(transcript, conclusion)
        answered = replace(question, answer=answer, answered_at=self._with.now())
        await store.save_question(answered, run)
        return answered

    async def _end(self, run: Run, failure: str, fence: Run | None) -> None:
        store = self._store(run)
        question = await store.question(run.subject_id)
        if question.answered_at is None:
            question = replace(question, failure=failure, answered_at=self._with.now())
            await store.save_question(question, fence)
        await self._tell(question, store, fence)

    async def _tell(self, question: Question, store: OrganizationStore, run: Run | None) -> None:
        investigation = await store.investigation(question.investigation_id)
        thread = await self._with.threads.at(question.conversation, investigation, store)
        if thread is None or question.conversation.workspace.platform is not thread.conversation.workspace.platform:
            return
        view = answer_of(question, investigation.subject, await store.journal(question.id).entries())
        try:
            await thread.say(f"answer:{question.id}", view, run)
        except ServiceFailed as failure:
            logger.error("the answer to %s could not be shown: %s", question.id, failure)

    def _store(self, run: Run) -> OrganizationStore:
        return self._with.stores.for_organization(run.organization_id)
