"""How good a ranking is, how sure one may be of that, and whether one ranking beats another by more than luck."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

Ranks = Sequence[int | None]
"""For each query the place of the first right answer, from 1; None when it was not among those shown."""

_DRAWS = 2_000
_SEED = 11


@dataclass(frozen=True, slots=True)
class Share:
    """A mean of numbers between 0 and 1, and the 95 % interval that drawing the queries anew gives it."""

    value: float
    low: float
    high: float


def hits(ranks: Ranks, k: int) -> list[float]:
    """1 for each query with a right answer among the first `k`, else 0. Their mean is R@k."""
    return [float(rank is not None and rank <= k) for rank in ranks]


def reciprocals(ranks: Ranks) -> list[float]:
    """One over the place of the first right answer; their mean is the MRR."""
    return [0.0 if rank is None else 1.0 / rank for rank in ranks]


def share(values: Sequence[float]) -> Share:
    """The mean with its bootstrap interval, the same in every run; 0 to 1 where there is no value."""
    if not values:
        return Share(0.0, 0.0, 1.0)
    draw = random.Random(_SEED)
    means = sorted(math.fsum(draw.choices(values, k=len(values))) / len(values) for _ in range(_DRAWS))
    return Share(math.fsum(values) / len(values), means[round(0.025 * _DRAWS)], means[round(0.975 * _DRAWS) - 1])


def paired_p(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """How likely a difference this large, or larger, is by luck: the exact two-sided sign test on the same queries."""
    better = sum(one > other for one, other in zip(ours, theirs, strict=True))
    worse = sum(one < other for one, other in zip(ours, theirs, strict=True))
    differing = better + worse
    tail: int = sum(math.comb(differing, k) for k in range(min(better, worse) + 1))
    return float(min(1.0, 2 * tail / 2**differing))
