"""The journal of one investigation or question, and the group commit that all journals of a process share."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from core.domain.errors import LeaseLost
from core.domain.journal import JournalEntry
from core.domain.tenancy import OrganizationId
from core.ports import Journal, Run
from core.storage.changes import Changes
from core.storage.database import Database
from core.storage.documents import read_entry, write_entry
from core.storage.fence import Fence, lease_lost
from core.storage.tables import journal

_MOST_PER_COMMIT = 200


@dataclass(frozen=True, slots=True)
class Line:
    """An entry on its way into the journal of a subject, written for `run`."""

    run: Run
    subject_id: str
    entry: JournalEntry


class GroupCommit:
    """Commits journal lines together: what piled up during one transaction goes into the next.

    A commit costs a disk flush however much it holds, so many runs at once pay for few.
    """

    def __init__(self, database: Database, fence: Fence, changes: Changes) -> None:
        """Nothing runs until the first line comes."""
        self._changes = changes
        self._database = database.directory()
        self._fence = fence
        self._waiting: list[tuple[Line, asyncio.Future[None]]] = []
        self._flushing: asyncio.Task[None] | None = None

    async def commit(self, line: Line) -> None:
        """Return once `line` is committed; raise what kept it from being. Cancelled in time, it is not written."""
        done = asyncio.get_running_loop().create_future()
        self._waiting.append((line, done))
        if self._flushing is None or self._flushing.done():
            self._flushing = asyncio.create_task(self._flush(), name="journal group commit")
        await done

    async def close(self) -> None:
        """Everything handed in is committed or refused."""
        if self._flushing is not None:
            await self._flushing

    async def _flush(self) -> None:
        while self._waiting:
            batch = [(line, done) for line, done in self._waiting[:_MOST_PER_COMMIT] if not done.done()]
            del self._waiting[:_MOST_PER_COMMIT]
            try:
                accepted = await self._write([line for line, _ in batch])
            except Exception as error:
                # Whatever went wrong is for those who wait for these lines, not for the lines after them.
                for _, done in batch:
                    _settle(done, error)
            else:
                for line, done in batch:
                    _settle(done, None if line.run in accepted else lease_lost(line.run))
                    self._changes.notify(line.subject_id)

    async def _write(self, lines: Sequence[Line]) -> frozenset[Run]:
        held = tuple({line.run for line in lines})
        if not held:
            return frozenset()
        async with self._database.writing() as connection:
            accepted = await self._fence.admit(connection, held, got_on=True)
            for organization_id, theirs in _by_organization(line for line in lines if line.run in accepted).items():
                await self._database.bind(connection, organization_id)
                await connection.execute(journal.insert(), [_row(line) for line in theirs])
        return accepted


class SqlJournal(Journal):
    """The journal of one subject of one organization; with a run it can be written."""

    def __init__(
        self,
        database: Database,
        commits: GroupCommit,
        organization_id: OrganizationId,
        subject_id: str,
        run: Run | None,
    ) -> None:
        """Nothing is read yet."""
        self._database = database.of(organization_id)
        self._commits = commits
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
        await self._commits.commit(Line(self._run, self._subject_id, entry))


def _by_organization(lines: Iterable[Line]) -> dict[OrganizationId, list[Line]]:
    groups: dict[OrganizationId, list[Line]] = {}
    for line in lines:
        groups.setdefault(line.run.organization_id, []).append(line)
    return groups


def _row(line: Line) -> dict[str, object]:
    kind, body = write_entry(line.entry)
    return {
        "organization_id": line.run.organization_id,
        "subject_id": line.subject_id,
        "kind": kind,
        "body": body,
        "at": line.entry.at,
    }


def _settle(done: asyncio.Future[None], error: Exception | None) -> None:
    if done.done():
        return
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)
