"""Everything of one organization taken out, or written out: whatever table there is, now or later."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.domain.tenancy import OrganizationId
from core.storage.engine.database import Database
from core.storage.engine.isolation import UNBIND
from core.storage.tables import installations, metadata, organizations, workspaces

_SEALED = {"sealed", "hash"}
_AT_ONCE = 200


async def erase(database: Database, organization_id: OrganizationId) -> Mapping[str, int]:
    """No row of the organization is left, nor the organization itself; how many there were, by table."""

    def take_out(connection: sa.Connection) -> Mapping[str, int]:
        gone: dict[str, int] = {}
        for table in _children_first():
            if "delete" in table.info.get("tenant_may", ()):
                gone[table.name] = connection.execute(_delete(table, organization_id)).rowcount
        if database.is_postgresql:
            connection.execute(UNBIND)
        here = sa.select(workspaces.c.platform, workspaces.c.key).where(workspaces.c.organization_id == organization_id)
        theirs = sa.tuple_(installations.c.platform, installations.c.workspace).in_(here)
        gone[installations.name] = connection.execute(installations.delete().where(theirs)).rowcount
        for table in _children_first():
            if table.name not in gone and "organization_id" in table.c:
                gone[table.name] = connection.execute(_delete(table, organization_id)).rowcount
        itself = organizations.delete().where(organizations.c.id == organization_id)
        gone[organizations.name] = connection.execute(itself).rowcount
        return gone

    return await database.of(organization_id).write(take_out)


async def remaining(database: Database, organization_id: OrganizationId) -> Mapping[str, int]:
    """How many rows the organization has, by table."""
    counts = {}
    for table in _children_first():
        if "organization_id" in table.c:
            is_readable = "select" in table.info.get("tenant_may", ())
            view = database.of(organization_id) if is_readable else database.directory()
            count = sa.select(sa.func.count()).select_from(table).where(table.c.organization_id == organization_id)
            counts[table.name] = int((await view.rows(count))[0][0])
    return counts


async def export(database: Database, organization_id: OrganizationId) -> AsyncIterator[Mapping[str, Any]]:
    """Every row that a store keeps for the organization, with its table's name; secrets are left out."""
    for table in metadata.sorted_tables:
        if table.info["scope"] != "tenant":
            continue
        keys = list(table.primary_key.columns)
        mine = sa.select(table).where(table.c.organization_id == organization_id).order_by(*keys).limit(_AT_ONCE)
        after: sa.Row[Any] | None = None
        while True:
            page = mine if after is None else mine.where(sa.tuple_(*keys) > tuple(after._mapping[key] for key in keys))
            rows = await database.of(organization_id).rows(page)
            for row in rows:
                yield {"table": table.name} | {name: _plain(name, value) for name, value in row._mapping.items()}
            if len(rows) < _AT_ONCE:
                break
            after = rows[-1]


def _children_first() -> list[sa.Table]:
    return list(reversed(metadata.sorted_tables))


def _delete(table: sa.Table, organization_id: OrganizationId) -> sa.Delete:
    return table.delete().where(table.c.organization_id == organization_id)


def _plain(name: str, value: object) -> object:
    if name in _SEALED:
        return None
    if isinstance(value, datetime):
        return value.isoformat()
    return json.loads(value) if name in ("body", "details") and isinstance(value, str) else value
