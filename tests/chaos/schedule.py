"""What will be asked and what will go wrong, and when: a pure function of the seed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from random import Random

FIRST_ISSUE = 7_000_001
"""Every investigation has an issue of its own, so that whatever reaches a peer tells which one it belongs to."""


class Trouble(StrEnum):
    """The kinds of trouble, each with what its `size` counts."""

    KILL = "kill -9"  # seconds until the replica is started again
    PAUSE = "pause"  # seconds between SIGSTOP and SIGCONT
    STOP = "stop"  # seconds after SIGTERM until the replica is started again
    DATABASE = "database restart"  # nothing
    CUT = "cut connections"  # nothing
    MODEL = "model fails"  # seconds in which most answers of the model are a 503
    SLACK = "slack limits"  # calls that get a 429, of each method
    DUPLICATE = "duplicates"  # deliveries that come to two replicas at once, and again later


OF_REPLICAS = frozenset({Trouble.KILL, Trouble.PAUSE, Trouble.STOP})
_WEIGHTS = {
    Trouble.KILL: 6,
    Trouble.PAUSE: 4,
    Trouble.STOP: 3,
    Trouble.DATABASE: 1,
    Trouble.CUT: 2,
    Trouble.MODEL: 2,
    Trouble.SLACK: 2,
    Trouble.DUPLICATE: 3,
}


@dataclass(frozen=True, slots=True)
class Ask:
    """A person asks for an investigation, and perhaps wants it stopped some seconds later."""

    at_s: float
    organization: int
    channel: int
    issue: str
    cancel_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """Something goes wrong; `replica` is whose fault it is, where it is one's."""

    at_s: float
    kind: Trouble
    size: float = 0.0
    replica: int | None = None


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much of everything: `gap_s` is the mean time between two troubles."""

    investigations: int = 200
    organizations: int = 20
    replicas: int = 3
    per_second: float = 0.8
    gap_s: float = 5.0
    lease_s: float = 3.0

    @property
    def span_s(self) -> float:
        """How long people ask."""
        return self.investigations / self.per_second


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole run."""

    sizes: Sizes
    asks: tuple[Ask, ...]
    events: tuple[Event, ...]


def plan_of(seed: int, sizes: Sizes) -> Plan:
    """The plan of that seed: the same for the same sizes, whenever and wherever it is made."""
    chance = Random(seed)
    asks = tuple(sorted(_asks(chance, sizes), key=lambda ask: ask.at_s))
    return Plan(sizes, asks, tuple(_events(chance, sizes)))


def _asks(chance: Random, sizes: Sizes) -> Iterator[Ask]:
    for number in range(sizes.investigations):
        yield Ask(
            at_s=round(chance.uniform(0, sizes.span_s), 3),
            organization=number % sizes.organizations,
            channel=chance.randrange(2),
            issue=str(FIRST_ISSUE + number),
            cancel_after_s=round(chance.uniform(0.2, 6.0), 3) if chance.random() < 0.06 else None,
        )


def _events(chance: Random, sizes: Sizes) -> Iterator[Event]:
    """Of the replicas one at least is always there: an outage of all is another test."""
    back_at_s = [0.0] * sizes.replicas
    # Every kind comes before any comes again by chance, so that short runs have seen all of them.
    due = chance.sample(list(Trouble), len(Trouble))
    at_s = chance.uniform(2.0, 4.0)
    while at_s < sizes.span_s:
        kind = due.pop() if due else chance.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
        size = round(_size(chance, kind, sizes), 3)
        there = [number for number, back_s in enumerate(back_at_s) if back_s <= at_s]
        if kind not in OF_REPLICAS:
            yield Event(round(at_s, 3), kind, size)
        elif len(there) > 1:
            replica = chance.choice(there)
            back_at_s[replica] = at_s + size + _STARTING_S
            yield Event(round(at_s, 3), kind, size, replica)
        elif kind not in due:
            due.insert(0, kind)
        at_s += chance.uniform(0.4, 1.6) * sizes.gap_s


_STARTING_S = 6.0


def _size(chance: Random, kind: Trouble, sizes: Sizes) -> float:
    match kind:
        case Trouble.KILL | Trouble.STOP:
            return chance.uniform(0.0, 4.0)
        case Trouble.PAUSE:
            return sizes.lease_s + chance.uniform(1.0, 6.0)
        case Trouble.MODEL:
            return chance.uniform(1.0, 3.0)
        case Trouble.SLACK:
            return float(chance.randrange(3, 12))
        case Trouble.DUPLICATE:
            return float(chance.randrange(2, 8))
        case Trouble.DATABASE | Trouble.CUT:
            return 0.0
