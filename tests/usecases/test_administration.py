"""Organizations as their operator manages them, on both databases: what changes is on record, what goes is gone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from core.domain.errors import InvalidInput, NotFound, Refusal, ServiceFailed
from core.domain.tenancy import Actor, Member, Organization, PersonalData, Platform, Role, WorkspaceRef
from core.requests.administer import Administration
from core.storage.database_stores import SqlStores, open_stores
from core.storage.engine.database import Database
from tests.isolation.lives import ACME, GLOBEX, MARK, MEMBER, SENTRY, TEAM, live, rows_of
from tests.postgres import DatabaseUrls

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
OPERATOR = Actor("root", "Rita")


@pytest.fixture
async def stores(database_urls: DatabaseUrls) -> AsyncIterator[SqlStores]:
    async with open_stores(database_urls.app, owner="worker", secret_keys=["old"]) as stores:
        for organization_id in (ACME, GLOBEX):
            await stores.directory.ensure_organization(Organization(organization_id, organization_id.title()))
        yield stores


@pytest.fixture
def administration(stores: SqlStores) -> Administration:
    return Administration(stores, OPERATOR, "terminal", lambda: NOW)


async def recorded(stores: SqlStores, organization_id: Any = ACME) -> list[tuple[str, dict[str, str]]]:
    log = await stores.for_organization(organization_id).audit_log(9)
    assert all((entry.actor, entry.origin, entry.at) == (OPERATOR, "terminal", NOW) for entry in log)
    return [(entry.action, dict(entry.details)) for entry in log]


async def test_an_organization_is_made_once_under_an_id_that_can_be_typed(
    stores: SqlStores, administration: Administration
) -> None:
    made = await administration.create("initech", "Initech Ltd")
    assert await stores.directory.organization(made.id) == Organization(made.id, "Initech Ltd")
    assert await recorded(stores, made.id) == [("organization created", {"name": "Initech Ltd"})]
    for taken in ("initech", "", "no spaces", "x" * 61, "a/b"):
        with pytest.raises(InvalidInput):
            await administration.create(taken, "again")


async def test_a_workspace_leads_to_one_organization_until_it_is_unlinked(
    stores: SqlStores, administration: Administration
) -> None:
    await administration.link(ACME, TEAM)
    with pytest.raises(Refusal, match="leads to acme"):
        await administration.link(GLOBEX, TEAM)
    with pytest.raises(Refusal, match="not linked"):
        await administration.unlink(GLOBEX, TEAM)
    await administration.unlink(ACME, TEAM)
    await administration.link(GLOBEX, TEAM)
    assert (await administration.overview(GLOBEX)).workspaces == [TEAM]
    assert [action for action, _ in await recorded(stores)] == ["workspace unlinked", "workspace linked"]


async def test_limits_are_kept_one_by_one_and_can_be_taken_back(
    stores: SqlStores, administration: Administration
) -> None:
    await administration.limit(ACME, {"max_concurrent": 7, "hard_usd": 20.0})
    await administration.limit(ACME, {"max_concurrent": None, "keep_audit_days": 90})
    limits = await stores.for_organization(ACME).limits()
    assert (limits.max_concurrent, limits.hard_usd, limits.keep_audit_days) == (3, 20.0, 90)
    assert await recorded(stores) == [
        ("limits changed", {"max_concurrent": "default", "keep_audit_days": "90"}),
        ("limits changed", {"max_concurrent": "7", "hard_usd": "20"}),
    ]
    with pytest.raises(NotFound):
        await administration.limit("nobody", {"max_concurrent": 1})  # type: ignore[arg-type]


async def test_the_last_owner_stays_one(stores: SqlStores, administration: Administration) -> None:
    ada = Member(TEAM, "U1", "Ada", Role.OWNER)
    bob = Member(TEAM, "U2", "Bob", Role.OWNER)
    await administration.grant(ACME, ada)
    with pytest.raises(Refusal, match="last owner"):
        await administration.revoke(ACME, TEAM, "U1")
    with pytest.raises(Refusal, match="last owner"):
        await administration.grant(ACME, Member(TEAM, "U1", "Ada", Role.MEMBER))
    await administration.grant(ACME, bob)
    await administration.revoke(ACME, TEAM, "U1")
    assert await stores.for_organization(ACME).members() == [bob]
    with pytest.raises(NotFound):
        await administration.revoke(ACME, TEAM, "U1")


async def test_a_forgotten_connection_leaves_no_secret(stores: SqlStores, administration: Administration) -> None:
    await stores.for_organization(ACME).save_sentry_connection(SENTRY)
    seen = (await administration.overview(ACME)).sentry
    assert seen is not None and seen.token == ""
    await administration.forget(ACME, "sentry")
    assert (await administration.overview(ACME)).sentry is None
    with pytest.raises(InvalidInput):
        await administration.forget(ACME, "weather")


async def test_deleting_leaves_no_row_of_one_and_every_row_of_the_other(
    stores: SqlStores, administration: Administration, database_urls: DatabaseUrls
) -> None:
    await stores.directory.ensure_organization(Organization(GLOBEX, "Globex"), TEAM)
    await stores.installations.save(TEAM, "{}")
    other = WorkspaceRef(Platform.SLACK, "T2")
    await stores.directory.ensure_organization(Organization(ACME, "Acme"), other)
    for organization_id in (GLOBEX, ACME):
        await live(stores, organization_id)
    await administration.limit(GLOBEX, {"max_concurrent": 1})
    await administration.invite(GLOBEX, "code")
    kept = await rows_of(database_urls.root, ACME)
    there = {table: len(rows) for table, rows in (await rows_of(database_urls.root, GLOBEX)).items()}
    assert not [table for table, count in there.items() if not count], "something of everything"

    counts = await administration.delete(GLOBEX, ACME)

    assert {table: after for table, (_, after) in counts.items() if after} == {}
    assert {table: before for table, (before, _) in counts.items()} == there | {"workspaces": 0}
    assert not [rows for rows in (await rows_of(database_urls.root, GLOBEX)).values() if rows]
    with pytest.raises(NotFound):
        await stores.directory.organization(GLOBEX)
    with pytest.raises(NotFound):
        await stores.directory.organization_of(TEAM)
    assert await stores.installations.find(TEAM) is None
    assert (await stores.directory.organization_of(other)).id == ACME
    after = await rows_of(database_urls.root, ACME)
    assert {table: rows for table, rows in after.items() if table != "audit"} == {
        table: rows for table, rows in kept.items() if table != "audit"
    }
    assert "organization deleted" in after["audit"][-1]
    with pytest.raises(Refusal, match="cannot delete itself"):
        await administration.delete(ACME, ACME)


async def test_an_export_has_every_row_and_no_secret(stores: SqlStores, database_urls: DatabaseUrls) -> None:
    await live(stores, GLOBEX)
    await live(stores, ACME)
    exported = [row async for row in stores.for_organization(GLOBEX).export()]
    there = await rows_of(database_urls.root, GLOBEX)
    shared = {"runs", "deliveries", "limits", "workspaces", "invites"}
    for table, rows in there.items():
        assert len([row for row in exported if row["table"] == table]) == (0 if table in shared else len(rows)), table
    assert {row["organization_id"] for row in exported} == {GLOBEX}
    assert [row["sealed"] for row in exported if row["table"] == "connections"] == [None, None]
    (investigation,) = [row for row in exported if row["table"] == "investigations"]
    assert investigation["body"]["subject"]["label"] == MARK


async def test_a_long_export_goes_page_by_page(stores: SqlStores) -> None:
    store = stores.for_organization(ACME)
    for number in range(405):
        await store.grant(Member(TEAM, f"U{number:03}", "x", Role.MEMBER))
    exported = [row["user_id"] async for row in store.export() if row["table"] == "members"]
    assert exported == [f"U{number:03}" for number in range(405)]


async def test_secrets_are_sealed_anew_while_others_read_them_and_then_the_old_key_can_go(
    stores: SqlStores, database_urls: DatabaseUrls
) -> None:
    await stores.for_organization(ACME).save_sentry_connection(SENTRY)
    await stores.installations.save(TEAM, "what Slack gave")
    async with open_stores(database_urls.app, owner="w", secret_keys=["new", "old"]) as both:
        acme = both.for_organization(ACME)
        assert (await acme.reseal(), await both.installations.reseal()) == (1, 1)
        assert (await acme.reseal(), await both.installations.reseal()) == (0, 0), "once is enough"
        assert await acme.sentry_connection() == SENTRY
    async with open_stores(database_urls.app, owner="w", secret_keys=["new"]) as later:
        assert await later.for_organization(ACME).sentry_connection() == SENTRY
        assert await later.installations.find(TEAM) == "what Slack gave"
    with pytest.raises(ServiceFailed, match="LOGSENSE_SECRET_KEYS"):
        await stores.for_organization(ACME).sentry_connection()


async def test_on_sqlite_too_the_log_only_grows(database_urls: DatabaseUrls, stores: SqlStores) -> None:
    await stores.for_organization(ACME).grant(MEMBER)
    await Administration(stores, OPERATOR, "terminal", lambda: NOW).invite(ACME, "code")
    if database_urls.app.startswith("sqlite"):
        database = Database(database_urls.app)
        try:
            with pytest.raises(sa.exc.IntegrityError, match="append-only"):
                await database.execute(sa.text("update audit set action = 'nothing'"))
        finally:
            await database.close()


async def test_which_personal_data_is_masked_is_decided_for_one_organization_and_on_record(
    stores: SqlStores, administration: Administration
) -> None:
    acme, globex = stores.for_organization(ACME), stores.for_organization(GLOBEX)
    await administration.limit(ACME, {"max_queued": 7})
    await administration.mask(ACME, frozenset({PersonalData.IP, PersonalData.EMAIL}))
    assert await acme.masked_personal_data() == frozenset({PersonalData.IP, PersonalData.EMAIL})
    assert await globex.masked_personal_data() is None
    assert (await acme.limits()).max_queued == 7
    await administration.mask(ACME, frozenset())
    assert await acme.masked_personal_data() == frozenset()
    await administration.mask(ACME, None)
    assert await acme.masked_personal_data() is None
    said = [details["personal_data"] for action, details in await recorded(stores) if action == "masking changed"]
    assert said == ["default", "none", "email, ip"]
