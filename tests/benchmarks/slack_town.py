"""The place of `make bench-slack`: a workspace under Slack's limits, and LogSense beside it in a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.fakes.slack import Channel, FakeSlack, User, Workspace

CHANNELS = 10
STEPS, STEP_S, SPREAD_S = 12, 10.0, 60.0
"""Of an investigation; and within how long all of them start."""


@dataclass
class Harness:
    """One workspace under the limits, and how much faster than those of Slack its clock goes."""

    peer: FakeSlack
    workspace: Workspace
    people: list[User]
    channels: list[Channel]
    speed: float

    def now(self) -> float:
        """Seconds of the scenario."""
        return time.monotonic() * self.speed

    def moment_of(self, unix_s: float) -> float:
        """The same moment on the scenario's clock."""
        return (unix_s - time.time() + time.monotonic()) * self.speed

    async def pass_by(self, seconds: float) -> None:
        """Seconds of the scenario passed."""
        await asyncio.sleep(seconds / self.speed)


@asynccontextmanager
async def harness(speed: float) -> AsyncIterator[Harness]:
    """A workspace of its own, with nothing of its limits used up."""
    limits = {"chat.update": 45}
    async with FakeSlack(per_minute=limits, clock=lambda: time.monotonic() * speed, answer_within_s=30) as peer:
        workspace = peer.add_workspace("Acme")
        people = [workspace.add_user(f"person{n}", is_admin=n == 0) for n in range(CHANNELS)]
        channels = [workspace.add_channel(f"team{n}", *people) for n in range(CHANNELS)]
        yield Harness(peer, workspace, people, channels, speed)


@dataclass
class LogSense:
    """The other process."""

    process: asyncio.subprocess.Process
    url: str

    async def committed(self) -> list[dict[str, Any]]:
        """What it has in its database; it ends with that."""
        answer, _ = await self.process.communicate(b"\n")
        found: list[dict[str, Any]] = json.loads(answer)
        return found


@asynccontextmanager
async def logsense(at: Harness, steps: int, step_s: float) -> AsyncIterator[LogSense]:
    """LogSense, listening to the harness."""
    with tempfile.TemporaryDirectory() as home:
        settings = {
            "LOGSENSE_HOME": str(Path(home) / "home"),
            "LOGSENSE_SLACK_URL": at.peer.url,
            "SLACK_SIGNING_SECRET": at.peer.signing_secret,
            "SLACK_BOT_TOKEN": at.workspace.bot_token,
            "SENTRY_ORG": "acme",
            "SENTRY_TOKEN": "not asked for",
            "LOGSENSE_MAX_CONCURRENT": "1000",
        }
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.benchmarks.slack_app", str(steps), str(step_s / at.speed), str(at.speed)),
            env={name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ} | settings,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=2**26,
        )
        try:
            assert process.stdout is not None
            url = (await process.stdout.readline()).decode().strip()
            if not url:
                raise SystemExit("LogSense did not start; its log is above.")
            at.peer.events_url = f"{url}/slack/events"
            yield LogSense(process, url)
        finally:
            at.peer.events_url = None
            if process.returncode is None:
                process.kill()
            await process.wait()
