"""The replicas: real `logsense serve` processes, and the signals they get."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.chaos.facts import Outage

_ROOT = Path(__file__).parents[2]
_READY_WITHIN_S = 90.0
_STOPPED_WITHIN_S = 30.0


class Replica:
    """One place in the deployment: a data directory, an address, and one process after another."""

    def __init__(self, number: int, home: Path, variables: Mapping[str, str]) -> None:
        """Nothing runs yet."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            address = f"127.0.0.1:{free.getsockname()[1]}"
        self.number = number
        self.url = f"http://{address}"
        self.log = home / f"replica{number}.log"
        self.complaints: list[str] = []
        self.failed_starts = 0
        self._variables = dict(variables) | {
            "LOGSENSE_HOME": str(home / f"home{number}"),
            "LOGSENSE_LISTEN": address,
        }
        self._process: asyncio.subprocess.Process | None = None
        self._former: list[int] = []
        self._listens = False

    @property
    def owner(self) -> str:
        """How the process names itself in the table of runs."""
        assert self._process is not None
        return f"{socket.gethostname()}:{self._process.pid}"

    @property
    def is_there(self) -> bool:
        """Whether a load balancer would send it requests; it does not notice a pause."""
        return self._listens

    async def start(self) -> None:
        """Returns once it listens; tries again while the database is being restarted, as an orchestrator does."""
        while not await self._started():
            await asyncio.sleep(0.5)

    async def _started(self) -> bool:
        with self.log.open("ab") as log:
            log.write(f"---- started at {time.time():.3f}\n".encode())
            log.flush()
            process = self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "bot", "serve"),
                cwd=_ROOT,
                env=self._variables,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )
        assert process.stdout is not None
        async with asyncio.timeout(_READY_WITHIN_S):
            while line := await process.stdout.readline():
                if b"listens on" in line:
                    self._listens = True
                    return True
        await process.wait()
        self.failed_starts += 1
        return False

    async def kill(self) -> Outage:
        """kill -9; its tool server has to notice by itself."""
        outage, self._listens = self._outage("kill -9"), False
        self._send(signal.SIGKILL)
        await self._gone()
        return outage

    def pause(self) -> Outage:
        """The process and what it started stand still, as when the machine under them does."""
        outage = self._outage("pause")
        self._send(signal.SIGSTOP, group=True)
        return outage

    def resume(self) -> None:
        """It goes on as if nothing had been."""
        self._send(signal.SIGCONT, group=True)

    async def stop(self) -> Outage:
        """SIGTERM, and it ended by itself."""
        outage, self._listens = self._outage("stop"), False
        self._send(signal.SIGTERM)
        try:
            await asyncio.wait_for(self._gone(), _STOPPED_WITHIN_S)
        except TimeoutError:
            self.complaints.append(f"replica {self.number} did not stop within {_STOPPED_WITHIN_S:.0f} s")
            self._send(signal.SIGKILL)
            await self._gone()
        return outage

    async def end(self) -> None:
        """Nothing of it is left. What outlived its process is complained about."""
        self.complaints += [f"a child of the dead process {pid} is still there" for pid in self._former if _lives(pid)]
        if self._process is not None:
            self._complain_if_over()
            for each in (signal.SIGCONT, signal.SIGKILL):
                self._send(each, group=True)
            await self._gone()

    def _outage(self, kind: str) -> Outage:
        self._complain_if_over()
        return Outage(self.owner, kind, time.time())

    def _complain_if_over(self) -> None:
        process = self._process
        if self._listens and process is not None and process.returncode is not None:
            self.complaints.append(f"replica {self.number} ended by itself, with exit code {process.returncode}")

    def _send(self, number: signal.Signals, *, group: bool = False) -> None:
        assert self._process is not None
        try:
            if group:
                os.killpg(self._process.pid, number)
            else:
                self._process.send_signal(number)
        except ProcessLookupError:
            return

    async def _gone(self) -> None:
        assert self._process is not None
        # It may have more to say than the pipe holds.
        await self._process.communicate()
        self._former.append(self._process.pid)


def _lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def variables_for(settings: Mapping[str, str]) -> dict[str, str]:
    """The environment of a replica: what a process needs, and these settings."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return kept | {"PYTHONPATH": str(_ROOT)} | dict(settings)


def addresses(replicas: Sequence[Replica]) -> list[str]:
    """Where requests may be sent to."""
    return [replica.url for replica in replicas if replica.is_there]
