"""What was seen during a run, at the peers and in the database. All times are seconds since 1970, of one clock."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.chaos.schedule import Ask


@dataclass(frozen=True, slots=True)
class Kept:
    """An investigation as it is kept at the end."""

    id: str
    issue: str
    channel: str
    thread: str
    status: str
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class Posted:
    """A message that stands in a thread at the end; `role` is what it is for, with the number of its part."""

    channel: str
    thread: str
    role: str
    at: float
    is_spinning: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a journal: `at` is its commit.

    Of a turn it has the number and the tools that it calls, by the ids of the calls; of an outcome the id of its call.
    """

    investigation: str
    run: str
    attempt: int
    at: float
    turn: int | None = None
    calls: tuple[tuple[str, str], ...] = ()
    outcome_of: str | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """A run changed hands or ended."""

    run: str
    subject: str
    state: str
    owner: str | None
    attempt: int
    at: float


@dataclass(frozen=True, slots=True)
class ModelCall:
    """A request to the model for the given turn of the investigation of an issue; `prompt` is a hash of it."""

    issue: str
    turn: int
    prompt: str
    at: float


@dataclass(frozen=True, slots=True)
class Read:
    """A request to Sentry that no other tools than these make."""

    issue: str
    tools: frozenset[str]
    at: float


@dataclass(frozen=True, slots=True)
class Outage:
    """A replica was killed, paused or asked to stop."""

    owner: str
    kind: str
    at: float


@dataclass(slots=True)
class Facts:
    """Everything that the verdict is reached from; `down` are the times in which the database was restarted.

    `paused` are pauses, each with when that replica went on. `answers` are what Slack was answered, by issue.
    """

    asked: list[Ask] = field(default_factory=list)
    answers: dict[str, list[str]] = field(default_factory=dict)
    kept: list[Kept] = field(default_factory=list)
    posted: list[Posted] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    holds: list[Hold] = field(default_factory=list)
    calls: list[ModelCall] = field(default_factory=list)
    reads: list[Read] = field(default_factory=list)
    outages: list[Outage] = field(default_factory=list)
    paused: list[tuple[Outage, float]] = field(default_factory=list)
    down: list[tuple[float, float]] = field(default_factory=list)
