"""A rate that several replicas keep together: their turns come from one ledger, finals first within each."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from adapters.common.rate_limits import FINAL, PROGRESS, Budget
from adapters.slack.shared_limits import Budgets
from core.domain.errors import ServiceUnavailable
from core.ports import Rate, Turns
from tests.adapters.slack.test_pace import in_virtual_time


@dataclass
class Ledger(Turns):
    """The turns of all replicas, on the loop's clock."""

    next_s: dict[str, float] = field(default_factory=dict)
    is_down: bool = False

    async def reserve(self, key: str, rate: Rate) -> float:
        if self.is_down:
            raise ServiceUnavailable("the database", "down")
        now = asyncio.get_running_loop().time()
        self.next_s[key] = max(self.next_s.get(key, now), now) + rate.interval_s
        return max(0.0, self.next_s[key] - now - rate.burst * rate.interval_s)

    async def pause(self, key: str, rate: Rate, seconds: float) -> None:
        until_s = asyncio.get_running_loop().time() + seconds + (rate.burst - 1) * rate.interval_s
        self.next_s[key] = max(self.next_s.get(key, until_s), until_s)


def replicas(ledger: Ledger, count: int, burst: int) -> list[Budgets]:
    return [Budgets(lambda _: Budget(per_minute=40, burst=burst), turns=ledger) for _ in range(count)]


@given(
    starts=st.lists(st.tuples(st.integers(0, 2), st.floats(0, 120)), min_size=1, max_size=120), burst=st.integers(1, 5)
)
def test_together_they_stay_within_the_rate_and_nobody_is_forgotten(
    starts: list[tuple[int, float]], burst: int
) -> None:
    given_at: list[float] = []

    async def work() -> None:
        all_, loop = replicas(Ledger(), 3, burst), asyncio.get_running_loop()

        async def one(replica: int, start: float) -> None:
            await asyncio.sleep(start)
            await all_[replica].of("chat.update", "T1").turn()
            given_at.append(loop.time())

        await asyncio.gather(*(one(*start) for start in starts))

    in_virtual_time(work)
    assert len(given_at) == len(starts)
    for at in given_at:
        assert sum(at <= other < at + 59.99 for other in given_at) <= 40 + burst


def test_a_turn_that_comes_goes_to_the_most_urgent_who_waits_then() -> None:
    order: list[str] = []

    async def work() -> None:
        (budgets,) = replicas(Ledger(), 1, 1)
        budget = budgets.of("chat.update", "T1")

        async def one(name: str, priority: int, *, start: float) -> None:
            await asyncio.sleep(start)
            await budget.turn(priority)
            order.append(name)

        waiting = [("first", PROGRESS), ("second", PROGRESS), ("third", PROGRESS), ("final", FINAL)]
        await asyncio.gather(*(one(*who, start=n / 10) for n, who in enumerate(waiting)))

    in_virtual_time(work)
    assert order == ["first", "final", "second", "third"]


def test_a_pause_that_slack_asks_of_one_holds_for_all() -> None:
    async def work() -> None:
        one, another = replicas(Ledger(), 2, 5)
        loop = asyncio.get_running_loop()
        await one.of("chat.update", "T1").turn()
        one.of("chat.update", "T1").pause(30)
        await asyncio.sleep(0.01)
        await another.of("chat.update", "T1").turn()
        assert loop.time() >= 30
        await another.of("chat.update", "T2").turn()
        assert loop.time() < 32, "another workspace is not concerned"

    in_virtual_time(work)


def test_while_the_ledger_cannot_be_reached_each_keeps_the_rate_by_itself() -> None:
    given_at: list[float] = []

    async def work() -> None:
        (budgets,) = replicas(Ledger(is_down=True), 1, 1)
        for _ in range(5):
            await budgets.of("chat.update", "T1").turn()
            given_at.append(asyncio.get_running_loop().time())

    in_virtual_time(work)
    assert given_at[-1] - given_at[0] >= 4 * 1.5 - 0.01
