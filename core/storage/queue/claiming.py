"""The order in which work is started: fair between organizations, and within what each may do.

Every organization's work stands in two lanes: investigations, which its limits count, and the rest. The place of a run
is the number of its lane's runs that are alive or stand before it; abandoned runs stand before new ones. The lowest
place goes first, so the least busy organization does, and five hundred that wait delay nobody else's first.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from core.domain.tenancy import Limits
from core.storage.engine.database import Database
from core.storage.queue.fence import QUEUED, RUNNING
from core.storage.tables import limits, runs

ANNOUNCE = "announce"
INVESTIGATE = "investigate"
FOLLOW_UP = "follow_up"
BACKGROUND_TASK = "errand"
UPKEEP = "upkeep"

_MINUTE_S = 60.0
_WITHOUT_LIMIT = 2**31 - 1
# A literal, because PostgreSQL groups by an expression only when it is the very same one.
_COUNTED = runs.c.kind == sa.literal_column(f"'{INVESTIGATE}'", sa.Text())


def startable(database: Database, defaults: Limits) -> sa.Select[Any]:
    """The ids of the runs of `kinds` to start next, at most `limit` (both are bound when it is run), each locked."""
    known = runs.c.kind.in_(sa.bindparam("kinds", expanding=True, type_=sa.Text()))
    ready = sa.and_(known, sa.or_(runs.c.state == QUEUED, _abandoned(database)))
    places = _places(database, ready).subquery("places")
    at_once = sa.func.coalesce(limits.c.max_concurrent, defaults.max_concurrent, _WITHOUT_LIMIT)
    a_minute = sa.func.coalesce(limits.c.starts_per_minute, defaults.starts_per_minute, _WITHOUT_LIMIT)
    may_start = sa.or_(
        sa.not_(places.c.counted),
        sa.and_(places.c.place <= at_once, sa.or_(sa.not_(places.c.is_first), places.c.start <= a_minute)),
    )
    chosen = (
        sa.select(places)
        .select_from(places.outerjoin(limits, limits.c.organization_id == places.c.organization_id))
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


def _places(database: Database, ready: sa.ColumnElement[bool]) -> sa.Select[Any]:
    alive = _count("alive", sa.and_(runs.c.state == RUNNING, sa.not_(_abandoned(database))))
    lately = _count("lately", runs.c.started_s > database.now_s - _MINUTE_S)
    is_new = sa.case((runs.c.state == QUEUED, 1), else_=0)
    is_first = runs.c.started_s.is_(None)
    lane = (runs.c.organization_id, _COUNTED)
    turn = sa.func.row_number().over(partition_by=lane, order_by=(is_new, runs.c.n))
    start = sa.func.row_number().over(partition_by=(*lane, is_first), order_by=runs.c.n)
    return (
        sa.select(
            runs.c.n,
            runs.c.organization_id,
            _COUNTED.label("counted"),
            is_new.label("is_new"),
            is_first.label("is_first"),
            (turn + sa.func.coalesce(alive.c.count, 0)).label("place"),
            (start + sa.func.coalesce(lately.c.count, 0)).label("start"),
        )
        .select_from(runs.outerjoin(alive, _same_lane(alive)).outerjoin(lately, _same_lane(lately)))
        .where(ready)
    )


def _count(name: str, which: sa.ColumnElement[bool]) -> sa.Subquery:
    """How many such runs every lane has."""
    return (
        sa.select(runs.c.organization_id, _COUNTED.label("counted"), sa.func.count().label("count"))
        .where(which)
        .group_by(runs.c.organization_id, _COUNTED)
        .subquery(name)
    )


def _same_lane(counts: sa.Subquery) -> sa.ColumnElement[bool]:
    return sa.and_(counts.c.organization_id == runs.c.organization_id, counts.c.counted == _COUNTED)


def _abandoned(database: Database) -> sa.ColumnElement[bool]:
    return sa.and_(runs.c.state == RUNNING, runs.c.lease_until_s < database.now_s)
