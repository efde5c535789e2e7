"""What a series of counts says: its trend with the test behind it, the change point, the burst; pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

TOO_THIN_BELOW = 8
_SIGNIFICANCE = 0.01
_MAX_BUCKETS = 60
_BURST_SHARE = 0.5
_BURST_WIDTH = 0.1
_AFTERMATH = 0.25
_DAILY_SHARE = 0.7
_CLEAR_RATIO = 1.5
_COUNTERWEIGHT = 0.25


@dataclass(frozen=True, slots=True)
class Change:
    """The place where a Poisson rate changed most: events per interval before and after, and how sure that is."""

    index: int
    before: float
    after: float
    log_ratio: float
    is_significant: bool


@dataclass(frozen=True, slots=True)
class Trend:
    """`kind` is rising, falling, steady, spike or too_thin; `basis` names the test and its figures."""

    kind: str
    basis: str
    change: Change | None = None


def trend_of(counts: Sequence[int]) -> Trend:
    """The trend by a change-point test on Poisson rates, else by Mann-Kendall; never by two points."""
    total = sum(counts)
    if total < TOO_THIN_BELOW or len(counts) < 4:
        return Trend("too_thin", f"{total} events in {len(counts)} intervals are too few for a trend")
    if burst := _burst(counts):
        width, share = burst
        return Trend("spike", f"{share:.0%} of the events fell into {width} of {len(counts)} intervals, then it calmed")
    if turned := _by_change_points(counts):
        return turned
    z, p = mann_kendall(_bucketed(counts))
    kind = "steady" if p >= _SIGNIFICANCE else "rising" if z > 0 else "falling"
    return Trend(kind, f"Mann-Kendall test, z {z:.1f}, p {p:.3f}")


def change_point(counts: Sequence[int], *, upwards: bool) -> Change:
    """The split that explains `counts` best as a lower Poisson rate followed by a higher, or the other way round.

    It is significant when chance alone, over all splits, would not bring it.
    """
    total, n = sum(counts), len(counts)
    best = Change(n, total / n, total / n, 0.0, is_significant=False)
    threshold = math.log(n / _SIGNIFICANCE)
    left = 0
    for split in range(1, n):
        left += counts[split - 1]
        before, after = left / split, (total - left) / (n - split)
        ratio = _entropy(left, split) + _entropy(total - left, n - split) - _entropy(total, n)
        if (after > before) == upwards and ratio > best.log_ratio:
            best = Change(split, before, after, ratio, ratio > threshold)
    return best


def _by_change_points(counts: Sequence[int]) -> Trend | None:
    """What significant changes of the rate say together: one decides, two of them make a burst or a lull."""
    rise, fall = change_point(counts, upwards=True), change_point(counts, upwards=False)
    main, other = (rise, fall) if rise.log_ratio >= fall.log_ratio else (fall, rise)
    if not main.is_significant or max(main.before, main.after) < _CLEAR_RATIO * min(main.before, main.after):
        return None
    if other.is_significant and other.log_ratio >= _COUNTERWEIGHT * main.log_ratio:
        kind, words = ("spike", "rose and fell again") if rise.index < fall.index else ("steady", "fell and rose again")
        return Trend(
            kind,
            f"two Poisson change points, log-likelihood ratios {main.log_ratio:.1f} and "
            f"{other.log_ratio:.1f}: it {words}",
        )
    kind = "rising" if main is rise else "falling"
    return Trend(kind, f"Poisson change-point test, log-likelihood ratio {main.log_ratio:.1f}", main)


def mann_kendall(values: Sequence[float]) -> tuple[float, float]:
    """Z and two-sided p of the Mann-Kendall test, corrected for ties."""
    n = len(values)
    s = sum((values[j] > values[i]) - (values[j] < values[i]) for i in range(n) for j in range(i + 1, n))
    ties = sum(t * (t - 1) * (2 * t + 5) for t in Counter(values).values())
    variance = (n * (n - 1) * (2 * n + 5) - ties) / 18
    if variance <= 0 or s == 0:
        return 0.0, 1.0
    z = (s - math.copysign(1, s)) / math.sqrt(variance)
    return z, math.erfc(abs(z) / math.sqrt(2))


def daily_hour(points: Sequence[tuple[datetime, int]]) -> int | None:
    """The hour of the day (UTC) that holds most events on at least three days, as a nightly job would."""
    by_hour: Counter[int] = Counter()
    days: dict[int, set[object]] = {}
    for at, count in points:
        if count:
            by_hour[at.hour] += count
            days.setdefault(at.hour, set()).add(at.date())
    if not by_hour:
        return None
    hour, events = by_hour.most_common(1)[0]
    return hour if events >= _DAILY_SHARE * by_hour.total() and len(days[hour]) >= 3 else None


def _burst(counts: Sequence[int]) -> tuple[int, float] | None:
    """Width and share of a short burst around the peak that holds most events and is over."""
    total, n = sum(counts), len(counts)
    peak = max(range(n), key=lambda i: counts[i])
    floor = counts[peak] * _AFTERMATH
    start = end = peak
    while start > 0 and counts[start - 1] > floor:
        start -= 1
    while end + 1 < n and counts[end + 1] > floor:
        end += 1
    inside, width, after = sum(counts[start : end + 1]), end - start + 1, counts[end + 1 :]
    is_over = len(after) >= 2 and sum(after) / len(after) < floor
    is_short = width <= max(1, n * _BURST_WIDTH)
    return (width, inside / total) if is_over and is_short and inside >= _BURST_SHARE * total else None


def _bucketed(counts: Sequence[int]) -> list[float]:
    size = math.ceil(len(counts) / _MAX_BUCKETS)
    return [float(sum(counts[i : i + size])) for i in range(0, len(counts) - size + 1, size)]


def _entropy(count: int, intervals: int) -> float:
    return count * math.log(count / intervals) if count else 0.0
