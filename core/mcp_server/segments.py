"""Divides a series of counts where its rate changes, and tests whether a rate grows or falls; pure."""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

_SIGNIFICANCE = 0.01
_ENOUGH_IN_PAIR = 10
_ENOUGH_PAIRS = 8
_CHI2_MEDIAN = 0.455
_UNEXPECTED = 0.05
_TREND_Z = 2.8
_CLEAR_RATIO = 1.5
_FEWEST = 3
_MANY = 50


@dataclass(frozen=True, slots=True)
class Segment:
    """Intervals `start` to `end`, without it, that have one rate, and the events in them."""

    start: int
    end: int
    events: int

    @property
    def rate(self) -> float:
        """Events an interval."""
        return self.events / (self.end - self.start)


def segments_of(counts: Sequence[int]) -> tuple[Segment, ...]:
    """The division of `counts` into Poisson rates that a penalized likelihood finds best.

    The penalty of a further segment is the log-likelihood ratio that chance alone exceeds in one of a hundred series;
    it grows with the scatter between neighbors (Killick et al. 2012, optimal partitioning).
    """
    n = len(counts)
    sums = [0]
    for count in counts:
        sums.append(sums[-1] + count)
    penalty = scatter(counts) * math.log(max(2, n) / _SIGNIFICANCE)
    best, cut = [-penalty], [0]
    candidates = [0]
    for end in range(1, n + 1):
        costs = [(best[start] + _cost(sums[end] - sums[start], end - start), start) for start in candidates]
        least, start = min(costs)
        best.append(least + penalty)
        cut.append(start)
        candidates = [start for cost, start in costs if cost <= least + penalty]
        candidates.append(end)
    ends = [n]
    while ends[-1]:
        ends.append(cut[ends[-1]])
    edges = _with_first_buckets(counts, ends[::-1])
    return tuple(
        Segment(start, end, sums[end] - sums[start]) for start, end in itertools.pairwise(edges) if end > start
    )


def scatter(counts: Sequence[int]) -> float:
    """How much more neighbors differ than Poisson counts do; 1 where they do not, or where there are too few."""
    pairs = [(a, b) for a, b in itertools.pairwise(counts) if a + b >= _ENOUGH_IN_PAIR]
    if len(pairs) < _ENOUGH_PAIRS:
        return 1.0
    return max(1.0, statistics.median((a - b) ** 2 / (a + b) for a, b in pairs) / _CHI2_MEDIAN)


def direction(counts: Sequence[int]) -> tuple[int, float]:
    """1 where the rate grows, -1 where it falls, else 0; and z of the test of Cochran and Armitage, for scatter."""
    n, total = len(counts), sum(counts)
    if n < _FEWEST or not total:
        return 0, 0.0
    mean, middle = total / n, (n - 1) / 2
    spread = sum((i - middle) ** 2 for i in range(n))
    tilt = sum((i - middle) * count for i, count in enumerate(counts))
    slope = tilt / spread
    residual = sum((count - mean - slope * (i - middle)) ** 2 for i, count in enumerate(counts)) / mean
    z = tilt / math.sqrt(mean * spread * max(1.0, residual / max(1, n - 2)))
    third = max(1, n // 3)
    first, last = sum(counts[:third]), sum(counts[-third:])
    is_clear = max(first, last) >= _CLEAR_RATIO * min(first, last)
    return (0 if abs(z) < _TREND_Z or not is_clear else 1 if z > 0 else -1), z


def fits_line_better(counts: Sequence[int], split: int) -> bool:
    """Whether a straight line explains `counts` at least as well as one step at `split`."""
    n, total = len(counts), sum(counts)
    middle = (n - 1) / 2
    spread = sum((i - middle) ** 2 for i in range(n)) or 1.0
    slope = sum((i - middle) * count for i, count in enumerate(counts)) / spread
    line = [max(0.05, total / n + slope * (i - middle)) for i in range(n)]
    left = sum(counts[:split]) / split
    right = sum(counts[split:]) / (n - split)
    step = [max(0.05, left if i < split else right) for i in range(n)]
    return _likelihood(counts, line) >= _likelihood(counts, step)


def _likelihood(counts: Sequence[int], rates: Sequence[float]) -> float:
    return sum(count * math.log(rate) - rate for count, rate in zip(counts, rates, strict=True))


def _cost(count: int, intervals: int) -> float:
    return -count * math.log(count / intervals) if count else 0.0


def _with_first_buckets(counts: Sequence[int], edges: list[int]) -> list[int]:
    """Move each edge over the buckets in which a higher rate began or ended in the middle of their time."""
    moved = list(edges)
    for k in range(1, len(edges) - 1):
        edge, low, high = edges[k], moved[k - 1], edges[k + 1]
        left, right = _mean(counts, low, edge), _mean(counts, edge, high)
        if right > left:
            while edge - 1 > low and _stands_out(counts[edge - 1], _mean(counts, low, edge - 1)):
                edge -= 1
        else:
            while edge + 1 < high and _stands_out(counts[edge], _mean(counts, edge + 1, high)):
                edge += 1
        moved[k] = edge
    return moved


def _mean(counts: Sequence[int], start: int, end: int) -> float:
    return sum(counts[start:end]) / (end - start) if end > start else 0.0


def _stands_out(count: int, rate: float) -> bool:
    """Whether a rate so low hardly brings so many in one interval."""
    if not count:
        return False
    if not rate or rate > _MANY or count > rate + _MANY:
        return count > rate + 3 * math.sqrt(rate)
    below = sum(math.exp(k * math.log(rate) - rate - math.lgamma(k + 1)) for k in range(count))
    return 1 - below < _UNEXPECTED
