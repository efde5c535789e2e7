"""The journal of one investigation or question: what was thought, called and observed, as it was committed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from core.domain.investigation import Subject
from core.domain.report import NO_USAGE, Analysis, Answer, Evidence, RootCauseReport, Usage


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call a reasoner wants made; `id` is unique within the journal."""

    id: str
    tool: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of a reasoner: calls to make, or a conclusion, or neither (then `thought` is all it said)."""

    thought: str
    calls: tuple[ToolCall, ...] = ()
    conclusion: Analysis | Answer | None = None
    usage: Usage = NO_USAGE


@dataclass(frozen=True, slots=True)
class TurnTaken:
    """Journal: a reasoner's turn, paid for; its calls are still to be made. Turn 0 is the host's own first look."""

    turn: int
    reasoner: str
    thought: str
    calls: tuple[ToolCall, ...]
    conclusion: Analysis | Answer | None
    usage: Usage
    at: datetime


@dataclass(frozen=True, slots=True)
class CallObserved:
    """Journal: what one call of a turn brought, and how long it took."""

    call_id: str
    evidence: Evidence
    duration_ms: int
    at: datetime


@dataclass(frozen=True, slots=True)
class CallCorrected:
    """Journal: a call that brought nothing new (unknown, ill-formed or repeated); the reasoner is told `note`.

    `same_as` is the id of the evidence that says the same; `was_made` whether it took the call to see that.
    """

    call_id: str
    note: str
    at: datetime
    same_as: str | None = None
    was_made: bool = False


@dataclass(frozen=True, slots=True)
class ReasonerReplaced:
    """Journal: `reasoner` took over from here; `reason` is shown to people."""

    reasoner: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class PersonSaid:
    """Journal: what a person said in the thread while the run was under way; the next turn reads it.

    `question_id` is the question as which it is kept: once the investigation has ended, it is answered too.
    """

    question_id: str
    who: str
    text: str
    at: datetime


JournalEntry = TurnTaken | CallObserved | CallCorrected | ReasonerReplaced | PersonSaid

SAID_IN_THREAD = "said_in_thread"
"""The name under which a step shows what a person said, where others have the name of a tool."""


@dataclass(frozen=True, slots=True)
class Step:
    """One tool call as people see it; `ok` is None while it runs. `outcome` is one line on what came of it.

    `url` is the page in the tracker that the call read, where there is one.
    """

    n: int
    thought: str
    tool: str
    arguments: Mapping[str, Any]
    ok: bool | None = None
    outcome: str = ""
    evidence_id: str | None = None
    duration_ms: int | None = None
    url: str = ""


@dataclass(frozen=True, slots=True)
class Transcript:
    """All that a reasoner may look at: the subject, what was found before a follow-up, and the journal so far."""

    subject: Subject
    entries: tuple[JournalEntry, ...] = ()
    question: str | None = None
    report: RootCauseReport | None = None
    earlier: tuple[Evidence, ...] = ()

    def evidence(self) -> tuple[Evidence, ...]:
        """Everything observed, in evidence-id order."""
        observed = (entry.evidence for entry in self.entries if isinstance(entry, CallObserved))
        return (*self.earlier, *sorted(observed, key=lambda evidence: int(evidence.id[1:])))

    def usage(self) -> Usage:
        """What all turns of this journal cost together."""
        return sum((entry.usage for entry in self.entries if isinstance(entry, TurnTaken)), NO_USAGE)

    def turns(self) -> int:
        """How many turns reasoners took."""
        return sum(isinstance(entry, TurnTaken) and entry.turn > 0 for entry in self.entries)

    def with_entry(self, entry: JournalEntry) -> Transcript:
        """The same transcript, one entry longer."""
        return replace(self, entries=(*self.entries, entry))


def steps_of(entries: Sequence[JournalEntry]) -> tuple[Step, ...]:
    """The journal as numbered tool calls, without repeats; a turn's thought stands with its first call."""
    outcomes: dict[str, CallObserved | CallCorrected] = {
        entry.call_id: entry for entry in entries if isinstance(entry, CallObserved | CallCorrected)
    }
    steps: list[Step] = []
    for entry in entries:
        if isinstance(entry, PersonSaid):
            told = " ".join(entry.text.split())
            said = Step(len(steps) + 1, "", SAID_IN_THREAD, {}, ok=True, outcome=f"{entry.who}: {told}")
            steps.append(replace(said, duration_ms=0))
        if not isinstance(entry, TurnTaken):
            continue
        fresh = [call for call in entry.calls if not _is_repeat(outcomes.get(call.id))]
        for position, call in enumerate(fresh):
            thought = entry.thought if position == 0 else ""
            step = Step(len(steps) + 1, thought, call.tool, call.arguments)
            steps.append(_with_outcome(step, outcomes.get(call.id)))
    return tuple(steps)


def _is_repeat(outcome: CallObserved | CallCorrected | None) -> bool:
    return isinstance(outcome, CallCorrected) and outcome.same_as is not None


def _with_outcome(step: Step, outcome: CallObserved | CallCorrected | None) -> Step:
    match outcome:
        case None:
            return step
        case CallCorrected(note=note):
            return replace(step, ok=False, outcome=note, duration_ms=0)
        case CallObserved(evidence=evidence, duration_ms=duration_ms):
            headline = evidence.text.split("\n", 1)[0]
            known = replace(step, ok=evidence.ok, outcome=headline, evidence_id=evidence.id, duration_ms=duration_ms)
            return replace(known, url=str(evidence.facts.get("url", "")))
