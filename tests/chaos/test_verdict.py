"""The verdict sees what it is there to see: forged facts of runs that went wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.chaos.facts import Entry, Facts, Hold, Kept, ModelCall, Outage, Posted, Read
from tests.chaos.schedule import Ask
from tests.chaos.verdict import verdict_on

A, B = "host:1", "host:2"


def facts() -> Facts:
    """A run that was killed between its two turns and went well."""
    return Facts(
        asked=[Ask(0.0, 0, 0, "7")],
        kept=[Kept("i", "7", "C", "1.0", "reported")],
        posted=[Posted("C", "1.0", "progress/1", 1.0), Posted("C", "1.0", "report/1", 9.0)],
        entries=[
            Entry("i", "r", 1, 2.0, turn=1, calls=(("t1c1", "get_stacktrace"), ("t1c2", "get_user_impact"))),
            Entry("i", "r", 1, 2.5, outcome_of="t1c1"),
            Entry("i", "r", 2, 7.0, turn=2),
        ],
        holds=[Hold("r", "i", "running", A, 1, 1.5), Hold("r", "i", "running", B, 2, 6.5)],
        calls=[ModelCall("7", 1, "a", 1.6), ModelCall("7", 2, "b", 2.9), ModelCall("7", 2, "b", 6.6)],
        reads=[Read("7", frozenset({"get_stacktrace"}), 2.2)],
        outages=[Outage(A, "kill -9", 3.0)],
    )


def test_a_call_that_was_under_way_at_the_kill_may_be_made_again() -> None:
    verdict = verdict_on(facts())
    assert (verdict.lost, verdict.doubled, verdict.rerun) == ((), (), ())
    assert [(pickup.claimed_s, pickup.seconds) for pickup in verdict.pickups] == [(3.5, 4.0)]
    assert verdict.is_good


def _without_kept(it: Facts) -> None:
    it.kept.clear()


def _running(it: Facts) -> None:
    it.kept[0] = replace(it.kept[0], status="running")


def _failed(it: Facts) -> None:
    it.kept[0] = replace(it.kept[0], status="failed", failure="the database went away")


def _cancelled_by_nobody(it: Facts) -> None:
    it.kept[0] = replace(it.kept[0], status="cancelled")


def _without_report(it: Facts) -> None:
    it.posted.pop()


def _without_progress(it: Facts) -> None:
    it.posted.pop(0)


def _spinning(it: Facts) -> None:
    it.posted[0] = replace(it.posted[0], is_spinning=True)


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (_without_kept, "never accepted"),
        (_running, "it is running"),
        (_failed, "the database went away"),
        (_cancelled_by_nobody, "it is cancelled"),
        (_without_report, "does not show"),
        (_without_progress, "no progress message"),
        (_spinning, "looks as if it ran"),
    ],
)
def test_an_investigation_without_an_end_that_people_see_is_lost(spoil: Callable[[Facts], None], why: str) -> None:
    spoiled = facts()
    spoil(spoiled)
    verdict = verdict_on(spoiled)
    assert len(verdict.lost) == 1 and why in verdict.lost[0]
    assert not verdict.is_good


def test_one_that_was_to_be_cancelled_may_end_so_even_before_it_was_announced() -> None:
    spoiled = facts()
    spoiled.asked[0] = replace(spoiled.asked[0], cancel_after_s=1.0)
    _cancelled_by_nobody(spoiled)
    spoiled.posted.clear()
    assert verdict_on(spoiled).lost == ()


@pytest.mark.parametrize("number", [0, 1])
def test_every_message_too_many_is_counted(number: int) -> None:
    spoiled = facts()
    spoiled.posted += [replace(spoiled.posted[number], at=9.5)] * 2
    verdict = verdict_on(spoiled)
    assert len(verdict.doubled) == 2 and not verdict.is_good


def test_a_model_call_after_its_turn_was_committed_was_paid_again() -> None:
    spoiled = facts()
    spoiled.calls.append(ModelCall("7", 1, "a", 6.6))
    verdict = verdict_on(spoiled)
    assert len(verdict.rerun) == 1 and "turn 1" in verdict.rerun[0]
    assert not verdict.is_good


def test_a_tool_that_reads_after_its_observation_was_committed_ran_again() -> None:
    spoiled = facts()
    spoiled.reads.append(Read("7", frozenset({"get_stacktrace"}), 6.6))
    assert len(verdict_on(spoiled).rerun) == 1


@pytest.mark.parametrize(
    ("owner", "went_on", "paused_at", "reruns"),
    [(A, 8.0, 2.3, 0), (B, 8.0, 2.3, 1), (A, 6.0, 2.3, 1), (A, 8.0, 2.6, 1)],
)
def test_a_call_that_a_paused_replica_was_making_reaches_its_service_when_it_goes_on(
    owner: str, went_on: float, paused_at: float, reruns: int
) -> None:
    spoiled = facts()
    spoiled.paused.append((Outage(owner, "pause", paused_at), went_on))
    spoiled.reads.append(Read("7", frozenset({"get_stacktrace"}), 8.1))
    assert len(verdict_on(spoiled).rerun) == reruns


def test_a_request_that_an_unfinished_tool_makes_too_is_no_rerun() -> None:
    spoiled = facts()
    spoiled.reads.append(Read("7", frozenset({"get_stacktrace", "get_user_impact"}), 6.6))
    assert verdict_on(spoiled).rerun == ()


def test_a_second_call_of_a_tool_may_read_what_the_first_one_read() -> None:
    spoiled = facts()
    spoiled.entries[2] = replace(spoiled.entries[2], calls=(("t2c1", "get_stacktrace"),))
    spoiled.reads.append(Read("7", frozenset({"get_stacktrace"}), 7.1))
    assert verdict_on(spoiled).rerun == ()


def test_a_late_pick_up_misses_the_goal() -> None:
    spoiled = facts()
    spoiled.entries[2] = replace(spoiled.entries[2], at=9.0)
    assert verdict_on(spoiled).pickup_p95_s == 6.0
    assert not verdict_on(spoiled).is_good and verdict_on(spoiled).is_correct


def test_a_run_without_a_step_left_is_picked_up_when_it_is_claimed() -> None:
    spoiled = facts()
    spoiled.entries.pop()
    assert verdict_on(spoiled).pickup_p95_s == 3.5


def test_the_seconds_after_a_restart_of_the_database_do_not_count() -> None:
    spoiled = facts()
    spoiled.down.append((-9.0, -8.0))
    assert verdict_on(spoiled).pickup_p95_s is not None
    spoiled.down.append((-7.5, -6.5))
    assert verdict_on(spoiled).pickup_p95_s is None


def test_who_takes_over_and_is_cut_off_too_makes_it_a_wait_of_the_second_outage() -> None:
    spoiled = facts()
    spoiled.outages.append(Outage(B, "pause", 6.8))
    spoiled.holds.append(Hold("r", "i", "running", A, 3, 10.0))
    spoiled.entries[2] = replace(spoiled.entries[2], attempt=3, at=10.3)
    assert [(pickup.kind, round(pickup.seconds, 3)) for pickup in verdict_on(spoiled).pickups] == [("pause", 3.5)]


def test_a_run_that_ended_or_is_held_elsewhere_was_not_orphaned() -> None:
    spoiled = facts()
    spoiled.holds.append(Hold("r", "i", "done", None, 2, 9.0))
    spoiled.outages += [Outage(A, "kill -9", 8.0), Outage(B, "kill -9", 9.1)]
    assert len(verdict_on(spoiled).pickups) == 1
