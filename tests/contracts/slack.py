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
from tests.contracts.house import Call, Kept, until
from tests.fakes.slack import Channel, Message, SlackPeer, User, Workspace
from tests.slack.conftest import Town, running, settings_for, text_of

_METHODS: dict[Call, str] = {"post": "chat.postMessage", "edit": "chat.update"}
_CHECK_MARK = "white_check_mark"


class SeenInSlack:
    """Implements `Seen` for one channel of a workspace."""

    def __init__(self, peer: SlackPeer, room: Channel) -> None:
        self.peer, self.room = peer, room

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

    def __init__(self, peer: SlackPeer, session: aiohttp.ClientSession) -> None:
        acme = peer.add_workspace("Acme")
        super().__init__(peer, acme.add_channel("incidents", acme.add_user("ada")))
        client = AsyncWebClient(
            token=acme.bot_token, base_url=peer.api_url, session=session, retry_handlers=[], timeout=5
        )

        async def client_of(workspace: WorkspaceRef) -> AsyncWebClient:
            return client

        self.channel = SlackChannel(client_of, Budgets(lambda _: Budget(per_minute=6_000, burst=1_000)))
        self.here = ConversationRef(WorkspaceRef(Platform.SLACK, acme.id), self.room.id)

    async def slow_edit(self, edit: Callable[[], object]) -> None:
        self.peer.delay("chat.update", 0.2, times=1)
        edit()
        await until(lambda: self.peer.calls_of("chat.update"))

    def limit(self, call: Call, seconds: float) -> None:
        self.peer.fail_next(_METHODS[call], error="ratelimited", retry_after_s=seconds)

    def fail(self, call: Call) -> None:
        self.peer.fail_next(_METHODS[call], status=503)

    def lose_answer(self, call: Call) -> None:
        self.peer.drop_answer_of(_METHODS[call])

    def delete(self, message: MessageRef) -> None:
        del self.room.messages[message.message_id]


class SlackUse(SeenInSlack):
    """Implements `FarUse`."""

    def __init__(self, town: Town, acme: Workspace, ada: User, room: Channel) -> None:
        super().__init__(town.peer, room)
        self.sentry = town.sentry
        self._town, self._acme, self._ada = town, acme, ada

    async def ask(self, issue: str, *, repeated: bool = False) -> None:
        if repeated:
            # A mention is told twice by itself, as a message and as a mention; each comes once more.
            self.peer.duplicate_next(times=2)
        await self.peer.say(self._ada, self.room, f"{self._acme.mention} investigate {issue}")
        await until(self.room.posts_of_bot)

    async def come_to_rest(self) -> None:
        await self._town.report_in(self.room)
        await until(lambda: any(file.message for file in self.peer.state.files.values()))
        await self.peer.settle()

    async def cancel(self) -> None:
        (progress,) = self._progress()
        (investigation,) = (await self.kept()).investigations
        await self.peer.click(self._ada, progress, "stop_investigation", investigation.id)
        await until(lambda: "cancelled" in text_of(progress).lower())
        await self.peer.settle()

    async def answer(self, question: str) -> str:
        thread = self.room.posts_of_bot()[0].thread_ts
        await self.peer.say(self._ada, self.room, question, thread_ts=thread)
        (answer,) = await until(lambda: self._with(question))
        assert f"<@{self._ada.id}>" in text_of(answer)
        return text_of(answer)

    async def resolve(self) -> None:
        """A check mark counts on any of our messages: on the report, or where that was deleted, on the progress."""
        self._marked = (self._reports() or self._progress())[0]
        await self.peer.react(self._ada, self._marked, _CHECK_MARK)
        await until(lambda: self._with("Resolved by ada"))
        await until(lambda: any("reopen_investigation" in text_of(report) for report in self._reports()))

    async def reopen(self) -> None:
        await self.peer.unreact(self._ada, self._marked, _CHECK_MARK)
        await until(lambda: self._with("Reopened by ada"))
        await until(lambda: "resolve_investigation" in text_of(self._reports()[0]))

    def posts(self) -> int:
        return len(self.room.posts_of_bot())

    def progress(self) -> int:
        return len(self._progress())

    def reports(self) -> int:
        return len(self._reports())

    async def kept(self) -> Kept:
        store = await self._town.store_of(self._acme)
        return Kept(await store.investigations(9), await store.knowledge())

    def trouble(self, call: Call) -> None:
        method = _METHODS[call]
        self.peer.drop_answer_of(method)
        self.peer.fail_next(method, status=503)
        self.peer.fail_next(method, error="ratelimited", retry_after_s=1)

    async def delete_progress(self) -> None:
        await self.peer.delete(self._ada, self._progress()[0])

    async def delete_report(self) -> None:
        await self.peer.delete(self._ada, self._reports()[0])

    def _progress(self) -> list[Message]:
        return self._with("LogSense investigate")

    def _reports(self) -> list[Message]:
        return self._with("copy_post_mortem")


class SlackHouse:
    """Implements `House`."""

    name = "slack"
    near = ""
    finds_its_posts = True
    posts = 3

    @asynccontextmanager
    async def sender(self, home: Path) -> AsyncIterator[SlackSender]:
        async with SlackPeer(posts_per_second=1_000_000) as peer, aiohttp.ClientSession() as session:
            yield SlackSender(peer, session)

    @asynccontextmanager
    async def use(self, home: Path, sentry: LocalSentry) -> AsyncIterator[SlackUse]:
        async with SlackPeer() as peer, running(settings_for(home, peer, sentry), peer, sentry) as town:
            yield SlackUse(town, *await town.settle_in("Acme"))
