"""The queue: rows of work that workers claim, renew, give back and close. Every hold on a row is fenced (fence.py).

Workers find work by polling `claim`; nothing wakes them sooner.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from uuid import uuid4

import sqlalchemy as sa

from core.ports import Run, Runs
from core.storage.database import Database, Lock
from core.storage.fence import CANCELLED, DONE, FAILED, QUEUED, RUNNING, Fence, still_ours
from core.storage.tables import runs

ANNOUNCE = "announce"
INVESTIGATE = "investigate"
FOLLOW_UP = "follow_up"
ERRAND = "errand"
KINDS = (ANNOUNCE, INVESTIGATE, FOLLOW_UP, ERRAND)

_ENDS = frozenset({DONE, FAILED, CANCELLED})


def queue(kind: str, organization_id: str, subject_id: str) -> sa.Insert:
    """The insert of a new run, for the transaction that keeps its subject."""
    return runs.insert().values(
        id=uuid4().hex,
        kind=kind,
        organization_id=organization_id,
        subject_id=subject_id,
        state=QUEUED,
        attempt=0,
        crashes=0,
        cancel_requested=False,
        lease_until_s=0.0,
    )


class LeasedRuns(Runs):
    """The runs of one database as the worker named `owner` sees them.

    At most `organization_cap` investigations of one organization run at once over all workers; other kinds of work are
    small, are waited for by people, and have no cap.
    """

    def __init__(self, database: Database, fence: Fence, *, owner: str, organization_cap: int = 3) -> None:
        """`owner` is for people who read the table; what counts is the attempt."""
        self._database = database
        self._owner = owner
        self._fence = fence
        self._organization_cap = organization_cap
        self._next = self._startable()

    async def claim(self, limit: int, kinds: Collection[str] | None = None) -> Sequence[Run]:
        """Take up to `limit` runs, of `kinds` if given, in the order in which they should be started."""
        if limit < 1:
            return ()
        async with self._database.writing(Lock.CLAIM) as connection:
            wanted = {"limit": limit, "kinds": list(KINDS if kinds is None else kinds)}
            ids = list((await connection.execute(self._next, wanted)).scalars())
            if not ids:
                return ()
            rows = {row.id: row for row in await connection.execute(self._taking(ids))}
        return [_run(rows[run_id]) for run_id in ids]

    async def renew(self, runs: Sequence[Run]) -> tuple[frozenset[str], frozenset[str]]:
        """Extend the leases of `runs`: the ids still ours, and among them those somebody wants cancelled."""
        if not runs:
            return frozenset(), frozenset()
        async with self._database.writing() as connection:
            ours = await self._fence.renew(connection, runs)
        return frozenset(ours), frozenset(run_id for run_id, cancel_wanted in ours.items() if cancel_wanted)

    async def finish(self, run: Run, state: str) -> bool:
        """Close the run as done, failed or cancelled; False when it was no longer ours."""
        if state not in _ENDS:
            raise ValueError(f"A run cannot end as {state!r}.")
        async with self._database.writing() as connection:
            closed = await connection.execute(runs.update().where(still_ours([run])).values(state=state, owner=None))
        return closed.rowcount > 0

    async def hand_back(self, runs: Sequence[Run]) -> None:
        """Give runs back at once, for others to take; does nothing for runs that are no longer ours."""
        if runs:
            async with self._database.writing() as connection:
                await connection.execute(_requeue().where(still_ours(runs)))

    async def take_over_all(self) -> int:
        """Queue every running row again, as crashed; what its dead owner may still try to write is refused."""
        async with self._database.writing(Lock.CLAIM) as connection:
            crashed = _requeue().where(runs.c.state == RUNNING).values(crashes=runs.c.crashes + 1)
            return (await connection.execute(crashed)).rowcount

    async def cancel(self, subject_id: str) -> bool:
        """Cancel a queued run, or ask a running one to stop; False when there is nothing to cancel."""
        stop_running = sa.case((runs.c.state == RUNNING, RUNNING), else_=CANCELLED)
        async with self._database.writing() as connection:
            changed = await connection.execute(
                runs.update()
                .where(runs.c.subject_id == subject_id, runs.c.state.in_((QUEUED, RUNNING)))
                .values(state=stop_running, cancel_requested=True)
            )
        return changed.rowcount > 0

    async def state_of(self, subject_id: str) -> str | None:
        """The state of the newest run for `subject_id`, if any."""
        newest = sa.select(runs.c.state).where(runs.c.subject_id == subject_id).order_by(runs.c.n.desc()).limit(1)
        async with self._database.reading() as connection:
            state: str | None = await connection.scalar(newest)
        return state

    def _startable(self) -> sa.Select[Any]:
        """The ids of the `limit` runs to start next, each locked.

        Every organization's work stands in two lanes: what the cap counts, and the rest. The place of a run is the
        number of its lane's runs that are alive or stand before it; abandoned runs stand before new ones. The lowest
        place goes first, so the least busy organization does.
        """
        known = runs.c.kind.in_(sa.bindparam("kinds", expanding=True, type_=sa.Text()))
        ready = sa.and_(known, sa.or_(runs.c.state == QUEUED, _abandoned(self._database)))
        places = self._places(ready).subquery("places")
        may_start = sa.or_(sa.not_(places.c.capped), places.c.place <= self._organization_cap)
        chosen = (
            sa.select(places)
            .where(may_start)
            .order_by(places.c.place, places.c.is_new, places.c.n)
            .limit(sa.bindparam("limit", type_=sa.Integer()))
            .subquery("chosen")
        )
        # A row that somebody holds locked just now is being renewed or closed: not abandoned after all.
        return (
            sa.select(runs.c.id)
            .join(chosen, chosen.c.n == runs.c.n)
            .where(ready)
            .order_by(chosen.c.place, chosen.c.is_new, chosen.c.n)
            .with_for_update(of=runs, skip_locked=True)
        )

    def _places(self, ready: sa.ColumnElement[bool]) -> sa.Select[Any]:
        # A literal, because PostgreSQL groups by an expression only when it is the very same one.
        capped = runs.c.kind == sa.literal_column(f"'{INVESTIGATE}'", sa.Text())
        alive = (
            sa.select(runs.c.organization_id, capped.label("capped"), sa.func.count().label("count"))
            .where(runs.c.state == RUNNING, sa.not_(_abandoned(self._database)))
            .group_by(runs.c.organization_id, capped)
            .subquery("alive")
        )
        is_new = sa.case((runs.c.state == QUEUED, 1), else_=0)
        turn = sa.func.row_number().over(partition_by=(runs.c.organization_id, capped), order_by=(is_new, runs.c.n))
        same_lane = sa.and_(alive.c.organization_id == runs.c.organization_id, alive.c.capped == capped)
        return (
            sa.select(
                runs.c.n,
                capped.label("capped"),
                is_new.label("is_new"),
                (turn + sa.func.coalesce(alive.c.count, 0)).label("place"),
            )
            .select_from(runs.outerjoin(alive, same_lane))
            .where(ready)
        )

    def _taking(self, ids: Sequence[str]) -> sa.Update:
        return (
            runs.update()
            .where(runs.c.id.in_(ids))
            .values(
                state=RUNNING,
                owner=self._owner,
                attempt=runs.c.attempt + 1,
                crashes=runs.c.crashes + sa.case((runs.c.state == RUNNING, 1), else_=0),
                lease_until_s=self._fence.lease_until_s,
            )
            .returning(runs)
        )


def _abandoned(database: Database) -> sa.ColumnElement[bool]:
    return sa.and_(runs.c.state == RUNNING, runs.c.lease_until_s < database.now_s)


def _requeue() -> sa.Update:
    return runs.update().values(state=QUEUED, owner=None, lease_until_s=0.0)


def _run(row: sa.Row[Any]) -> Run:
    return Run(row.id, row.kind, row.organization_id, row.subject_id, row.attempt, row.crashes)
