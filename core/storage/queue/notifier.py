"""Wakes workers of every process when work is queued; a slow look at the table backs it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import sqlalchemy as sa

from core.storage.engine.database import Database

logger = logging.getLogger("logsense.storage")

_CHANNEL = "logsense_work"
_RING = sa.text(f"select pg_notify('{_CHANNEL}', '')")
_LOOK_AGAIN_S, _LOOK_AGAIN_WITHOUT_BELL_S = 0.5, 0.2
_RECONNECT_S = 1.0


def notify(database: Database, connection: sa.Connection) -> None:
    """Workers hear of it when this transaction commits: on PostgreSQL all, on SQLite those of this process.

    SQLite's are called now; what they do then waits for its turn to write, and so for this transaction.
    """
    if database.is_postgresql:
        connection.execute(_RING)
    for hear in tuple(database.listeners):
        hear()


class WorkNotifier:
    """What a worker waits at. What other processes of SQLite queue is looked for five times a second."""

    def __init__(self, database: Database) -> None:
        """Silent until `listening`."""
        self._database = database
        self._rung = asyncio.Event()
        self._look_again_s = _LOOK_AGAIN_WITHOUT_BELL_S

    async def wait(self) -> None:
        """Returns when it rang since the last wait, or after a moment."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._look_again_s):
                await self._rung.wait()
        self._rung.clear()

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """It rings while the block lasts; a lost connection is made again."""
        if not self._database.is_postgresql:
            hear = partial(asyncio.get_running_loop().call_soon_threadsafe, self._hear)
            self._database.listeners.append(hear)
            try:
                yield
            finally:
                self._database.listeners.remove(hear)
            return
        listener = asyncio.create_task(self._listen(), name="notifier")
        try:
            yield
        finally:
            listener.cancel()
            await asyncio.wait([listener])

    async def _listen(self) -> None:
        while True:
            try:
                await self._listen_once()
            except Exception as error:
                logger.warning("not woken by the database for now, looking five times a second: %s", error)
            self._look_again_s = _LOOK_AGAIN_WITHOUT_BELL_S
            await asyncio.sleep(_RECONNECT_S)

    async def _listen_once(self) -> None:
        """Returns when the connection ended."""
        ended = asyncio.Event()
        async with self._database.connection() as connection:
            raw = await connection.get_raw_connection()
            driver: Any = raw.driver_connection
            driver.add_termination_listener(lambda _: ended.set())
            await driver.add_listener(_CHANNEL, self._hear)
            self._look_again_s = _LOOK_AGAIN_S
            # What was queued before this connection stood was heard by nobody.
            self._rung.set()
            try:
                await ended.wait()
            finally:
                # It listens, so it must not go back to those who share the pool.
                await connection.invalidate()

    def _hear(self, *_: object) -> None:
        self._rung.set()
