"""Keeps the search index in step with the knowledge in SQL."""

from __future__ import annotations

from core.ports import HostTools, OrganizationStore


async def reindex(store: OrganizationStore, tools: HostTools) -> int:
    """Every knowledge entry is in the index again; how many."""
    entries = await store.knowledge()
    await store.mark_indexed([entry.id for entry in entries], indexed=False)
    return await index_pending(store, tools)


async def index_pending(store: OrganizationStore, tools: HostTools, *, batch: int = 100) -> int:
    """Entries that the index does not have yet are in it; how many there were."""
    pending = list(await store.knowledge(unindexed_only=True))
    for start in range(0, len(pending), batch):
        entries = pending[start : start + batch]
        await tools.index_knowledge(entries)
        await store.mark_indexed([entry.id for entry in entries])
    return len(pending)
