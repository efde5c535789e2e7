"""What rules say beyond the failing frame."""

from __future__ import annotations

from core.agent.rules.further import cycle_in, first_elsewhere, further, leak_in
from core.domain.causes import Cause
from core.domain.tool_facts import RelatedFacts, StackFacts

RELATED = RelatedFacts(
    first={
        "issue": "PLATFORM-1",
        "project": "platform",
        "title": "node-4 stopped answering",
        "lead": "9 minutes before this issue",
        "shares": ["cache.internal"],
    }
)


def test_a_cycle_names_the_values_that_go_round() -> None:
    stack = StackFacts(
        cycle=[{"name": "path", "values": ["[1, 2]"] * 4}, {"name": "at", "values": ["'a'", "'b'", "'a'"]}]
    )
    assert cycle_in(stack) == "`at` goes round: 'a', 'b', 'a'"
    assert cycle_in(StackFacts(cycle=[{"name": "n", "values": ["1", "2", "3"]}])) is None


def test_a_leak_is_a_caller_that_takes_without_a_block() -> None:
    taking = StackFacts(callers=[{"file": "a.py", "line": 7, "source": "connection = POOL.acquire()"}])
    giving = StackFacts(callers=[{"file": "a.py", "line": 7, "source": "with POOL.acquire() as connection:"}])
    assert (leak_in(taking, Cause.POOL_EXHAUSTED) or "").startswith("a.py:7 takes it by `connection = POOL.acquire()`")
    assert leak_in(giving, Cause.POOL_EXHAUSTED) is None and leak_in(taking, Cause.TIMEOUT) is None


def test_what_broke_first_is_named_only_where_something_is_shared() -> None:
    clause = first_elsewhere(RELATED)
    assert clause is not None and clause.startswith(
        "PLATFORM-1 in project platform began 9 minutes before this issue and names cache.internal too"
    )
    assert first_elsewhere(RelatedFacts(first={"issue": "A-1"})) is None
    assert list(further(StackFacts(), RELATED, Cause.TIMEOUT, "x")) == [clause]
