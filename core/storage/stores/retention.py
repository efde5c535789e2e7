"""What is let go when it is older than an organization wants it kept."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from core.storage.queue.fence import QUEUED, RUNNING
from core.storage.stores.tenant import TenantTables
from core.storage.tables import background_tasks, events, investigations, journal, questions, runs


class Retention(TenantTables):
    """Forgetting for one organization; investigations that have not ended are left alone, however old."""

    async def forget_evidence(self, before: datetime) -> int:
        """What tools and people brought into investigations that began before then is gone; how many pieces."""
        old = self._begun(before)
        observed = journal.delete().where(
            self._mine(journal), journal.c.kind == "observed", journal.c.subject_id.in_(self._subjects(old))
        )
        handed_over = events.delete().where(self._mine(events), events.c.investigation_id.in_(old))
        return await self._database.execute(observed, handed_over)

    async def forget_transcripts(self, before: datetime) -> int:
        """The steps and questions of investigations that began before then are gone; how many."""
        old = self._begun(before)
        steps = journal.delete().where(self._mine(journal), journal.c.subject_id.in_(self._subjects(old)))
        asked = questions.delete().where(self._mine(questions), questions.c.investigation_id.in_(old))
        small_work = background_tasks.delete().where(self._mine(background_tasks), background_tasks.c.at < before)
        return await self._database.execute(steps, asked, small_work)

    def _begun(self, before: datetime) -> sa.Select[tuple[str]]:
        alive = sa.select(runs.c.subject_id).where(self._mine(runs), runs.c.state.in_((QUEUED, RUNNING)))
        return sa.select(investigations.c.id).where(
            self._mine(investigations), investigations.c.created_at < before, investigations.c.id.not_in(alive)
        )

    def _subjects(self, old: sa.Select[tuple[str]]) -> sa.CompoundSelect[tuple[str]]:
        """Journals are of investigations and of questions about them."""
        asked = sa.select(questions.c.id).where(self._mine(questions), questions.c.investigation_id.in_(old))
        return old.union(asked)
