"""The whole product as a stranger runs it: the command in a process of its own, against the local Sentry."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from bot.demo.local_sentry import LocalSentry
from tests import forkserver

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command left behind."""

    code: int
    stdout: str
    stderr: str

    @property
    def document(self) -> Any:
        """The one JSON document on stdout."""
        return json.loads(self.stdout)


@dataclass(slots=True)
class CommandLine:
    """Runs `logsense` with its own data directory and nothing of this machine's settings.

    With `is_fresh` in an interpreter of its own, as a person does; otherwise by `tests.forkserver`, which is quicker.
    """

    home: Path
    variables: dict[str, str] = field(default_factory=dict)
    is_fresh: bool = False

    async def start(
        self, *arguments: str, stdin: bytes | None = None, keeps_open: bool = False
    ) -> asyncio.subprocess.Process:
        """Start a command; with `keeps_open` more may follow on its standard input."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot") if self.is_fresh else forkserver.command("bot"),
            *arguments,
            cwd=self.home.parent,
            env=kept | {"PYTHONPATH": str(ROOT), "LOGSENSE_HOME": str(self.home), "COLUMNS": "120"} | self.variables,
            stdin=asyncio.subprocess.PIPE if stdin is not None else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        if stdin is not None and process.stdin is not None:
            process.stdin.write(stdin)
            if not keeps_open:
                process.stdin.close()
        return process

    async def finish(self, process: asyncio.subprocess.Process) -> Outcome:
        """The outcome of a running command."""
        stdout, stderr = await asyncio.wait_for(process.communicate(), 50)
        return Outcome(process.returncode or 0, stdout.decode(), stderr.decode())

    async def run(self, *arguments: str, stdin: bytes | None = None) -> Outcome:
        """The outcome of a command."""
        return await self.finish(await self.start(*arguments, stdin=stdin))

    def connected_to(self, sentry: LocalSentry, **variables: str) -> CommandLine:
        """The same command line, with this Sentry connected."""
        return CommandLine(self.home, self.variables | connection(sentry) | variables, self.is_fresh)


def connection(sentry: LocalSentry) -> dict[str, str]:
    """The environment that connects a Sentry on loopback."""
    return {
        "SENTRY_URL": sentry.base_url,
        "SENTRY_ORG": sentry.organization_slug,
        "SENTRY_TOKEN": sentry.token,
        "LOGSENSE_ALLOWED_HOSTS": sentry.base_url.removeprefix("http://"),
    }


def everything_kept(home: Path) -> Sequence[bytes]:
    """The bytes of every file below the data directory."""
    return [path.read_bytes() for path in home.rglob("*") if path.is_file()]


@pytest.fixture
async def sentry() -> AsyncIterator[LocalSentry]:
    async with LocalSentry() as served:
        yield served


@pytest.fixture
def logsense(tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path / "home")


async def until(condition: Callable[[], bool], within_s: float = 30.0) -> None:
    """Returns as soon as `condition` holds; fails when it does not within `within_s`."""
    async with asyncio.timeout(within_s):
        while not condition():
            await asyncio.sleep(0.02)
