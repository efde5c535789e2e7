"""The README's backup of PostgreSQL: who can make it, and that everything is there again."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.domain.tenancy import Organization, OrganizationId, Platform, SentryConnection, WorkspaceRef
from core.storage.database_stores import open_stores
from core.storage.schema import check_role, migrate, pending_migrations
from tests.deploy.conftest import DATABASE, PASSWORDS, STRANGER, Cluster
from tests.postgres import APP, OWNER, ROOT

ACME = Organization(OrganizationId("acme"), "Acme Ltd")
DOOR = WorkspaceRef(Platform.SLACK, "T1")
SENTRY = SentryConnection("https://sentry.example.com", "acme", "a token", False)


@pytest.mark.parametrize("prepared", [ROOT], indirect=True)
async def test_a_dump_brings_everything_back_with_its_policies(prepared: Cluster, tmp_path: Path) -> None:
    await migrate(prepared.owner, application_role=APP)
    async with open_stores(prepared.app, owner="before", secret_keys=["key"]) as stores:
        await stores.directory.ensure_organization(ACME, DOOR)
        await stores.for_organization(ACME.id).save_sentry_connection(SENTRY)
    file = f"--file={tmp_path / 'logsense.dump'}"
    dumped = prepared.run("pg_dump", ROOT, "--format=custom", file, DATABASE)
    assert (dumped.returncode, dumped.stderr) == (0, "")

    restored = prepared.run(
        *("pg_restore", ROOT, "--dbname=postgres", "--clean", "--create", "--exit-on-error", tmp_path / "logsense.dump")
    )
    assert (restored.returncode, restored.stderr) == (0, "")
    await check_role(prepared.app)
    assert not await pending_migrations(prepared.app)
    async with open_stores(prepared.app, owner="after", secret_keys=["key"]) as stores:
        assert await stores.directory.organization_of(DOOR) == ACME
        assert await stores.for_organization(ACME.id).sentry_connection() == SENTRY
        assert await stores.for_organization(OrganizationId("other")).sentry_connection() is None
    assert prepared.rows(f"select has_database_privilege('{STRANGER}', '{DATABASE}', 'connect')") == ["f"]


@pytest.mark.parametrize("prepared", [ROOT], indirect=True)
async def test_who_owns_the_tables_cannot_dump_them(prepared: Cluster, tmp_path: Path) -> None:
    await migrate(prepared.owner, application_role=APP)
    password = PASSWORDS["POSTGRES_OWNER_PASSWORD"]
    dumped = prepared.run("pg_dump", OWNER, f"--file={tmp_path / 'dump'}", DATABASE, PGPASSWORD=password)
    assert dumped.returncode != 0 and "row-level security" in dumped.stderr
