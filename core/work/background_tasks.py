"""Small pieces of work that only the owner of the data directory can do, handed over by other commands."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from core.delivery.threads import REPORT, Threads
from core.domain.errors import ServiceFailed
from core.domain.investigation import Investigation, Status
from core.domain.journal import Transcript
from core.domain.tenancy import Actor, AuditEntry, OrganizationId
from core.domain.thread_view import FixQuestion, NoticeView, progress_of, report_of
from core.knowledge.index import index_pending, reindex
from core.knowledge.lessons import apply_feedback, merge
from core.ports import BackgroundTask, OrganizationStore, Run, Stores, ToolProvider, ToolResult
from core.requests.resolve import HAND_OVER, NOT_CHANGED, SYNC_RESOLUTION, judged, sync_resolution, synced

LIST_INCIDENTS = "list_incidents"
SEARCH_KNOWLEDGE = "search_knowledge"
REINDEX_KNOWLEDGE = "reindex_knowledge"
FORGET_KNOWLEDGE = "forget_knowledge"
CHECK = "check"
END_PROGRESS = "end_progress"
JOIN = "join"
APPLY_FEEDBACK = "apply_feedback"
MERGE_KNOWLEDGE = "merge_knowledge"

logger = logging.getLogger("logsense.thread")

Checks = Callable[[OrganizationId], Awaitable[list[Mapping[str, Any]]]]


class BackgroundTaskJob:
    """Implements `core.work.worker.Job` for runs of kind `task`. `checks` reaches every configured part."""

    def __init__(
        self, stores: Stores, tools: ToolProvider, checks: Checks, threads: Threads, now: Callable[[], datetime]
    ) -> None:
        self._stores = stores
        self._tools = tools
        self._checks = checks
        self._threads = threads
        self._now = now
        self._kinds: Mapping[str, Callable[[BackgroundTask, OrganizationId], Awaitable[Mapping[str, Any]]]] = {
            LIST_INCIDENTS: self._list_incidents,
            SEARCH_KNOWLEDGE: self._search_knowledge,
            REINDEX_KNOWLEDGE: self._reindex,
            FORGET_KNOWLEDGE: self._forget,
            CHECK: self._check,
            SYNC_RESOLUTION: self._sync_resolution,
            HAND_OVER: self._hand_over,
            END_PROGRESS: self._end_progress,
            JOIN: self._join,
            APPLY_FEEDBACK: self._apply_feedback,
            MERGE_KNOWLEDGE: self._merge,
        }

    async def work(self, run: Run) -> None:
        """Done, with the outcome where the asker looks for it."""
        store = self._store(run.organization_id)
        task = await store.background_task(run.subject_id)
        if task.outcome is None:
            outcome = await self._kinds[task.kind](task, run.organization_id)
            await store.save_background_task(replace(task, outcome=outcome), run)

    async def fail(self, run: Run, error: Exception, text: str) -> None:
        """Failed; the asker sees the sentence, and whether a service was to blame."""
        store = self._store(run.organization_id)
        task = await store.background_task(run.subject_id)
        kind = "service" if isinstance(error, ServiceFailed) else "input"
        await store.save_background_task(replace(task, failure=text, outcome={"error": kind}), run)

    async def cancelled(self, run: Run) -> None:
        """Nothing is left to tell: the asker went away."""

    # ---- the kinds --------------------------------------------------------------------------------------------------

    async def _list_incidents(self, task: BackgroundTask, organization_id: OrganizationId) -> Mapping[str, Any]:
        tools = await self._tools.host_tools(organization_id)
        return _as_outcome(await tools.list_incidents(task.payload["query"], task.payload["limit"]))

    async def _search_knowledge(self, task: BackgroundTask, organization_id: OrganizationId) -> Mapping[str, Any]:
        tools = await self._tools.host_tools(organization_id)
        return _as_outcome(await tools.search_knowledge(task.payload["query"], task.payload["limit"]))

    async def _reindex(self, task: BackgroundTask, organization_id: OrganizationId) -> Mapping[str, Any]:
        """Everything, or with `pending_only` what the index lacks."""
        index = index_pending if task.payload.get("pending_only") else reindex
        return {"indexed": await index(self._store(organization_id), await self._tools.host_tools(organization_id))}

    async def _forget(self, task: BackgroundTask, organization_id: OrganizationId) -> Mapping[str, Any]:
        """Entries, or all of the organization named: who deletes that one asks on behalf of another."""
        tools = await self._tools.host_tools(OrganizationId(task.payload.get("organization", organization_id)))
        return _as_outcome(await tools.forget_knowledge(task.payload.get("entries")))

    async def _merge(self, task: BackgroundTask, organization_id: OrganizationId) -> Mapping[str, Any]:
        store, said = self._store(organization_id), task.payload
        tools = await self._tools.host_tools(organization_id)
        entry = await merge(store, tools, said["keep"], said["other"], self._now())
        actor = Actor(said["by"]["id"], said["by"]["name"])
        details = {"kept": entry.id, "retired": said["other"]}
        await store.record(AuditEntry(self._now(), actor, "terminal", "knowledge merged", details))
        return {"entry": entry.id, "record": entry.record_at(self._now())}

    async def _check(self, task: BackgroundTask, organization_id: OrganizationId) -> Mapping[str, Any]:
        return {"checks": await self._checks(organization_id)}

    async def _sync_resolution(self, task: BackgroundTask, organization_id: OrganizationId) -> Mapping[str, Any]:
        store = self._store(organization_id)
        investigation = await store.investigation(task.payload["investigation_id"])
        tools = await self._tools.host_tools(organization_id)
        allowed = await self._tools.writes_allowed(organization_id)
        outcome = await sync_resolution(investigation, store, tools, writes_allowed=allowed)
        await store.record(synced(investigation, outcome, str(task.payload.get("by", "Somebody")), self._now()))
        if thread := await self._threads.of(investigation, store):
            text = _decision(investigation, str(task.payload.get("by", "Somebody")), outcome, self._now())
            try:
                await thread.say(f"decision:{task.id}", NoticeView(text, asks=_question(investigation)))
                entries = await store.journal(investigation.id).entries()
                await thread.update(REPORT, report_of(investigation, entries))
            except ServiceFailed as failure:
                logger.error("the decision on %s could not be shown: %s", investigation.id, failure)
        return outcome

    async def _hand_over(self, task: BackgroundTask, organization_id: OrganizationId) -> Mapping[str, Any]:
        store = self._store(organization_id)
        investigation = await store.investigation(task.payload["investigation_id"])
        outcome = {"investigation_id": investigation.id}
        who, thread = investigation.resolved_by, await self._threads.of(investigation, store)
        if who is None or thread is None:
            return outcome
        text = f"{task.payload['by']} took theirs back; it stays resolved, by {who.name}."
        try:
            await thread.say(f"decision:{task.id}", NoticeView(text))
            await thread.update(REPORT, report_of(investigation, await store.journal(investigation.id).entries()))
        except ServiceFailed as failure:
            logger.error("who %s is resolved by could not be shown: %s", investigation.id, failure)
        return outcome

    async def _apply_feedback(self, task: BackgroundTask, organization_id: OrganizationId) -> Mapping[str, Any]:
        store = self._store(organization_id)
        investigation = await store.investigation(task.payload["investigation_id"])
        transcript = Transcript(investigation.subject, await store.journal(investigation.id).entries())
        tools = await self._tools.host_tools(organization_id)
        entry = await apply_feedback(investigation, transcript, store, tools)
        if entry is not None:
            await store.record(judged(investigation, entry, task.payload["by"], self._now()))
        return {"investigation_id": investigation.id, "entry": entry.id if entry else None}

    async def _end_progress(self, task: BackgroundTask, organization_id: OrganizationId) -> Mapping[str, Any]:
        store = self._store(organization_id)
        investigation = await store.investigation(task.payload["investigation_id"])
        if thread := await self._threads.of(investigation, store):
            await thread.end_progress(progress_of(investigation, await store.journal(investigation.id).entries()))
        return {"investigation_id": investigation.id}

    async def _join(self, task: BackgroundTask, organization_id: OrganizationId) -> Mapping[str, Any]:
        store = self._store(organization_id)
        investigation = await store.investigation(task.payload["investigation_id"])
        view = progress_of(investigation, await store.journal(investigation.id).entries())
        for thread in await self._threads.following(investigation, store):
            await thread.announce(view, None)
        return {"investigation_id": investigation.id}

    def _store(self, organization_id: OrganizationId) -> OrganizationStore:
        return self._stores.for_organization(organization_id)


def _as_outcome(result: ToolResult) -> Mapping[str, Any]:
    return {"ok": result.ok, "text": result.text, **result.facts}


def _question(investigation: Investigation) -> FixQuestion | None:
    """What is still to be learned: asked once, since saying it makes another decision that has a fix."""
    if investigation.status is not Status.RESOLVED or investigation.fixed_by or investigation.report is None:
        return None
    return FixQuestion(investigation.id, investigation.report.suggested_fix)


def _decision(investigation: Investigation, by: str, outcome: Mapping[str, Any], at: datetime) -> str:
    first = investigation.resolved_by
    done = "Resolved" if investigation.status is Status.RESOLVED else "Reopened"
    if investigation.status is Status.RESOLVED and first is not None and first.name != by:
        done = f"Resolved by {first.name}; what fixed it was said"
    near = f" It is much like {outcome['near']}; if they are one, see `knowledge merge`." if outcome["near"] else ""
    if str(outcome["tracker"]).startswith(NOT_CHANGED):
        return f"{done} by {by} at {at:%H:%M} UTC, here only. {outcome['tracker']} {outcome['knowledge']}{near}"
    return f"{done} by {by} at {at:%H:%M} UTC. {outcome['tracker']} {outcome['knowledge']}{near}"
