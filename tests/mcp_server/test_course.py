"""Draws series of known shape, interval and period, and holds every sentence about them to the counts."""

import itertools
import math
import random
import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.incident import EventSeries, Release
from core.mcp_server.attribution import attributed
from core.mcp_server.course import TOO_THIN_BELOW, course_of
from core.mcp_server.segments import direction, segments_of
from core.mcp_server.tools.course_lines import Served, frequency_output

MIDNIGHT = datetime(2026, 11, 1, tzinfo=UTC)
KINDS = {
    *("too_thin", "steady", "steady since", "just begun", "step up", "step down", "growing", "falling"),
    *("burst", "bursts", "nightly", "daily", "ended", "uneven"),
}
PERIODS = {"24h": 24, "7d": 168, "14d": 336, "30d": 720}

intervals = st.sampled_from([900, 3_600, 10_800, 21_600, 43_200])
seeds = st.integers(0, 10_000)
fixed = settings(derandomize=True, max_examples=20, deadline=None)
any_counts = st.lists(st.integers(0, 300), min_size=1, max_size=120)


def series_of(counts: list[int], interval_s: int = 3_600, begins: datetime = MIDNIGHT) -> EventSeries:
    return EventSeries(
        interval_s, tuple((begins + timedelta(seconds=interval_s * n), count) for n, count in enumerate(counts))
    )


def poisson(rng: random.Random, rate: float) -> int:
    """By Knuth; large rates by parts."""
    total = 0
    while rate > 30:
        total += poisson(rng, 30)
        rate -= 30
    limit, product = math.exp(-rate), rng.random()
    while product > limit:
        total += 1
        product *= rng.random()
    return total


def drawn(seed: int, rates: list[float], interval_s: int = 3_600) -> EventSeries:
    rng = random.Random(seed)
    return series_of([poisson(rng, rate) for rate in rates], interval_s)


def sheet_of(series: EventSeries, period: str = "14d", **others: object) -> tuple[str, list[str]]:
    output = frequency_output(Served(series, period), None, **others)  # type: ignore[arg-type]
    return output.headline, [line.text for line in output.lines]


def spoken_times(text: str) -> list[datetime]:
    found = re.findall(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d)", text)
    return [datetime.fromisoformat(f"{day}T{time}+00:00") for day, time in found]


def between(series: EventSeries, start: datetime, end: datetime) -> int:
    return sum(count for at, count in series.points if start <= at < end)


# ---- every sentence of any series -----------------------------------------------------------------------------------


@given(any_counts, intervals, st.integers(0, 95))
def test_every_sentence_about_any_series_follows_from_its_counts(
    counts: list[int], interval_s: int, quarters: int
) -> None:
    series = series_of(counts, interval_s, MIDNIGHT + timedelta(minutes=15 * quarters))
    headline, lines = sheet_of(series)
    end = series.points[-1][0] + timedelta(seconds=interval_s)
    assert headline.split(":")[0].split(" since")[0] and course_of(series).kind in KINDS
    for line in (headline, *lines):
        if match := re.search(r"no event since (.+?) UTC", line):
            assert between(series, spoken_times(match[1])[0], end) == 0
        if "none before" in line and (times := spoken_times(line)):
            assert between(series, series.points[0][0], times[0]) == 0
        if match := re.match(r"After (\S+): (no|\d+) event", line):
            rest = between(series, spoken_times(match[1])[0], end)
            assert rest == (0 if match[2] == "no" else int(match[2]))
        if match := re.match(r"Burst from (.+): (\d+) event", line):
            assert between(series, *spoken_times(match[1])) == int(match[2])
        if match := re.match(r"Peak: (\d+) events? at (\S+)", line):
            assert (spoken_times(match[2])[0], int(match[1])) in series.points
            assert int(match[1]) == max(counts)
        if match := re.match(r"Total: (\d+) events? in", line):
            assert int(match[1]) == sum(counts)


@given(any_counts, intervals)
def test_what_is_said_to_have_come_before_came_before(counts: list[int], interval_s: int) -> None:
    series = series_of(counts, interval_s)
    _, lines = sheet_of(series)
    onset = next((spoken_times(line)[0] for line in lines if line.startswith("Onset: ") and spoken_times(line)), None)
    for line in lines:
        if match := re.match(r"Before that: (no|\d+) event", line):
            assert onset is not None
            assert between(series, series.points[0][0], onset) == (0 if match[1] == "no" else int(match[1]))


@given(any_counts, intervals, st.integers(0, 95))
def test_an_hour_is_only_named_when_the_events_came_in_it(counts: list[int], interval_s: int, quarters: int) -> None:
    daily = [counts[n % len(counts)] if n % (86_400 // interval_s) == 1 else 0 for n in range(4 * 86_400 // interval_s)]
    series = series_of(daily, interval_s, MIDNIGHT + timedelta(minutes=15 * quarters))
    headline, lines = sheet_of(series)
    for line in (headline, *lines):
        if match := re.search(r"between (\d\d):(\d\d) and (\d\d):(\d\d) UTC", line):
            assert interval_s <= 3_600
            first, last = (int(match[1]) * 60 + int(match[2])), (int(match[3]) * 60 + int(match[4]))
            inside = 0
            for at, count in series.points:
                minute = at.hour * 60 + at.minute
                covered = (minute - first) % 1440 + interval_s // 60 - 1 <= (last - first) % 1440
                inside += count if covered else 0
            assert inside >= 0.7 * sum(daily)


# ---- shapes that are known ------------------------------------------------------------------------------------------


@fixed
@given(seeds, st.floats(3, 60), st.integers(24, 160))
def test_a_level_is_steady(seed: int, rate: float, length: int) -> None:
    assert course_of(drawn(seed, [rate] * length)).kind in ("steady", "uneven")
    kinds = [course_of(drawn(seed + 7 * n, [rate] * length)).kind for n in range(5)]
    assert kinds.count("steady") >= 4


@fixed
@given(seeds, st.floats(2, 60), st.integers(20, 100), st.integers(12, 60), intervals)
def test_silence_and_then_a_level_is_steady_since(
    seed: int, rate: float, quiet: int, loud: int, interval_s: int
) -> None:
    kinds = []
    for n in range(5):
        series = drawn(seed + 7 * n, [0.0] * quiet + [rate + 3] * loud, interval_s)
        course = course_of(series)
        kinds.append(course.kind)
        if course.kind == "steady since":
            assert course.began == next(i for i, (_, n) in enumerate(series.points) if n) and course.before == 0
            assert "rising" not in sheet_of(series)[0]
    assert kinds.count("steady since") >= 4


@fixed
@given(seeds, st.floats(3, 20), st.floats(4, 10), st.integers(20, 80), st.integers(20, 80))
def test_a_higher_level_after_a_lower_one_is_a_step_up(
    seed: int, before: float, times: float, quiet: int, loud: int
) -> None:
    kinds = [course_of(drawn(seed + 7 * n, [before] * quiet + [before * times] * loud)).kind for n in range(9)]
    assert kinds.count("step up") >= 3


@fixed
@given(seeds, st.floats(20, 80), st.integers(30, 90), st.integers(12, 40))
def test_what_stopped_has_ended(seed: int, rate: float, loud: int, quiet: int) -> None:
    series = drawn(seed, [rate] * loud + [0.0] * quiet)
    headline, lines = sheet_of(series)
    assert headline.startswith("ended: no event since ")
    assert any(line.endswith(": no event") for line in lines)


@fixed
@given(seeds, st.floats(40, 200), st.integers(20, 60), st.integers(1, 3), st.integers(12, 60))
def test_a_short_outbreak_is_a_burst(seed: int, rate: float, before: int, width: int, after: int) -> None:
    assert course_of(drawn(seed, [0.0] * before + [rate] * width + [0.0] * after)).kind == "burst"


@fixed
@given(seeds, st.floats(40, 200), st.integers(6, 19), st.integers(1, 2))
def test_outbreaks_with_silence_between_them_are_bursts(seed: int, rate: float, pause: int, width: int) -> None:
    rates = [0.0] * 9 + ([rate] * width + [0.0] * pause) * 2 + [0.0] * 3
    series = drawn(seed, rates, 900)
    course = course_of(series)
    assert course.kind == "bursts" and len(course.active) == 2


@fixed
@given(seeds, st.floats(2, 6), st.integers(40, 90))
def test_what_grows_by_the_hour_is_growing(seed: int, slope: float, length: int) -> None:
    assert course_of(drawn(seed, [slope * n for n in range(length)])).kind == "growing"
    assert course_of(drawn(seed, [slope * (length - n) for n in range(length)])).kind in ("falling", "ended")


@fixed
@given(seeds, st.integers(0, 23), st.floats(5, 60), st.integers(4, 14), st.sampled_from([900, 1_800, 3_600]))
def test_a_job_of_one_hour_a_day_is_told_with_its_hour(
    seed: int, hour: int, rate: float, days: int, interval_s: int
) -> None:
    a_day = 86_400 // interval_s
    rates = [rate if n % a_day * interval_s // 3_600 == hour else 0.0 for n in range(days * a_day)]
    headline, _ = sheet_of(drawn(seed, rates, interval_s))
    assert re.match(rf"(?:nightly|daily) between {hour:02d}:\d\d and {hour:02d}:\d\d UTC", headline)


@fixed
@given(seeds, st.integers(0, 7), st.floats(8, 60), st.integers(4, 14))
def test_wide_intervals_name_no_hour(seed: int, slot: int, rate: float, days: int) -> None:
    headline, lines = sheet_of(drawn(seed, [rate if n % 8 == slot else 0.0 for n in range(days * 8)], 10_800))
    assert headline.startswith("daily: ")
    assert not re.search(r"between \d\d:\d\d", " ".join([headline, *lines]))


def test_a_nightly_job_is_told_as_one() -> None:
    headline, _ = sheet_of(series_of(([0] + [30, 30] + [0] * 21) * 3))
    assert headline.startswith("nightly between 01:00 and 02:59 UTC: ")


def test_the_first_minutes_of_an_outbreak_are_not_a_time_before_it() -> None:
    headline, lines = sheet_of(series_of([0] * 21 + [2, 59, 60, 61, 58, 60]))
    assert headline.startswith("steady since 2026-11-01 21:00 UTC: ") and headline.endswith("none before")
    assert "Before that: no event in 21 hours" in lines


def test_few_events_are_no_shape() -> None:
    assert course_of(series_of([1, 0, 2, 0, 1])).kind == "too_thin"
    assert TOO_THIN_BELOW == 8


def test_an_interval_that_goes_on_is_not_held_against_its_rate() -> None:
    series = series_of([40, 42, 38, 41] * 6 + [2])
    assert course_of(series, until=series.points[-1][0] + timedelta(minutes=3)).kind == "steady"


# ---- periods --------------------------------------------------------------------------------------------------------


@given(st.sampled_from(list(PERIODS)), st.sampled_from(list(PERIODS)), st.sampled_from([3_600, 86_400]))
def test_a_period_that_was_not_served_is_said(wanted: str, given_: str, interval_s: int) -> None:
    length = PERIODS[given_] * 3_600 // interval_s
    output = frequency_output(Served(series_of([9] * length, interval_s), wanted, wanted), None)
    texts = [line.text for line in output.lines]
    assert any(text.startswith(f"Total: {9 * length} event") and f" in {given_}" in text for text in texts) or (
        given_ == "24h" and interval_s == 86_400
    )
    told = [text for text in texts if text.startswith("Period: ")]
    assert bool(told) == (wanted != given_) or (given_ == "24h" and interval_s == 86_400)


# ---- releases -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hours", [20, 23, 24, 25, 26, 40])
def test_a_nightly_job_keeps_its_release_however_long_it_took_to_run(hours: int) -> None:
    series = series_of([0, 30, 30, *[0] * 21] * 5)
    first = series.points[1][0]
    found = attributed(Release("a@2", first - timedelta(hours=hours)), first, None, series)
    assert found is not None and found.fits


def test_a_release_long_before_a_flood_did_not_bring_it_alone() -> None:
    series = series_of([0] * 20 + [100, 120, 110])
    first = series.points[20][0]
    far = attributed(Release("a@2", first - timedelta(days=5)), first, None, series)
    near = attributed(Release("a@2", first - timedelta(minutes=9)), first, None, series)
    late = attributed(Release("a@2", first + timedelta(hours=9)), first, None, series)
    assert far is not None and near is not None and late is not None
    assert (far.fits, near.fits, late.fits) == (False, True, False)


def test_the_release_before_is_named_with_its_time() -> None:
    first = MIDNIGHT + timedelta(hours=20)
    release = Release("a@2", first - timedelta(hours=2))
    previous = Release("a@1", first - timedelta(days=8), has_events=True)
    output = frequency_output(Served(series_of([0] * 20 + [9] * 4), "24h"), release, previous, first_seen=first)
    texts = [line.text for line in output.lines]
    assert "First release with this issue: a@2, released 2026-11-01T18:00Z, 2 hours before the first event" in texts[4]
    assert texts[5] == (
        "The release before, a@1, was out for 8 days from 2026-10-24T20:00Z, with other events, without this issue."
    )


# ---- segments -------------------------------------------------------------------------------------------------------


@given(any_counts)
def test_segments_cover_the_series_once(counts: list[int]) -> None:
    segments = segments_of(counts)
    assert segments[0].start == 0 and segments[-1].end == len(counts)
    assert all(one.end == other.start for one, other in itertools.pairwise(segments))
    assert sum(one.events for one in segments) == sum(counts)


@given(any_counts)
def test_reversing_time_turns_the_direction_around(counts: list[int]) -> None:
    assert direction(counts)[0] == -direction(counts[::-1])[0]
