"""A person vouches for an ending: saved first, then the tracker, then knowledge; taking it back undoes all three."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from core.domain.conversation import Resolution
from core.domain.errors import LogSenseError, Refusal
from core.domain.investigation import Investigation, Status
from core.domain.journal import Transcript
from core.domain.knowledge import KnowledgeEntry
from core.domain.tenancy import Actor, AuditEntry, Platform
from core.knowledge.lessons import confirm_from_resolution
from core.ports import BackgroundTask, HostTools, OrganizationStore

NOT_CHANGED = "Sentry was not changed: "
"""How the outcome begins when the tracker does not agree with what was decided here, before the reason."""

SYNC_RESOLUTION = "settle"
"""The task that carries a saved resolution to the tracker and to knowledge."""


HAND_OVER = "hand_over"
"""The task that says who an investigation is resolved by since the first person took theirs back."""


async def record_resolution(
    event: Resolution, investigation: Investigation, store: OrganizationStore, *, task_id: str, now: datetime
) -> str | None:
    """Saved; what follows from it is queued as an task, whose id is returned: None when nothing does."""
    source = event.message.message_id if event.message else ""
    before = investigation

    def decided(newest: Investigation) -> Investigation:
        nonlocal before
        before = newest
        if event.on:
            if newest.status not in (Status.REPORTED, Status.RESOLVED):
                raise Refusal(f"Investigation {newest.id} is {newest.status}: only one with a report can be resolved.")
            return newest.resolve(event.actor, now, event.fix, source=source)
        if event.message:
            return newest.withdraw(event.actor, source)
        if newest.status is not Status.RESOLVED:
            raise Refusal(f"Investigation {newest.id} is not resolved, so there is nothing to reopen.")
        return newest.reopen()

    after = await store.change_investigation(investigation.id, decided)
    kind = what_follows(event, before, after)
    if kind is None:
        return None
    payload = {"investigation_id": investigation.id, "by": event.actor.name}
    await store.add_background_task(BackgroundTask(task_id, kind, payload))
    return task_id


def what_follows(event: Resolution, before: Investigation, after: Investigation) -> str | None:
    """The kind of task that a decision makes: the tracker hears of every change of state, and of nothing else."""
    if before.status is not after.status or before.fixed_by != after.fixed_by:
        return SYNC_RESOLUTION
    if before.resolved_by is not None and after.resolved_by is not None and before.resolved_by != after.resolved_by:
        return HAND_OVER
    # In a terminal people decide again in order to try a tracker again that failed before.
    return SYNC_RESOLUTION if event.on and event.conversation.workspace.platform is Platform.TERMINAL else None


async def sync_resolution(
    investigation: Investigation, store: OrganizationStore, tools: HostTools, *, writes_allowed: bool
) -> Mapping[str, Any]:
    """Tracker and knowledge agree with what was saved; the outcome says of each what happened."""
    tracker = await _tell_tracker(investigation, tools, writes_allowed)
    transcript = Transcript(investigation.subject, await store.journal(investigation.id).entries())
    lesson = await confirm_from_resolution(investigation, transcript, store, tools)
    return {
        "investigation_id": investigation.id,
        "status": str(investigation.status),
        "tracker": tracker,
        "knowledge": lesson.text,
        "entry": lesson.entry.id,
        "near": lesson.near,
    }


def synced(investigation: Investigation, outcome: Mapping[str, Any], by: str, at: datetime) -> AuditEntry:
    """What goes on record: the decision, and what was written to the tracker and to the knowledge base for it."""
    is_resolved = investigation.status is Status.RESOLVED
    who = investigation.resolved_by if is_resolved and investigation.resolved_by else Actor(by, by)
    workspace = investigation.conversation.workspace
    details = {
        "investigation": investigation.id,
        "issue": investigation.subject.label,
        "sentry": str(outcome["tracker"]),
        "knowledge": f"{outcome['entry']}: {outcome['knowledge']}",
    }
    action = "investigation resolved" if is_resolved else "investigation reopened"
    return AuditEntry(at, who, f"{workspace.platform.value}:{workspace.key}", action, details)


def judged(investigation: Investigation, entry: KnowledgeEntry, by: Mapping[str, str], at: datetime) -> AuditEntry:
    """What goes on record when somebody found a report helpful or wrong: what that did to what is known."""
    workspace = investigation.conversation.workspace
    details = {"investigation": investigation.id, "issue": investigation.subject.label, "entry": entry.id}
    origin = f"{workspace.platform.value}:{workspace.key}"
    return AuditEntry(at, Actor(by["id"], by["name"]), origin, f"knowledge judged, {entry.status}", details)


async def _tell_tracker(investigation: Investigation, tools: HostTools, writes_allowed: bool) -> str:
    if investigation.subject.pasted:
        return "The event was handed over as a file, so there is no Sentry issue to change."
    if not writes_allowed:
        return f"{NOT_CHANGED}its connection does not allow to resolve issues from here."
    resolved = investigation.status is Status.RESOLVED
    try:
        outcome = await tools.resolve_issue(investigation.subject.issue_id, resolved=resolved)
    except LogSenseError as error:
        return f"{NOT_CHANGED}{error}"
    if not outcome.ok:
        return f"{NOT_CHANGED}{outcome.text}"
    if not (resolved and investigation.resolved_by):
        return outcome.text
    missing = await _leave_note(investigation, tools)
    return f"{outcome.text}, but the note could not be left: {missing}" if missing else outcome.text


async def _leave_note(investigation: Investigation, tools: HostTools) -> str:
    """Say in the tracker who resolved it, and how; the result is why that failed, empty when it is there."""
    try:
        outcome = await tools.add_issue_note(investigation.subject.issue_id, _note(investigation))
    except LogSenseError as error:
        return str(error)
    return "" if outcome.ok else outcome.text


def _note(investigation: Investigation) -> str:
    who = investigation.resolved_by.name if investigation.resolved_by else "somebody"
    cause = investigation.report.root_cause if investigation.report else ""
    fix = f" Fixed by: {investigation.fixed_by}" if investigation.fixed_by else ""
    return f"Marked resolved by {who} through LogSense. {cause}{fix}"
