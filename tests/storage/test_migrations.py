from __future__ import annotations

import ast
import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory

from core.domain.errors import ServiceFailed
from core.storage import schema
from core.storage.engine.database import Database
from core.storage.schema import migrate, pending_migrations
from core.storage.tables import metadata
from tests.postgres import APP, DatabaseUrls


def _schema(connection: sa.Connection) -> dict[str, Any]:
    inspector = sa.inspect(connection)
    names = [name for name in inspector.get_table_names() if name != "alembic_version"]
    return {
        name: {
            "columns": [column | {"type": str(column["type"])} for column in inspector.get_columns(name)],
            "primary key": inspector.get_pk_constraint(name),
            "foreign keys": inspector.get_foreign_keys(name),
            "indexes": sorted(inspector.get_indexes(name), key=str),
            "unique": sorted(inspector.get_unique_constraints(name), key=str),
        }
        for name in names
    }


async def _schema_at(url: str) -> dict[str, Any]:
    database = Database(url)
    try:
        return await database.read(_schema)
    finally:
        await database.close()


async def _execute(url: str, statement: str) -> None:
    database = Database(url)
    try:
        await database.execute(sa.text(statement))
    finally:
        await database.close()


async def test_the_migrated_schema_is_the_declared_one(empty_database_urls: DatabaseUrls) -> None:
    await migrate(empty_database_urls.owner, application_role=APP)
    migrated = await _schema_at(empty_database_urls.owner)
    database = Database(empty_database_urls.owner)
    try:
        await database.write(metadata.drop_all)
        await database.write(metadata.create_all)
    finally:
        await database.close()
    assert migrated == await _schema_at(empty_database_urls.owner)
    assert migrated.keys() == metadata.tables.keys()


async def test_migrations_are_pending_until_they_ran_and_running_them_again_is_harmless(
    empty_database_urls: DatabaseUrls,
) -> None:
    assert await pending_migrations(empty_database_urls.owner)
    await migrate(empty_database_urls.owner, application_role=APP)
    assert not await pending_migrations(empty_database_urls.owner)
    await _execute(empty_database_urls.owner, "insert into organizations (id, name) values ('acme', 'Acme')")
    before = await _schema_at(empty_database_urls.owner)
    await migrate(empty_database_urls.owner, application_role=APP)
    assert await _schema_at(empty_database_urls.owner) == before
    with pytest.raises(sa.exc.IntegrityError):
        await _execute(empty_database_urls.owner, "insert into organizations (id, name) values ('acme', 'Acme')")


async def test_processes_that_migrate_at_once_all_succeed(empty_database_urls: DatabaseUrls) -> None:
    program = (
        "import asyncio, sys; from core.storage.schema import migrate; "
        "asyncio.run(migrate(sys.argv[1], application_role=sys.argv[2]))"
    )
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-W", "error", "-c", program, empty_database_urls.owner, APP, stderr=asyncio.subprocess.PIPE
        )
        for _ in range(3)
    ]
    outcomes = await asyncio.gather(*(process.communicate() for process in processes))
    assert [process.returncode for process in processes] == [0, 0, 0], outcomes
    assert not await pending_migrations(empty_database_urls.owner)


async def test_a_database_of_a_newer_release_is_served_and_never_changed(empty_database_urls: DatabaseUrls) -> None:
    await migrate(empty_database_urls.owner, application_role=APP)
    await _execute(empty_database_urls.owner, "update alembic_version set version_num = '9999'")
    with pytest.raises(ServiceFailed, match="newer LogSense"):
        await migrate(empty_database_urls.owner, application_role=APP)
    assert not await pending_migrations(empty_database_urls.owner)


async def test_titles_that_were_stored_before_masking_are_masked_for_every_organization(
    empty_database_urls: DatabaseUrls,
) -> None:
    await migrate(empty_database_urls.owner, application_role=APP)
    for organization in ("acme", "globex"):
        secret, root = f"hunter2-{organization}", empty_database_urls.root
        label = f"login with password={secret} (event.json)"
        investigation = {"id": "i1", "subject": {"label": label, "issue_id": "x"}}
        learned = {"id": "k1", "title": f"password={secret}", "source": label, "fix": "Wait."}
        await _execute(root, f"insert into organizations (id, name) values ('{organization}', 'it')")
        values = f"'{organization}', 'i1', '2026-11-01 10:00:00', false, '{json.dumps(investigation)}'"
        columns = "organization_id, id, created_at, has_report, body"
        await _execute(root, f"insert into investigations ({columns}) values ({values})")
        values = f"'{organization}', 'k1', '2026-11-01 10:00:00', true, '{json.dumps(learned)}'"
        await _execute(root, f"insert into knowledge (organization_id, id, added_at, indexed, body) values ({values})")
    await _execute(empty_database_urls.owner, "update alembic_version set version_num = '0005'")
    await migrate(empty_database_urls.owner, application_role=APP)
    database = Database(empty_database_urls.root)
    try:
        stored = await database.read(lambda connection: connection.execute(_BODIES).all())
    finally:
        await database.close()
    assert len(stored) == 4
    for table, organization, body in stored:
        assert "hunter2" not in body, (table, organization)
        assert "password=[secret:" in body and "(event.json)" in body
    indexed = sa.text("select count(*) from knowledge where indexed")
    database = Database(empty_database_urls.root)
    try:
        assert await database.read(lambda connection: connection.scalar(indexed)) == 0, "the search index learns of it"
    finally:
        await database.close()


_BODIES = sa.text(
    "select 'investigations', organization_id, body from investigations "
    "union all select 'knowledge', organization_id, body from knowledge"
)
VERSIONS = Path(schema.__file__).parent / "migrations" / "versions"
FIRST_RELEASE = "0003"
CONTRACTS = {"drop_table", "drop_column", "drop_constraint", "rename_table", "alter_column", "execute"}


def _calls(function: ast.FunctionDef) -> set[str]:
    calls = [node.func for node in ast.walk(function) if isinstance(node, ast.Call)]
    return {call.attr for call in calls if isinstance(call, ast.Attribute)}


@pytest.mark.parametrize("file", sorted(VERSIONS.glob("*.py")), ids=lambda file: file.stem)
def test_a_migration_leaves_the_version_before_it_running(file: Path) -> None:
    """Replicas of the previous version serve while it runs: it adds, and adds only what they need not know.

    What nobody uses any more is taken away one release later, by a migration that says so in its name.
    """
    if file.stem[:4] <= FIRST_RELEASE or file.stem.endswith("_contract"):
        return
    body = ast.parse(file.read_text())
    functions = [node for node in body.body if isinstance(node, ast.FunctionDef) and node.name != "downgrade"]
    assert not {call for function in functions for call in _calls(function)} & CONTRACTS
    for node in ast.walk(body):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "add_column":
            added = ast.unparse(node)
            assert "server_default" in added or "nullable=True" in added, "older replicas insert without it"


def test_migrations_are_named_after_their_revisions_in_order() -> None:
    scripts = ScriptDirectory(str(Path(schema.__file__).parent / "migrations"))
    assert schema._revisions() == [script.revision for script in scripts.walk_revisions()][::-1]
