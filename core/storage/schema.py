"""Brings a database to the schema that this release expects."""

from __future__ import annotations

import re
from pathlib import Path

import sqlalchemy as sa

from core.domain.errors import InvalidInput, Refusal, ServiceFailed
from core.storage.engine.database import SERVICE, Database, Lock
from core.storage.engine.isolation import secure, too_powerful

_MIGRATIONS = Path(__file__).parent / "migrations"


async def migrate(url: str, *, application_role: str | None = None) -> None:
    """The database at `url` has the newest schema; doing it again, or in two processes at once, is harmless.

    On PostgreSQL `url` names the role that owns the tables, and `application_role` is the one that replicas use.

    Raises:
        InvalidInput: on PostgreSQL both are the same role, or the second is missing.
        ServiceFailed: a newer release made the database, or it cannot be reached.
    """
    database = Database(url)
    if database.is_postgresql and application_role in (None, sa.make_url(url).username):
        raise InvalidInput(
            "PostgreSQL needs two roles: the one in LOGSENSE_MIGRATION_URL owns the tables, the one in DATABASE_URL "
            "serves and owns nothing. Set both."
        )

    def upgrade(connection: sa.Connection) -> None:
        _upgrade(connection)
        if database.is_postgresql:
            secure(connection, str(application_role))

    # Loaded here: a database that is up to date needs nothing of it.
    from alembic.util import CommandError

    try:
        await database.write(upgrade, Lock.MIGRATE)
    except CommandError as error:
        raise ServiceFailed(
            SERVICE, "The database was made by a newer LogSense: install that release or use another database."
        ) from error
    finally:
        await database.close()


def role_in(url: str) -> str | None:
    """The role that a database URL names, if any."""
    try:
        return sa.make_url(url).username
    except sa.exc.ArgumentError:
        return None


async def check_role(url: str) -> None:
    """Raises Refusal when PostgreSQL would not keep organizations apart for the role in `url`."""
    database = Database(url)
    try:
        reason = await database.read(too_powerful)
    finally:
        await database.close()
    if reason is not None:
        raise Refusal(
            f"LogSense does not serve with this database role: {reason}, so PostgreSQL would not keep organizations "
            "apart. Give DATABASE_URL a role of its own, and run `logsense migrate`."
        )


async def pending_migrations(url: str) -> bool:
    """Whether the database at `url` is older than this release. A newer one serves it too: migrations only add."""
    database = Database(url)
    try:
        current = await database.read(_current)
    finally:
        await database.close()
    known = _revisions()
    return current is None or (current in known and current != known[-1])


def _revisions() -> list[str]:
    """The revisions of this release, oldest first: their files are named after them, which a test holds them to."""
    files = sorted((_MIGRATIONS / "versions").glob("[0-9]*.py"))
    return [str(re.match(r"\d+", file.name)[0]) for file in files]  # type: ignore[index]


def _upgrade(connection: sa.Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    # A percent sign would begin an interpolation.
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _current(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(sa.text("select version_num from alembic_version")).scalar()
