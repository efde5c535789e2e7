"""Scores of rankings: what they are, how sure, and when a difference is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.retrieval_scores import hits, paired_p, reciprocals, share

RANKS = st.lists(st.none() | st.integers(1, 20), min_size=1, max_size=60)


def test_a_right_answer_counts_by_its_place() -> None:
    ranks = [1, 3, None]
    assert hits(ranks, 1) == [1, 0, 0] and hits(ranks, 3) == [1, 1, 0]
    assert reciprocals(ranks) == [1, pytest.approx(1 / 3), 0]


@given(RANKS)
def test_the_interval_holds_the_mean_and_is_the_same_each_time(ranks: list[int | None]) -> None:
    measured = share(reciprocals(ranks))
    assert 0 <= measured.low <= measured.value + 1e-9 and measured.value - 1e-9 <= measured.high <= 1
    assert measured == share(reciprocals(ranks))


def test_more_queries_make_it_surer() -> None:
    few, many = share([1.0, 0.0] * 10), share([1.0, 0.0] * 500)
    assert many.high - many.low < (few.high - few.low) / 4


@pytest.mark.parametrize(
    ("better", "worse", "p"), [(6, 0, 0.03125), (5, 0, 0.0625), (8, 1, 0.0390625), (3, 3, 1.0), (0, 0, 1.0)]
)
def test_a_difference_is_as_likely_as_coins_that_fall_so(better: int, worse: int, p: float) -> None:
    ours = [1.0] * better + [0.0] * worse + [1.0] * 50
    theirs = [0.0] * better + [1.0] * worse + [1.0] * 50
    assert paired_p(ours, theirs) == paired_p(theirs, ours) == pytest.approx(p)
