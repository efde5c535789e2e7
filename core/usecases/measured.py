"""Counts what the journal of an investigation or question says, as it is committed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from core.domain.investigation import Investigation
from core.domain.journal import CallObserved, JournalEntry, ReasonerReplaced, TurnTaken
from core.domain.tenancy import OrganizationId
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
    count,
    observe,
)

Record = Callable[[JournalEntry], Awaitable[None]]


def measured(record: Record, organization_id: OrganizationId) -> Record:
    """`record`, whose entries are counted once they are committed."""

    async def and_count(entry: JournalEntry) -> None:
        await record(entry)
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


def count_ended(investigation: Investigation) -> None:
    """The investigation ended: as what, by whom, and how long people waited."""
    reasoner = investigation.report.reasoner if investigation.report else "none"
    count(INVESTIGATIONS, status=investigation.status.value, reasoner=reasoner)
    if investigation.report is not None and investigation.ended_at is not None:
        waited = investigation.ended_at - investigation.created_at
        observe(REPORT_SECONDS, waited.total_seconds(), reasoner=reasoner)


def _count_turn(turn: TurnTaken, organization_id: OrganizationId) -> None:
    count(TURNS, reasoner=turn.reasoner)
    usage = turn.usage
    if usage.model_calls:
        count(TOKENS, usage.prompt_tokens, organization=organization_id, kind="prompt")
        count(TOKENS, usage.completion_tokens, organization=organization_id, kind="completion")
        count(USD, usage.usd or 0.0, organization=organization_id)
