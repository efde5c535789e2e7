"""One investigation, from its run to its report: the loop works, every step is journalled first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.agent.react import Budget, NothingToRead, ReactLoop
from core.agent.report import report_from
from core.domain.errors import LogSenseError, Refusal
from core.domain.journal import Transcript, TurnTaken
from core.domain.report import Analysis
from core.domain.tenancy import OrganizationId
from core.ports import OrganizationStore, Reasoner, Run, Stores, ToolProvider


@dataclass(frozen=True, slots=True)
class Investigators:
    """What every run of the agent needs; `reasoners` gives those to try, in order, for an organization."""

    stores: Stores
    tools: ToolProvider
    reasoners: Callable[[OrganizationId], Sequence[Reasoner]]
    budget: Budget
    now: Callable[[], datetime]


class InvestigateJob:
    """Implements `core.usecases.worker.Job` for runs of kind `investigate`."""

    def __init__(self, investigators: Investigators) -> None:
        self._with = investigators

    async def work(self, run: Run) -> None:
        """Reported; a run that was cut short goes on after its last committed step."""
        store = self._store(run)
        investigation = await store.investigation(run.subject_id)
        if investigation.status.is_over:
            return
        investigation = investigation.start()
        await store.save_investigation(investigation, run)
        journal = store.journal(run.subject_id, run)
        event_text = await store.event_text(run.subject_id)
        loop = ReactLoop(
            Transcript(investigation.subject, await journal.entries()),
            reasoners=self._with.reasoners(run.organization_id),
            toolbox=self._with.tools.toolbox(run.organization_id, investigation.id, event_text),
            record=journal.record,
            now=self._with.now,
            budget=self._with.budget,
        )
        transcript, conclusion = await loop.run()
        if not isinstance(conclusion, Analysis):
            raise LogSenseError("The investigation ended with an answer instead of an analysis.")
        report = report_from(transcript, conclusion, _reasoner_of(transcript))
        await store.save_investigation(investigation.conclude(report, self._with.now()), run)

    async def fail(self, run: Run, error: Exception, text: str) -> None:
        """Failed, with the sentence people see."""
        store = self._store(run)
        investigation = await store.investigation(run.subject_id)
        if not investigation.status.is_over:
            failed = investigation.fail(text, self._with.now(), mendable=_is_mendable(error))
            await store.save_investigation(failed, run)

    async def cancelled(self, run: Run) -> None:
        """Cancelled; what was found so far stays in the journal."""
        store = self._store(run)
        investigation = await store.investigation(run.subject_id)
        if not investigation.status.is_over:
            await store.save_investigation(investigation.cancel(self._with.now()))

    def _store(self, run: Run) -> OrganizationStore:
        return self._with.stores.for_organization(run.organization_id)


def _reasoner_of(transcript: Transcript) -> str:
    """Who reached the conclusion."""
    turns = [entry for entry in transcript.entries if isinstance(entry, TurnTaken)]
    return turns[-1].reasoner


def _is_mendable(error: Exception) -> bool:
    """Whether the person who asked can mend it, rather than whoever runs a service."""
    if isinstance(error, NothingToRead):
        return error.evidence.facts.get("error") == "refused"
    return isinstance(error, Refusal)
