"""Turn the errors of SQLAlchemy, SQLite and PostgreSQL into ours, with the place named and what to do about it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from core.domain.errors import DATABASE, AccessDenied, ServiceFailed, ServiceUnavailable
from core.domain.system_errors import from_os, from_sqlite, from_sqlstate
from core.storage.engine.isolation import DIRECTORY_ROLE

_UNDEFINED_TABLE = "42P01"
_NO_SUCH_ROLE = ("42704", "22023")
_INSUFFICIENT_PRIVILEGE = "42501"
_INVALID_AUTHORIZATION = "28"
_NO_SUCH_DATABASE = "3D000"
_MIGRATE = "run `logsense migrate`"


class ErrorTranslation:
    """Translates the errors of one database, whose URL says what to call it; a password in it is never shown."""

    def __init__(self, url: str) -> None:
        read = sa.make_url(url)
        self.file: Path | None = None
        if read.get_backend_name() == "sqlite":
            self.file = Path(read.database or ":memory:")
        host = read.host or read.query.get("host") or "localhost"
        self.server = f"{host if isinstance(host, str) else ','.join(host)}:{read.port or 5432}/{read.database or ''}"

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Raise what the block raises as our errors; violated constraints are left alone, they are the caller's."""
        try:
            yield
        except (sa.exc.IntegrityError, sa.exc.DataError):
            raise
        except sa.exc.DBAPIError as error:
            raise self.explained(error.orig or error) from error
        except (sa.exc.TimeoutError, OSError, MemoryError) as error:
            raise self._of_system(error) from error
        except Exception as error:
            # Raised while connecting, asyncpg's errors come as they are.
            if getattr(error, "sqlstate", None):
                raise self.explained(error) from error
            raise

    def explained(self, error: BaseException) -> ServiceFailed:
        """The error for what a driver raised."""
        if isinstance(error, sqlite3.Error):
            return self._of_sqlite(error)
        sqlstate = str(getattr(error, "sqlstate", None) or "")
        return from_sqlstate(sqlstate, self.server, service=DATABASE) or self._of_postgresql(sqlstate, str(error))

    def _of_sqlite(self, error: sqlite3.Error) -> ServiceFailed:
        says = str(error)
        if "no such table" in says:
            return ServiceFailed(DATABASE, f"The database {self.file} has no LogSense tables yet: {_MIGRATE}.")
        if "locked" in says:
            return ServiceUnavailable(DATABASE, "Another process kept the database busy for too long: try again.")
        code = getattr(error, "sqlite_errorcode", None)
        needed = from_sqlite(code, self.file, service=DATABASE) if code is not None and self.file is not None else None
        return needed or ServiceFailed(DATABASE, f"The database {self.file} cannot be used: {says}.")

    def _of_postgresql(self, sqlstate: str, says: str) -> ServiceFailed:
        if sqlstate == _UNDEFINED_TABLE:
            return ServiceFailed(DATABASE, f"The database at {self.server} has no LogSense tables yet: {_MIGRATE}.")
        if sqlstate in _NO_SUCH_ROLE and DIRECTORY_ROLE in says:
            return ServiceFailed(DATABASE, f"The database was not prepared for this version: {_MIGRATE}.")
        if sqlstate == _INSUFFICIENT_PRIVILEGE:
            return AccessDenied(
                DATABASE, "The database role lacks a right that `logsense migrate` grants: run it again."
            )
        if sqlstate.startswith(_INVALID_AUTHORIZATION):
            return AccessDenied(DATABASE, "The database refused our user or password: correct them in its URL.")
        if sqlstate == _NO_SUCH_DATABASE:
            return ServiceFailed(DATABASE, f"There is no database {self.server}: create it, or correct DATABASE_URL.")
        return self._unreachable()

    def _of_system(self, error: BaseException) -> ServiceFailed:
        if self.file is not None or isinstance(error, MemoryError):
            where = self.file.parent if self.file is not None else None
            return from_os(error, where, service=DATABASE) or ServiceUnavailable(
                DATABASE, f"The database {self.file} cannot be reached: {error}."
            )
        if (needed := from_os(error, service=DATABASE)) is not None and needed.problem == "too many open files":
            return needed
        return self._unreachable()

    def _unreachable(self) -> ServiceUnavailable:
        return ServiceUnavailable(
            DATABASE,
            f"The database at {self.server} cannot be reached: check that it runs and that DATABASE_URL is right.",
        )
