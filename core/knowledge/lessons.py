"""What investigations teach: drafts that people make knowledge, and that what happens next can put in doubt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from core.agent.rules.reasoner import knowledge_query
from core.domain.errors import InvalidInput, LogSenseError
from core.domain.fingerprint import fingerprint
from core.domain.investigation import Investigation, Status
from core.domain.journal import Transcript
from core.domain.knowledge import Kind, KnowledgeEntry, Standing
from core.domain.tool_facts import StackFacts
from core.knowledge.index import index_entries
from core.ports import HostTools, OrganizationStore

NEAR = 0.8
"""From this score on another confirmed incident may be the same one told twice."""

_MOST_FRAMES = 12


@dataclass(frozen=True, slots=True)
class Lesson:
    """What became of a decision: the entry, what people are told, and another entry that may be the same."""

    entry: KnowledgeEntry
    text: str
    near: str = ""


async def save_draft(
    investigation: Investigation, transcript: Transcript, store: OrganizationStore, tools: HostTools
) -> None:
    """The report is kept as a draft that no search shows; an error that came back counts against the fix it had."""
    draft = entry_from(investigation, transcript)
    known = await store.knowledge_about(draft.fingerprint)
    if known is None:
        await store.change_knowledge(draft.id, lambda there: there or draft)
    elif known.confirmed_at is not None and _happened_after(known.confirmed_at, transcript):
        changed = await store.change_knowledge(
            known.id, lambda there: there and there.record_recurrence(investigation.id)
        )
        if changed is not None and changed != known:
            await index_entries(store, tools, [changed])


async def confirm_from_resolution(
    investigation: Investigation, transcript: Transcript, store: OrganizationStore, tools: HostTools
) -> Lesson:
    """People's decision on the investigation, resolved or reopened, stands in the entry about its error."""
    draft = entry_from(investigation, transcript)
    known = await store.knowledge_about(draft.fingerprint)
    changed = await store.change_knowledge((known or draft).id, lambda there: _decided(there or draft, investigation))
    entry = changed or draft
    note = await index_entries(store, tools, [entry])
    if entry.status != Standing.CONFIRMED:
        return Lesson(entry, note or "Taken back: it is no longer offered as a confirmed fix.")
    if investigation.status is not Status.RESOLVED:
        return Lesson(entry, note or "Taken back here; what people confirmed in other incidents stays.")
    near = await _near(entry, transcript, tools)
    if note:
        return Lesson(entry, note, near)
    with_fix = "with its fix" if entry.fix else "though nobody has said what fixed it"
    return Lesson(entry, f"Learned: the next incident like it will show this one, {with_fix}.", near)


async def apply_feedback(
    investigation: Investigation, transcript: Transcript, store: OrganizationStore, tools: HostTools
) -> KnowledgeEntry | None:
    """The entry that the report rests on is disputed while anybody says it is wrong; None when there is no entry."""
    known = await store.knowledge_about(entry_from(investigation, transcript).fingerprint)
    entry_id = known.id if known else investigation.id

    def weighed(there: KnowledgeEntry | None) -> KnowledgeEntry | None:
        if there is None:
            return None
        if any(not vote.helpful for vote in investigation.votes):
            return there.dispute()
        return there.propose() if investigation.votes else there.reconsider()

    changed = await store.change_knowledge(entry_id, weighed)
    if changed is not None and changed != known:
        await index_entries(store, tools, [changed])
    return changed


async def merge(
    store: OrganizationStore, tools: HostTools, keep_id: str, other_id: str, at: datetime
) -> KnowledgeEntry:
    """One entry where there were two: the first with all that is known of the other, which is retired.

    Raises:
        InvalidInput: they are the same entry, or one is a passage of a document.
        NotFound: there is no such entry.
    """
    if keep_id == other_id:
        raise InvalidInput("An entry cannot be merged with itself. Name two.")
    other = await store.knowledge_entry(other_id)
    kept = await store.knowledge_entry(keep_id)
    if Kind.PASSAGE in (other.kind, kept.kind):
        raise InvalidInput("Only incidents can be merged; passages follow the document they are from.")
    if other.status == Standing.RETIRED:
        raise InvalidInput(f"{other_id} is retired already.")
    await store.put_knowledge([other.retire(at)])
    changed = await store.change_knowledge(keep_id, lambda there: there and there.absorb(other, at)) or kept
    await index_entries(store, tools, [other.retire(at), changed])
    return changed


def entry_from(investigation: Investigation, transcript: Transcript) -> KnowledgeEntry:
    """The report as a draft: the symptoms as the tools saw them, and the cause."""
    report = investigation.report
    stack = _facts(transcript, "get_stacktrace")
    issue = _facts(transcript, "get_sentry_issue_details")
    exceptions = stack.get("exceptions", [])
    root = exceptions[0] if exceptions else {}
    frames = [stack.get("frame", {}), *stack.get("callers", [])]
    draft = KnowledgeEntry(
        id=investigation.id,
        title=str(issue.get("title") or investigation.subject.label),
        root_cause=report.root_cause if report else "",
        fix="",
        error_type=str(root.get("type", "")),
        message=str(root.get("value") or stack.get("message") or ""),
        frames=tuple(f"{frame['file']}:{frame['function']}" for frame in frames if _is_named(frame))[:_MOST_FRAMES],
        service=str(issue.get("project", "")),
        status=Standing.DRAFT,
        source=investigation.subject.label,
        occurrences=(investigation.id,),
    )
    return replace(draft, fingerprint=fingerprint(draft.error_type, draft.message, draft.frames))


def _decided(known: KnowledgeEntry, investigation: Investigation) -> KnowledgeEntry:
    if investigation.status is not Status.RESOLVED or investigation.resolved_by is None:
        return known.take_back(investigation.id)
    at = investigation.resolved_at or investigation.created_at
    if known.status != Standing.CONFIRMED and investigation.report is not None:
        # What nobody vouched for gives way to the explanation that somebody does vouch for.
        known = replace(known, root_cause=investigation.report.root_cause)
    return known.confirm(investigation.resolved_by, at, investigation.fixed_by or "", investigation.id)


def _happened_after(moment: datetime, transcript: Transcript) -> bool:
    """Whether the tracker saw the error after that moment; what it does not say is no proof."""
    issue = _facts(transcript, "get_sentry_issue_details")
    if issue.get("substatus") == "regressed":
        return True
    try:
        last_seen = datetime.fromisoformat(str(issue.get("last_seen", "")))
    except ValueError:
        return False
    return last_seen.tzinfo is not None and last_seen > moment


async def _near(entry: KnowledgeEntry, transcript: Transcript, tools: HostTools) -> str:
    """Another confirmed incident so alike that it may be the same, by its id; empty when there is none."""
    stack: StackFacts = _facts(transcript, "get_stacktrace")  # type: ignore[assignment]
    try:
        found = await tools.search_knowledge(knowledge_query(stack, entry.title), 3)
    except LogSenseError:
        return ""
    others = [
        match
        for match in found.facts.get("matches", [])
        if match.get("incident") != entry.id and match.get("status") == "confirmed" and not match.get("passage")
    ]
    best = max(others, key=lambda match: float(match.get("score", 0.0)), default=None)
    return str(best["incident"]) if best and float(best.get("score", 0.0)) >= NEAR else ""


def _facts(transcript: Transcript, tool: str) -> Mapping[str, Any]:
    return next((item.facts for item in transcript.evidence() if item.ok and item.tool == tool), {})


def _is_named(frame: Mapping[str, Any]) -> bool:
    return bool(frame.get("file") and frame.get("function"))
