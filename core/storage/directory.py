"""Organizations and the workspaces that lead to them: what is read before the organization is known."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.domain.errors import NotFound
from core.domain.tenancy import Organization, OrganizationId, WorkspaceRef
from core.ports import Directory
from core.storage.database import Database
from core.storage.installations import hashed
from core.storage.tables import invites, organizations, workspaces


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
        make = self._database.insert(organizations).values(id=organization.id, name=organization.name)
        async with self._database.writing() as connection:
            await connection.execute(make.on_conflict_do_nothing())
            if workspace is not None:
                link = self._database.insert(workspaces).values(
                    platform=workspace.platform.value, key=workspace.key, organization_id=organization.id
                )
                await connection.execute(link.on_conflict_do_nothing())

    async def unlink(self, workspace: WorkspaceRef) -> None:
        """The workspace no longer leads to any organization; what the organization knows stays."""
        here = workspaces.c.platform == workspace.platform.value, workspaces.c.key == workspace.key
        async with self._database.writing() as connection:
            await connection.execute(workspaces.delete().where(*here))

    async def add_invite(self, code: str, organization_id: OrganizationId, expires_at: datetime) -> None:
        """Keep an invitation, of whose code only a hash is stored."""
        row = {"hash": hashed(code), "organization_id": organization_id, "expires_at": expires_at}
        async with self._database.writing() as connection:
            await connection.execute(invites.insert().values(**row))

    async def redeem_invite(self, code: str, at: datetime) -> Organization:
        """The organization that invites with `code`, which works once; raises NotFound when it is no good."""
        take = (
            invites.delete()
            .where(invites.c.hash == hashed(code))
            .returning(invites.c.organization_id, invites.c.expires_at)
        )
        async with self._database.writing() as connection:
            taken = (await connection.execute(take)).one_or_none()
            if taken is None or taken.expires_at < at:
                raise NotFound("That invitation is unknown, was used or has expired. Ask for a new one.")
            inviting = _ALL.where(organizations.c.id == taken.organization_id)
            return _organization((await connection.execute(inviting)).one())


_ALL = sa.select(organizations).order_by(organizations.c.id)


def _organization(row: sa.Row[Any]) -> Organization:
    return Organization(OrganizationId(row.id), row.name)
