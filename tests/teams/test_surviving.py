"""kill -9 in the middle of an investigation in Teams: nothing is lost, and nothing is told twice that need not be.

Teams lets no bot look for what it posted. Where the kill falls between Teams' taking a message and our hearing of it, a
second one is posted, and only there.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.demo.local_sentry import Fault, LocalSentry
from tests import forkserver
from tests.fakes.teams import FakeTeams, Message, Person, Place
from tests.teams.conftest import HOME_TENANT, is_report, is_spinning, variables_for

ROOT = Path(__file__).parents[2]
CHECKMARK = "2705_whiteheavycheckmark"


@dataclass
class Served:
    """`logsense serve` in a process of its own, over and over on the same data directory."""

    fake_teams: FakeTeams
    sentry: LocalSentry
    ada: Person
    incidents: Place
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

    def calls(self, method: str, count: int) -> Callable[[], bool]:
        """Whether Teams was called so often."""
        return lambda: [call for call, _ in self.fake_teams.state.calls].count(method) >= count

    def reports(self) -> list[Message]:
        """Every report in the channel."""
        return list(filter(is_report, self.incidents.posts()))

    def cards(self) -> list[Message]:
        """Every card that shows progress."""
        return [message for message in self.incidents.posts() if "LogSense investigate" in message.text]

    def holding(self, words: str) -> list[Message]:
        """Messages with those words."""
        return [message for message in self.incidents.posts() if words in message.text]

    async def come_to_rest(self, *, cards: int = 1, reports: int = 1) -> Message:
        """The newest report, once its card of progress has its last edit."""
        await self.fake_teams.until(lambda: len(self.reports()) == reports, timeout_s=40)
        await self.fake_teams.until(lambda: self.cards() and not is_spinning(self.cards()[-1]), timeout_s=40)
        assert (len(self.cards()), len(self.reports())) == (cards, reports)
        return self.reports()[-1]


@pytest.fixture
async def served(tmp_path: Path, fake_teams: FakeTeams, sentry: LocalSentry) -> AsyncIterator[Served]:
    tenant = fake_teams.tenant(HOME_TENANT)
    ada = fake_teams.person("Ada", tenant)
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    ours = variables_for(tmp_path / "home", fake_teams, sentry) | {
        "PYTHONPATH": str(ROOT),
        "SENTRY_URL": sentry.base_url,
        "SENTRY_ORG": sentry.organization_slug,
        "SENTRY_TOKEN": sentry.token,
    }
    fake_teams.bot_url = f"http://{ours['LOGSENSE_LISTEN']}/api/messages"
    served = Served(fake_teams, sentry, ada, fake_teams.channel(tenant, ada), kept | ours)
    await served.start()
    yield served
    await served.crash()


Arrange = Callable[[Served], object]
When = Callable[[Served], Callable[[], object]]
TOLD_ONCE: dict[str, tuple[Arrange, When]] = {
    "while the card is on its way": (lambda it: it.fake_teams.delay("post", 0.5), lambda it: it.calls("post", 1)),
    "while the first step reads Sentry": (
        lambda it: it.sentry.faults.append(Fault("/issues/", "hang")),
        lambda it: lambda: any("/issues/" in path for _, path in it.sentry.requests),
    ),
    "while the third request to Sentry is answered": (lambda it: None, lambda it: lambda: len(it.sentry.requests) >= 3),
    "at the first edit": (lambda it: it.fake_teams.delay("put", 0.3), lambda it: it.calls("put", 1)),
    "once Teams said that the report is there": (
        lambda it: it.fake_teams.delay("put", 0.5, times=99),
        lambda it: it.calls("post", 3),
    ),
}
TOLD_TWICE: dict[str, tuple[Arrange, When, dict[str, int]]] = {
    "once the card is there, before Teams said so": (
        lambda it: it.fake_teams.delay("post", 0.5, is_done=True),
        lambda it: it.cards,
        {"cards": 2},
    ),
    "once the report is there, before Teams said so": (
        lambda it: it.fake_teams.delay("post", 0.5, times=2, is_done=True),
        lambda it: it.reports,
        {"reports": 2},
    ),
}


@pytest.mark.parametrize("point", TOLD_ONCE)
async def test_a_killed_investigation_ends_with_one_card_and_one_report(served: Served, point: str) -> None:
    arrange, happened = TOLD_ONCE[point]
    arrange(served)
    assert (await served.fake_teams.say(served.ada, served.incidents, "investigate SHOP-1")).status == 202
    await served.crash_when(happened(served))
    await served.come_to_rest()


@pytest.mark.parametrize("point", TOLD_TWICE)
async def test_what_teams_took_without_our_hearing_of_it_is_told_once_more_and_no_oftener(
    served: Served, point: str
) -> None:
    arrange, happened, told = TOLD_TWICE[point]
    arrange(served)
    assert (await served.fake_teams.say(served.ada, served.incidents, "investigate SHOP-1")).status == 202
    await served.crash_when(happened(served))
    report = await served.come_to_rest(**told)
    await served.fake_teams.react(served.ada, served.incidents, report, added=CHECKMARK)
    await served.fake_teams.until(lambda: "by Ada" in report.text)


async def test_a_killed_answer_and_a_killed_decision_are_each_given_once(served: Served) -> None:
    await served.fake_teams.say(served.ada, served.incidents, "investigate SHOP-1")
    report = await served.come_to_rest()
    await served.fake_teams.until(lambda: served.holding("Bar chart of events"))

    root = report.conversation.partition(";messageid=")[2]
    posts = [call for call, _ in served.fake_teams.state.calls].count("post")
    served.fake_teams.delay("post", 0.5)
    await served.fake_teams.say(served.ada, served.incidents, "who is affected?", root=root)
    await served.crash_when(served.calls("post", posts + 1))
    await served.fake_teams.until(lambda: served.holding("who is affected?"), timeout_s=40)

    posts = [call for call, _ in served.fake_teams.state.calls].count("post")
    served.fake_teams.delay("post", 0.5)
    await served.fake_teams.react(served.ada, served.incidents, report, added=CHECKMARK)
    await served.crash_when(served.calls("post", posts + 1))
    await served.fake_teams.until(lambda: "reopen_investigation" in report.verbs, timeout_s=40)
    await served.fake_teams.until(lambda: served.holding("What fixed it?"), timeout_s=40)
    assert len(served.holding("who is affected?")) == 1 and len(served.holding("What fixed it?")) == 1
    assert len(served.reports()) == 1


async def test_a_stopped_process_hands_its_work_to_the_next_one(served: Served) -> None:
    served.sentry.faults.append(Fault("/events/", "hang"))
    await served.fake_teams.say(served.ada, served.incidents, "investigate SHOP-1")
    await served.fake_teams.until(lambda: any("/events/" in path for _, path in served.sentry.requests))
    assert served.process is not None
    served.process.terminate()
    assert await asyncio.wait_for(served.process.wait(), 15) == 0
    await served.start()
    await served.come_to_rest()
