"""What organizations decided: connections that nobody can read from the database, roles, channels, installations."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
import sqlalchemy as sa

from core.domain.errors import NotFound, ServiceFailed
from core.domain.tenancy import (
    ChannelSettings,
    Member,
    ModelConnection,
    Organization,
    OrganizationId,
    Platform,
    Role,
    SentryConnection,
    WorkspaceRef,
)
from core.storage.database_stores import SqlStores, open_stores
from core.storage.engine.database import Database
from core.storage.tables import metadata
from tests.postgres import DatabaseUrls
from tests.storage.samples import ACME, GLOBEX, START

TEAM = WorkspaceRef(Platform.SLACK, "T1")
SENTRY = SentryConnection("https://sentry.acme.dev", "acme", "sntrys_planted_secret", writes_allowed=True)
MODEL = ModelConnection("sk-planted-secret", None, "gpt-5-mini")


async def everything_in(url: str) -> str:
    database = Database(url)
    try:
        return repr([await database.rows(sa.select(table)) for table in metadata.tables.values()])
    finally:
        await database.close()


async def test_secrets_come_back_and_stand_nowhere_in_the_database(
    stores: SqlStores, database_urls: DatabaseUrls
) -> None:
    store = stores.for_organization(ACME)
    await store.save_sentry_connection(SENTRY)
    await store.save_model_connection(MODEL)
    await stores.installations.save(TEAM, '{"bot_token": "xoxb-planted-secret"}')
    await stores.installations.issue_state("planted-secret-state", "{}", START + timedelta(days=9999))
    await stores.directory.add_invite("planted-secret-code", ACME, START)
    assert await store.sentry_connection() == SENTRY
    assert await store.model_connection() == MODEL
    assert await stores.installations.find(TEAM) == '{"bot_token": "xoxb-planted-secret"}'
    assert "planted" not in await everything_in(database_urls.root)
    assert "planted" not in repr(SENTRY) + repr(MODEL)


async def test_a_connection_can_be_replaced_and_forgotten(stores: SqlStores) -> None:
    store = stores.for_organization(ACME)
    await store.save_sentry_connection(SENTRY)
    other = SentryConnection("https://sentry.io", "acme", "another")
    await store.save_sentry_connection(other)
    assert await store.sentry_connection() == other
    await store.save_sentry_connection(None)
    assert await store.sentry_connection() is None


async def test_another_key_opens_nothing_and_the_error_says_which_setting_is_wrong(
    stores: SqlStores, database_url: str
) -> None:
    await stores.for_organization(ACME).save_model_connection(MODEL)
    async with open_stores(database_url, owner="w", secret_keys=["other"]) as strangers:
        with pytest.raises(ServiceFailed, match="LOGSENSE_SECRET_KEYS"):
            await strangers.for_organization(ACME).model_connection()
    async with open_stores(database_url, owner="w", secret_keys=["newer", "key"]) as rotated:
        assert await rotated.for_organization(ACME).model_connection() == MODEL


async def test_organizations_do_not_see_each_others_decisions(stores: SqlStores) -> None:
    ours, theirs = stores.for_organization(ACME), stores.for_organization(GLOBEX)
    await ours.save_sentry_connection(SENTRY)
    await ours.grant(Member(TEAM, "U1", "Ada", Role.OWNER))
    await ours.save_channel_settings(TEAM, "C1", ChannelSettings(("shop",), True))
    assert await theirs.sentry_connection() is None
    assert await theirs.member(TEAM, "U1") is None
    assert await theirs.members() == []
    assert await theirs.channel_settings(TEAM, "C1") == ChannelSettings()


async def test_a_role_and_a_channels_settings_are_replaced(stores: SqlStores) -> None:
    store = stores.for_organization(ACME)
    await store.grant(Member(TEAM, "U1", "Ada", Role.OWNER))
    await store.grant(Member(TEAM, "U1", "Ada L.", Role.MEMBER))
    assert await store.members() == [Member(TEAM, "U1", "Ada L.", Role.MEMBER)]
    await store.save_channel_settings(TEAM, "C1", ChannelSettings(("shop",), True))
    await store.save_channel_settings(TEAM, "C1", ChannelSettings(("api", "web")))
    assert await store.channel_settings(TEAM, "C1") == ChannelSettings(("api", "web"))


NEW = Organization(OrganizationId("new"), "New")


def owner_of(workspace: str) -> Member:
    return Member(WorkspaceRef(Platform.SLACK, workspace), "U1", "Ada", Role.OWNER)


async def test_an_invitation_lets_one_of_four_workspaces_in_and_not_too_late(stores: SqlStores) -> None:
    acme = Organization(ACME, "Acme")
    await stores.directory.ensure_organization(acme)
    await stores.directory.add_invite("good", ACME, START + timedelta(days=7))
    await stores.directory.add_invite("late", ACME, START - timedelta(days=1))
    owners = [owner_of(f"T{number}") for number in range(4)]
    admitted = await asyncio.gather(
        *(stores.directory.admit(owner, "good", NEW, START) for owner in owners), return_exceptions=True
    )
    assert admitted.count((acme, True)) == 1
    assert sum(isinstance(outcome, NotFound) for outcome in admitted) == 3
    with pytest.raises(NotFound, match="expired"):
        await stores.directory.admit(owner_of("T9"), "late", NEW, START)
    (workspace,) = await stores.directory.workspaces(ACME)
    assert await stores.for_organization(ACME).members() == [one for one in owners if one.workspace == workspace]
    assert await stores.directory.organizations() == [acme], "who was turned away made nothing"


async def test_a_workspace_with_two_invitations_at_once_joins_one_and_uses_up_one(stores: SqlStores) -> None:
    both = [Organization(ACME, "Acme"), Organization(GLOBEX, "Globex")]
    for organization in both:
        await stores.directory.ensure_organization(organization)
        await stores.directory.add_invite(f"to {organization.id}", organization.id, START + timedelta(days=7))
    owner = owner_of("T1")
    admitted = await asyncio.gather(
        *(stores.directory.admit(owner, f"to {it.id}", NEW, START) for it in both),
        stores.directory.admit(owner, None, NEW, START),
    )
    leads_to = await stores.directory.organization_of(owner.workspace)
    assert {organization for organization, _ in admitted} == {leads_to}
    assert [is_new for _, is_new in admitted].count(True) == 1
    for organization in (*both, NEW):
        granted = [owner] if organization == leads_to else []
        assert await stores.for_organization(organization.id).members() == granted, organization
    for organization in both:
        if organization != leads_to:
            second = await stores.directory.admit(
                owner_of(f"T of {organization.id}"), f"to {organization.id}", NEW, START
            )
            assert second == (organization, True), "its invitation was not used up"


async def test_an_install_state_is_taken_once_and_not_too_late(stores: SqlStores) -> None:
    later = START + timedelta(days=9999)
    await stores.installations.issue_state("fresh", "document", later)
    taken = await asyncio.gather(*(stores.installations.take_state("fresh", START) for _ in range(4)))
    assert sorted(taken, key=str) == [None, None, None, "document"]
    await stores.installations.issue_state("stale", "document", later)
    assert await stores.installations.take_state("stale", later + timedelta(seconds=1)) is None


async def test_an_unlinked_workspace_leads_nowhere_and_a_linked_one_keeps_its_link(stores: SqlStores) -> None:
    await stores.directory.ensure_organization(Organization(ACME, "Acme"), TEAM)
    await stores.directory.ensure_organization(Organization(GLOBEX, "Globex"), TEAM)
    assert (await stores.directory.organization_of(TEAM)).id == ACME
    assert [known.id for known in await stores.directory.organizations()] == [ACME, GLOBEX]
    await stores.directory.unlink(TEAM)
    with pytest.raises(NotFound):
        await stores.directory.organization_of(TEAM)
    await stores.installations.save(TEAM, "x")
    await stores.installations.remove(TEAM)
    assert await stores.installations.find(TEAM) is None
