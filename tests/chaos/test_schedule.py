"""The plan of a run."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.chaos.schedule import OF_REPLICAS, Sizes, Trouble, plan_of

SIZES = Sizes()


def test_a_seed_gives_the_same_plan_again_and_another_seed_another() -> None:
    assert plan_of(7, SIZES) == plan_of(7, SIZES)
    assert plan_of(7, SIZES) != plan_of(8, SIZES)


@given(st.integers(0, 2**32))
def test_everybody_asks_about_an_issue_of_their_own_and_every_trouble_comes(seed: int) -> None:
    plan = plan_of(seed, SIZES)
    assert len({ask.issue for ask in plan.asks}) == len(plan.asks) == SIZES.investigations
    assert {ask.organization for ask in plan.asks} == set(range(SIZES.organizations))
    assert {event.kind for event in plan.events} == set(Trouble)


@given(st.integers(0, 2**32))
def test_a_replica_is_always_left(seed: int) -> None:
    events = [event for event in plan_of(seed, SIZES).events if event.kind in OF_REPLICAS]
    for event in events:
        away = {other.replica for other in events if other.at_s <= event.at_s < other.at_s + other.size}
        assert len(away) < SIZES.replicas


@given(st.integers(0, 2**32))
def test_a_pause_is_longer_than_the_lease(seed: int) -> None:
    pauses = [event for event in plan_of(seed, SIZES).events if event.kind is Trouble.PAUSE]
    assert pauses and all(event.size > SIZES.lease_s for event in pauses)
