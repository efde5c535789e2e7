"""A platform-free picture of what a thread shows now; adapters decide how it looks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from core.domain.investigation import Investigation, Question, Status, Subject
from core.domain.journal import JournalEntry, ReasonerReplaced, Step, Transcript, TurnTaken, steps_of
from core.domain.masked_values import count_masked
from core.domain.report import NO_USAGE, Evidence, RootCauseReport, Usage
from core.domain.tenancy import Actor


@dataclass(frozen=True, slots=True)
class ProgressView:
    """An investigation or answer under way (or just ended): its steps so far, the last perhaps still running."""

    investigation_id: str
    title: str
    status: Status
    steps: tuple[Step, ...]
    reasoner: str | None
    notes: tuple[str, ...]
    usage: Usage
    started_at: datetime
    ended_at: datetime | None = None
    question: str = ""
    """What is being answered, if it is not the investigation itself."""


@dataclass(frozen=True, slots=True)
class ReportView:
    """The final report with the evidence that its findings cite."""

    investigation_id: str
    title: str
    report: RootCauseReport
    evidence: tuple[Evidence, ...]
    usage: Usage
    seconds: float
    asked_by: Actor
    resolved_by: Actor | None = None
    resolved_at: datetime | None = None

    @property
    def masked(self) -> Mapping[str, int]:
        """How many different values are masked in what was read, by kind; empty when nothing is."""
        return count_masked([self.title, *(item.text for item in self.evidence)])


@dataclass(frozen=True, slots=True)
class AnswerView:
    """The answer to a follow-up."""

    investigation_id: str
    question: str
    text: str
    evidence: tuple[str, ...]
    usage: Usage
    asked_by: Actor
    title: str = ""

    @property
    def heading(self) -> str:
        """What is answered: `SHOP-1 (7b54125a91): who is affected?`."""
        return question_heading(self.title, self.investigation_id, self.question)


@dataclass(frozen=True, slots=True)
class FixQuestion:
    """What fixed it? `suggested` is what the report proposed, to be accepted in one press; empty without any."""

    investigation_id: str
    suggested: str


@dataclass(frozen=True, slots=True)
class NoticeView:
    """One sentence that people need to know; `error` colours it, `asks` puts a question below."""

    text: str
    error: bool = False
    asks: FixQuestion | None = None


ThreadView = ProgressView | ReportView | AnswerView | NoticeView


def question_heading(title: str, investigation_id: str, question: str) -> str:
    """Name the issue and the investigation that a question is about, then the question on one line."""
    about = f"{title} ({investigation_id})" if title else investigation_id
    return f"{about}: {' '.join(question.split())}"


def progress_of(investigation: Investigation, entries: Sequence[JournalEntry]) -> ProgressView:
    """What the progress message shows for an investigation whose journal is `entries`."""
    progress = _progress(
        investigation.id, investigation.subject.label, investigation.status, entries, investigation.created_at
    )
    return replace(progress, ended_at=investigation.ended_at)


def progress_of_question(question: Question, subject: Subject, entries: Sequence[JournalEntry]) -> ProgressView:
    """What is shown while a follow-up on `subject` is being answered."""
    shown = _progress(question.investigation_id, subject.label, Status.RUNNING, entries, question.asked_at)
    return replace(shown, question=question.text)


def report_of(investigation: Investigation, entries: Sequence[JournalEntry]) -> ReportView | NoticeView:
    """What the final message shows once an investigation is over."""
    match investigation.status, investigation.report:
        case _, RootCauseReport() as report:
            transcript = Transcript(investigation.subject, tuple(entries))
            ended_at = investigation.ended_at or investigation.created_at
            return ReportView(
                investigation.id,
                investigation.subject.label,
                report,
                transcript.evidence(),
                transcript.usage(),
                (ended_at - investigation.created_at).total_seconds(),
                investigation.asked_by,
                investigation.resolved_by,
                investigation.resolved_at,
            )
        case Status.CANCELLED, _:
            return NoticeView(f"Investigation {investigation.id} was cancelled. What it had found so far is kept.")
        case _:
            return NoticeView(
                investigation.failure or f"Investigation {investigation.id} has no report yet.", error=True
            )


def answer_of(question: Question, subject: Subject, entries: Sequence[JournalEntry]) -> AnswerView | NoticeView:
    """What is shown once a follow-up was answered, or could not be."""
    if question.answer is None:
        return NoticeView(question.failure or "There is no answer yet.", error=True)
    usage = sum((entry.usage for entry in entries if isinstance(entry, TurnTaken)), NO_USAGE)
    return AnswerView(
        question.investigation_id,
        question.text,
        question.answer.text,
        question.answer.evidence,
        usage,
        question.asked_by,
        subject.label,
    )


def _is_reasoners(entry: JournalEntry) -> bool:
    """Whether it is a turn that a reasoner took, not the host's first look."""
    return isinstance(entry, TurnTaken) and entry.turn > 0


def _progress(
    investigation_id: str, title: str, status: Status, entries: Sequence[JournalEntry], started_at: datetime
) -> ProgressView:
    taken = [entry for entry in entries if isinstance(entry, ReasonerReplaced) or _is_reasoners(entry)]
    reasoners = [entry.reasoner for entry in taken if isinstance(entry, TurnTaken | ReasonerReplaced)]
    return ProgressView(
        investigation_id,
        title,
        status,
        steps_of(entries),
        reasoners[-1] if reasoners else None,
        tuple(entry.reason for entry in entries if isinstance(entry, ReasonerReplaced)),
        sum((entry.usage for entry in entries if isinstance(entry, TurnTaken)), NO_USAGE),
        started_at,
    )
