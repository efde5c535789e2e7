"""Organizations and the workspaces that lead to them: what is read before the organization is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.domain.errors import NotFound
from core.domain.tenancy import Member, Organization, OrganizationId, PersonalData, Platform, WorkspaceRef
from core.ports import Directory
from core.storage.engine.database import Database
from core.storage.queue.fence import QUEUED, RUNNING
from core.storage.stores.erasure import erase, remaining
from core.storage.stores.installations import hashed
from core.storage.tables import audit, deliveries, invites, limits, members, organizations, runs, workspaces


class SqlDirectory(Directory):
    """The directory of one database."""

    def __init__(self, database: Database) -> None:
        """Nothing is read yet."""
        self._database = database.directory()

    async def organization_of(self, workspace: WorkspaceRef) -> Organization:
        """The organization a workspace belongs to; raises NotFound."""
        statement = (
            sa.select(organizations)
            .join(workspaces, workspaces.c.organization_id == organizations.c.id)
            .where(workspaces.c.platform == workspace.platform.value, workspaces.c.key == workspace.key)
        )
        found = await self._database.rows(statement)
        if not found:
            raise NotFound(
                f"This {workspace.platform.value} workspace is not connected to an organization: "
                "ask whoever runs LogSense to connect it."
            )
        return _organization(found[0])

    async def organizations(self) -> Sequence[Organization]:
        """All of them, by id."""
        return [_organization(row) for row in await self._database.rows(_ALL)]

    async def ensure_organization(self, organization: Organization, workspace: WorkspaceRef | None = None) -> None:
        """Make the organization and link the workspace, unless they are there; a linked workspace keeps its link."""
        made = {"id": organization.id, "name": organization.name}

        def ensure(connection: sa.Connection) -> None:
            connection.execute(self._database.insert_new(organizations), made)
            if workspace is not None:
                link = {"platform": workspace.platform.value, "key": workspace.key, "organization_id": organization.id}
                connection.execute(self._database.insert_new(workspaces), link)

        await self._database.write(ensure)

    async def organization(self, organization_id: OrganizationId) -> Organization:
        """The organization with that id; raises NotFound."""
        found = await self._database.rows(_ALL.where(organizations.c.id == organization_id))
        if not found:
            raise NotFound(f"There is no organization {organization_id[:60]}. `logsense org list` shows them.")
        return _organization(found[0])

    async def workspaces(self, organization_id: OrganizationId) -> Sequence[WorkspaceRef]:
        """The doors that lead to the organization."""
        theirs = sa.select(workspaces).where(workspaces.c.organization_id == organization_id)
        rows = await self._database.rows(theirs.order_by(workspaces.c.platform, workspaces.c.key))
        return [WorkspaceRef(Platform(row.platform), row.key) for row in rows]

    async def save_limits(self, organization_id: OrganizationId, decided: Mapping[str, float | None]) -> None:
        """Keep those limits, by field of `Limits`; None goes back to the default, others stay as they are."""
        insert = self._database.insert(limits).values(organization_id=organization_id, **decided)
        await self._database.execute(
            insert.on_conflict_do_update(index_elements=["organization_id"], set_=dict(decided))
        )

    async def save_masked_personal_data(
        self, organization_id: OrganizationId, kinds: frozenset[PersonalData] | None
    ) -> None:
        """Keep which personal data is masked for the organization; None goes back to the default."""
        chosen = {"mask_personal_data": None if kinds is None else " ".join(sorted(kinds))}
        insert = self._database.insert(limits).values(organization_id=organization_id, **chosen)
        await self._database.execute(insert.on_conflict_do_update(index_elements=["organization_id"], set_=chosen))

    async def forget_audit(self, organization_id: OrganizationId, before: datetime) -> int:
        """The organization's audit log from before then is gone; how many entries."""
        return await self._forget(audit, audit.c.organization_id == organization_id, audit.c.at < before)

    async def forget_deliveries(self, organization_id: OrganizationId, before: datetime) -> int:
        """Deliveries claimed before then may be claimed again; how many."""
        theirs = deliveries.c.organization_id == organization_id
        return await self._forget(deliveries, theirs, deliveries.c.at < before)

    async def forget_runs(self, organization_id: OrganizationId, age_s: float) -> int:
        """Runs that have ended and were queued longer ago are gone; how many."""
        has_ended = runs.c.state.not_in((QUEUED, RUNNING))
        is_old = runs.c.queued_s < self._database.now_s - age_s
        return await self._forget(runs, runs.c.organization_id == organization_id, has_ended, is_old)

    async def _forget(self, table: sa.Table, *which: sa.ColumnElement[bool]) -> int:
        return await self._database.execute(table.delete().where(*which))

    async def erase(self, organization_id: OrganizationId) -> Mapping[str, int]:
        """No row of the organization is left, nor the organization itself; how many there were, by table."""
        return await erase(self._database, organization_id)

    async def remaining(self, organization_id: OrganizationId) -> Mapping[str, int]:
        """How many rows the organization has, by table."""
        return await remaining(self._database, organization_id)

    async def unlink(self, workspace: WorkspaceRef) -> None:
        """The workspace no longer leads to any organization; what the organization knows stays."""
        here = workspaces.c.platform == workspace.platform.value, workspaces.c.key == workspace.key
        await self._database.execute(workspaces.delete().where(*here))

    async def add_invite(self, code: str, organization_id: OrganizationId, expires_at: datetime) -> None:
        """Keep an invitation, of whose code only a hash is stored."""
        row = {"hash": hashed(code), "organization_id": organization_id, "expires_at": expires_at}
        await self._database.execute(invites.insert().values(**row))

    async def admit(
        self, owner: Member, invite: str | None, otherwise: Organization, at: datetime
    ) -> tuple[Organization, bool]:
        """Where the owner's workspace leads, and whether it was linked just now; see the port."""
        place = {"platform": owner.workspace.platform.value, "key": owner.workspace.key}
        granted = {
            "platform": owner.workspace.platform.value,
            "workspace": owner.workspace.key,
            "user_id": owner.user_id,
            "name": owner.name,
            "role": owner.role.value,
        }

        def admit(connection: sa.Connection) -> Organization:
            organization = otherwise if invite is None else _take_invite(connection, invite, at)
            made = {"id": organization.id, "name": organization.name}
            connection.execute(self._database.insert_new(organizations), made)
            link = self._database.insert_new(workspaces).values(organization_id=organization.id, **place)
            if connection.execute(link.returning(workspaces.c.key)).one_or_none() is None:
                # Linked already, perhaps a moment ago by another invite: all of this is undone.
                raise _LinkedAlready
            self._database.bind(connection, organization.id)
            grant = self._database.insert(members).values(organization_id=organization.id, **granted)
            changed = {"name": grant.excluded.name, "role": grant.excluded.role}
            keys = ["organization_id", "platform", "workspace", "user_id"]
            connection.execute(grant.on_conflict_do_update(index_elements=keys, set_=changed))
            return organization

        try:
            return await self._database.write(admit), True
        except _LinkedAlready:
            return await self.organization_of(owner.workspace), False


class _LinkedAlready(Exception):
    """Undoes a transaction that would have linked a workspace for the second time."""


def _take_invite(connection: sa.Connection, code: str, at: datetime) -> Organization:
    take = (
        invites.delete()
        .where(invites.c.hash == hashed(code))
        .returning(invites.c.organization_id, invites.c.expires_at)
    )
    taken = connection.execute(take).one_or_none()
    if taken is None or taken.expires_at < at:
        raise NotFound("That invitation is unknown, was used or has expired. Ask for a new one.")
    return _organization(connection.execute(_ALL.where(organizations.c.id == taken.organization_id)).one())


_ALL = sa.select(organizations).order_by(organizations.c.id)


def _organization(row: sa.Row[Any]) -> Organization:
    return Organization(OrganizationId(row.id), row.name)
