"""Who says that it is over, and who takes that back, in any order: the first stands, the last one gone reopens."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from core.domain.conversation import ConversationRef, MessageRef, Resolution
from core.domain.investigation import Investigation, Status, Subject
from core.domain.tenancy import Actor, Platform, WorkspaceRef
from core.requests.resolve import HAND_OVER, SYNC_RESOLUTION, what_follows

PEOPLE = tuple(Actor(name.upper(), name) for name in ("ada", "bob", "cem"))
START = datetime(2026, 1, 1, tzinfo=UTC)
THREAD = ConversationRef(WorkspaceRef(Platform.SLACK, "T1"), "C1", "1.0")


class Marks(RuleBasedStateMachine):
    """Three people react to two messages of one investigation and take it back."""

    def __init__(self) -> None:
        super().__init__()
        asked = Investigation("i", Subject("SHOP-1", "1"), THREAD, PEOPLE[0], START)
        self.one = replace(asked, status=Status.REPORTED)
        self.standing: list[tuple[Actor, str]] = []
        self.writes, self.changes, self.minute = 0, 0, 0

    @rule(person=st.sampled_from(PEOPLE), message=st.sampled_from(("1.1", "1.2")), on=st.booleans())
    def react(self, person: Actor, message: str, on: bool) -> None:
        """A reaction comes or goes; Slack may deliver either twice."""
        self.minute += 1
        before, was_resolved, by = self.one, bool(self.standing), self.standing[:1]
        event = Resolution("d", THREAD, person, on, message=MessageRef(THREAD, message))
        if on:
            self.one = before.resolve(person, START + timedelta(minutes=self.minute), None, source=message)
            if (person, message) not in self.standing:
                self.standing.append((person, message))
        else:
            self.one = before.withdraw(person, message)
            if (person, message) in self.standing:
                self.standing.remove((person, message))
        kind = what_follows(event, before, self.one)
        self.writes += kind == SYNC_RESOLUTION
        self.changes += was_resolved != bool(self.standing)
        if kind == HAND_OVER:
            assert by and self.standing and by[0][0] != self.standing[0][0]

    @invariant()
    def the_first_that_stands_decides(self) -> None:
        """Resolved as long as somebody's stands, by who made the oldest of these."""
        assert (self.one.status is Status.RESOLVED) == bool(self.standing)
        assert self.one.resolved_by == (self.standing[0][0] if self.standing else None)

    @invariant()
    def the_tracker_hears_of_each_change_once(self) -> None:
        """As many writes as changes between resolved and not."""
        assert self.writes == self.changes


TestMarks = Marks.TestCase
TestMarks.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


def test_what_was_resolved_before_marks_were_kept_is_reopened_by_who_resolved_it_alone() -> None:
    ada, bob, _ = PEOPLE
    asked = Investigation("i", Subject("SHOP-1", "1"), THREAD, ada, START)
    one = replace(asked, status=Status.RESOLVED, resolved_by=ada, resolved_at=START)
    assert one.withdraw(bob, "1.1").status is Status.RESOLVED
    assert one.withdraw(ada, "1.1").status is Status.REPORTED
    assert one.resolve(bob, START, None, source="1.1").resolved_by == ada
