"""What replicas agree on: duties, turns and schedules, each decided by one statement on the database's clock."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

from core.ports import Leadership, Rate, Schedules, Turns
from core.storage.engine.database import Database
from core.storage.queue.claiming import UPKEEP
from core.storage.queue.leases import queue
from core.storage.tables import duties, organizations, schedules, turns

_NO_LEASE_LASTS = 10
"""Times the length of a lease."""


class SqlLeadership(Leadership):
    """The duties of one database, as the replica named `owner` sees them."""

    def __init__(self, database: Database, *, owner: str) -> None:
        """Nothing is held yet; `owner` is unlike any other replica's, also of one that died."""
        self._database = database.directory()
        self._owner = owner

    async def acquire(self, name: str, lease_s: float) -> bool:
        """See the port."""
        until_s = self._database.now_s + lease_s
        take = self._database.insert(duties).values(name=name, owner=self._owner, until_s=until_s)
        taken = take.on_conflict_do_update(
            index_elements=["name"],
            set_={"owner": take.excluded.owner, "until_s": take.excluded.until_s},
            where=sa.or_(
                duties.c.owner == self._owner,
                duties.c.until_s < self._database.now_s,
                # Taken by a clock that has been set back since: no lease lasts that long.
                duties.c.until_s > self._database.now_s + _NO_LEASE_LASTS * lease_s,
            ),
        )
        return await self._database.write(lambda connection: connection.execute(taken).rowcount > 0)

    async def release(self, name: str) -> None:
        """See the port."""
        mine = duties.delete().where(duties.c.name == name, duties.c.owner == self._owner)
        await self._database.execute(mine)


class SharedTurns(Turns):
    """The turns of one database. A row says when the next turn would come at a steady rate without bursts."""

    def __init__(self, database: Database) -> None:
        """Every key starts with its full burst."""
        self._database = database.directory()

    async def reserve(self, key: str, rate: Rate) -> float:
        """See the port."""
        now_s = self._database.now_s
        first = self._database.insert(turns).values(key=key, next_s=now_s + rate.interval_s)
        late = sa.case((turns.c.next_s < now_s, now_s), else_=turns.c.next_s)
        taken = first.on_conflict_do_update(index_elements=["key"], set_={"next_s": late + rate.interval_s}).returning(
            turns.c.next_s - now_s
        )
        ahead_s: float = await self._database.write(lambda connection: connection.execute(taken).scalar_one())
        return max(0.0, ahead_s - rate.burst * rate.interval_s)

    async def pause(self, key: str, rate: Rate, seconds: float) -> None:
        """See the port."""
        until_s = self._database.now_s + seconds + (rate.burst - 1) * rate.interval_s
        first = self._database.insert(turns).values(key=key, next_s=until_s)
        later = sa.case((turns.c.next_s < until_s, until_s), else_=turns.c.next_s)
        await self._database.execute(first.on_conflict_do_update(index_elements=["key"], set_={"next_s": later}))


class SharedSchedules(Schedules):
    """The schedules of one database."""

    def __init__(self, database: Database) -> None:
        """Nothing is scheduled before the first `fire`."""
        self._database = database.directory()

    async def fire(self, name: str, following_s: Callable[[float], float]) -> int:
        """See the port."""
        due = sa.select(self._database.wall_s.label("now_s"), schedules.c.next_s).where(schedules.c.name == name)

        def begin(connection: sa.Connection) -> int:
            row = connection.execute(due.with_for_update(of=schedules)).one_or_none()
            if row is None:
                now_s = connection.execute(sa.select(self._database.wall_s)).scalar_one()
                first = self._database.insert(schedules).values(name=name, next_s=following_s(now_s))
                connection.execute(first.on_conflict_do_nothing())
                return 0
            next_s = following_s(row.now_s)
            following = schedules.update().where(schedules.c.name == name).values(next_s=next_s)
            if row.next_s > row.now_s:
                if next_s < row.next_s:
                    # The clock was set back since: what was planned by the wrong time would be waited for too long.
                    connection.execute(following)
                return 0
            connection.execute(following)
            everybody = connection.execute(sa.select(organizations.c.id)).scalars().all()
            for organization_id in everybody:
                queue(self._database, connection, UPKEEP, organization_id, name)
            return len(everybody)

        return await self._database.write(begin)
