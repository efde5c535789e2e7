"""Microsoft Teams: its channel against the Bot Connector; in use, LogSense as `serve` runs it, asked by a mention."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from adapters.common.rate_limits import Budget
from adapters.common.shared_limits import Budgets
from adapters.teams.bot_framework import Connector
from adapters.teams.channel import TeamsChannel
from adapters.teams.install.credentials import BotCredentials
from adapters.teams.install.installations import TeamsInstallations
from bot.demo.local_sentry import LocalSentry
from core.domain.conversation import ConversationRef, MessageRef
from core.domain.tenancy import Platform, WorkspaceRef
from core.ports import Installations
from core.storage.database_stores import open_stores
from core.storage.schema import migrate
from tests.contracts.harness import Call, Kept
from tests.fakes.teams import FakeTeams, Message, Person, Place, Tenant
from tests.teams.conftest import TeamsHarness, is_report, root_of, running, settings_for

_METHODS: dict[Call, str] = {"post": "post", "edit": "put"}
_CHECK_MARK = "2705_whiteheavycheckmark"


class SeenInTeams:
    """Implements `Seen` for one channel of a team."""

    def __init__(self, fake_teams: FakeTeams, room: Place) -> None:
        self.fake_teams, self.room = fake_teams, room

    def text(self) -> str:
        return "\n".join(message.text for message in self.room.posts())

    def count(self, words: str) -> int:
        return len(self._with(words))

    def threads(self) -> int:
        return len({root_of(message) or message.id for message in self.room.posts()})

    def _with(self, words: str) -> list[Message]:
        return [message for message in self.room.posts() if words in message.text]


class TeamsSender(SeenInTeams):
    """Implements `FarSender`."""

    def __init__(self, fake_teams: FakeTeams, session: aiohttp.ClientSession, kept: Installations) -> None:
        acme = fake_teams.tenant()
        super().__init__(fake_teams, fake_teams.channel(acme, fake_teams.person("Ada", acme)))
        credentials = BotCredentials(fake_teams.app_id, fake_teams.app_password, fake_teams.token_url, lambda: session)
        connector = Connector(
            lambda: session, credentials, services=frozenset({fake_teams.url}), bot_id=fake_teams.bot_id
        )
        budgets = Budgets("teams", lambda _: Budget(per_minute=6_000, burst=1_000))
        self.channel = TeamsChannel(connector, TeamsInstallations(kept), budgets, None)
        self.here = ConversationRef(WorkspaceRef(Platform.TEAMS, acme.id), self.room.id)

    async def slow_edit(self, edit: Callable[[], object]) -> None:
        self.fake_teams.delay("put", 0.2)
        edit()
        await self.fake_teams.until(lambda: any(call == "put" for call, _ in self.fake_teams.state.calls))

    def limit(self, call: Call, seconds: float) -> None:
        self.fake_teams.fault(_METHODS[call], 429, retry_after=seconds)

    def fail(self, call: Call) -> None:
        self.fake_teams.fault(_METHODS[call], 503)

    def lose_answer(self, call: Call) -> None:
        # The client repeats an edit by itself, once.
        for _ in range(2 if call == "edit" else 1):
            self.fake_teams.drop_answer_of(_METHODS[call])

    def delete(self, message: MessageRef) -> None:
        self.fake_teams.delete(self.room, self.room.messages[message.message_id])


class TeamsUse(SeenInTeams):
    """Implements `FarUse`."""

    def __init__(self, harness: TeamsHarness, acme: Tenant, ada: Person, room: Place) -> None:
        super().__init__(harness.fake_teams, room)
        self.sentry = harness.sentry
        self._harness, self._acme, self._ada = harness, acme, ada

    async def ask(self, issue: str, *, repeated: bool = False) -> None:
        asked = await self.fake_teams.say(self._ada, self.room, f"investigate {issue}")
        if repeated:
            assert (await self.fake_teams.deliver(asked.said)).status == 202
        await self.fake_teams.until(self.room.posts)

    async def come_to_rest(self) -> None:
        await self._harness.report_in(self.room)
        await self._harness.said_in(self.room, "Bar chart of events")

    async def cancel(self) -> None:
        (progress,) = self._progress()
        answer = await self.fake_teams.press(self._ada, self.room, progress, "stop_investigation")
        assert (answer.status, answer.body["value"]) == (200, "It is being stopped; what it found so far is kept.")
        await self.fake_teams.until(lambda: "cancelled" in progress.text.lower())

    async def answer(self, question: str) -> str:
        root = root_of(self.room.posts()[0])
        await self.fake_teams.say(self._ada, self.room, question, root=root)
        answer = await self._harness.said_in(self.room, question)
        assert "<at>Ada</at> asked about" in answer.text
        return answer.text

    async def resolve(self) -> None:
        """A check mark counts on any of our messages: on the report, or where that was deleted, on the progress."""
        self._marked = (self._reports() or self._progress())[0]
        await self.fake_teams.react(self._ada, self.room, self._marked, added=_CHECK_MARK)
        await self._harness.said_in(self.room, "Resolved by Ada")
        report = await self.fake_teams.until(lambda: next(iter(self._reports()), None))
        await self.fake_teams.until(lambda: "reopen_investigation" in report.verbs)

    async def reopen(self) -> None:
        await self.fake_teams.react(self._ada, self.room, self._marked, removed=_CHECK_MARK)
        await self._harness.said_in(self.room, "Reopened by Ada")
        await self.fake_teams.until(lambda: "resolve_investigation" in self._reports()[0].verbs)

    def posts(self) -> int:
        return len(self.room.posts())

    def progress(self) -> int:
        return len(self._progress())

    def reports(self) -> int:
        return len(self._reports())

    async def kept(self) -> Kept:
        store = await self._harness.store_of(self._acme)
        return Kept(await store.investigations(9), await store.knowledge())

    def trouble(self, call: Call) -> None:
        method = _METHODS[call]
        self.fake_teams.fault(method, 0)
        self.fake_teams.fault(method, 503)
        self.fake_teams.fault(method, 429, retry_after=1)
        self.fake_teams.fault(method, 502, retry_after=1)

    async def delete_progress(self) -> None:
        self.fake_teams.delete(self.room, self._progress()[0])

    async def delete_report(self) -> None:
        self.fake_teams.delete(self.room, self._reports()[0])

    def _progress(self) -> list[Message]:
        return self._with("LogSense investigate")

    def _reports(self) -> list[Message]:
        return list(filter(is_report, self.room.posts()))


class TeamsContractHarness:
    """Implements `ChannelHarness`."""

    name = "teams"
    near = ""
    finds_its_posts = False
    posts = 3

    @asynccontextmanager
    async def sender(self, home: Path) -> AsyncIterator[TeamsSender]:
        url = f"sqlite:///{home / 'logsense.db'}"
        await migrate(url)
        async with (
            FakeTeams() as fake_teams,
            aiohttp.ClientSession() as session,
            open_stores(url, owner="one", secret_keys=["key"]) as stores,
        ):
            sender = TeamsSender(fake_teams, session, stores.installations)
            await TeamsInstallations(stores.installations).remember(sender.here.workspace, fake_teams.service_url)
            yield sender

    @asynccontextmanager
    async def use(self, home: Path, sentry: LocalSentry) -> AsyncIterator[TeamsUse]:
        async with (
            FakeTeams() as fake_teams,
            running(settings_for(home, fake_teams, sentry), fake_teams, sentry) as harness,
        ):
            yield TeamsUse(harness, *await harness.install())
