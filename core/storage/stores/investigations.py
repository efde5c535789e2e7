"""The investigations of one organization, and the journals of what was done for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from core.domain.conversation import ConversationRef
from core.domain.errors import InvalidInput, NotFound
from core.domain.investigation import Investigation, Subject
from core.domain.report import Usage
from core.domain.tenancy import Platform, WorkspaceRef
from core.ports import Accepted, Journal, Run, Watch
from core.storage.engine.database import Lock
from core.storage.queue.claiming import ANNOUNCE, INVESTIGATE
from core.storage.queue.fence import QUEUED, RUNNING
from core.storage.queue.leases import queue
from core.storage.stores import documents
from core.storage.stores.governance import Governance
from core.storage.stores.journal import SqlJournal
from core.storage.stores.tenant import LONGEST_ID_SHOWN, change_one
from core.storage.tables import deliveries, events, followers, investigations, journal, runs

_SHORTEST_PREFIX = 4
_CANDIDATES_NAMED = 5
_COUNTED = ("model_calls", "prompt_tokens", "completion_tokens")


class Investigations(Governance):
    """Investigations: kept with the run that works on them, found by what people remember of their id."""

    async def add_investigation(
        self, investigation: Investigation, event_text: str | None, delivery_id: str, *, announced: bool = False
    ) -> Accepted:
        """Claim the delivery, keep the investigation and queue its run, all at once; a repeat returns the first id.

        With `announced` the run of kind `announce` is queued, which posts the progress message first. While the same
        subject is being investigated the request joins that: its id is returned, and who asked elsewhere follows it.
        """

        def accept(connection: sa.Connection) -> Accepted:
            joined = self._live_on(connection, investigation.subject)
            first = self._claim_delivery(connection, delivery_id, joined or investigation.id)
            if first is not None:
                return Accepted(first)
            if joined is not None:
                self._follow(connection, joined, investigation.conversation)
                return Accepted(joined, joined=True)
            self._check_queue(connection)
            connection.execute(
                investigations.insert().values(
                    organization_id=self._organization_id,
                    id=investigation.id,
                    created_at=investigation.created_at,
                    **_columns(investigation),
                )
            )
            if event_text is not None:
                body = documents.EVENT_TEXT.write(event_text)
                connection.execute(
                    events.insert().values(
                        organization_id=self._organization_id, investigation_id=investigation.id, body=body
                    )
                )
            kind = ANNOUNCE if announced else INVESTIGATE
            queue(self._database, connection, kind, self._organization_id, investigation.id)
            return Accepted(investigation.id)

        return await self._database.write(accept, Lock.SUBJECTS, self._organization_id)

    async def followers(self, investigation_id: str) -> Sequence[ConversationRef]:
        """Where else the investigation was asked for while it was under way, in order."""
        return [_conversation(row) for row in await self._rows(self._following(investigation_id))]

    async def delivered(self, delivery_id: str) -> str | None:
        """The id of what the delivery made, if it was claimed before."""
        found = await self._rows(self._delivery(delivery_id))
        return str(found[0].subject_id) if found else None

    async def claim(self, delivery_id: str, subject_id: str) -> bool:
        """Remember what the delivery made; False when it was claimed before."""

        def claim(connection: sa.Connection) -> bool:
            return self._claim_delivery(connection, delivery_id, subject_id) is None

        return await self._database.write(claim)

    async def queue_announced(self, investigation_id: str, run: Run) -> None:
        """Queue the investigation's own run while the announcing `run` is ours (else LeaseLost), once only."""
        queued = sa.select(runs.c.id).where(
            self._mine(runs), runs.c.subject_id == investigation_id, runs.c.kind == INVESTIGATE
        )

        def queue_once(connection: sa.Connection) -> None:
            # The fence has locked the announcing run's row, so nobody else is between the question and the answer.
            if connection.execute(queued).first() is None:
                queue(self._database, connection, INVESTIGATE, self._organization_id, investigation_id)

        await self._write(queue_once, run)

    async def investigation(self, investigation_id: str) -> Investigation:
        """The investigation with that id, or whose id starts with it when only one does.

        Raises:
            NotFound: no id is or starts with this one.
            InvalidInput: several ids start with it; the text names them.
        """
        mine = sa.select(investigations.c.id, investigations.c.body).where(self._mine(investigations))
        rows = await self._rows(mine.where(investigations.c.id == investigation_id))
        if not rows and len(investigation_id) >= _SHORTEST_PREFIX:
            # Not LIKE: what people type may hold its wildcards, and SQLite would ignore case.
            begins = sa.func.substr(investigations.c.id, 1, len(investigation_id)) == investigation_id
            newest_first = investigations.c.created_at.desc()
            rows = await self._rows(mine.where(begins).order_by(newest_first).limit(_CANDIDATES_NAMED))
        if not rows:
            shown = investigation_id[:LONGEST_ID_SHOWN]
            raise NotFound(f"There is no investigation {shown}. `logsense investigations` lists them.")
        if len(rows) > 1:
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
        columns = _columns(investigation)

        def replace(connection: sa.Connection) -> None:
            change_one(connection, statement.values(**columns), f"investigation {investigation.id}")

        await self._write(replace, run)
        self._changes.notify(investigation.id)

    async def change_investigation(
        self, investigation_id: str, change: Callable[[Investigation], Investigation]
    ) -> Investigation:
        """The investigation after `change`, which was applied to its newest state with nobody in between."""
        one = investigations.update().where(self._mine(investigations), investigations.c.id == investigation_id)

        def replace(connection: sa.Connection) -> Investigation:
            changed = change(self._locked(connection, investigation_id))
            connection.execute(one.values(**_columns(changed)))
            return changed

        changed = await self._database.write(replace)
        self._changes.notify(investigation_id)
        return changed

    async def unfinished(self) -> Sequence[Investigation]:
        """Those queued or running, oldest first."""
        alive = (
            sa.select(runs.c.subject_id)
            .where(runs.c.state.in_((QUEUED, RUNNING)), runs.c.kind.in_((ANNOUNCE, INVESTIGATE)))
            .where(runs.c.organization_id == self._organization_id)
        )
        statement = (
            sa.select(investigations.c.body)
            .where(self._mine(investigations), investigations.c.id.in_(alive))
            .order_by(investigations.c.created_at, investigations.c.id)
        )
        known = [documents.INVESTIGATION.read(row.body) for row in await self._rows(statement)]
        return [investigation for investigation in known if not investigation.status.is_over]

    async def usage_since(self, at: datetime) -> Usage:
        """What all turns taken from `at` on cost together."""
        text = journal.c.body
        # Only the cost is read, by the database: a month's turns are many, and their thoughts long.
        cost = (sa.cast(text, sa.JSON) if self._database.is_postgresql else sa.type_coerce(text, sa.JSON))["usage"]
        usd, tokens = cost["usd"].as_float(), cost["prompt_tokens"].as_integer()
        unpriced = sa.func.sum(sa.case((sa.and_(tokens > 0, usd.is_(None)), 1), else_=0))
        (found,) = await self._rows(
            sa.select(
                *(sa.func.sum(cost[name].as_integer()).label(name) for name in _COUNTED),
                sa.func.sum(usd).label("usd"),
                unpriced.label("unpriced"),
            ).where(self._mine(journal), journal.c.kind == "turn", journal.c.at >= at)
        )
        counts = [int(getattr(found, name) or 0) for name in _COUNTED]
        return Usage(counts[0], counts[1], counts[2], None if found.unpriced else float(found.usd or 0.0))

    def watch(self, subject_id: str) -> Watch:
        """A watch over an investigation, question or task, and its journal."""
        return self._changes.watch(subject_id)

    async def event_text(self, investigation_id: str) -> str | None:
        """The raw event that a person handed over, if they did."""
        rows = await self._rows(
            sa.select(events.c.body).where(self._mine(events), events.c.investigation_id == investigation_id)
        )
        return documents.EVENT_TEXT.read(rows[0].body) if rows else None

    def journal(self, subject_id: str, run: Run | None = None) -> Journal:
        """The journal of an investigation or question; only with a `run` can it be written."""
        if run is not None:
            self._check_owner(run)
        return SqlJournal(self._database, self._commits, self._changes, self._organization_id, subject_id, run)

    def _locked(self, connection: sa.Connection, investigation_id: str) -> Investigation:
        """The investigation as it is now and stays until the transaction ends."""
        row = connection.execute(
            sa.select(investigations.c.body)
            .where(self._mine(investigations), investigations.c.id == investigation_id)
            .with_for_update()
        ).one_or_none()
        if row is None:
            raise NotFound(f"There is no investigation {investigation_id[:LONGEST_ID_SHOWN]}.")
        return documents.INVESTIGATION.read(row.body)

    def _live_on(self, connection: sa.Connection, subject: Subject) -> str | None:
        """The id of an investigation of the same subject that has not ended; locked, so that it stays so."""
        if subject.pasted:
            return None
        alive = sa.select(runs.c.subject_id).where(
            self._mine(runs), runs.c.state.in_((QUEUED, RUNNING)), runs.c.kind.in_((ANNOUNCE, INVESTIGATE))
        )
        candidates = sa.select(investigations.c.id, investigations.c.body).where(
            self._mine(investigations), investigations.c.subject_key == _key(subject), investigations.c.id.in_(alive)
        )
        for row in connection.execute(candidates.with_for_update()):
            if not documents.INVESTIGATION.read(row.body).status.is_over:
                return str(row.id)
        return None

    def _follow(self, connection: sa.Connection, investigation_id: str, asked_at: ConversationRef) -> None:
        body = self._locked(connection, investigation_id).conversation
        known = [body, *map(_conversation, connection.execute(self._following(investigation_id)))]
        if asked_at.workspace.platform is Platform.TERMINAL or any(_is_within(asked_at, place) for place in known):
            return
        connection.execute(
            followers.insert().values(
                organization_id=self._organization_id,
                investigation_id=investigation_id,
                number=len(known),
                platform=asked_at.workspace.platform.value,
                workspace=asked_at.workspace.key,
                channel=asked_at.channel,
                thread=asked_at.thread,
            )
        )

    def _following(self, investigation_id: str) -> sa.Select[Any]:
        theirs = sa.select(followers).where(self._mine(followers), followers.c.investigation_id == investigation_id)
        return theirs.order_by(followers.c.number)

    def _claim_delivery(self, connection: sa.Connection, delivery_id: str, subject_id: str) -> str | None:
        claim = self._database.insert(deliveries).values(
            organization_id=self._organization_id, id=delivery_id, subject_id=subject_id, at=datetime.now(UTC)
        )
        if connection.execute(claim.on_conflict_do_nothing()).rowcount:
            return None
        first: str = connection.execute(self._delivery(delivery_id)).scalar_one()
        return first

    def _delivery(self, delivery_id: str) -> sa.Select[Any]:
        return sa.select(deliveries.c.subject_id).where(self._mine(deliveries), deliveries.c.id == delivery_id)

    def _newest_investigations(self, limit: int) -> sa.Select[Any]:
        newest_first = (investigations.c.created_at.desc(), investigations.c.id.desc())
        return sa.select(investigations.c.body).where(self._mine(investigations)).order_by(*newest_first).limit(limit)


def _columns(investigation: Investigation) -> dict[str, Any]:
    return {
        "has_report": investigation.report is not None,
        "subject_key": None if investigation.subject.pasted else _key(investigation.subject),
        "body": documents.INVESTIGATION.write(investigation),
    }


def _key(subject: Subject) -> str:
    return f"{subject.issue_id}@{subject.event_id or ''}"


def _conversation(row: sa.Row[Any]) -> ConversationRef:
    return ConversationRef(WorkspaceRef(Platform(row.platform), row.workspace), row.channel, row.thread)


def _is_within(asked_at: ConversationRef, place: ConversationRef) -> bool:
    """Whether who asked there sees what is posted at `place`."""
    return (asked_at.workspace, asked_at.channel) == (place.workspace, place.channel) and (
        asked_at.thread in (None, place.thread)
    )
