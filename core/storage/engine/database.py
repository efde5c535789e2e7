"""One database, SQLite or PostgreSQL. A transaction is a function of a connection.

SQLite runs it in a thread, in one trip; PostgreSQL between the other tasks of the event loop. It may therefore neither
wait nor touch what the event loop owns.
"""

from __future__ import annotations

import asyncio
import copy
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from enum import IntEnum
from functools import cache
from time import monotonic
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from core.domain.errors import DATABASE, InvalidInput
from core.domain.tenancy import OrganizationId
from core.storage.engine.error_translation import ErrorTranslation
from core.storage.engine.isolation import BIND, UNBIND
from core.storage.engine.monotonic_clock import SteadyClock

SERVICE = DATABASE
_POSTGRESQL = "postgresql+asyncpg"
_READERS = 4
_PRAGMAS = ("busy_timeout=15000", "journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON")
_CONNECT_TIMEOUT_S = 10
_STATEMENT_TIMEOUT_S = 30
_LONGEST_PAUSE_MS = 2_000
_IDLE_S = 1.0

T = TypeVar("T")

Work = Callable[[sa.Connection], T]


class Lock(IntEnum):
    """What only one process at a time may do; the numbers are PostgreSQL advisory lock keys and never change."""

    MIGRATE = 7_349_001
    CLAIM = 7_349_002
    SUBJECTS = 7_349_003


class Database:
    """A pool of connections to one database; close it when done.

    What it opens is bound to no organization: `of` and `directory` give the same pool with a view (isolation.py), which
    PostgreSQL enforces. `now_s` is the database's own clock in seconds since 1970: leases are compared by it alone, so
    that replicas whose clocks differ agree. It stands still within one statement. On SQLite it does not follow the
    machine's clock when that is set (steady_clock.py); `wall_s` does, for what has a time of the day. `listeners` want
    to hear of new work (notifier.py).
    """

    def __init__(self, url: str) -> None:
        """Connect lazily: nothing is opened before the first statement."""
        self.is_postgresql = _is_postgresql(url)
        self._engine = _Server(url) if self.is_postgresql else _File(url)
        clock = _POSTGRESQL_CLOCK if self.is_postgresql else f"{_STEADY_CLOCK}()"
        self.now_s: sa.ColumnElement[float] = sa.literal_column(clock, sa.Double())
        wall = _POSTGRESQL_CLOCK if self.is_postgresql else _SQLITE_CLOCK
        self.wall_s: sa.ColumnElement[float] = sa.literal_column(wall, sa.Double())
        self.listeners: list[Callable[[], object]] = []
        self._view: sa.Executable | None = None

    def of(self, organization_id: OrganizationId) -> Database:
        """The same database, showing the rows of that organization only."""
        return self._seen_as(BIND.bindparams(organization_id=organization_id))

    def directory(self) -> Database:
        """The same database, showing what is read before the organization is known, and no incident content."""
        return self._seen_as(UNBIND)

    def _seen_as(self, view: sa.Executable) -> Database:
        seen = copy.copy(self)
        seen._view = view if self.is_postgresql else None
        return seen

    def bind(self, connection: sa.Connection, organization_id: OrganizationId) -> None:
        """From here on, until it ends, the transaction sees the rows of that organization only."""
        if self.is_postgresql:
            connection.execute(BIND, {"organization_id": organization_id})

    async def rows(self, statement: sa.Executable) -> Sequence[sa.Row[Any]]:
        """What one statement finds."""
        return await self._engine.read(self._seen(lambda connection: connection.execute(statement).all()), begin=None)

    async def read(self, work: Work[T]) -> T:
        """What `work` gave, which sees one consistent state and never waits for writers; what it writes is lost."""
        return await self._engine.read(self._seen(work))

    async def write(self, work: Work[T], lock: Lock | None = None, about: str = "") -> T:
        """What `work` gave, committed unless it raised.

        On SQLite it is the only writer from its first moment on, so it cannot deadlock with another process. On
        PostgreSQL `lock` makes it the only one of its kind about the same thing, and later statements see what the
        previous holder did.
        """
        return await self._engine.write(self._seen(work, lock, about))

    async def execute(self, *statements: sa.Executable, lock: Lock | None = None) -> int:
        """Execute the statements in one transaction; how many rows they changed."""

        def work(connection: sa.Connection) -> int:
            return sum(connection.execute(statement).rowcount for statement in statements)

        return await self.write(work, lock)

    def connection(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """A connection of one's own to PostgreSQL."""
        if isinstance(self._engine, _File):
            raise TypeError("SQLite is used by whole transactions only.")
        return self._engine.connection()

    def _seen(self, work: Work[T], lock: Lock | None = None, about: str = "") -> Work[T]:
        """`work` within our view, and with the lock."""
        if not self.is_postgresql:
            return work

        def seen(connection: sa.Connection) -> T:
            if self._view is not None:
                connection.execute(self._view)
            if lock is not None:
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(int(lock), sa.func.hashtext(about))))
            return work(connection)

        return seen

    def insert(self, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
        """An insert that knows `on_conflict_do_nothing` and `on_conflict_do_update` for this database."""
        return postgresql.insert(table) if self.is_postgresql else sqlite.insert(table)

    def insert_new(self, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
        """An insert that leaves alone what is there already; the same one each time."""
        return _insert_new(table, self.is_postgresql)

    async def close(self) -> None:
        """No connection is left open."""
        await self._engine.close()


class _File:
    """A SQLite file, read and written by threads: one writes, since there can be but one writer."""

    def __init__(self, url: str) -> None:
        self._engine = sa.create_engine(sa.make_url(url).set(drivername="sqlite"), hide_parameters=True)
        _prepare(self._engine)
        self._errors = ErrorTranslation(url)
        self._readers = ThreadPoolExecutor(_READERS, "sqlite reader")
        self._writer = ThreadPoolExecutor(1, "sqlite writer")

    async def read(self, work: Work[T], begin: str | None = "BEGIN") -> T:
        """See `Database`; without `begin` for a single statement, which needs no transaction."""

        def read() -> T:
            with self._errors.applied(), self._engine.execution_options(begin=begin).connect() as connection:
                return work(connection)

        return await asyncio.get_running_loop().run_in_executor(self._readers, read)

    async def write(self, work: Work[T]) -> T:
        """See `Database`."""

        def write() -> T:
            with self._errors.applied(), self._engine.execution_options(begin="BEGIN IMMEDIATE").begin() as connection:
                return work(connection)

        return await asyncio.get_running_loop().run_in_executor(self._writer, write)

    async def close(self) -> None:
        """What was begun has ended, and no file is open."""
        for threads in (self._readers, self._writer):
            await asyncio.to_thread(threads.shutdown)
        self._engine.dispose()


class _Server:
    """A PostgreSQL server."""

    def __init__(self, url: str) -> None:
        self._engine = _postgresql_engine(url)
        self._errors = ErrorTranslation(url)

    async def read(self, work: Work[T], begin: str | None = None) -> T:
        """See `Database`."""
        with self._errors.applied():
            async with self._engine.connect() as connection:
                return await connection.run_sync(work)

    async def write(self, work: Work[T]) -> T:
        """See `Database`."""
        with self._errors.applied():
            async with self._engine.begin() as connection:
                return await connection.run_sync(work)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[AsyncConnection]:
        """See `Database`."""
        with self._errors.applied():
            async with self._engine.connect() as connection:
                yield connection

    async def close(self) -> None:
        """No connection is left open."""
        await self._engine.dispose()


@cache
def _insert_new(table: sa.Table, is_postgresql: bool) -> sqlite.Insert | postgresql.Insert:
    insert = postgresql.insert(table) if is_postgresql else sqlite.insert(table)
    return insert.on_conflict_do_nothing()


_POSTGRESQL_CLOCK = "extract(epoch from statement_timestamp())::float8"
_STEADY_CLOCK = "logsense_steady_clock"
_SQLITE_CLOCK = "((julianday('now') - 2440587.5) * 86400.0)"


def _is_postgresql(url: str) -> bool:
    try:
        read = sa.make_url(url)
    except sa.exc.ArgumentError as error:
        raise InvalidInput(f"The database URL cannot be read. Write it as {_accepted()}.") from error
    if read.drivername != _POSTGRESQL and read.get_backend_name() != "sqlite":
        raise InvalidInput(f"Databases of kind {read.drivername!r} are not supported. Write the URL as {_accepted()}.")
    return read.drivername == _POSTGRESQL


def _accepted() -> str:
    return "sqlite:///path/to/file or postgresql+asyncpg://user@host/name"


def _prepare(engine: sa.Engine) -> None:
    clock = SteadyClock()

    @sa.event.listens_for(engine, "connect")
    def _set_up(connection: Any, _record: object) -> None:
        # The driver must not begin transactions by itself: `begin` below says which kind.
        connection.isolation_level = None
        try:
            # Called deterministic so that it is asked once for each statement, and not for each row.
            connection.create_function(_STEADY_CLOCK, 0, clock, deterministic=True)
            for pragma in _PRAGMAS:
                connection.execute(f"PRAGMA {pragma}").close()
        except Exception:
            # The pool does not know this connection yet, so nobody else would close it.
            connection.close()
            raise

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        if begin := connection.get_execution_options().get("begin", "BEGIN"):
            connection.exec_driver_sql(begin)


def _postgresql_engine(url: str) -> AsyncEngine:
    engine = create_async_engine(
        url,
        hide_parameters=True,
        pool_size=10,
        max_overflow=0,
        connect_args={
            "timeout": _CONNECT_TIMEOUT_S,
            "command_timeout": _STATEMENT_TIMEOUT_S,
            # A replica that is paused within a transaction must not keep its locks from the others.
            "server_settings": {"idle_in_transaction_session_timeout": str(_LONGEST_PAUSE_MS)},
        },
    )

    @sa.event.listens_for(engine.sync_engine, "checkin")
    def _put_back(_connection: Any, record: Any) -> None:
        record.info["idle_since"] = monotonic()

    @sa.event.listens_for(engine.sync_engine, "checkout")
    def _take_out(connection: Any, record: Any, _proxy: object) -> None:
        # Asked only after a pause: a round trip before every transaction would be a third of its cost.
        if monotonic() - record.info.get("idle_since", monotonic()) < _IDLE_S:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error:
            raise sa.exc.DisconnectionError("the connection was lost while nobody used it") from None

    return engine
