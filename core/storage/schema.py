"""Brings a database to the schema that this release expects."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from core.domain.errors import ServiceFailed
from core.storage.database import SERVICE, Database, Lock

_MIGRATIONS = Path(__file__).parent / "migrations"


async def migrate(url: str) -> None:
    """The database at `url` has the newest schema; doing it again, or in two processes at once, is harmless.

    Raises:
        ServiceFailed: a newer release made the database, or it cannot be reached.
    """
    database = Database(url)
    try:
        async with database.writing(Lock.MIGRATE) as connection:
            await connection.run_sync(_upgrade)
    except CommandError as error:
        raise ServiceFailed(
            SERVICE, "The database was made by a newer LogSense: install that release or use another database."
        ) from error
    finally:
        await database.close()


async def pending_migrations(url: str) -> bool:
    """Whether `migrate` would change the database at `url`."""
    database = Database(url)
    try:
        async with database.reading() as connection:
            return await connection.run_sync(_current) != ScriptDirectory.from_config(_config()).get_current_head()
    finally:
        await database.close()


def _upgrade(connection: sa.Connection) -> None:
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _current(connection: sa.Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _config() -> Config:
    config = Config()
    # A percent sign would begin an interpolation.
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    return config
