"""A consistent copy of the SQLite database, made while others read and write it."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from core.domain.errors import ServiceFailed
from core.domain.system_errors import from_sqlite
from core.storage.engine.database import SERVICE

_TABLES = frozenset({"alembic_version", "organizations", "investigations", "runs"})
_VERSION = "select version_num from alembic_version"


def copy_database(source: Path, target: Path) -> None:
    """`target` is a database of its own with everything that was committed when this began.

    Raises:
        ServiceFailed: one of the files cannot be read or written.
    """
    try:
        with (
            contextlib.closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as reading,
            contextlib.closing(sqlite3.connect(target)) as writing,
        ):
            reading.backup(writing)
    except sqlite3.Error as error:
        needed = from_sqlite(error.sqlite_errorcode, target, service=SERVICE)
        raise needed or ServiceFailed(SERVICE, f"The database could not be copied: {error}.") from error


def is_whole(file: Path) -> bool:
    """Whether SQLite finds nothing wrong with the database in `file`."""
    try:
        with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as reading:
            found: list[tuple[str]] = reading.execute("pragma integrity_check").fetchall()
            return found == [("ok",)]
    except sqlite3.Error:
        return False


def is_ours(file: Path) -> bool:
    """Whether the database in `file` has LogSense's tables: an empty one and one of another program have not."""
    try:
        with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as reading:
            found = reading.execute("select name from sqlite_master where type = 'table'").fetchall()
            return {name for (name,) in found} >= _TABLES and bool(reading.execute(_VERSION).fetchall())
    except sqlite3.Error:
        return False
