"""What people asked about investigations, and the small pieces of work they handed over."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa

from core.domain.investigation import Question
from core.ports import Errand, Run
from core.storage.queue.claiming import ERRAND, FOLLOW_UP
from core.storage.queue.leases import queue
from core.storage.stores import documents
from core.storage.stores.investigations import Investigations
from core.storage.tables import errands, questions, runs


class Requests(Investigations):
    """The questions and errands of one organization."""

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

    async def add_errand(self, errand: Errand) -> None:
        """Keep the errand and queue its run."""
        row = errands.insert().values(
            organization_id=self._organization_id,
            id=errand.id,
            at=datetime.now(UTC),
            body=documents.ERRAND.write(errand),
        )

        def add(connection: sa.Connection) -> None:
            connection.execute(row)
            queue(self._database, connection, ERRAND, self._organization_id, errand.id)

        await self._database.write(add)

    async def errand(self, errand_id: str) -> Errand:
        """The errand with that id."""
        return documents.ERRAND.read(await self._body(errands, errand_id, "errand"))

    async def save_errand(self, errand: Errand, run: Run) -> None:
        """Replace the stored errand while `run` is ours; raises LeaseLost otherwise."""
        await self._replace(errands, errand.id, documents.ERRAND.write(errand), run, "errand")
