import math
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.mcp_server.trend import TOO_THIN_BELOW, change_point, mann_kendall, trend_of

counts = st.lists(st.integers(0, 300), min_size=4, max_size=120)


@given(counts)
def test_every_series_gets_a_trend_with_its_test(series: list[int]) -> None:
    trend = trend_of(series)
    assert trend.kind in {"rising", "falling", "steady", "spike", "too_thin"}
    assert trend.basis
    assert (trend.kind == "too_thin") == (sum(series) < TOO_THIN_BELOW)


@given(counts)
@example([21, 0, 0, 21])
def test_reversing_time_never_keeps_a_direction(series: list[int]) -> None:
    opposite = {"rising": "falling", "falling": "rising"}
    kind, backwards = trend_of(series).kind, trend_of(series[::-1]).kind
    if kind in opposite and backwards in opposite:
        assert backwards == opposite[kind]


def test_mann_kendall_agrees_with_a_worked_example() -> None:
    z, p = mann_kendall([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    assert math.isclose(z, 44 / math.sqrt(125), rel_tol=1e-9)
    assert p < 0.001


@given(st.integers(1, 50), st.integers(4, 100))
def test_a_flat_series_has_no_trend(level: int, length: int) -> None:
    assert trend_of([level + 8] * length).kind == "steady"


@pytest.mark.parametrize("shape", [lambda n: 5 if n < 30 else 50, lambda n: 0 if n < 30 else 9])
def test_the_change_is_found_where_it_is(shape: Callable[[int], int]) -> None:
    change = change_point([shape(n) for n in range(60)], upwards=True)
    assert change.index == 30
    assert change.is_significant
