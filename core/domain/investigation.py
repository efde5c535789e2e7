"""The investigation: its states, its journal of steps, and the report it ends with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from core.domain.causes import Cause
from core.domain.conversation import ConversationRef
from core.domain.errors import WrongTransition
from core.domain.tenancy import Actor


class Status(StrEnum):
    """Where an investigation stands."""

    QUEUED = "queued"
    RUNNING = "running"
    REPORTED = "reported"
    RESOLVED = "resolved"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_over(self) -> bool:
        """Whether the agent has stopped working on it."""
        return self not in (Status.QUEUED, Status.RUNNING)


class Level(StrEnum):
    """How much: of risk, of effort."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class Usage:
    """What reasoning cost; `usd` is None when a model's price is unknown."""

    model_calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    usd: float | None = 0.0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.model_calls + other.model_calls,
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            None if self.usd is None or other.usd is None else self.usd + other.usd,
        )

    @property
    def tokens(self) -> int:
        """Prompt and completion together."""
        return self.prompt_tokens + self.completion_tokens


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call a reasoner wants made; `id` is unique within the journal."""

    id: str
    tool: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a tool call brought: `text` is masked and fenced, at most 6,000 characters; not `ok` means unavailable.

    `facts` are the same observation as fields (core/domain/tool_facts.py), for rules; a model sees `text` alone.
    """

    id: str
    tool: str
    arguments: Mapping[str, Any]
    text: str
    ok: bool = True
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Finding:
    """A claim, and the ids of the evidence it rests on."""

    claim: str
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fix:
    """A remedy; fixes are listed best first. `confidence` is 0-100."""

    title: str
    steps: tuple[str, ...]
    risk: Level
    effort: Level
    confidence: int


@dataclass(frozen=True, slots=True)
class Culprit:
    """The frame a person should open first."""

    file: str | None = None
    function: str | None = None
    line: int | None = None
    module: str | None = None

    def __str__(self) -> str:
        place = self.file or self.module or ""
        if place and self.line is not None:
            place = f"{place}:{self.line}"
        name = f"{self.function}()" if self.function and self.function.replace("_", "a").isalnum() else self.function
        return " in ".join(part for part in (place, name) if part) or "unknown place"


@dataclass(frozen=True, slots=True)
class SimilarIncident:
    """A past incident that resembles this one; `score` is 0..1."""

    incident: str
    score: float
    root_cause: str
    fix: str
    status: str


@dataclass(frozen=True, slots=True)
class Analysis:
    """What a reasoner submits at the end, before its citations are checked."""

    root_cause: str
    cause: Cause
    culprit: Culprit | None
    findings: tuple[Finding, ...]
    fixes: tuple[Fix, ...]
    own_confidence: int | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a reasoner says to a follow-up, with the evidence it rests on."""

    text: str
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of a reasoner: calls to make, or a conclusion, or neither (then `thought` is all it said)."""

    thought: str
    calls: tuple[ToolCall, ...] = ()
    conclusion: Analysis | Answer | None = None
    usage: Usage = Usage()


@dataclass(frozen=True, slots=True)
class TurnTaken:
    """Journal: a reasoner's turn, paid for; its calls are still to be made."""

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
    """Journal: a call that was not made (unknown, ill-formed or repeated); the reasoner is told `note`."""

    call_id: str
    note: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ReasonerReplaced:
    """Journal: `reasoner` took over from here; `reason` is shown to people."""

    reasoner: str
    reason: str
    at: datetime


JournalEntry = TurnTaken | CallObserved | CallCorrected | ReasonerReplaced


@dataclass(frozen=True, slots=True)
class Step:
    """One tool call as people see it; `ok` is None while it runs. `outcome` is one line on what came of it."""

    n: int
    thought: str
    tool: str
    arguments: Mapping[str, Any]
    ok: bool | None = None
    outcome: str = ""
    evidence_id: str | None = None
    duration_ms: int | None = None


@dataclass(frozen=True, slots=True)
class RootCauseReport:
    """The answer. Every finding cites evidence that exists; `confidence` (0-100) was computed, not claimed."""

    root_cause: str
    cause: Cause
    culprit: Culprit | None
    confidence: int
    confidence_reasons: tuple[str, ...]
    findings: tuple[Finding, ...]
    fixes: tuple[Fix, ...]
    similar: tuple[SimilarIncident, ...]
    reasoner: str
    partial: bool = False


@dataclass(frozen=True, slots=True)
class Subject:
    """What is investigated: an issue of the connected tracker, or one event whose raw text is kept apart."""

    label: str
    issue_id: str
    event_id: str | None = None
    pasted: bool = False


@dataclass(frozen=True, slots=True)
class Investigation:
    """The aggregate; transitions return a new value or raise WrongTransition."""

    id: str
    subject: Subject
    conversation: ConversationRef
    asked_by: Actor
    created_at: datetime
    status: Status = Status.QUEUED
    report: RootCauseReport | None = None
    failure: str | None = None
    failure_is_mendable: bool = False
    ended_at: datetime | None = None
    resolved_by: Actor | None = None
    resolved_at: datetime | None = None
    fixed_by: str | None = None

    def start(self) -> Investigation:
        """Running; starting again after a crash changes nothing."""
        return self._to(Status.RUNNING, {Status.QUEUED, Status.RUNNING})

    def conclude(self, report: RootCauseReport, at: datetime) -> Investigation:
        """Reported, with its report."""
        return replace(self._to(Status.REPORTED, {Status.RUNNING}), report=report, ended_at=at)

    def fail(self, why: str, at: datetime, *, mendable: bool = False) -> Investigation:
        """Failed, with a sentence for people; `mendable` when the asker can do something about it."""
        failed = self._to(Status.FAILED, {Status.QUEUED, Status.RUNNING})
        return replace(failed, failure=why, failure_is_mendable=mendable, ended_at=at)

    def cancel(self, at: datetime) -> Investigation:
        """Cancelled before it had a report."""
        return replace(self._to(Status.CANCELLED, {Status.QUEUED, Status.RUNNING}), ended_at=at)

    def resolve(self, actor: Actor, at: datetime, fixed_by: str | None) -> Investigation:
        """Resolved by a person, with what they say mended it; resolving again updates who and how."""
        resolved = self._to(Status.RESOLVED, {Status.REPORTED, Status.RESOLVED})
        return replace(resolved, resolved_by=actor, resolved_at=at, fixed_by=fixed_by)

    def reopen(self) -> Investigation:
        """Reported again: nobody vouches for it any more."""
        reopened = self._to(Status.REPORTED, {Status.RESOLVED})
        return replace(reopened, resolved_by=None, resolved_at=None, fixed_by=None)

    def _to(self, status: Status, allowed_from: set[Status]) -> Investigation:
        if self.status not in allowed_from:
            raise WrongTransition(f"Investigation {self.id} is {self.status}; it cannot become {status}.")
        return replace(self, status=status)


@dataclass(frozen=True, slots=True)
class Question:
    """A follow-up on an investigation, and its answer once there is one; it has a journal of its own."""

    id: str
    investigation_id: str
    text: str
    conversation: ConversationRef
    asked_by: Actor
    asked_at: datetime
    answer: Answer | None = None
    failure: str | None = None
    answered_at: datetime | None = None


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
        return sum((entry.usage for entry in self.entries if isinstance(entry, TurnTaken)), Usage())

    def turns(self) -> int:
        """How many turns were taken."""
        return sum(isinstance(entry, TurnTaken) for entry in self.entries)

    def with_entry(self, entry: JournalEntry) -> Transcript:
        """The same transcript, one entry longer."""
        return replace(self, entries=(*self.entries, entry))


def steps_of(entries: Sequence[JournalEntry]) -> tuple[Step, ...]:
    """The journal as numbered tool calls; a turn's thought stands with its first call."""
    outcomes: dict[str, CallObserved | CallCorrected] = {
        entry.call_id: entry for entry in entries if isinstance(entry, CallObserved | CallCorrected)
    }
    steps: list[Step] = []
    for entry in entries:
        if not isinstance(entry, TurnTaken):
            continue
        for position, call in enumerate(entry.calls):
            thought = entry.thought if position == 0 else ""
            step = Step(len(steps) + 1, thought, call.tool, call.arguments)
            steps.append(_with_outcome(step, outcomes.get(call.id)))
    return tuple(steps)


def _with_outcome(step: Step, outcome: CallObserved | CallCorrected | None) -> Step:
    match outcome:
        case None:
            return step
        case CallCorrected(note=note):
            return replace(step, ok=False, outcome=note, duration_ms=0)
        case CallObserved(evidence=evidence, duration_ms=duration_ms):
            headline = evidence.text.split("\n", 1)[0]
            return replace(step, ok=evidence.ok, outcome=headline, evidence_id=evidence.id, duration_ms=duration_ms)
