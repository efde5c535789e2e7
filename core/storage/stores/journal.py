"""The journal of one investigation or question."""

from __future__ import annotations

import sqlalchemy as sa

from core.domain.errors import LeaseLost
from core.domain.journal import JournalEntry
from core.domain.tenancy import OrganizationId
from core.ports import Journal, Run
from core.storage.engine.database import Database
from core.storage.engine.group_commit import GroupCommit, Rows
from core.storage.stores.changes import Changes
from core.storage.stores.documents import read_entry, write_entry
from core.storage.tables import journal

_APPEND = journal.insert()


class SqlJournal(Journal):
    """The journal of one subject of one organization; with a run it can be written."""

    def __init__(
        self,
        database: Database,
        commits: GroupCommit,
        changes: Changes,
        organization_id: OrganizationId,
        subject_id: str,
        run: Run | None,
    ) -> None:
        """Nothing is read yet."""
        self._database = database.of(organization_id)
        self._commits = commits
        self._changes = changes
        self._organization_id = organization_id
        self._subject_id = subject_id
        self._run = run
        self._mine = sa.and_(journal.c.organization_id == organization_id, journal.c.subject_id == subject_id)
        self._known: tuple[JournalEntry, ...] = ()
        self._last_n = 0

    async def entries(self) -> tuple[JournalEntry, ...]:
        """What was committed, oldest first; asking again reads only what is new."""
        newer = sa.select(journal.c.n, journal.c.kind, journal.c.body).where(self._mine, journal.c.n > self._last_n)
        rows = await self._database.rows(newer.order_by(journal.c.n))
        if rows and rows[-1].n > self._last_n:
            self._known += tuple(read_entry(row.kind, row.body) for row in rows if row.n > self._last_n)
            self._last_n = rows[-1].n
        return self._known

    async def record(self, entry: JournalEntry) -> None:
        """Commit `entry`; afterwards it survives a kill.

        Raises:
            LeaseLost: another worker has the run, or it was cancelled, or none was given; nothing was written.
        """
        if self._run is None:
            raise LeaseLost("This journal was opened for reading only.")
        kind, body = write_entry(entry)
        row = {
            "organization_id": self._organization_id,
            "subject_id": self._subject_id,
            "kind": kind,
            "body": body,
            "at": entry.at,
        }
        await self._commits.write(self._organization_id, Rows(_APPEND, [row]), run=self._run, made_progress=True)
        self._changes.notify(self._subject_id)
