"""From what replicas saw to figures: pure."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tests.benchmarks.scale_script import Moment, Seen
from tests.benchmarks.slack import percentile


@dataclass(frozen=True)
class Steps:
    """The steps of many investigations: from one turn's beginning to the next one's."""

    taken: tuple[Moment, ...]
    all_began: float
    """When the last of them took its first turn; from then on all were under way."""
    first_ended: float

    @classmethod
    def of(cls, seen: Iterable[Seen]) -> Steps:
        """Those of all replicas together."""
        turns = [starts for each in seen for starts in each.turns.values()]
        taken = ((start, end - start) for starts in turns for start, end in itertools.pairwise(starts))
        return cls(tuple(taken), max(starts[0] for starts in turns), min(starts[-1] for starts in turns))

    @property
    def seconds(self) -> float:
        """From the first to the last."""
        return max(start + took for start, took in self.taken) - min(start for start, _ in self.taken)

    def p95_s(self) -> float:
        """Of all."""
        return percentile([took for _, took in self.taken], 95)

    def together(self, moments: Iterable[Moment]) -> list[float]:
        """Of `moments`, what began while all investigations were under way."""
        return [took for start, took in moments if self.all_began <= start <= self.first_ended]

    def together_p95_s(self) -> float:
        """Of those begun while all investigations were under way; of all, where starting took so long that none was."""
        return percentile(self.together(self.taken), 95) or self.p95_s()


def late_s(seen: Iterable[Seen]) -> list[Moment]:
    """How late any replica's event loop was."""
    return [moment for each in seen for moment in each.late]


def edits_p95_s(seen: Iterable[Seen]) -> float:
    """From the commit of an entry until the channel was asked to show it."""
    return percentile([took for each in seen for _, took in each.edits], 95)


def reported(seen: Iterable[Seen]) -> int:
    """How many reports were posted."""
    return sum(len(each.reports) for each in seen)


def per_second(rounds: Sequence[Sequence[Seen]]) -> float:
    """Steps a second, pauses between rounds left out."""
    steps = [Steps.of(seen) for seen in rounds]
    return sum(len(each.taken) for each in steps) / sum(each.seconds for each in steps)
