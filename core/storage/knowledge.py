"""The knowledge of one organization: its home, of which the search index is a copy."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import sqlalchemy as sa

from core.domain.incident import KnowledgeEntry
from core.storage import documents
from core.storage.tables import knowledge
from core.storage.tenant import TenantTables


class Knowledge(TenantTables):
    """The entries of one organization."""

    async def put_knowledge(self, entries: Sequence[KnowledgeEntry]) -> None:
        """Add or replace knowledge entries, marked as not yet indexed."""
        if not entries:
            return
        added_at = datetime.now(UTC)
        rows = [
            {
                "organization_id": self._organization_id,
                "id": entry.id,
                "added_at": added_at,
                "indexed": False,
                "body": documents.KNOWLEDGE.write(entry),
            }
            for entry in entries
        ]
        insert = self._database.insert(knowledge)
        replacing = insert.on_conflict_do_update(
            index_elements=["organization_id", "id"], set_={"indexed": False, "body": insert.excluded.body}
        )
        async with self._database.writing() as connection:
            await connection.execute(replacing, rows)

    async def knowledge(self, *, unindexed_only: bool = False) -> Sequence[KnowledgeEntry]:
        """Knowledge entries, oldest first."""
        statement = sa.select(knowledge.c.body).where(self._mine(knowledge))
        if unindexed_only:
            statement = statement.where(sa.not_(knowledge.c.indexed))
        rows = await self._rows(statement.order_by(knowledge.c.added_at, knowledge.c.id))
        return [documents.KNOWLEDGE.read(row.body) for row in rows]

    async def mark_indexed(self, entry_ids: Sequence[str], *, indexed: bool = True) -> None:
        """Remember which entries the index has, or that it has to be given them again."""
        statement = knowledge.update().where(self._mine(knowledge), knowledge.c.id.in_(entry_ids))
        async with self._database.writing() as connection:
            await connection.execute(statement.values(indexed=indexed))
