"""SQLite in a thread of its own, which is asked once for each statement.

SQLAlchemy asks aiosqlite for a cursor, to execute, to fetch and to close; each of these goes to the thread and back,
and a small statement spends most of its time on the way.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import aiosqlite

_ROWS_AT_ONCE = 64


def connect(path: str) -> aiosqlite.Connection:
    """A connection to the file at `path`, opened when it is awaited; its thread keeps no process alive."""
    return _Connection(lambda: sqlite3.connect(path), _ROWS_AT_ONCE)


class _Connection(aiosqlite.Connection):
    """Gives cursors that go to the thread once, and does not go there to end a transaction that is over."""

    def __init__(self, connector: Any, iter_chunk_size: int) -> None:
        super().__init__(connector, iter_chunk_size)
        self._thread.daemon = True

    def cursor(self) -> Any:
        return _Cursor(self)

    async def send(self, function: Callable[..., None], *arguments: object) -> None:
        """Call `function` in the thread."""
        await self._execute(function, *arguments)  # type: ignore[no-untyped-call]

    async def rollback(self) -> None:
        if self.in_transaction:
            await super().rollback()


class _Cursor:
    """What SQLAlchemy needs of a cursor: one statement, with all of its rows fetched in the same trip."""

    def __init__(self, connection: _Connection) -> None:
        self._connection = connection
        self._rows: Sequence[Any] = ()
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None
        self.arraysize = 1

    async def __aenter__(self) -> _Cursor:
        return self

    async def execute(self, sql: str, parameters: Iterable[Any] = ()) -> None:
        await self._connection.send(self._run, sqlite3.Connection.execute, sql, parameters)

    async def executemany(self, sql: str, parameters: Iterable[Iterable[Any]]) -> None:
        await self._connection.send(self._run, sqlite3.Connection.executemany, sql, parameters)

    async def fetchall(self) -> Sequence[Any]:
        return self._rows

    async def close(self) -> None:
        """Nothing is left open: the thread has closed it."""

    def _run(self, execute: Any, sql: str, parameters: Any) -> None:
        cursor = execute(self._connection._conn, sql, parameters)
        try:
            self.description, self.rowcount, self.lastrowid = cursor.description, cursor.rowcount, cursor.lastrowid
            self._rows = cursor.fetchall() if cursor.description else ()
            # An update that returns rows counts them while they are fetched.
            self.rowcount = cursor.rowcount
        finally:
            cursor.close()
