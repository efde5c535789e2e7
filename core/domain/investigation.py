"""The investigation and its states, and the questions that people ask about it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from core.domain.conversation import ConversationRef
from core.domain.errors import WrongTransition
from core.domain.report import Answer, RootCauseReport
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


@dataclass(frozen=True, slots=True)
class Subject:
    """What is investigated: an issue of the connected tracker, or one event whose raw text is kept apart.

    `log` is the handle of an index of logs that were handed over.
    """

    label: str
    issue_id: str
    event_id: str | None = None
    pasted: bool = False
    log: str | None = None


@dataclass(frozen=True, slots=True)
class Vote:
    """One person's judgement of a report."""

    actor: Actor
    helpful: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class StandingMark:
    """One person's statement that it is over, until they take it back.

    `source` is the message that carries their reaction, or empty for a button, a command or words.
    """

    actor: Actor
    source: str
    at: datetime


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
    votes: tuple[Vote, ...] = ()
    marks: tuple[StandingMark, ...] = ()
    """What stands for its being resolved, oldest first; the first decides by whom."""

    def start(self) -> Investigation:
        """Running; starting again after a crash changes nothing."""
        return self._to(Status.RUNNING, {Status.QUEUED, Status.RUNNING})

    def conclude(self, report: RootCauseReport, at: datetime) -> Investigation:
        """Reported, with its report."""
        return replace(self._to(Status.REPORTED, {Status.RUNNING}), report=report, ended_at=at)

    def fail(self, why: str, at: datetime, *, user_can_fix: bool = False) -> Investigation:
        """Failed, with a sentence for people; `user_can_fix` when the asker can do something about it."""
        failed = self._to(Status.FAILED, {Status.QUEUED, Status.RUNNING})
        return replace(failed, failure=why, failure_is_mendable=user_can_fix, ended_at=at)

    def cancel(self, at: datetime) -> Investigation:
        """Cancelled before it had a report."""
        return replace(self._to(Status.CANCELLED, {Status.QUEUED, Status.RUNNING}), ended_at=at)

    def resolve(self, actor: Actor, at: datetime, fixed_by: str | None, *, source: str = "") -> Investigation:
        """Resolved by the first person who says so; a further one is recorded, and what they say mended it is kept."""
        resolved = self._to(Status.RESOLVED, {Status.REPORTED, Status.RESOLVED})
        marks = self._standing
        if not any(mark.actor.id == actor.id and mark.source == source for mark in marks):
            marks = (*marks, StandingMark(actor, source, at))
        return replace(resolved._led_by(marks), fixed_by=fixed_by or self.fixed_by)

    def withdraw(self, actor: Actor, source: str) -> Investigation:
        """Without that person's mark: reopened when none is left, else resolved by who marked it next."""
        left = tuple(mark for mark in self.marks if mark.actor.id != actor.id or mark.source != source)
        if not self.marks and self.resolved_by is not None and self.resolved_by.id != actor.id:
            return self  # It was resolved before marks were kept, by somebody else.
        return self._led_by(left) if left or self.status is not Status.RESOLVED else self.reopen()

    def reopen(self) -> Investigation:
        """Reported again: nobody vouches for it any more."""
        reopened = self._to(Status.REPORTED, {Status.RESOLVED})
        return replace(reopened, resolved_by=None, resolved_at=None, fixed_by=None, marks=())

    @property
    def _standing(self) -> tuple[StandingMark, ...]:
        """The marks; of an investigation that was resolved before marks were kept, who resolved it."""
        if self.marks or self.resolved_by is None:
            return self.marks
        return (StandingMark(self.resolved_by, "", self.resolved_at or self.created_at),)

    def _led_by(self, marks: tuple[StandingMark, ...]) -> Investigation:
        """Resolved by who made the first of the marks."""
        if not marks:
            return self
        return replace(self, marks=marks, resolved_by=marks[0].actor, resolved_at=marks[0].at)

    def judge(self, actor: Actor, helpful: bool | None, at: datetime) -> Investigation:
        """With that person's newest judgement alone; None takes theirs back."""
        others = tuple(vote for vote in self.votes if vote.actor.id != actor.id)
        return replace(self, votes=others if helpful is None else (*others, Vote(actor, helpful, at)))

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
