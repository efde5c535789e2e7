"""Slack: its channel against Slack's Web API; in use, LogSense as `serve` runs it, asked by a mention."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from adapters.common.rate_limits import Budget
from adapters.slack.channel import SlackChannel
from adapters.slack.shared_limits import Budgets
from bot.demo.local_sentry import LocalSentry
from core.domain.conversation import ConversationRef, MessageRef
from core.domain.tenancy import Platform, WorkspaceRef
from tests.contracts.harness import Call, Kept, until
from tests.fakes.slack import Channel, FakeSlack, Message, User, Workspace
from tests.slack.conftest import SlackHarness, running, settings_for, text_of

_METHODS: dict[Call, str] = {"post": "chat.postMessage", "edit": "chat.update"}
_CHECK_MARK = "white_check_mark"


class SeenInSlack:
    """Implements `Seen` for one channel of a workspace."""

    def __init__(self, fake_slack: FakeSlack, room: Channel) -> None:
        self.fake_slack, self.room = fake_slack, room

    def text(self) -> str:
        return "\n".join(map(text_of, self.room.posts_of_bot()))

    def count(self, words: str) -> int:
        return len(self._with(words))

    def threads(self) -> int:
        return len({message.thread_ts or message.ts for message in self.room.posts_of_bot()})

    def _with(self, words: str) -> list[Message]:
        return [message for message in self.room.posts_of_bot() if words in text_of(message)]


class SlackSender(SeenInSlack):
    """Implements `FarSender`."""

    def __init__(self, fake_slack: FakeSlack, session: aiohttp.ClientSession) -> None:
        acme = fake_slack.add_workspace("Acme")
        super().__init__(fake_slack, acme.add_channel("incidents", acme.add_user("ada")))
        client = AsyncWebClient(
            token=acme.bot_token, base_url=fake_slack.api_url, session=session, retry_handlers=[], timeout=5
        )

        async def client_of(workspace: WorkspaceRef) -> AsyncWebClient:
            return client

        self.channel = SlackChannel(client_of, Budgets(lambda _: Budget(per_minute=6_000, burst=1_000)))
        self.here = ConversationRef(WorkspaceRef(Platform.SLACK, acme.id), self.room.id)

    async def slow_edit(self, edit: Callable[[], object]) -> None:
        self.fake_slack.delay("chat.update", 0.2, times=1)
        edit()
        await until(lambda: self.fake_slack.calls_of("chat.update"))

    def limit(self, call: Call, seconds: float) -> None:
        self.fake_slack.fail_next(_METHODS[call], error="ratelimited", retry_after_s=seconds)

    def fail(self, call: Call) -> None:
        self.fake_slack.fail_next(_METHODS[call], status=503)

    def lose_answer(self, call: Call) -> None:
        self.fake_slack.drop_answer_of(_METHODS[call])

    def delete(self, message: MessageRef) -> None:
        del self.room.messages[message.message_id]


class SlackUse(SeenInSlack):
    """Implements `FarUse`."""

    def __init__(self, harness: SlackHarness, acme: Workspace, ada: User, room: Channel) -> None:
        super().__init__(harness.fake_slack, room)
        self.sentry = harness.sentry
        self._harness, self._acme, self._ada = harness, acme, ada

    async def ask(self, issue: str, *, repeated: bool = False) -> None:
        if repeated:
            # A mention is told twice by itself, as a message and as a mention; each comes once more.
            self.fake_slack.duplicate_next(times=2)
        await self.fake_slack.say(self._ada, self.room, f"{self._acme.mention} investigate {issue}")
        await until(self.room.posts_of_bot)

    async def come_to_rest(self) -> None:
        await self._harness.report_in(self.room)
        await until(lambda: any(file.message for file in self.fake_slack.state.files.values()))
        await self.fake_slack.settle()

    async def cancel(self) -> None:
        (progress,) = self._progress()
        (investigation,) = (await self.kept()).investigations
        await self.fake_slack.click(self._ada, progress, "stop_investigation", investigation.id)
        await until(lambda: "cancelled" in text_of(progress).lower())
        await self.fake_slack.settle()

    async def answer(self, question: str) -> str:
        thread = self.room.posts_of_bot()[0].thread_ts
        await self.fake_slack.say(self._ada, self.room, question, thread_ts=thread)
        (answer,) = await until(lambda: self._with(question))
        assert f"<@{self._ada.id}>" in text_of(answer)
        return text_of(answer)

    async def resolve(self) -> None:
        """A check mark counts on any of our messages: on the report, or where that was deleted, on the progress."""
        self._marked = (self._reports() or self._progress())[0]
        await self.fake_slack.react(self._ada, self._marked, _CHECK_MARK)
        await until(lambda: self._with("Resolved by ada"))
        await until(lambda: any("reopen_investigation" in text_of(report) for report in self._reports()))

    async def reopen(self) -> None:
        await self.fake_slack.unreact(self._ada, self._marked, _CHECK_MARK)
        await until(lambda: self._with("Reopened by ada"))
        await until(lambda: "resolve_investigation" in text_of(self._reports()[0]))

    def posts(self) -> int:
        return len(self.room.posts_of_bot())

    def progress(self) -> int:
        return len(self._progress())

    def reports(self) -> int:
        return len(self._reports())

    async def kept(self) -> Kept:
        store = await self._harness.store_of(self._acme)
        return Kept(await store.investigations(9), await store.knowledge())

    def trouble(self, call: Call) -> None:
        method = _METHODS[call]
        self.fake_slack.drop_answer_of(method)
        self.fake_slack.fail_next(method, status=503)
        self.fake_slack.fail_next(method, error="ratelimited", retry_after_s=1)

    async def delete_progress(self) -> None:
        await self.fake_slack.delete(self._ada, self._progress()[0])

    async def delete_report(self) -> None:
        await self.fake_slack.delete(self._ada, self._reports()[0])

    def _progress(self) -> list[Message]:
        return self._with("LogSense investigate")

    def _reports(self) -> list[Message]:
        return self._with("copy_post_mortem")


class SlackContractHarness:
    """Implements `ChannelHarness`."""

    name = "slack"
    near = ""
    finds_its_posts = True
    posts = 3

    @asynccontextmanager
    async def sender(self, home: Path) -> AsyncIterator[SlackSender]:
        async with FakeSlack(posts_per_second=1_000_000) as fake_slack, aiohttp.ClientSession() as session:
            yield SlackSender(fake_slack, session)

    @asynccontextmanager
    async def use(self, home: Path, sentry: LocalSentry) -> AsyncIterator[SlackUse]:
        async with (
            FakeSlack() as fake_slack,
            running(settings_for(home, fake_slack, sentry), fake_slack, sentry) as harness,
        ):
            yield SlackUse(harness, *await harness.install("Acme"))
