"""What every part of one organization's store is built on: its id in every statement, its statements short."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import sqlalchemy as sa

from core.domain.errors import NotFound
from core.domain.tenancy import Limits, OrganizationId
from core.ports import Run
from core.storage.engine.database import Database, Work
from core.storage.engine.group_commit import GroupCommit
from core.storage.engine.secret_box import SecretBox
from core.storage.queue.fence import Fence, lease_lost
from core.storage.stores.changes import Changes

LONGEST_ID_SHOWN = 60

T = TypeVar("T")


class TenantTables:
    """Statements on the rows of one organization."""

    def __init__(
        self,
        database: Database,
        fence: Fence,
        commits: GroupCommit,
        changes: Changes,
        secrets: SecretBox,
        defaults: Limits,
        organization_id: OrganizationId,
    ) -> None:
        """Bound to `organization_id` for good."""
        self._changes = changes
        self._database = database.of(organization_id)
        self._fence = fence
        self._commits = commits
        self._secrets = secrets
        self._defaults = defaults
        self._organization_id = organization_id

    def _mine(self, table: sa.Table) -> sa.ColumnElement[bool]:
        return table.c.organization_id == self._organization_id

    async def _rows(self, statement: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
        return await self._database.rows(statement)

    async def _body(self, table: sa.Table, row_id: str, what: str) -> str:
        rows = await self._rows(sa.select(table.c.body).where(self._mine(table), table.c.id == row_id))
        if not rows:
            raise NotFound(f"There is no {what} {row_id[:LONGEST_ID_SHOWN]}.")
        body: str = rows[0].body
        return body

    async def _replace(self, table: sa.Table, row_id: str, body: str, run: Run | None, what: str) -> None:
        statement = table.update().where(self._mine(table), table.c.id == row_id).values(body=body)

        def replace(connection: sa.Connection) -> None:
            change_one(connection, statement, f"{what} {row_id}")

        await self._write(replace, run)
        self._changes.notify(row_id)

    async def _put(self, table: sa.Table, keys: Sequence[str], values: dict[str, Any]) -> None:
        """A row with these values stands, instead of any with the same keys."""
        insert = self._database.insert(table).values(organization_id=self._organization_id, **values)
        changed = {name: insert.excluded[name] for name in values if name not in keys}
        await self._database.execute(
            insert.on_conflict_do_update(index_elements=["organization_id", *keys], set_=changed)
        )

    async def _write(self, work: Work[T], run: Run | None = None) -> T:
        """What `work` gave, committed together with what others write; with `run` only while that is ours."""
        if run is not None:
            self._check_owner(run)
        return await self._commits.write(self._organization_id, work, run=run)

    def _check_owner(self, run: Run) -> None:
        if run.organization_id != self._organization_id:
            raise lease_lost(run)


def change_one(connection: sa.Connection, statement: sa.Update, what: str) -> None:
    """The one row was changed; raises NotFound naming `what` otherwise."""
    if not connection.execute(statement).rowcount:
        raise NotFound(f"There is no {what}.")
