"""Organizations and the workspaces that lead to them: what is read before the organization is known."""

from __future__ import annotations

import sqlalchemy as sa

from core.domain.errors import NotFound
from core.domain.tenancy import Organization, OrganizationId, WorkspaceRef
from core.ports import Directory
from core.storage.database import Database
from core.storage.tables import organizations, workspaces


class SqlDirectory(Directory):
    """The directory of one database."""

    def __init__(self, database: Database) -> None:
        """Nothing is read yet."""
        self._database = database

    async def organization_of(self, workspace: WorkspaceRef) -> Organization:
        """The organization a workspace belongs to; raises NotFound."""
        statement = (
            sa.select(organizations)
            .join(workspaces, workspaces.c.organization_id == organizations.c.id)
            .where(workspaces.c.platform == workspace.platform.value, workspaces.c.key == workspace.key)
        )
        async with self._database.reading() as connection:
            row = (await connection.execute(statement)).one_or_none()
        if row is None:
            raise NotFound(
                f"This {workspace.platform.value} workspace is not connected to an organization: "
                "ask whoever runs LogSense to connect it."
            )
        return Organization(OrganizationId(row.id), row.name)

    async def ensure_organization(self, organization: Organization, workspace: WorkspaceRef) -> None:
        """Make the organization and link the workspace, unless they are there; a linked workspace keeps its link."""
        make = self._database.insert(organizations).values(id=organization.id, name=organization.name)
        link = self._database.insert(workspaces).values(
            platform=workspace.platform.value, key=workspace.key, organization_id=organization.id
        )
        async with self._database.writing() as connection:
            await connection.execute(make.on_conflict_do_nothing())
            await connection.execute(link.on_conflict_do_nothing())
