"""Runs functions over outside data: small ones in threads, large ones in processes that are killed at a deadline."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any, TypeVar

from core.domain.system_errors import from_os
from core.gateways.process_pool.turns import FairTurns
from core.gateways.process_pool.worker import Worker, WorkerDied

CPU_S = 2.0
"""Of processor time, for one call; a call that waits for its turn or for its process spends none."""
_WALL_S = 8.0
"""In case the machine has so little time to give that two seconds never pass; below the tools' timeout of 20 s."""
_MAX_MEMORY_BYTES = 512 * 1024**2
_IDLE_S = 60.0
_RETRY_S = 0.2
_THREADS = 4
_SIZE = 2

T = TypeVar("T")

log = logging.getLogger("logsense.process_pool")


class WorkerFailed(Exception):
    """A call has no result; the text says why and goes into a sentence after what was called: "Reading it <text>"."""


class NoWorker(WorkerFailed):
    """No process could be started for the call."""


class ProcessPool:
    """At most `size` processes, started when first needed, ended when long unused; organizations take turns."""

    def __init__(
        self,
        size: int = _SIZE,
        *,
        cpu_s: float = CPU_S,
        max_memory_bytes: int = _MAX_MEMORY_BYTES,
        idle_s: float = _IDLE_S,
    ) -> None:
        """Start nothing yet; with two processes, one organization alone never has all of them."""
        self._idle_s = idle_s
        self._cpu_s = cpu_s
        self._max_memory_bytes = max_memory_bytes
        self._processes = FairTurns(size, max(1, size - 1))
        self._threads = FairTurns(_THREADS, 1)
        self._idle: list[Worker] = []
        self._expiry: asyncio.TimerHandle | None = None
        self._expiring: asyncio.Task[None] | None = None

    async def run(self, owner: str, function: Callable[..., T], *arguments: Any, is_small: bool = False) -> T:
        """Return `function(*arguments)`; what has to be pickled is both, and the result.

        Small calls run in a thread of this process, one at a time for an owner: their input bounds their cost.

        Raises:
            WorkerFailed: it took too much time or memory, or no process could be started.
        """
        if is_small:
            async with self._threads.turn(owner):
                return await asyncio.to_thread(function, *arguments)
        async with self._processes.turn(owner):
            return await self._in_process(function, arguments)

    async def close(self) -> None:
        """End all processes that are not at work; those at work end with the tasks that wait for them."""
        if self._expiry:
            self._expiry.cancel()
        await self._end_idle()

    async def _in_process(self, function: Callable[..., T], arguments: tuple[Any, ...]) -> T:
        worker = await self._worker()
        try:
            async with asyncio.timeout(_WALL_S):
                result: T = await worker.call(self._cpu_s, function, *arguments)
        except TimeoutError:
            await worker.kill()
            raise WorkerFailed(f"took longer than {_WALL_S:.0f} s on a busy machine") from None
        except WorkerDied as death:
            raise self._failure(death) from None
        except MemoryError:
            self._keep(worker)
            raise WorkerFailed(f"needed more than {self._max_memory_bytes >> 20:,} MiB of memory") from None
        except Exception:
            self._keep(worker)
            raise
        except BaseException:
            await worker.kill()
            raise
        self._keep(worker)
        return result

    def _failure(self, death: WorkerDied) -> WorkerFailed:
        log.warning("a worker process ended within a call: %s", death)
        if death.spent_its_time:
            return WorkerFailed(f"took longer than {self._cpu_s:g} s of processor time")
        return WorkerFailed("was ended by the system, perhaps for want of memory")

    async def _worker(self) -> Worker:
        while self._idle:
            worker = self._idle.pop()
            if worker.is_alive:
                return worker
            await worker.kill()
        try:
            return await Worker.start(self._max_memory_bytes)
        except OSError:
            # What another program holds for a moment may be free again.
            await asyncio.sleep(_RETRY_S)
        try:
            return await Worker.start(self._max_memory_bytes)
        except OSError as error:
            log.warning("no worker process could be started: %s", from_os(error) or error)
            raise NoWorker(
                "needs a process, and the machine has no memory, process or open file left for one"
            ) from None

    def _keep(self, worker: Worker) -> None:
        self._idle.append(worker)
        if self._expiry:
            self._expiry.cancel()
        self._expiry = asyncio.get_running_loop().call_later(self._idle_s, self._expire)

    def _expire(self) -> None:
        self._expiring = asyncio.create_task(self._end_idle(), name="idle worker processes")

    async def _end_idle(self) -> None:
        idle, self._idle = self._idle, []
        for worker in idle:
            await worker.kill()
