"""What a PostgreSQL database did, by its own account: for `make bench-scale`."""

from __future__ import annotations

from dataclasses import astuple, dataclass

import psutil
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from tests.postgres import DatabaseUrls

_ASKED = sa.text("select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8, pg_database_size(current_database())")
_BACKENDS = sa.text("select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()")


@dataclass(frozen=True)
class Account:
    """Numbers that only grow: bytes written ahead (by the whole server), bytes kept, CPU seconds of its backends."""

    wal_bytes: float = 0.0
    kept_bytes: float = 0.0
    cpu_s: float = 0.0

    def since(self, before: Account) -> Account:
        """What came to it."""
        return Account(*(now - then for now, then in zip(astuple(self), astuple(before), strict=True)))


async def account(urls: DatabaseUrls) -> Account:
    """How much it was until now; nothing for SQLite."""
    if not urls.root.startswith("postgresql"):
        return Account()
    engine = create_async_engine(urls.root)
    try:
        async with engine.connect() as connection:
            wal_bytes, kept_bytes = (await connection.execute(_ASKED)).one()
            return Account(float(wal_bytes), float(kept_bytes), await _backends_cpu_s(connection))
    finally:
        await engine.dispose()


async def _backends_cpu_s(connection: AsyncConnection) -> float:
    pids = (await connection.execute(_BACKENDS)).scalars()
    times = [psutil.Process(pid).cpu_times() for pid in pids if psutil.pid_exists(pid)]
    return float(sum(each.user + each.system for each in times))
