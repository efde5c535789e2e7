"""A chart is drawn when there is something to see, and says in words what it shows."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from adapters.common.chart import HEIGHT, WIDTH, frequency_chart
from core.domain.report import Evidence
from tests.adapters.slack.samples import REPORT, SHORT

SERIES: dict[str, Any] = {
    "counts": [0, 0, 1, 0, 12, 30],
    "starts_at": "2026-11-23T04:00Z",
    "interval_s": 3600,
    "trend": "rising",
    "releases": [{"version": "shop@4.2.0", "at": "2026-11-23T07:30Z"}, {"version": "old", "at": "2026-01-01T00:00Z"}],
}


def evidence(**facts: Any) -> Evidence:
    return Evidence("E4", "analyze_error_frequency", {}, "", facts={**SERIES, **facts})


def colours(png: bytes) -> set[tuple[int, ...]]:
    image = Image.open(io.BytesIO(png)).convert("RGB")
    assert image.size == (WIDTH, HEIGHT)
    return {colour for _, colour in image.getcolors(1 << 16) or []}  # type: ignore[misc]


def test_the_recorded_series_is_drawn_with_its_release() -> None:
    chart = frequency_chart(REPORT.evidence)
    assert chart is not None
    assert "release shop@4.2.0 at 23 November 07:14" in chart.alt_text
    assert {(0x3F, 0x6A, 0xD8), (0xC2, 0x36, 0x4F)} <= colours(chart.png)


def test_the_picture_is_told_in_words() -> None:
    chart = frequency_chart([evidence()])
    assert chart is not None
    assert chart.alt_text == (
        "Bar chart of events per hour; 23 November 04:00 to 23 November 10:00 UTC; 43 events, rising; "
        "most at 23 November 09:00: 30; release shop@4.2.0 at 23 November 07:30."
    )


@pytest.mark.parametrize(
    "facts",
    [
        {"trend": "too_thin"},
        {"counts": [1, 0, 2, 0, 1, 0]},
        {"counts": [50, 60]},
        {"counts": None},
        {"starts_at": "soon"},
        {"interval_s": 0},
    ],
)
def test_nothing_is_drawn_where_there_is_nothing_to_see(facts: dict[str, Any]) -> None:
    assert frequency_chart([evidence(**facts)]) is None


def test_a_series_that_could_not_be_read_is_not_drawn() -> None:
    assert frequency_chart([replace(evidence(), ok=False)]) is None
    assert frequency_chart([]) is None


def test_many_intervals_are_added_up() -> None:
    chart = frequency_chart([evidence(counts=[1] * 720, releases=[])])
    assert chart is not None
    assert chart.alt_text.startswith("Bar chart of events per 4 hours;")
    assert "720 events" in chart.alt_text


@settings(max_examples=30)
@given(st.lists(st.integers(0, 10**6), min_size=6, max_size=400), st.sampled_from((60, 3600, 10_800, 86_400)), SHORT)
def test_any_series_can_be_drawn(counts: list[int], interval_s: int, version: str) -> None:
    releases = [{"version": version, "at": "2026-11-23T04:01Z"}]
    chart = frequency_chart([evidence(counts=counts, interval_s=interval_s, releases=releases)])
    assert (chart is None) == (sum(counts) < 10)
    if chart is not None:
        assert len(chart.alt_text) <= 1_000
