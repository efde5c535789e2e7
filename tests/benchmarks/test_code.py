"""The figures of the benchmark on changes are the textbook's."""

import pytest

from tests.benchmarks.code import mcnemar, wilson


def test_an_interval_is_wilsons() -> None:
    assert wilson(132, 170) == pytest.approx((0.708, 0.8325), abs=1e-3)
    assert wilson(0, 10)[0] == pytest.approx(0.0, abs=1e-9)
    assert wilson(0, 0) == (0.0, 1.0)


def test_a_paired_test_counts_the_pairs_that_differ() -> None:
    ours, theirs = [True] * 9 + [False] + [True] * 5, [False] * 9 + [True] + [True] * 5
    assert mcnemar(ours, theirs) == pytest.approx(2 * 11 / 1024)
    assert mcnemar([True, False], [True, False]) == 1.0
