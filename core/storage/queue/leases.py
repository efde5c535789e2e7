"""The queue: rows of work that workers claim, renew, give back and close. Every hold on a row is fenced (fence.py)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache
from time import monotonic
from typing import Any
from uuid import uuid4

import sqlalchemy as sa

from core.domain.tenancy import DEFAULT_LIMITS, Limits
from core.ports import Depth, Run, Runs
from core.storage.engine.database import Database, Lock
from core.storage.engine.group_commit import GroupCommit
from core.storage.queue.claiming import ANNOUNCE, BACKGROUND_TASK, FOLLOW_UP, INVESTIGATE, UPKEEP, startable
from core.storage.queue.fence import CANCELLED, DONE, FAILED, LEASE_IS_CURRENT, QUEUED, RUNNING, Fence, lease_params
from core.storage.queue.notifier import WorkNotifier, notify
from core.storage.tables import runs

KINDS = (ANNOUNCE, INVESTIGATE, FOLLOW_UP, BACKGROUND_TASK, UPKEEP)

_ENDS = frozenset({DONE, FAILED, CANCELLED})
_CLOSE = runs.update().where(LEASE_IS_CURRENT).values(state=sa.bindparam("end"), owner=None)


def queue(database: Database, connection: sa.Connection, kind: str, organization_id: str, subject_id: str) -> None:
    """A new run stands in the transaction that keeps its subject; workers hear of it when that commits."""
    run = {"id": uuid4().hex, "kind": kind, "organization_id": organization_id, "subject_id": subject_id}
    connection.execute(_queued(database.now_s), run)
    notify(database, connection)


@cache
def _queued(now_s: sa.ColumnElement[float]) -> sa.Insert:
    given: dict[str, Any] = {name: sa.bindparam(name) for name in ("id", "kind", "organization_id", "subject_id")}
    return runs.insert().values(
        **given,
        state=QUEUED,
        attempt=0,
        crashes=0,
        cancel_requested=False,
        lease_until_s=0.0,
        queued_s=now_s,
    )


class LeasedRuns(Runs):
    """The runs of one database as the worker named `owner` sees them.

    What an organization may do at once, and begin in a minute, holds over all workers, and is exact. Only
    investigations count: other kinds of work are small, and waited for by people.
    """

    def __init__(
        self,
        database: Database,
        fence: Fence,
        commits: GroupCommit,
        notifier: WorkNotifier,
        *,
        owner: str,
        defaults: Limits = DEFAULT_LIMITS,
    ) -> None:
        """`owner` is for people who read the table; `defaults` hold where nothing else was decided."""
        self._database = database.directory()
        self._owner = owner
        self._fence = fence
        self._commits = commits
        self._notifier = notifier
        self._next = startable(self._database, defaults)
        self._depth = _depth(self._database)

    async def claim(self, limit: int, kinds: Collection[str] | None = None) -> Sequence[Run]:
        """Take up to `limit` runs, of `kinds` if given, in the order in which they should be started."""
        if limit < 1:
            return ()
        asked_at = monotonic()
        wanted = {"limit": limit, "kinds": list(KINDS if kinds is None else kinds)}

        def take(connection: sa.Connection) -> tuple[Run, ...]:
            ids = list(connection.execute(self._next, wanted).scalars())
            rows = {row.id: row for row in connection.execute(self._taking(ids))} if ids else {}
            return tuple(_run(rows[run_id]) for run_id in ids)

        taken = await self._database.write(take, Lock.CLAIM)
        self._fence.remember(taken, asked_at)
        return taken

    async def renew(self, runs: Sequence[Run]) -> tuple[frozenset[str], frozenset[str]]:
        """Extend the leases of `runs`: the ids still ours, and among them those somebody wants cancelled."""
        if not runs:
            return frozenset(), frozenset()
        asked_at = monotonic()
        ours = await self._database.write(lambda connection: self._fence.renew(connection, runs))
        self._fence.forget(runs)
        self._fence.remember(ours, asked_at)
        return frozenset(run.id for run in ours), frozenset(run.id for run, is_unwanted in ours.items() if is_unwanted)

    async def finish(self, run: Run, state: str) -> bool:
        """Close the run as done, failed or cancelled; False when it was no longer ours."""
        if state not in _ENDS:
            raise ValueError(f"A run cannot end as {state!r}.")
        self._fence.forget([run])

        def close(connection: sa.Connection) -> bool:
            return connection.execute(_CLOSE, {**lease_params([run]), "end": state}).rowcount > 0

        return await self._commits.write(run.organization_id, close, run=run, is_fenced=False)

    async def hand_back(self, runs: Sequence[Run]) -> None:
        """Give runs back at once, for others to take; does nothing for runs that are no longer ours."""
        if runs:
            self._fence.forget(runs)

            def give(connection: sa.Connection) -> None:
                connection.execute(_requeue().where(LEASE_IS_CURRENT), lease_params(runs))
                notify(self._database, connection)

            await self._database.write(give)

    async def wait(self) -> None:
        """Returns when there may be work to claim: at once when somebody queued some, else after a moment."""
        await self._notifier.wait()

    async def depth(self) -> Sequence[Depth]:
        """How much work waits and runs, by kind."""
        return [Depth(row.kind, row.state, row.many, row.oldest_s) for row in await self._database.rows(self._depth)]

    async def take_over_all(self) -> int:
        """Queue every running row again, as crashed; what its dead owner may still try to write is refused."""
        crashed = _requeue().where(runs.c.state == RUNNING).values(crashes=runs.c.crashes + 1)
        return await self._database.execute(crashed, lock=Lock.CLAIM)

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
                started_s=sa.func.coalesce(runs.c.started_s, self._database.now_s),
            )
            .returning(runs)
        )


def _requeue() -> sa.Update:
    return runs.update().values(state=QUEUED, owner=None, lease_until_s=0.0)


def _run(row: sa.Row[Any]) -> Run:
    return Run(row.id, row.kind, row.organization_id, row.subject_id, row.attempt, row.crashes)


def _depth(database: Database) -> sa.Select[Any]:
    since_s = sa.func.min(runs.c.queued_s)
    return (
        sa.select(
            runs.c.kind, runs.c.state, sa.func.count().label("many"), (database.now_s - since_s).label("oldest_s")
        )
        .where(runs.c.state.in_((QUEUED, RUNNING)))
        .group_by(runs.c.kind, runs.c.state)
    )
