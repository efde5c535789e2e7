"""kill -9 in the middle of an investigation in Slack: nothing is lost, posted twice, or left spinning."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.demo.local_sentry import Fault, LocalSentry
from tests import forkserver
from tests.fakes.slack import Channel, FakeSlack, Message, User, Workspace
from tests.slack.conftest import is_report, is_spinning, text_of, until

ROOT = Path(__file__).parents[2]


@dataclass
class Served:
    """`logsense serve` in a process of its own, over and over on the same data directory."""

    fake_slack: FakeSlack
    sentry: LocalSentry
    acme: Workspace
    ada: User
    incidents: Channel
    variables: dict[str, str]
    process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Returns once it listens."""
        self.process = await asyncio.create_subprocess_exec(
            *forkserver.command("bot"), "serve", cwd=ROOT, env=self.variables, stdout=asyncio.subprocess.PIPE
        )
        assert self.process.stdout is not None
        async with asyncio.timeout(30):
            while b"listens on" not in await self.process.stdout.readline():
                assert self.process.returncode is None, "it ended"

    async def crash(self) -> None:
        """kill -9."""
        assert self.process is not None
        os.kill(forkserver.pid_of(self.process.pid), signal.SIGKILL)
        await self.process.wait()

    async def crash_when(self, happened: Callable[[], object]) -> None:
        """kill -9 at that moment, and start again."""
        async with asyncio.timeout(30):
            while not happened():
                await asyncio.sleep(0.001)
        await self.crash()
        await self.start()

    def reports(self) -> list[Message]:
        """Every report in the channel."""
        return [message for message in self.incidents.posts_of_bot() if is_report(message)]

    def roots(self) -> list[Message]:
        """Every progress message in the channel."""
        return [message for message in self.incidents.posts_of_bot() if message.thread_ts is None]

    async def come_to_rest(self) -> Message:
        """The one report, once the progress message has its last edit."""
        report = await until(lambda: next(iter(self.reports()), None), timeout_s=40)
        await until(lambda: not any(map(is_spinning, self.roots())), timeout_s=40)
        await self.fake_slack.settle()
        assert len(self.roots()) == 1 and len(self.reports()) == 1
        assert report.thread_ts == self.roots()[0].ts
        return report


@pytest.fixture
async def served(tmp_path: Path, fake_slack: FakeSlack, sentry: LocalSentry) -> AsyncIterator[Served]:
    acme = fake_slack.add_workspace("Acme")
    ada = acme.add_user("ada", is_admin=True)
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    fake_slack.events_url = f"http://{address}/slack/events"
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    variables = kept | {
        "PYTHONPATH": str(ROOT),
        "LOGSENSE_HOME": str(tmp_path / "home"),
        "LOGSENSE_LISTEN": address,
        "LOGSENSE_SLACK_URL": fake_slack.url,
        "LOGSENSE_REASONER": "rules",
        "LOGSENSE_ALLOWED_HOSTS": sentry.base_url.removeprefix("http://"),
        "SLACK_SIGNING_SECRET": fake_slack.signing_secret,
        "SLACK_BOT_TOKEN": acme.bot_token,
        "SENTRY_URL": sentry.base_url,
        "SENTRY_ORG": sentry.organization_slug,
        "SENTRY_TOKEN": sentry.token,
    }
    served = Served(fake_slack, sentry, acme, ada, acme.add_channel("incidents", ada), variables)
    await served.start()
    yield served
    await served.crash()


def calls(served: Served, method: str, count: int) -> Callable[[], bool]:
    """Whether Slack was called so often."""
    return lambda: len(served.fake_slack.calls_of(method)) >= count


POINTS: dict[str, tuple[Callable[[Served], object], Callable[[Served], Callable[[], object]]]] = {
    "while the progress message is being posted": (
        lambda served: served.fake_slack.delay("chat.postMessage", 0.4, times=1),
        lambda served: calls(served, "chat.postMessage", 1),
    ),
    "after it was posted, before its answer came": (
        lambda served: served.fake_slack.drop_answer_of("chat.postMessage"),
        lambda served: served.roots,
    ),
    "as soon as it is there": (lambda served: None, lambda served: served.roots),
    "while the first step reads Sentry": (
        lambda served: served.sentry.faults.append(Fault("/issues/", "hang")),
        lambda served: lambda: any("/issues/" in path for _, path in served.sentry.requests),
    ),
    "while the third request to Sentry is answered": (
        lambda served: None,
        lambda served: lambda: len(served.sentry.requests) >= 3,
    ),
    "at the first edit": (
        lambda served: served.fake_slack.delay("chat.update", 0.3, times=1),
        lambda served: calls(served, "chat.update", 1),
    ),
    "at the second edit": (
        lambda served: served.fake_slack.delay("chat.update", 0.1),
        lambda served: calls(served, "chat.update", 2),
    ),
    "while the report is being posted": (
        lambda served: served.fake_slack.delay("chat.postMessage", 0.4),
        lambda served: calls(served, "chat.postMessage", 2),
    ),
    "after the report was posted, before its answer came": (
        lambda served: served.fake_slack.delay("chat.postMessage", 0.2),
        lambda served: served.reports,
    ),
    "before the last edit of progress": (
        lambda served: served.fake_slack.delay("chat.update", 0.5),
        lambda served: served.reports,
    ),
}


@pytest.mark.parametrize("point", POINTS)
async def test_a_killed_investigation_ends_in_its_thread_with_one_report(served: Served, point: str) -> None:
    arrange, happened = POINTS[point]
    arrange(served)
    outcome = await served.fake_slack.command(served.ada, served.incidents, "/logsense", "investigate SHOP-1")
    assert outcome.status == 200
    await served.crash_when(happened(served))
    await served.come_to_rest()


async def test_a_killed_answer_and_a_killed_decision_are_each_given_once(served: Served) -> None:
    await served.fake_slack.command(served.ada, served.incidents, "/logsense", "investigate SHOP-1")
    report = await served.come_to_rest()

    served.fake_slack.delay("chat.postMessage", 0.3, times=1)
    posts = len(served.fake_slack.calls_of("chat.postMessage"))
    await served.fake_slack.say(served.ada, served.incidents, "who is affected?", thread_ts=report.thread_ts)
    await served.crash_when(calls(served, "chat.postMessage", posts + 1))

    def answers() -> list[Message]:
        return [it for it in served.incidents.posts_of_bot() if "who is affected?" in text_of(it)]

    await until(answers, timeout_s=40)
    posts = len(served.fake_slack.calls_of("chat.postMessage"))
    served.fake_slack.delay("chat.postMessage", 0.3, times=1)
    await served.fake_slack.react(served.ada, report, "white_check_mark")
    await served.crash_when(calls(served, "chat.postMessage", posts + 1))

    def decisions() -> list[Message]:
        return [it for it in served.incidents.posts_of_bot() if "Resolved by" in it.text]

    await until(decisions, timeout_s=40)
    await until(lambda: "reopen_investigation" in text_of(report), timeout_s=40)
    assert len(answers()) == 1 and len(decisions()) == 1


async def test_a_stopped_process_hands_its_work_to_the_next_one(served: Served) -> None:
    served.sentry.faults.append(Fault("/events/", "hang"))
    await served.fake_slack.command(served.ada, served.incidents, "/logsense", "investigate SHOP-1")
    await until(lambda: any("/events/" in path for _, path in served.sentry.requests))
    assert served.process is not None
    served.process.terminate()
    assert await asyncio.wait_for(served.process.wait(), 15) == 0
    await served.start()
    await served.come_to_rest()
