"""What people asked about investigations, and the small pieces of work they handed over."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa

from core.domain.investigation import Question
from core.ports import BackgroundTask, Run
from core.storage.queue.claiming import BACKGROUND_TASK, FOLLOW_UP
from core.storage.queue.leases import queue
from core.storage.stores import documents
from core.storage.stores.investigations import Investigations
from core.storage.tables import background_tasks, questions, runs


class Requests(Investigations):
    """The questions and background_tasks of one organization."""

    async def add_question(self, question: Question, delivery_id: str) -> str:
        """Claim the delivery, keep the question and queue its run, all at once; a repeat returns the first id.

        While its investigation is under way the question waits for `release_questions`.
        """

        def accept(connection: sa.Connection) -> str:
            first = self._claim_delivery(connection, delivery_id, question.id)
            if first is not None:
                return first
            connection.execute(
                questions.insert().values(
                    organization_id=self._organization_id,
                    id=question.id,
                    investigation_id=question.investigation_id,
                    asked_at=question.asked_at,
                    body=documents.QUESTION.write(question),
                )
            )
            # Locked, so that it cannot end between this look and the release of those who wait.
            if self._locked(connection, question.investigation_id).status.is_over:
                queue(self._database, connection, FOLLOW_UP, self._organization_id, question.id)
            return question.id

        return await self._database.write(accept)

    async def release_questions(self, investigation_id: str) -> None:
        """Questions that waited for the end of the investigation are queued, each once."""
        waiting = (
            sa.select(questions.c.id)
            .where(self._mine(questions), questions.c.investigation_id == investigation_id)
            .where(~sa.exists().where(self._mine(runs), runs.c.subject_id == questions.c.id))
            .order_by(questions.c.asked_at)
        )
        # Who asks from now on sees that it is over, so only those that are here already have to be looked for.
        if not await self._rows(waiting):
            return

        def release(connection: sa.Connection) -> None:
            self._locked(connection, investigation_id)
            for question_id in connection.execute(waiting).scalars().all():
                queue(self._database, connection, FOLLOW_UP, self._organization_id, question_id)

        await self._database.write(release)

    async def question(self, question_id: str) -> Question:
        """The question with that id."""
        return documents.QUESTION.read(await self._body(questions, question_id, "question"))

    async def save_question(self, question: Question, run: Run | None = None) -> None:
        """Replace the stored question; with `run`, only while it is ours, else LeaseLost."""
        await self._replace(questions, question.id, documents.QUESTION.write(question), run, "question")

    async def add_background_task(self, task: BackgroundTask) -> None:
        """Keep the task and queue its run."""
        row = background_tasks.insert().values(
            organization_id=self._organization_id,
            id=task.id,
            at=datetime.now(UTC),
            body=documents.BACKGROUND_TASK.write(task),
        )

        def add(connection: sa.Connection) -> None:
            connection.execute(row)
            queue(self._database, connection, BACKGROUND_TASK, self._organization_id, task.id)

        await self._database.write(add)

    async def background_task(self, task_id: str) -> BackgroundTask:
        """The task with that id."""
        return documents.BACKGROUND_TASK.read(await self._body(background_tasks, task_id, "errand"))

    async def save_background_task(self, task: BackgroundTask, run: Run) -> None:
        """Replace the stored task while `run` is ours; raises LeaseLost otherwise."""
        await self._replace(background_tasks, task.id, documents.BACKGROUND_TASK.write(task), run, "errand")
