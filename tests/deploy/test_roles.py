"""`deploy/postgres/roles.sql` on a real server that asks for passwords, and LogSense on what it made."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.domain.errors import AccessDenied, Refusal
from core.storage.schema import check_role, migrate, pending_migrations
from tests.deploy.conftest import DATABASE, DIRECTORY, STRANGER, Cluster
from tests.postgres import APP, OWNER, ROOT
from tests.scenarios.conftest import CommandLine


def test_without_passwords_nothing_is_made(cluster: Cluster) -> None:
    assert cluster.run_roles(ROOT).returncode != 0
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
    assert await pending_migrations(prepared.app)
    for _ in ("first", "again"):
        await migrate(prepared.owner, application_role=APP)
    assert not await pending_migrations(prepared.app)
    await check_role(prepared.app)
    with pytest.raises(Refusal, match=f"{OWNER} owns the tables"):
        await check_role(prepared.owner)
    with pytest.raises(Refusal, match=f"{ROOT} is a superuser"):
        await check_role(prepared.url_of(ROOT))
    with pytest.raises(AccessDenied, match="refused our user or password"):
        await check_role(prepared.url_of(APP, "a guess"))


@pytest.mark.parametrize("prepared", [ROOT], indirect=True)
async def test_the_command_works_with_the_two_urls_of_the_deployment(prepared: Cluster, tmp_path: Path) -> None:
    replica = CommandLine(tmp_path / "home", {"DATABASE_URL": prepared.app})
    migrating = CommandLine(tmp_path / "home", replica.variables | {"LOGSENSE_MIGRATION_URL": prepared.owner})
    migrated = await migrating.run("migrate")
    assert (migrated.code, migrated.stderr) == (0, "")
    listed = await replica.run("org", "list", "--json")
    assert [one["id"] for one in listed.document["organizations"]] == ["default"]
    # It got through the database's checks, to what is left to set up.
    serving = await replica.run("serve")
    assert serving.code == 2 and "No chat platform is set up" in serving.stderr
