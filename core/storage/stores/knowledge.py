"""The knowledge of one organization: its home, of which the search index is a copy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from core.domain.knowledge import KnowledgeEntry
from core.storage.stores import documents
from core.storage.stores.tenant import TenantTables
from core.storage.tables import knowledge


class Knowledge(TenantTables):
    """The entries of one organization."""

    async def put_knowledge(self, entries: Sequence[KnowledgeEntry]) -> None:
        """Add or replace knowledge entries, marked as not yet indexed."""
        if entries:
            await self._database.write(lambda connection: self._put_entries(connection, entries))

    async def knowledge(self, *, unindexed_only: bool = False) -> Sequence[KnowledgeEntry]:
        """Knowledge entries, oldest first."""
        statement = sa.select(knowledge.c.body).where(self._mine(knowledge))
        if unindexed_only:
            statement = statement.where(sa.not_(knowledge.c.indexed))
        rows = await self._rows(statement.order_by(knowledge.c.added_at, knowledge.c.id))
        return [documents.KNOWLEDGE.read(row.body) for row in rows]

    async def knowledge_entry(self, entry_id: str) -> KnowledgeEntry:
        """The entry with that id."""
        return documents.KNOWLEDGE.read(await self._body(knowledge, entry_id, "knowledge entry"))

    async def knowledge_about(self, fingerprint: str) -> KnowledgeEntry | None:
        """The oldest entry about that very error, if there is one."""
        same = sa.select(knowledge.c.body).where(self._mine(knowledge), knowledge.c.fingerprint == fingerprint)
        rows = await self._rows(same.order_by(knowledge.c.added_at, knowledge.c.id).limit(1)) if fingerprint else ()
        return documents.KNOWLEDGE.read(rows[0].body) if rows else None

    async def change_knowledge(
        self, entry_id: str, change: Callable[[KnowledgeEntry | None], KnowledgeEntry | None]
    ) -> KnowledgeEntry | None:
        """The entry after `change`, which saw its newest state with nobody in between; None leaves all as it is."""
        one = sa.select(knowledge.c.body).where(self._mine(knowledge), knowledge.c.id == entry_id).with_for_update()

        def replace(connection: sa.Connection) -> KnowledgeEntry | None:
            body = connection.scalar(one)
            known = None if body is None else documents.KNOWLEDGE.read(body)
            changed = change(known)
            if changed is None or changed == known:
                return known
            self._put_entries(connection, [changed])
            return changed

        return await self._database.write(replace)

    async def drop_knowledge(self, entry_ids: Sequence[str]) -> int:
        """Those entries are gone for good; how many there were."""
        gone = knowledge.delete().where(self._mine(knowledge), knowledge.c.id.in_(entry_ids))
        return await self._database.execute(gone)

    async def mark_indexed(self, entries: Sequence[KnowledgeEntry]) -> int:
        """Remember that the index has these, but for those that have changed since; how many are still known."""
        given = {entry.id: entry for entry in entries}
        mine = sa.and_(self._mine(knowledge), knowledge.c.id.in_(list(given)))

        def mark(connection: sa.Connection) -> int:
            rows = connection.execute(sa.select(knowledge.c.id, knowledge.c.body).where(mine)).all()
            same = [row.id for row in rows if documents.KNOWLEDGE.read(row.body) == given[row.id]]
            as_given = sa.and_(self._mine(knowledge), knowledge.c.id.in_(same))
            connection.execute(knowledge.update().where(as_given).values(indexed=True))
            return len(rows)

        return await self._database.write(mark)

    async def mark_unindexed(self) -> None:
        """Remember that the index has to be given every entry again."""
        await self._database.execute(knowledge.update().where(self._mine(knowledge)).values(indexed=False))

    def _put_entries(self, connection: sa.Connection, entries: Sequence[KnowledgeEntry]) -> None:
        added_at = datetime.now(UTC)
        rows: list[dict[str, Any]] = [
            {
                "organization_id": self._organization_id,
                "id": entry.id,
                "added_at": added_at,
                "indexed": False,
                "fingerprint": entry.fingerprint or None,
                "body": documents.KNOWLEDGE.write(entry),
            }
            for entry in entries
        ]
        insert = self._database.insert(knowledge)
        changed = {name: insert.excluded[name] for name in ("indexed", "fingerprint", "body")}
        connection.execute(insert.on_conflict_do_update(index_elements=["organization_id", "id"], set_=changed), rows)
