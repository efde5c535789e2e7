"""The parent's side of one worker process."""

from __future__ import annotations

import asyncio
import pickle
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from core.gateways.process_pool.child import ANSWER, REQUEST

_ROOT = Path(__file__).resolve().parents[3]
_POLL_S = 0.005


class WorkerDied(Exception):
    """The process ended without an answer; `exit_status` is negative for a signal."""

    def __init__(self, exit_status: int) -> None:
        """Keep how it ended."""
        super().__init__(f"exit status {exit_status}")
        self.exit_status = exit_status

    @property
    def spent_its_time(self) -> bool:
        """Whether the kernel ended it at the deadline of its call."""
        return self.exit_status == -signal.SIGPROF


class Worker:
    """A running process that works on at most one call at a time."""

    def __init__(
        self, process: subprocess.Popen[bytes], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Take over a process that was just started; use `start`."""
        self._process = process
        self._reader = reader
        self._writer = writer

    @classmethod
    async def start(cls, max_memory_bytes: int) -> Worker:
        """Start a process without any environment; raises OSError when there is none to be had."""
        ours, process = _spawned(max_memory_bytes)
        try:
            reader, writer = await asyncio.open_connection(sock=ours)
        except BaseException:
            ours.close()
            process.kill()
            process.wait()
            raise
        return cls(process, reader, writer)

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether it can still answer."""
        return self._process.poll() is None

    async def call(self, cpu_s: float, function: Callable[..., Any], *arguments: Any) -> Any:
        """Return what `function` returns there, or raise what it raises.

        Raises:
            WorkerDied: it ended instead, perhaps because the call took more than `cpu_s` seconds of processor time.
        """
        request = pickle.dumps((function, arguments), pickle.HIGHEST_PROTOCOL)
        try:
            self._writer.write(REQUEST.pack(cpu_s, len(request)))
            self._writer.write(request)
            await self._writer.drain()
            (length,) = ANSWER.unpack(await self._reader.readexactly(ANSWER.size))
            answer = await self._reader.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionError):
            raise WorkerDied(await self._ended()) from None
        result, error = pickle.loads(answer)
        if error is not None:
            raise error
        return result

    async def kill(self) -> None:
        """End the process and return when it is gone."""
        self._process.kill()
        await self._ended()

    async def _ended(self) -> int:
        self._writer.close()
        with suppress(ConnectionError):
            await self._writer.wait_closed()
        # To wait for the end of a process without looking takes a thread for each.
        while (status := self._process.poll()) is None:  # noqa: ASYNC110
            await asyncio.sleep(_POLL_S)
        return status


def _spawned(max_memory_bytes: int) -> tuple[socket.socket, subprocess.Popen[bytes]]:
    ours, theirs = socket.socketpair()
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "core.gateways.process_pool", str(max_memory_bytes)],
            stdin=theirs.fileno(),
            stdout=theirs.fileno(),
            stderr=subprocess.DEVNULL,
            cwd=_ROOT,
            env={},
        )
    except BaseException:
        ours.close()
        raise
    finally:
        theirs.close()
    return ours, process
