"""What the replicas of one database agree on beside work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


class Leadership(Protocol):
    """What only one replica does at a time, such as keeping the socket to a platform open."""

    async def acquire(self, name: str, lease_s: float) -> bool:
        """Whether the duty is ours for the next `lease_s`: it was free, ran out, or was ours already."""
        ...

    async def release(self, name: str) -> None:
        """Others may take the duty at once, if it was ours."""
        ...


@dataclass(frozen=True, slots=True)
class Rate:
    """One turn each `interval_s`, and after a pause up to `burst` at once."""

    interval_s: float
    burst: int


class Turns(Protocol):
    """Steady rates that all replicas share."""

    async def reserve(self, key: str, rate: Rate) -> float:
        """Take the next free turn of `key`: seconds until it comes."""
        ...

    async def pause(self, key: str, rate: Rate, seconds: float) -> None:
        """No turn of `key` that is taken from now on comes sooner than in so many seconds."""
        ...


class Schedules(Protocol):
    """Recurring work, begun once a slot whatever the number of replicas."""

    async def fire(self, name: str, following_s: Callable[[float], float]) -> int:
        """Queue a run of kind `upkeep` about `name` for every organization, if its time has come: how many.

        `following_s` gives the slot after a time, both in seconds since 1970. A name that was never seen starts with
        the slot after now.
        """
        ...
