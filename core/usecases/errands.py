"""Small pieces of work that only the owner of the data directory can do, handed over by other commands."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from core.domain.errors import ServiceFailed
from core.domain.tenancy import OrganizationId
from core.ports import Errand, HostTools, OrganizationStore, Run, Stores, ToolProvider, ToolResult
from core.usecases.resolve import SETTLE, settle

LIST_INCIDENTS = "list_incidents"
SEARCH_KNOWLEDGE = "search_knowledge"
REINDEX_KNOWLEDGE = "reindex_knowledge"
CHECK = "check"

Checks = Callable[[OrganizationId], Awaitable[list[Mapping[str, Any]]]]


class ErrandJob:
    """Implements `core.usecases.worker.Job` for runs of kind `errand`. `checks` reaches every configured part."""

    def __init__(self, stores: Stores, tools: ToolProvider, checks: Checks) -> None:
        self._stores = stores
        self._tools = tools
        self._checks = checks

    async def work(self, run: Run) -> None:
        """Done, with the outcome where the asker looks for it."""
        store = self._stores.for_organization(run.organization_id)
        errand = await store.errand(run.subject_id)
        if errand.outcome is None:
            outcome = await self._outcome(errand, run.organization_id, store)
            await store.save_errand(replace(errand, outcome=outcome), run)

    async def fail(self, run: Run, error: Exception, text: str) -> None:
        """Failed; the asker sees the sentence, and whether a service was to blame."""
        store = self._stores.for_organization(run.organization_id)
        errand = await store.errand(run.subject_id)
        kind = "service" if isinstance(error, ServiceFailed) else "input"
        await store.save_errand(replace(errand, failure=text, outcome={"error": kind}), run)

    async def cancelled(self, run: Run) -> None:
        """Nothing is left to tell: the asker went away."""

    async def _outcome(
        self, errand: Errand, organization_id: OrganizationId, store: OrganizationStore
    ) -> Mapping[str, Any]:
        tools = self._tools.host_tools(organization_id)
        match errand.kind:
            case "list_incidents":
                return _as_outcome(await tools.list_incidents(errand.payload["query"], errand.payload["limit"]))
            case "search_knowledge":
                return _as_outcome(await tools.search_knowledge(errand.payload["query"], errand.payload["limit"]))
            case "reindex_knowledge":
                return {"indexed": await reindex(store, tools)}
            case "check":
                return {"checks": await self._checks(organization_id)}
            case kind if kind == SETTLE:
                investigation = await store.investigation(errand.payload["investigation_id"])
                allowed = self._tools.writes_allowed(organization_id)
                return await settle(investigation, store, tools, writes_allowed=allowed)
            case _:
                raise ValueError(f"unknown errand {errand.kind}")


def _as_outcome(result: ToolResult) -> Mapping[str, Any]:
    return {"ok": result.ok, "text": result.text, **result.facts}


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
