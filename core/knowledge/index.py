"""Keeps the search index in step with the knowledge in SQL, which is an outbox for it."""

from __future__ import annotations

from collections.abc import Sequence

from core.domain.errors import LogSenseError, NotFound
from core.domain.knowledge import KnowledgeEntry, Standing
from core.ports import HostTools, OrganizationStore

BATCH = 100
_HIDDEN = (Standing.DRAFT, Standing.RETIRED)


async def reindex(store: OrganizationStore, tools: HostTools) -> int:
    """Every knowledge entry is in the index again; how many. One that was cut short goes on where it stopped."""
    await store.mark_unindexed()
    return await index_pending(store, tools)


async def index_pending(store: OrganizationStore, tools: HostTools, *, batch: int = BATCH) -> int:
    """Entries that the index does not have yet are in it; how many there were."""
    pending = list(await store.knowledge(unindexed_only=True))
    for start in range(0, len(pending), batch):
        await _put(store, tools, pending[start : start + batch])
    return len(pending)


async def catch_up(store: OrganizationStore, tools: HostTools) -> int:
    """The index has what it should, also when it is another than before: a new embedder's, a new folder, a new replica.

    How many entries were put into it.
    """
    entries = await store.knowledge()
    shown = [entry for entry in entries if entry.status not in _HIDDEN]
    if int((await tools.index_knowledge([])).facts.get("total", 0)) < len(shown):
        return await reindex(store, tools)
    return await index_pending(store, tools)


async def index_entries(store: OrganizationStore, tools: HostTools, entries: Sequence[KnowledgeEntry]) -> str:
    """Those entries are in the index as they are now; else a sentence about why that has to wait."""
    try:
        return await _put(store, tools, entries)
    except LogSenseError as error:
        return f"Kept; it will be searchable once the index is back: {error}"


async def _put(store: OrganizationStore, tools: HostTools, entries: Sequence[KnowledgeEntry]) -> str:
    """What the index says they lack. They count as indexed only when they lack nothing."""
    result = await tools.index_knowledge(entries)
    if not result.ok:
        raise LogSenseError(result.text)
    note = str(result.facts.get("note", ""))
    known = await store.mark_indexed(entries) if not note else None
    if known != len(entries):
        # Forgotten while they were on their way: the index must not be the one to remember them.
        gone = [entry.id for entry in entries if not await _is_known(store, entry.id)]
        if gone:
            await tools.forget_knowledge(gone)
    return note


async def _is_known(store: OrganizationStore, entry_id: str) -> bool:
    try:
        await store.knowledge_entry(entry_id)
    except NotFound:
        return False
    return True
