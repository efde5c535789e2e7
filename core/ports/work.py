"""Work as leased rows, and the journals that it leaves."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from core.domain.journal import JournalEntry
from core.domain.tenancy import (
    OrganizationId,
)


class Journal(Protocol):
    """The append-only record of one investigation or question."""

    async def entries(self) -> tuple[JournalEntry, ...]:
        """What was committed, oldest first."""
        ...

    async def record(self, entry: JournalEntry) -> None:
        """Commit `entry`; afterwards it survives a kill.

        Raises:
            LeaseLost: another worker has the run, or it was cancelled; nothing was written.
        """
        ...


@dataclass(frozen=True, slots=True)
class Run:
    """A leased row of work: `kind` says what to do with `subject_id`; `attempt` fences every write made for it."""

    id: str
    kind: str
    organization_id: OrganizationId
    subject_id: str
    attempt: int
    crashes: int


@dataclass(frozen=True, slots=True)
class Depth:
    """How many runs of one kind are in one state, and how long ago, in seconds, the oldest of them was queued."""

    kind: str
    state: str
    count: int
    oldest_s: float


class Runs(Protocol):
    """The queue of leased rows that all workers of one database share; times are the database's."""

    async def claim(self, limit: int, kinds: Collection[str] | None = None) -> Sequence[Run]:
        """Take up to `limit` queued or abandoned runs, least busy organization first, within each one's cap.

        Only those of `kinds`, if given: other versions that share the database may know other kinds.
        """
        ...

    async def renew(self, runs: Sequence[Run]) -> tuple[frozenset[str], frozenset[str]]:
        """Extend the leases of `runs`: the ids still ours, and among them those somebody wants cancelled."""
        ...

    async def finish(self, run: Run, state: str) -> bool:
        """Close the run as done, failed or cancelled; False when it was no longer ours."""
        ...

    async def wait(self) -> None:
        """Returns when there may be work to claim: at once when somebody queued some, else after a moment."""
        ...

    async def depth(self) -> Sequence[Depth]:
        """How much work waits and runs, by kind."""
        ...

    async def hand_back(self, runs: Sequence[Run]) -> None:
        """Give runs back at once, for others to take; does nothing for runs that are no longer ours."""
        ...

    async def take_over_all(self) -> int:
        """Queue every running row again at once; only for the sole owner of a database, at its start."""
        ...


@dataclass(frozen=True, slots=True)
class BackgroundTask:
    """A small piece of work handed to whoever owns the data directory: `kind` and its input, then the outcome."""

    id: str
    kind: str
    payload: Mapping[str, Any]
    outcome: Mapping[str, Any] | None = None
    failure: str | None = None


class Watch(Protocol):
    """Waits for changes of one stored thing."""

    async def wait(self) -> None:
        """Returns soon after the thing was changed by anybody, perhaps without a change; none is missed."""
        ...
