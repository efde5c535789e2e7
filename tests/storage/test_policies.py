"""What PostgreSQL enforces by itself, with statements that forgot to say whose rows they mean."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from core.domain.errors import AccessDenied, InvalidInput, Refusal, ServiceFailed
from core.domain.tenancy import Actor, AuditEntry, OrganizationId
from core.ports import BackgroundTask
from core.storage.database_stores import SqlStores
from core.storage.engine.database import Database
from core.storage.engine.isolation import DIRECTORY_ROLE
from core.storage.schema import check_role, migrate
from core.storage.tables import audit, metadata
from tests.postgres import APP, OWNER, DatabaseUrls, PostgresServer
from tests.storage.samples import ACME, GLOBEX, START, entry, investigation, observed, question

pytestmark = pytest.mark.parametrize("database_urls", ["postgresql"], indirect=True)

BOUND = [table for table in metadata.sorted_tables if table.info.get("tenant_may")]
DIRECTORY_ONLY = [table for table in metadata.sorted_tables if not table.info.get("tenant_may")]


async def live(stores: SqlStores, organization_id: OrganizationId) -> None:
    """Something of nearly every kind, with ids that are equal for every organization."""
    store = stores.for_organization(organization_id)
    await store.add_investigation(investigation(), "event", "d1")
    await store.add_question(question(), "d2")
    await store.add_background_task(BackgroundTask("err00001", "check", {}))
    await store.put_knowledge([entry("k1")])
    await store.begin_post("inv00001", "progress")
    await store.record(AuditEntry(START, Actor("ada", "Ada"), "terminal", "connected Sentry"))
    for run in await stores.runs.claim(9):
        await store.journal(run.subject_id, run).record(observed(1))


async def counts(database: Database, tables: list[sa.Table]) -> dict[str, int]:
    """How many rows a statement without any condition finds."""
    found = {}
    for table in tables:
        found[table.name] = (await database.rows(sa.select(sa.func.count()).select_from(table)))[0][0]
    return found


async def test_bound_to_nobody_no_row_of_anybody_is_seen(stores: SqlStores, database_url: str) -> None:
    await live(stores, ACME)
    database = Database(database_url)
    try:
        assert set((await counts(database, BOUND)).values()) == {0}
    finally:
        await database.close()


async def test_bound_to_one_organization_a_statement_that_forgot_its_condition_finds_that_ones_rows_only(
    stores: SqlStores, database_urls: DatabaseUrls
) -> None:
    await live(stores, ACME)
    database = Database(database_urls.app)
    everything = Database(database_urls.root)
    try:
        alone = await counts(database.of(ACME), BOUND)
        await live(stores, GLOBEX)
        assert await counts(database.of(ACME), BOUND) == alone
        both = await counts(everything, BOUND)
        doubled = {name for name, count in alone.items() if count}
        assert {name for name in doubled if both[name] != 2 * alone[name]} == set(), "the other's rows are there"
        assert doubled >= {"investigations", "journal", "questions", "errands", "knowledge", "events", "posts", "audit"}
    finally:
        await database.close()
        await everything.close()


@pytest.mark.parametrize("table", [table for table in BOUND if "update" in table.info["tenant_may"]], ids=str)
async def test_rows_of_another_organization_can_be_neither_changed_nor_made(
    stores: SqlStores, database_urls: DatabaseUrls, table: sa.Table
) -> None:
    await live(stores, GLOBEX)
    database = Database(database_urls.app).of(ACME)
    everything = Database(database_urls.root)
    try:
        assert await database.execute(table.update().values(organization_id=ACME)) == 0
        for row in await everything.rows(sa.select(table)):
            with pytest.raises(AccessDenied, match="lacks a right"):
                await database.execute(table.insert().values({k: v for k, v in row._mapping.items() if k != "n"}))
    finally:
        await database.close()
        await everything.close()


async def test_a_store_cannot_reach_the_directory_and_the_directory_no_incident(
    stores: SqlStores, database_url: str
) -> None:
    await live(stores, ACME)
    database = Database(database_url)
    content = [table for table in metadata.sorted_tables if table.info["scope"] == "tenant"]
    try:
        for view, forbidden in ((database.of(ACME), DIRECTORY_ONLY), (database.directory(), content)):
            for table in forbidden:
                with pytest.raises(AccessDenied):
                    await view.rows(sa.select(table))
    finally:
        await database.close()


async def test_a_binding_ends_with_its_transaction(stores: SqlStores, database_url: str) -> None:
    await live(stores, ACME)
    database = Database(database_url)
    try:
        for _ in range(12):
            assert (await counts(database.of(ACME), BOUND))["investigations"] == 1
            assert (await counts(database.directory(), DIRECTORY_ONLY))["organizations"] == 0
            assert (await counts(database, BOUND))["investigations"] == 0
    finally:
        await database.close()


async def test_every_table_is_declared_and_its_policy_is_forced(database_urls: DatabaseUrls) -> None:
    database = Database(database_urls.root)
    try:
        tables = sa.text(
            "select relname, relrowsecurity and relforcerowsecurity as forced from pg_class "
            "where relkind = 'r' and relnamespace = current_schema::regnamespace"
        )
        forced = {row.relname: row.forced for row in await database.rows(tables)}
    finally:
        await database.close()
    forced.pop("alembic_version")
    assert forced.keys() == metadata.tables.keys()
    assert {name for name, is_forced in forced.items() if is_forced} == {table.name for table in BOUND}


async def test_without_its_policy_a_table_would_leak_and_these_tests_would_see_it(
    stores: SqlStores, postgres_server: PostgresServer, database_urls: DatabaseUrls
) -> None:
    await live(stores, ACME)
    await live(stores, GLOBEX)
    root, database = Database(database_urls.root), Database(database_urls.app)
    try:
        await root.execute(sa.text("alter table investigations disable row level security"))
        assert (await counts(database.of(ACME), BOUND))["investigations"] == 2
        await migrate(database_urls.owner, application_role=APP)
        assert (await counts(database.of(ACME), BOUND))["investigations"] == 1, "migrating mends it"
    finally:
        await root.close()
        await database.close()


async def test_nobody_who_serves_can_change_the_audit_log(stores: SqlStores, database_url: str) -> None:
    await live(stores, ACME)
    database = Database(database_url)
    try:
        for view in (database.of(ACME), database.directory()):
            with pytest.raises(AccessDenied):
                await view.execute(audit.update().values(action="nothing happened"))
        with pytest.raises(AccessDenied):
            await database.of(ACME).execute(audit.delete())
    finally:
        await database.close()


async def test_roles_for_which_policies_do_not_hold_are_refused(
    database_urls: DatabaseUrls, postgres_server: PostgresServer
) -> None:
    await check_role(database_urls.app)
    with pytest.raises(Refusal, match="owns the tables"):
        await check_role(database_urls.owner)
    with pytest.raises(Refusal, match="is a superuser"):
        await check_role(database_urls.root)
    postgres_server.sql(f"alter role {APP} bypassrls")
    try:
        with pytest.raises(Refusal, match="has BYPASSRLS"):
            await check_role(database_urls.app)
    finally:
        postgres_server.sql(f"alter role {APP} nobypassrls")


async def test_one_role_for_both_is_refused_before_anything_changes(database_urls: DatabaseUrls) -> None:
    for role in (None, OWNER):
        with pytest.raises(InvalidInput, match="two roles"):
            await migrate(database_urls.owner, application_role=role)


async def test_a_role_that_was_given_no_rights_is_told_to_migrate(
    database_urls: DatabaseUrls, postgres_server: PostgresServer
) -> None:
    postgres_server.sql(f"revoke {DIRECTORY_ROLE} from {APP} granted by {OWNER}")
    database = Database(database_urls.app)
    try:
        with pytest.raises(ServiceFailed, match="logsense migrate"):
            await counts(database.directory(), DIRECTORY_ONLY)
        await migrate(database_urls.owner, application_role=APP)
        await counts(database.directory(), DIRECTORY_ONLY)
    finally:
        await database.close()
