"""Calls over outside data run fairly, end at a deadline, and leave no process behind."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.errors import OperatorNeeded, RateLimited
from core.gateways.process_pool import ProcessPool, WorkerFailed
from core.gateways.process_pool.turns import FairTurns

ROOT = Path(__file__).parent.parent.parent
ENDLESS = (re.match, r"(a+)+$", "a" * 60 + "b")
"""Within C code, where no signal handler of Python is run."""


@asynccontextmanager
async def opened(pool: ProcessPool) -> AsyncIterator[ProcessPool]:
    try:
        yield pool
    finally:
        await pool.close()


async def until(what: Callable[[], object]) -> None:
    while not what():
        await asyncio.sleep(0.01)


def workers() -> list[psutil.Process]:
    return [each for each in psutil.Process().children() if each.status() != psutil.STATUS_ZOMBIE]


async def test_a_process_answers_many_calls() -> None:
    async with opened(ProcessPool()) as pool:
        first, second = await pool.run("a", os.getpid), await pool.run("b", os.getpid)
    assert first == second != os.getpid()


async def test_small_calls_start_no_process() -> None:
    async with opened(ProcessPool()) as pool:
        assert await pool.run("a", os.getpid, is_small=True) == os.getpid()
        assert not workers()


async def test_a_call_past_its_deadline_is_ended_and_its_process_replaced() -> None:
    async with opened(ProcessPool(cpu_s=0.2)) as pool:
        before = await pool.run("a", os.getpid)
        with pytest.raises(WorkerFailed, match=r"took longer than 0\.2 s of processor time"):
            await pool.run("a", *ENDLESS)
        assert not psutil.pid_exists(before)
        assert await pool.run("a", os.getpid) != before


async def test_processes_that_nobody_needs_any_more_end() -> None:
    async with opened(ProcessPool(idle_s=0)) as pool:
        await pool.run("a", len, b"abc")
        await until(lambda: not workers())
        assert await pool.run("a", len, b"abc") == 3


async def test_waiting_costs_nothing_of_the_deadline() -> None:
    async with opened(ProcessPool(1, cpu_s=0.3)) as pool:
        answers = await asyncio.gather(*(pool.run("a", time.sleep, 0.2) for _ in range(3)))
    assert answers == [None] * 3


async def test_a_call_that_wants_too_much_memory_fails_alone() -> None:
    async with opened(ProcessPool()) as pool:
        with pytest.raises(WorkerFailed, match="needed more than 512 MiB of memory"):
            await pool.run("a", bytes, 1024**3)
        assert await pool.run("a", len, b"abc") == 3


async def test_a_process_that_the_system_kills_is_replaced() -> None:
    async with opened(ProcessPool()) as pool:
        pid = await pool.run("a", os.getpid)
        with pytest.raises(WorkerFailed, match="ended by the system"):
            await pool.run("a", signal.raise_signal, signal.SIGKILL)
        os.kill(another := await pool.run("a", os.getpid), signal.SIGKILL)
        await until(lambda: psutil.Process(another).status() == psutil.STATUS_ZOMBIE)
        assert await pool.run("a", os.getpid) not in (pid, another)


async def test_errors_come_back_as_they_are() -> None:
    async with opened(ProcessPool()) as pool:
        with pytest.raises(ValueError, match="invalid literal"):
            await pool.run("a", int, "x")
        for error in (RateLimited("Sentry", "Wait.", retry_after_s=3.5), OperatorNeeded("disk", "Full.", problem="x")):
            back = await pool.run("a", _same, error)
            assert (type(back), str(back), vars(back)) == (type(error), str(error), vars(error))


def _same(thing: object) -> object:
    return thing


async def test_a_process_knows_no_secret_of_its_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTRY_TOKEN", "hunter2")
    async with opened(ProcessPool()) as pool:
        inherited = await pool.run("a", subprocess.getoutput, "env")
    assert {line.partition("=")[0] for line in inherited.splitlines()} <= {"LC_CTYPE", "PWD", "SHLVL", "OLDPWD", "_"}


async def test_a_call_of_another_organization_ends_while_one_never_does() -> None:
    async with opened(ProcessPool(2, cpu_s=600)) as pool:
        hostile = [asyncio.create_task(pool.run("hostile", *ENDLESS)) for _ in range(3)]
        await until(workers)
        assert await pool.run("other", len, b"abc") == 3
        assert not any(task.done() for task in hostile)
        assert len(workers()) == 2
        for task in hostile:
            task.cancel()
        await asyncio.gather(*hostile, return_exceptions=True)
    assert not workers()


async def test_of_two_hostile_organizations_each_waits_for_itself_and_a_third_comes_between() -> None:
    ended: list[str] = []

    async def call(owner: str, number: int) -> None:
        with pytest.raises(WorkerFailed):
            await pool.run(owner, *ENDLESS)
        ended.append(f"{owner}{number}")

    async with opened(ProcessPool(2, cpu_s=0.3)) as pool:
        hostile = [asyncio.create_task(call(owner, number)) for number in range(3) for owner in "ab"]
        await until(lambda: len(workers()) == 2)
        await pool.run("victim", len, b"abc")
        ended.append("victim")
        await asyncio.gather(*hostile)
    assert ended.index("victim") <= 2, ended


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_processes_end_with_a_parent_that_is_killed(how: signal.Signals) -> None:
    script = (
        "import asyncio, os, re\n"
        "from core.gateways.process_pool import ProcessPool\n"
        "async def main():\n"
        "    pool = ProcessPool(2, cpu_s=1)\n"
        "    print(await pool.run('idle', os.getpid), flush=True)\n"
        "    await pool.run('busy', re.match, '(a+)+$', 'a' * 60 + 'b')\n"
        "asyncio.run(main())\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        worker = psutil.Process(int(parent.stdout.readline()))
        parent.send_signal(how)
        parent.wait()
    while worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.05)


# ---- turns ----------------------------------------------------------------------------------------------------------


class Queue:
    """Owners whose tasks arrive and end as a test says; notes who went before owners that had nothing running."""

    def __init__(self, places: int, per_owner: int) -> None:
        self.turns = FairTurns(places, per_owner)
        self.waiting: list[tuple[int, str]] = []
        self.running: list[tuple[int, str, asyncio.Event]] = []
        self.tasks: dict[int, asyncio.Task[None]] = {}
        self.went_before: dict[str, list[str]] = {}

    async def arrive(self, number: int, owner: str) -> None:
        self.waiting.append((number, owner))
        self.tasks[number] = asyncio.create_task(self._work(number, owner))

    async def _work(self, number: int, owner: str) -> None:
        done = asyncio.Event()
        async with self.turns.turn(owner):
            self.waiting.remove((number, owner))
            self.running.append((number, owner, done))
            self._note(owner)
            await done.wait()
            self.running.remove((number, owner, done))

    def _note(self, admitted: str) -> None:
        waiting = {owner for _, owner in self.waiting if not self.of(owner)}
        self.went_before = {owner: [*self.went_before.get(owner, ()), admitted] for owner in waiting}

    async def settle(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)

    def of(self, owner: str) -> int:
        return sum(1 for _, each, _ in self.running if each == owner)


STEPS = st.lists(
    st.tuples(st.sampled_from(["arrive", "arrive", "end", "give up"]), st.sampled_from("abcd"), st.integers(0, 9)),
    max_size=60,
)


@given(STEPS, st.integers(1, 3), st.integers(1, 2))
def test_turns_are_shared_fairly(steps: list[tuple[str, str, int]], places: int, per_owner: int) -> None:
    asyncio.run(_shared_fairly(steps, places, min(places, per_owner)))


async def _shared_fairly(steps: list[tuple[str, str, int]], places: int, per_owner: int) -> None:
    queue = Queue(places, per_owner)
    for number, (step, owner, which) in enumerate(steps):
        if step == "arrive":
            await queue.arrive(number, owner)
        elif step == "end" and queue.running:
            queue.running[which % len(queue.running)][2].set()
        elif step == "give up" and queue.waiting:
            gone = queue.waiting.pop(which % len(queue.waiting))
            queue.tasks[gone[0]].cancel()
        await queue.settle()
        _check(queue, places, per_owner)
    while queue.running:
        queue.running[0][2].set()
        await queue.settle()
        _check(queue, places, per_owner)
    assert not queue.waiting, "everybody had a turn"


def _check(queue: Queue, places: int, per_owner: int) -> None:
    assert len(queue.running) <= places
    assert all(queue.of(owner) <= per_owner for owner in "abcd")
    if len(queue.running) < places:
        assert all(queue.of(owner) == per_owner for _, owner in queue.waiting), "a place is free for one who waits"
    assert all(len(before) == len(set(before)) for before in queue.went_before.values()), "somebody went before twice"
