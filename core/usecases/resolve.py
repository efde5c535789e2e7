"""A person vouches for an ending: saved first, then the tracker, then knowledge; taking it back undoes all three."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from core.domain.conversation import Resolution
from core.domain.errors import LogSenseError
from core.domain.investigation import Investigation, Status
from core.domain.journal import Transcript
from core.domain.knowledge import KnowledgeEntry
from core.domain.tenancy import Actor, AuditEntry
from core.ports import Errand, HostTools, OrganizationStore

SETTLE = "settle"
"""The errand that carries a saved resolution to the tracker and to knowledge."""


async def record_resolution(
    event: Resolution, investigation: Investigation, store: OrganizationStore, *, errand_id: str, now: datetime
) -> str:
    """Saved; the rest is queued as an errand, whose id is returned."""

    def decided(newest: Investigation) -> Investigation:
        return newest.resolve(event.actor, now, event.fix) if event.on else newest.reopen()

    await store.change_investigation(investigation.id, decided)
    await store.add_errand(Errand(errand_id, SETTLE, {"investigation_id": investigation.id, "by": event.actor.name}))
    return errand_id


async def settle(
    investigation: Investigation, store: OrganizationStore, tools: HostTools, *, writes_allowed: bool
) -> Mapping[str, Any]:
    """Tracker and knowledge agree with what was saved; the outcome says of each what happened."""
    return {
        "investigation_id": investigation.id,
        "status": str(investigation.status),
        "tracker": await _tell_tracker(investigation, tools, writes_allowed),
        "knowledge": await _learn(investigation, store, tools),
    }


def settled(investigation: Investigation, outcome: Mapping[str, Any], by: str, at: datetime) -> AuditEntry:
    """What goes on record: the decision, and what was written to the tracker and to the knowledge base for it."""
    is_resolved = investigation.status is Status.RESOLVED
    who = investigation.resolved_by if is_resolved and investigation.resolved_by else Actor(by, by)
    workspace = investigation.conversation.workspace
    details = {
        "investigation": investigation.id,
        "issue": investigation.subject.label,
        "sentry": str(outcome["tracker"]),
        "knowledge": str(outcome["knowledge"]),
    }
    action = "investigation resolved" if is_resolved else "investigation reopened"
    return AuditEntry(at, who, f"{workspace.platform.value}:{workspace.key}", action, details)


async def _tell_tracker(investigation: Investigation, tools: HostTools, writes_allowed: bool) -> str:
    if investigation.subject.pasted:
        return "The event was handed over as a file, so there is no Sentry issue to change."
    if not writes_allowed:
        return "Sentry was left alone: its connection does not allow to resolve issues from here."
    resolved = investigation.status is Status.RESOLVED
    try:
        outcome = await tools.resolve_issue(investigation.subject.issue_id, resolved=resolved)
        if outcome.ok and resolved and investigation.resolved_by:
            await tools.add_issue_note(investigation.subject.issue_id, _note(investigation))
    except LogSenseError as error:
        return f"Sentry was not changed: {error}"
    return outcome.text if outcome.ok else f"Sentry was not changed: {outcome.text}"


def _note(investigation: Investigation) -> str:
    who = investigation.resolved_by.name if investigation.resolved_by else "somebody"
    cause = investigation.report.root_cause if investigation.report else ""
    fix = f" Fixed by: {investigation.fixed_by}" if investigation.fixed_by else ""
    return f"Marked resolved by {who} through LogSense. {cause}{fix}"


async def _learn(investigation: Investigation, store: OrganizationStore, tools: HostTools) -> str:
    entry = knowledge_from(
        investigation, Transcript(investigation.subject, await store.journal(investigation.id).entries())
    )
    await store.put_knowledge([entry])
    try:
        await tools.index_knowledge([entry])
    except LogSenseError as error:
        return f"Kept; it will be searchable once the index is back: {error}"
    await store.mark_indexed([entry.id])
    if entry.status == "confirmed":
        return "Learned: the next similar incident will show this one, with its fix."
    return "Taken back: it is no longer offered as a confirmed fix."


def knowledge_from(investigation: Investigation, transcript: Transcript) -> KnowledgeEntry:
    """What is learned: the symptoms as the tools saw them, the cause, and the fix in the person's words if given."""
    report = investigation.report
    stack = _facts(transcript, "get_stacktrace")
    issue = _facts(transcript, "get_sentry_issue_details")
    exceptions = stack.get("exceptions", [])
    root = exceptions[0] if exceptions else {}
    frames = [stack.get("frame", {}), *stack.get("callers", [])]
    confirmed = investigation.status is Status.RESOLVED
    entry = KnowledgeEntry(
        id=investigation.id,
        title=str(issue.get("title") or investigation.subject.label),
        root_cause=report.root_cause if report else "",
        fix=investigation.fixed_by or _suggested_fix(investigation),
        error_type=str(root.get("type", "")),
        message=str(root.get("value") or stack.get("message") or ""),
        frames=tuple(f"{frame['file']}:{frame['function']}" for frame in frames if _is_named(frame))[:12],
        service=str(issue.get("project", "")),
        status="confirmed" if confirmed else "disputed",
        source=investigation.subject.label,
    )
    if not confirmed or investigation.resolved_by is None:
        return entry
    return replace(entry, confirmed_by=investigation.resolved_by.name, confirmed_at=investigation.resolved_at)


def _suggested_fix(investigation: Investigation) -> str:
    if investigation.report is None or not investigation.report.fixes:
        return ""
    best = investigation.report.fixes[0]
    return " ".join([f"{best.title}.", *best.steps])


def _facts(transcript: Transcript, tool: str) -> Mapping[str, Any]:
    return next((item.facts for item in transcript.evidence() if item.ok and item.tool == tool), {})


def _is_named(frame: Mapping[str, Any]) -> bool:
    return bool(frame.get("file") and frame.get("function"))
