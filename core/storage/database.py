"""One database, SQLite or PostgreSQL, behind the same two doors: `reading` and `writing`."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, nullcontext
from enum import IntEnum
from functools import cache
from time import monotonic
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from core.domain.errors import DATABASE, AccessDenied, InvalidInput, ServiceFailed, ServiceUnavailable
from core.domain.tenancy import OrganizationId
from core.storage import sqlite_driver
from core.storage.isolation import BIND, DIRECTORY_ROLE, UNBIND

SERVICE = DATABASE
_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}
_PRAGMAS = ("busy_timeout=15000", "journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON")
_CONNECT_TIMEOUT_S = 10
_STATEMENT_TIMEOUT_S = 30
_LONGEST_PAUSE_MS = 2_000
_IDLE_S = 1.0
_UNDEFINED_TABLE = "42P01"
_NO_SUCH_ROLE = ("42704", "22023")
_INSUFFICIENT_PRIVILEGE = "42501"
_INVALID_AUTHORIZATION = "28"


class Lock(IntEnum):
    """What only one process at a time may do; the numbers are PostgreSQL advisory lock keys and never change."""

    MIGRATE = 7_349_001
    CLAIM = 7_349_002
    SUBJECTS = 7_349_003


class Database:
    """A pool of connections to one database; close it when done.

    What it opens is bound to no organization: `of` and `directory` give the same pool with a view (isolation.py), which
    PostgreSQL enforces. `now_s` is the database's own clock in seconds since 1970: leases are compared by it alone, so
    that replicas whose clocks differ agree. It stands still within one statement.
    """

    def __init__(self, url: str) -> None:
        """Connect lazily: nothing is opened before the first statement."""
        self.is_postgresql = _is_postgresql(url)
        self.engine = _postgresql_engine(url) if self.is_postgresql else _sqlite_engine(url)
        self._writing_engine = self.engine.execution_options(begin="BEGIN IMMEDIATE")
        self._one_statement_engine = self.engine.execution_options(begin=None)
        self._one_writer: AbstractAsyncContextManager[Any] = nullcontext() if self.is_postgresql else asyncio.Lock()
        clock = "extract(epoch from statement_timestamp())::float8" if self.is_postgresql else _SQLITE_CLOCK
        self.now_s: sa.ColumnElement[float] = sa.literal_column(clock, sa.Double())
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

    async def bind(self, connection: AsyncConnection, organization_id: OrganizationId) -> None:
        """From here on, until it ends, the transaction sees the rows of that organization only."""
        if self.is_postgresql:
            await connection.execute(BIND, {"organization_id": organization_id})

    async def rows(self, statement: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
        """What one statement finds; on SQLite no transaction is begun for it, which halves its cost."""
        engine = self.engine if self.is_postgresql else self._one_statement_engine
        with _our_errors():
            async with engine.connect() as connection:
                await self._look(connection)
                found: Sequence[sa.Row[Any]] = (await connection.execute(statement)).all()
                return found

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A connection that sees one consistent state and never waits for writers; what it writes is lost."""
        with _our_errors():
            async with self.engine.connect() as connection:
                await self._look(connection)
                yield connection

    @asynccontextmanager
    async def writing(self, lock: Lock | None = None, about: str = "") -> AsyncIterator[AsyncConnection]:
        """A transaction, committed at the end unless something was raised.

        On SQLite it is the only writer from its first moment on, so it cannot deadlock with another process. On
        PostgreSQL `lock` makes it the only one of its kind about the same thing, and later statements see what the
        previous holder did.
        """
        with _our_errors():
            async with self._one_writer, self._writing_engine.begin() as connection:
                await self._look(connection)
                if lock is not None and self.is_postgresql:
                    await connection.execute(
                        sa.select(sa.func.pg_advisory_xact_lock(int(lock), sa.func.hashtext(about)))
                    )
                yield connection

    async def _look(self, connection: AsyncConnection) -> None:
        if self._view is not None:
            await connection.execute(self._view)

    def insert(self, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
        """An insert that knows `on_conflict_do_nothing` and `on_conflict_do_update` for this database."""
        return postgresql.insert(table) if self.is_postgresql else sqlite.insert(table)

    def insert_new(self, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
        """An insert that leaves alone what is there already; the same one each time."""
        return _insert_new(table, self.is_postgresql)

    async def close(self) -> None:
        """No connection is left open."""
        await self.engine.dispose()


@cache
def _insert_new(table: sa.Table, is_postgresql: bool) -> sqlite.Insert | postgresql.Insert:
    insert = postgresql.insert(table) if is_postgresql else sqlite.insert(table)
    return insert.on_conflict_do_nothing()


_SQLITE_CLOCK = "((julianday('now') - 2440587.5) * 86400.0)"


def _is_postgresql(url: str) -> bool:
    try:
        driver = sa.make_url(url).drivername
    except sa.exc.ArgumentError as error:
        raise InvalidInput(f"The database URL cannot be read. Write it as {_accepted()}.") from error
    if driver not in _DRIVERS.values():
        raise InvalidInput(f"Databases of kind {driver!r} are not supported. Write the URL as {_accepted()}.")
    return driver == _DRIVERS["postgresql"]


def _accepted() -> str:
    return "sqlite+aiosqlite:///path/to/file or postgresql+asyncpg://user@host/name"


def _sqlite_engine(url: str) -> AsyncEngine:
    path = sa.make_url(url).database or ":memory:"
    engine = create_async_engine(url, hide_parameters=True, async_creator=lambda: sqlite_driver.connect(path))

    @sa.event.listens_for(engine.sync_engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:
        # The driver must not begin transactions by itself: `begin` below says which kind.
        connection.isolation_level = None
        try:
            for pragma in _PRAGMAS:
                connection.execute(f"PRAGMA {pragma}").close()
        except Exception:
            # The pool does not know this connection yet, so nobody else would close it.
            connection.close()
            raise

    @sa.event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        if begin := connection.get_execution_options().get("begin", "BEGIN"):
            connection.exec_driver_sql(begin)

    return engine


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


@contextmanager
def _our_errors() -> Iterator[None]:
    try:
        yield
    except (sa.exc.IntegrityError, sa.exc.DataError):
        raise
    except sa.exc.DBAPIError as error:
        raise _explained(error) from error
    except (sa.exc.TimeoutError, OSError) as error:
        raise _unreachable() from error


def _unreachable() -> ServiceUnavailable:
    return ServiceUnavailable(SERVICE, "The database cannot be reached: check that it runs and that its URL is right.")


def _explained(error: sa.exc.DBAPIError) -> ServiceFailed:
    cause = str(error.orig)
    sqlstate = getattr(error.orig, "sqlstate", None) or ""
    if sqlstate == _UNDEFINED_TABLE or "no such table" in cause:
        return ServiceFailed(SERVICE, "The database has no LogSense tables yet: run `logsense migrate`.")
    if sqlstate in _NO_SUCH_ROLE and DIRECTORY_ROLE in cause:
        return ServiceFailed(SERVICE, "The database was not prepared for this version: run `logsense migrate`.")
    if sqlstate == _INSUFFICIENT_PRIVILEGE:
        return AccessDenied(SERVICE, "The database role lacks a right that `logsense migrate` grants: run it again.")
    if sqlstate.startswith(_INVALID_AUTHORIZATION):
        return AccessDenied(SERVICE, "The database refused our user or password: correct them in its URL.")
    if "locked" in cause:
        return ServiceUnavailable(SERVICE, "Another process kept the database busy for too long: try again.")
    if "not a database" in cause:
        return ServiceFailed(SERVICE, "The database file is not a database: name another file or remove it.")
    if "unable to open" in cause:
        return ServiceUnavailable(SERVICE, "The database file cannot be opened: check its folder and permissions.")
    return _unreachable()
