"""A duty has one holder; it goes on elsewhere when the holder dies or cannot ask whether it still is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from core.domain.errors import ServiceUnavailable
from core.ports import Leadership
from core.work.leader import LeaderElection

LEASE_S = 0.3


@dataclass
class Ledger(Leadership):
    """Who holds what, as a database would know it."""

    holder: str | None = None
    is_down: bool = False

    def seen_by(self, owner: str) -> Replica:
        return Replica(self, owner)

    async def acquire(self, name: str, lease_s: float) -> bool:
        raise AssertionError("ask through a replica")

    async def release(self, name: str) -> None:
        raise AssertionError("ask through a replica")


@dataclass
class Replica(Leadership):
    ledger: Ledger
    owner: str

    async def acquire(self, name: str, lease_s: float) -> bool:
        if self.ledger.is_down:
            raise ServiceUnavailable("the database", "down")
        self.ledger.holder = self.ledger.holder or self.owner
        return self.ledger.holder == self.owner

    async def release(self, name: str) -> None:
        if self.ledger.holder == self.owner:
            self.ledger.holder = None


@dataclass
class Socket:
    events: list[str] = field(default_factory=list)
    refuses: bool = False

    async def open(self) -> None:
        if self.refuses:
            raise ServiceUnavailable("Slack", "no")
        self.events.append("open")

    async def close(self) -> None:
        self.events.append("close")


def duty(ledger: Ledger, owner: str, socket: Socket) -> LeaderElection:
    return LeaderElection(ledger.seen_by(owner), "socket", lease_s=LEASE_S, begin=socket.open, end=socket.close)


async def until(look: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not look():
            await asyncio.sleep(0.01)


async def test_the_second_begins_when_the_first_stops() -> None:
    ledger, first, second = Ledger(), Socket(), Socket()
    async with duty(ledger, "first", first).offered():
        async with duty(ledger, "second", second).offered():
            assert (first.events, second.events) == (["open"], [])
            ledger.holder = "second"
            await until(lambda: second.events == ["open"] and first.events == ["open", "close"])
        assert second.events == ["open", "close"]
        await until(lambda: first.events == ["open", "close", "open"])
    assert ledger.holder is None


async def test_who_cannot_ask_stops_when_the_lease_has_run_out_and_goes_on_later() -> None:
    ledger, socket = Ledger(), Socket()
    async with duty(ledger, "first", socket).offered():
        ledger.is_down = True
        await until(lambda: socket.events == ["open", "close"])
        ledger.is_down = False
        await until(lambda: socket.events == ["open", "close", "open"])


async def test_what_never_works_is_seen_at_the_start_and_what_fails_later_is_tried_again() -> None:
    socket = Socket(refuses=True)
    with pytest.raises(ServiceUnavailable):
        async with duty(Ledger(), "first", socket).offered():
            raise AssertionError("it did not begin")
    ledger = Ledger(holder="another")
    async with duty(ledger, "first", socket).offered():
        ledger.holder = "first"
        await asyncio.sleep(LEASE_S)
        assert socket.events == []
        socket.refuses = False
        await until(lambda: socket.events == ["open"])
