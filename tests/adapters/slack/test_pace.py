"""Turns within Slack's limits: never more in any minute, finals first, nobody forgotten."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from adapters.common.rate_limits import FINAL, PROGRESS, Budget

_SELECT = selectors.DefaultSelector


class _VirtualLoop(asyncio.SelectorEventLoop):
    """Time passes at once whenever everybody waits."""

    def __init__(self) -> None:
        super().__init__(_JumpingSelector(self))
        self.at = 0.0

    def time(self) -> float:
        return self.at


class _JumpingSelector(_SELECT):
    def __init__(self, loop: _VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> Any:
        if timeout:
            self._loop.at += timeout
        return super().select(0)


def in_virtual_time(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    with asyncio.Runner(loop_factory=_VirtualLoop) as runner:
        runner.run(work())


@given(starts=st.lists(st.floats(0, 180), min_size=1, max_size=200), burst=st.integers(1, 5))
def test_no_minute_holds_more_than_the_rate_and_the_burst(starts: list[float], burst: int) -> None:
    given_at: list[float] = []

    async def work() -> None:
        budget, loop = Budget(per_minute=40, burst=burst), asyncio.get_running_loop()

        async def one(start: float) -> None:
            await asyncio.sleep(start)
            await budget.turn()
            given_at.append(loop.time())

        await asyncio.gather(*(one(start) for start in starts))

    in_virtual_time(work)
    assert len(given_at) == len(starts)
    given_at.sort()
    for first in range(len(given_at)):
        within = sum(given_at[first] <= at < given_at[first] + 60 for at in given_at)
        assert within <= 40 + burst


def test_a_final_goes_before_progress_that_waited_longer() -> None:
    order: list[str] = []

    async def work() -> None:
        budget = Budget(per_minute=60, burst=1)

        async def one(name: str, priority: int) -> None:
            await budget.turn(priority)
            order.append(name)

        async with asyncio.TaskGroup() as group:
            for name, priority in (("first", PROGRESS), ("second", PROGRESS), ("third", PROGRESS), ("final", FINAL)):
                group.create_task(one(name, priority))

    in_virtual_time(work)
    assert order == ["first", "final", "second", "third"]


def test_after_a_pause_that_slack_asked_for_nothing_is_sent_before_it_is_over() -> None:
    given_at: list[float] = []

    async def work() -> None:
        budget, loop = Budget(per_minute=60, burst=5), asyncio.get_running_loop()
        await budget.turn()
        budget.pause(30)
        for _ in range(3):
            await budget.turn()
            given_at.append(loop.time())

    in_virtual_time(work)
    assert given_at[0] >= 30
    assert given_at[-1] >= 32


def test_who_goes_away_takes_no_turn() -> None:
    async def work() -> None:
        budget, loop = Budget(per_minute=60, burst=1), asyncio.get_running_loop()
        await budget.turn()
        gone = asyncio.create_task(budget.turn())
        stays = asyncio.create_task(budget.turn())
        await asyncio.sleep(0)
        gone.cancel()
        await stays
        assert loop.time() < 1.1

    in_virtual_time(work)
