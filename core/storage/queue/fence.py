"""The fence: only who holds a run now may write for it.

A run is ours while its state is `running` and its attempt is the one we claimed; every write made for a run checks
that in its own transaction. A worker that was paused past its lease therefore cannot write: whoever took the run over
raised the attempt.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from time import monotonic
from typing import Any

import sqlalchemy as sa

from core.domain.errors import LeaseLost
from core.ports import Run
from core.storage.engine.database import Database
from core.storage.tables import runs

QUEUED = "queued"
RUNNING = "running"
DONE = "done"
FAILED = "failed"
CANCELLED = "cancelled"

_MOST_REMEMBERED = 10_000

_LOCK = (
    sa.select(runs.c.id)
    .where(runs.c.id.in_(sa.bindparam("touched", expanding=True)))
    .order_by(runs.c.id)
    .with_for_update()
)


def _still_ours() -> sa.ColumnElement[bool]:
    held: sa.BindParameter[Any] = sa.bindparam("held", expanding=True)
    in_order = runs.alias("in_order")
    locked = (
        sa.select(in_order.c.id)
        .where(sa.tuple_(in_order.c.id, in_order.c.attempt).in_(held), in_order.c.state == RUNNING)
        .order_by(in_order.c.id)
        .with_for_update()
    )
    return sa.and_(runs.c.id.in_(locked), sa.tuple_(runs.c.id, runs.c.attempt).in_(held), runs.c.state == RUNNING)


LEASE_IS_CURRENT = _still_ours()
"""Whether a row of `runs` is one of `lease_params`, not finished, given back or taken over since.

Rows are locked in the order of their ids: the heartbeat and the commits of one process touch the same rows at the same
time, and could deadlock on PostgreSQL if each took them in an order of its own.
"""


class Fence:
    """The check that runs are still ours; passing it renews their leases.

    Until when a lease lasts is remembered on this machine's own clock, counted from before each check, so that what is
    asked often need not ask the database: a process that was paused finds its memory expired.
    """

    def __init__(self, database: Database, lease_s: float) -> None:
        """Leases last `lease_s` from each check."""
        self.lease_until_s = database.now_s + lease_s
        self._lease_s = lease_s
        renewal = runs.update().where(LEASE_IS_CURRENT).values(lease_until_s=self.lease_until_s)
        self._renewal = renewal.returning(runs.c.id, runs.c.attempt, runs.c.cancel_requested)
        made_progress = runs.c.id.in_(sa.bindparam("made_progress", expanding=True))
        wanted = renewal.where(sa.not_(runs.c.cancel_requested)).returning(runs.c.id, runs.c.attempt)
        self._admission = wanted.values(crashes=sa.case((made_progress, 0), else_=runs.c.crashes))
        self._held_until: dict[tuple[str, int], float] = {}

    def is_held_locally(self, run: Run) -> bool:
        """Whether the run is ours without a doubt; when not, only the database knows."""
        return monotonic() < self._held_until.get((run.id, run.attempt), 0.0)

    def remember(self, held: Iterable[Run], asked_at: float) -> None:
        """Those leases were ours at `asked_at` (`time.monotonic`); what ran out long ago is forgotten."""
        until = asked_at + self._lease_s
        if len(self._held_until) > _MOST_REMEMBERED:
            self._held_until = {key: at for key, at in self._held_until.items() if at > asked_at}
        self._held_until.update(((run.id, run.attempt), until) for run in held)

    def forget(self, held: Iterable[Run]) -> None:
        """These runs were given up."""
        for run in held:
            self._held_until.pop((run.id, run.attempt), None)

    def fence_writes(
        self, connection: sa.Connection, held: Collection[Run], made_progress: Collection[Run]
    ) -> frozenset[Run]:
        """Those runs that may write: ours, and nobody wants them cancelled.

        For those in `made_progress` a step is being committed: crashes before it were not this run's fault.
        """
        about = lease_params(held) | {"made_progress": [run.id for run in made_progress]}
        passed = {(row.id, row.attempt) for row in connection.execute(self._admission, about)}
        return frozenset(run for run in held if (run.id, run.attempt) in passed)

    def lock(self, connection: sa.Connection, touched: Collection[Run]) -> None:
        """On PostgreSQL the rows of those runs are nobody else's until the transaction ends; SQLite has one writer."""
        connection.execute(_LOCK, {"touched": [run.id for run in touched]})

    def renew(self, connection: sa.Connection, held: Collection[Run]) -> dict[Run, bool]:
        """The runs that are still ours, each with whether somebody wants it cancelled."""
        ours = {(row.id, row.attempt): row for row in connection.execute(self._renewal, lease_params(held))}
        return {run: ours[key].cancel_requested for run in held if (key := (run.id, run.attempt)) in ours}


def lease_lost(run: Run) -> LeaseLost:
    """The error for a run that is not ours, or not wanted, any more."""
    return LeaseLost(f"The {run.kind} of {run.subject_id} was cancelled or taken over by another worker.")


def lease_params(held: Iterable[Run]) -> dict[str, Any]:
    """What LEASE_IS_CURRENT is asked about."""
    return {"held": [(run.id, run.attempt) for run in held]}
