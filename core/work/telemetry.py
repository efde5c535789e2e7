"""Counts and traces what the journal of an investigation or question says, as it is committed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from core.domain.investigation import Investigation, Status
from core.domain.journal import CallObserved, JournalEntry, ReasonerReplaced, TurnTaken
from core.domain.tenancy import OrganizationId
from core.ports import Run
from core.telemetry import (
    INVESTIGATIONS,
    KNOWLEDGE_SEARCHES,
    MODEL_FAILURES,
    REPORT_SECONDS,
    TOKENS,
    TOOL_CALLS,
    TOOL_SECONDS,
    TURNS,
    USD,
    Span,
    count,
    observe,
    trace,
)

Record = Callable[[JournalEntry], Awaitable[None]]


def with_telemetry(record: Record, run: Run, begun: datetime) -> Record:
    """`record`, whose entries are counted and traced once they are committed; the first turn began at `begun`."""
    organization_id = run.organization_id
    before = begun

    async def and_count(entry: JournalEntry) -> None:
        nonlocal before
        await record(entry)
        _trace_step(entry, run, before)
        before = entry.at
        match entry:
            case TurnTaken():
                _count_turn(entry, organization_id)
            case CallObserved(evidence=evidence):
                count(TOOL_CALLS, tool=evidence.tool, ok=str(evidence.ok).lower())
                observe(TOOL_SECONDS, entry.duration_ms / 1000, tool=evidence.tool)
                if evidence.tool == "search_knowledge_base" and evidence.ok:
                    count(KNOWLEDGE_SEARCHES, found=str(bool(evidence.facts.get("matches"))).lower())
            case ReasonerReplaced():
                count(MODEL_FAILURES, taken_over_by=entry.reasoner)
            case _:
                pass

    return and_count


def count_ended(investigation: Investigation, organization_id: OrganizationId) -> None:
    """The investigation ended: as what, by whom, and how long people waited."""
    if investigation.ended_at is not None:
        trace(
            Span(
                investigation.id,
                investigation.id,
                "investigation",
                investigation.created_at,
                investigation.ended_at,
                {"logsense.organization": organization_id, "logsense.status": investigation.status.value},
                ok=investigation.status is not Status.FAILED,
                is_root=True,
            )
        )
    reasoner = investigation.report.reasoner if investigation.report else "none"
    count(INVESTIGATIONS, status=investigation.status.value, reasoner=reasoner)
    if investigation.report is not None and investigation.ended_at is not None:
        waited = investigation.ended_at - investigation.created_at
        observe(REPORT_SECONDS, waited.total_seconds(), reasoner=reasoner)


def _trace_step(entry: JournalEntry, run: Run, before: datetime) -> None:
    about: dict[str, str | int | float | bool] = {"logsense.organization": run.organization_id}
    match entry:
        case TurnTaken(turn=turn, reasoner=reasoner, usage=usage):
            about |= {"logsense.reasoner": reasoner, "logsense.tokens": usage.tokens, "logsense.attempt": run.attempt}
            key = f"{run.subject_id}/turn {turn}"
            trace(Span(run.subject_id, key, f"turn {turn}", before, entry.at, about))
        case CallObserved(call_id=call_id, evidence=evidence):
            about |= {"logsense.tool": evidence.tool, "logsense.evidence": evidence.id}
            start = entry.at - timedelta(milliseconds=entry.duration_ms)
            key = f"{run.subject_id}/{call_id}"
            trace(Span(run.subject_id, key, evidence.tool, start, entry.at, about, ok=evidence.ok))
        case _:
            pass


def _count_turn(turn: TurnTaken, organization_id: OrganizationId) -> None:
    count(TURNS, reasoner=turn.reasoner)
    usage = turn.usage
    if usage.model_calls:
        count(TOKENS, usage.prompt_tokens, organization=organization_id, kind="prompt")
        count(TOKENS, usage.completion_tokens, organization=organization_id, kind="completion")
        count(USD, usage.usd or 0.0, organization=organization_id)
