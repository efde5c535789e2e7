"""Everything kept for one organization. Every statement here names the organization that the store is bound to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from core.domain.errors import InvalidInput, NotFound
from core.domain.incident import KnowledgeEntry
from core.domain.investigation import Investigation, Question
from core.domain.tenancy import OrganizationId
from core.ports import Errand, Journal, OrganizationStore, Run, Watch
from core.storage import documents
from core.storage.changes import Changes
from core.storage.database import Database
from core.storage.fence import Fence, lease_lost
from core.storage.journal import GroupCommit, SqlJournal
from core.storage.leases import ERRAND, FOLLOW_UP, INVESTIGATE, queue
from core.storage.tables import deliveries, errands, events, investigations, knowledge, questions

_SHORTEST_PREFIX = 4
_CANDIDATES_NAMED = 5
_LONGEST_ID_SHOWN = 60


class SqlOrganizationStore(OrganizationStore):
    """The store of one organization; it cannot read or change another's rows."""

    def __init__(
        self,
        database: Database,
        fence: Fence,
        commits: GroupCommit,
        changes: Changes,
        organization_id: OrganizationId,
    ) -> None:
        """Bound to `organization_id` for good."""
        self._changes = changes
        self._database = database
        self._fence = fence
        self._commits = commits
        self._organization_id = organization_id

    # ---- investigations ---------------------------------------------------------------------------------------------

    async def add_investigation(self, investigation: Investigation, event_text: str | None, delivery_id: str) -> str:
        """Claim the delivery, keep the investigation and queue its run, all at once; a repeat returns the first id."""
        async with self._database.writing() as connection:
            first = await self._claim_delivery(connection, delivery_id, investigation.id)
            if first is not None:
                return first
            await connection.execute(
                investigations.insert().values(
                    organization_id=self._organization_id,
                    id=investigation.id,
                    created_at=investigation.created_at,
                    **_columns(investigation),
                )
            )
            if event_text is not None:
                body = documents.EVENT_TEXT.write(event_text)
                await connection.execute(
                    events.insert().values(
                        organization_id=self._organization_id, investigation_id=investigation.id, body=body
                    )
                )
            await connection.execute(queue(INVESTIGATE, self._organization_id, investigation.id))
        return investigation.id

    async def investigation(self, investigation_id: str) -> Investigation:
        """The investigation with that id, or whose id starts with it when only one does.

        Raises:
            NotFound: no id is or starts with this one.
            InvalidInput: several ids start with it; the text names them.
        """
        exact_first = sa.case((investigations.c.id == investigation_id, 0), else_=1)
        rows = await self._rows(
            sa.select(investigations.c.id, investigations.c.body)
            .where(self._mine(investigations), _named(investigation_id))
            .order_by(exact_first, investigations.c.created_at.desc())
            .limit(_CANDIDATES_NAMED)
        )
        if not rows:
            shown = investigation_id[:_LONGEST_ID_SHOWN]
            raise NotFound(f"There is no investigation {shown}. `logsense investigations` lists them.")
        if len(rows) > 1 and rows[0].id != investigation_id:
            candidates = ", ".join(row.id for row in rows)
            raise InvalidInput(f"{investigation_id} may mean any of {candidates}: give more of the id.")
        return documents.INVESTIGATION.read(rows[0].body)

    async def latest_investigation(self, *, with_report: bool = False) -> Investigation:
        """The newest one; `with_report` skips those that have none."""
        statement = self._newest_investigations(1)
        if with_report:
            statement = statement.where(investigations.c.has_report)
        rows = await self._rows(statement)
        if not rows:
            what = "investigation with a report" if with_report else "investigation"
            raise NotFound(f"There is no {what} yet. `logsense investigate ISSUE` makes one.")
        return documents.INVESTIGATION.read(rows[0].body)

    async def investigations(self, limit: int) -> Sequence[Investigation]:
        """The newest first."""
        return [documents.INVESTIGATION.read(row.body) for row in await self._rows(self._newest_investigations(limit))]

    async def save_investigation(self, investigation: Investigation, run: Run | None = None) -> None:
        """Replace the stored investigation; with `run`, only while it is ours.

        Raises:
            LeaseLost: the run is no longer ours; nothing was written.
        """
        statement = investigations.update().where(self._mine(investigations), investigations.c.id == investigation.id)
        async with self._database.writing() as connection:
            if run is not None:
                await self._hold(connection, run)
            await _change(connection, statement.values(**_columns(investigation)), f"investigation {investigation.id}")
        self._changes.notify(investigation.id)

    def watch(self, subject_id: str) -> Watch:
        """A watch over an investigation, question or errand, and its journal."""
        return self._changes.watch(subject_id)

    async def event_text(self, investigation_id: str) -> str | None:
        """The raw event that a person handed over, if they did."""
        rows = await self._rows(
            sa.select(events.c.body).where(self._mine(events), events.c.investigation_id == investigation_id)
        )
        return documents.EVENT_TEXT.read(rows[0].body) if rows else None

    # ---- follow-ups and errands -------------------------------------------------------------------------------------

    async def add_question(self, question: Question, delivery_id: str) -> str:
        """Claim the delivery, keep the question and queue its run, all at once; a repeat returns the first id."""
        async with self._database.writing() as connection:
            first = await self._claim_delivery(connection, delivery_id, question.id)
            if first is not None:
                return first
            await connection.execute(
                questions.insert().values(
                    organization_id=self._organization_id,
                    id=question.id,
                    investigation_id=question.investigation_id,
                    asked_at=question.asked_at,
                    body=documents.QUESTION.write(question),
                )
            )
            await connection.execute(queue(FOLLOW_UP, self._organization_id, question.id))
        return question.id

    async def question(self, question_id: str) -> Question:
        """The question with that id."""
        return documents.QUESTION.read(await self._body(questions, question_id, "question"))

    async def save_question(self, question: Question, run: Run | None = None) -> None:
        """Replace the stored question; with `run`, only while it is ours, else LeaseLost."""
        await self._replace(questions, question.id, documents.QUESTION.write(question), run, "question")

    async def add_errand(self, errand: Errand) -> None:
        """Keep the errand and queue its run."""
        async with self._database.writing() as connection:
            await connection.execute(
                errands.insert().values(
                    organization_id=self._organization_id,
                    id=errand.id,
                    at=datetime.now(UTC),
                    body=documents.ERRAND.write(errand),
                )
            )
            await connection.execute(queue(ERRAND, self._organization_id, errand.id))

    async def errand(self, errand_id: str) -> Errand:
        """The errand with that id."""
        return documents.ERRAND.read(await self._body(errands, errand_id, "errand"))

    async def save_errand(self, errand: Errand, run: Run) -> None:
        """Replace the stored errand while `run` is ours; raises LeaseLost otherwise."""
        await self._replace(errands, errand.id, documents.ERRAND.write(errand), run, "errand")

    def journal(self, subject_id: str, run: Run | None = None) -> Journal:
        """The journal of an investigation or question; only with a `run` can it be written."""
        if run is not None:
            self._check_owner(run)
        return SqlJournal(self._database, self._commits, self._organization_id, subject_id, run)

    # ---- knowledge --------------------------------------------------------------------------------------------------

    async def put_knowledge(self, entries: Sequence[KnowledgeEntry]) -> None:
        """Add or replace knowledge entries, marked as not yet indexed."""
        if not entries:
            return
        added_at = datetime.now(UTC)
        rows = [
            {
                "organization_id": self._organization_id,
                "id": entry.id,
                "added_at": added_at,
                "indexed": False,
                "body": documents.KNOWLEDGE.write(entry),
            }
            for entry in entries
        ]
        insert = self._database.insert(knowledge)
        replacing = insert.on_conflict_do_update(
            index_elements=["organization_id", "id"], set_={"indexed": False, "body": insert.excluded.body}
        )
        async with self._database.writing() as connection:
            await connection.execute(replacing, rows)

    async def knowledge(self, *, unindexed_only: bool = False) -> Sequence[KnowledgeEntry]:
        """Knowledge entries, oldest first."""
        statement = sa.select(knowledge.c.body).where(self._mine(knowledge))
        if unindexed_only:
            statement = statement.where(sa.not_(knowledge.c.indexed))
        rows = await self._rows(statement.order_by(knowledge.c.added_at, knowledge.c.id))
        return [documents.KNOWLEDGE.read(row.body) for row in rows]

    async def mark_indexed(self, entry_ids: Sequence[str], *, indexed: bool = True) -> None:
        """Remember which entries the index has, or that it has to be given them again."""
        statement = knowledge.update().where(self._mine(knowledge), knowledge.c.id.in_(entry_ids))
        async with self._database.writing() as connection:
            await connection.execute(statement.values(indexed=indexed))

    # ---- shared -----------------------------------------------------------------------------------------------------

    def _mine(self, table: sa.Table) -> sa.ColumnElement[bool]:
        return table.c.organization_id == self._organization_id

    async def _rows(self, statement: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
        async with self._database.reading() as connection:
            rows: Sequence[sa.Row[Any]] = (await connection.execute(statement)).all()
        return rows

    def _newest_investigations(self, limit: int) -> sa.Select[Any]:
        newest_first = (investigations.c.created_at.desc(), investigations.c.id.desc())
        return sa.select(investigations.c.body).where(self._mine(investigations)).order_by(*newest_first).limit(limit)

    async def _body(self, table: sa.Table, row_id: str, what: str) -> str:
        rows = await self._rows(sa.select(table.c.body).where(self._mine(table), table.c.id == row_id))
        if not rows:
            raise NotFound(f"There is no {what} {row_id[:_LONGEST_ID_SHOWN]}.")
        body: str = rows[0].body
        return body

    async def _replace(self, table: sa.Table, row_id: str, body: str, run: Run | None, what: str) -> None:
        statement = table.update().where(self._mine(table), table.c.id == row_id).values(body=body)
        async with self._database.writing() as connection:
            if run is not None:
                await self._hold(connection, run)
            await _change(connection, statement, f"{what} {row_id}")
        self._changes.notify(row_id)

    async def _hold(self, connection: AsyncConnection, run: Run) -> None:
        self._check_owner(run)
        if run not in await self._fence.admit(connection, [run]):
            raise lease_lost(run)

    def _check_owner(self, run: Run) -> None:
        if run.organization_id != self._organization_id:
            raise lease_lost(run)

    async def _claim_delivery(self, connection: AsyncConnection, delivery_id: str, subject_id: str) -> str | None:
        claim = self._database.insert(deliveries).values(
            organization_id=self._organization_id, id=delivery_id, subject_id=subject_id, at=datetime.now(UTC)
        )
        if (await connection.execute(claim.on_conflict_do_nothing())).rowcount:
            return None
        mine = sa.select(deliveries.c.subject_id).where(self._mine(deliveries), deliveries.c.id == delivery_id)
        first: str = (await connection.execute(mine)).scalar_one()
        return first


async def _change(connection: AsyncConnection, statement: sa.Update, what: str) -> None:
    if not (await connection.execute(statement)).rowcount:
        raise NotFound(f"There is no {what}.")


def _columns(investigation: Investigation) -> dict[str, Any]:
    return {
        "has_report": investigation.report is not None,
        "body": documents.INVESTIGATION.write(investigation),
    }


def _named(investigation_id: str) -> sa.ColumnElement[bool]:
    exact = investigations.c.id == investigation_id
    if len(investigation_id) < _SHORTEST_PREFIX:
        return exact
    # Not LIKE: what people type may hold its wildcards, and SQLite would ignore case.
    return sa.or_(exact, sa.func.substr(investigations.c.id, 1, len(investigation_id)) == investigation_id)
