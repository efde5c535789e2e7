"""The one progress message: newest state wins, the last word is always written."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial

import pytest

from core.delivery.live_message import LiveThread
from core.domain.conversation import ConversationRef, MessageRef
from core.domain.errors import ServiceUnavailable
from core.domain.investigation import Status
from core.domain.report import NO_USAGE
from core.domain.tenancy import Actor, Platform, WorkspaceRef
from core.domain.thread_view import NoticeView, ProgressView, ThreadView

CONVERSATION = ConversationRef(WorkspaceRef(Platform.TERMINAL, "acme"), "here")
VIEW = ProgressView("i", "SHOP-1", Status.RUNNING, (), None, (), NO_USAGE, datetime(2026, 11, 23, tzinfo=UTC))


@dataclass
class SlowChannel:
    """Writes only when allowed; keeps what was written, posts marked."""

    allowed: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))
    written: list[tuple[str, str]] = field(default_factory=list)
    fails: bool = False

    async def post(
        self,
        conversation: ConversationRef,
        view: ThreadView,
        *,
        key: str = "",
        again: bool = False,
        check: object = None,
    ) -> tuple[MessageRef, ...]:
        await self._write("post", view)
        return (MessageRef(replace(conversation, thread="t1"), str(len(self.written))),)

    async def turn(self, message: MessageRef) -> None:
        await self.turns.acquire()

    async def edit(self, message: MessageRef, view: ThreadView, *, final: bool = False) -> None:
        await self._write("last edit" if final else "edit", view)

    async def delete(self, message: MessageRef) -> None:
        raise AssertionError("nothing is deleted here")

    async def post_attachments(self, conversation: ConversationRef, view: ThreadView) -> None:
        raise AssertionError("nothing is illustrated here")

    async def post_ephemeral(self, conversation: ConversationRef, person: Actor, view: ThreadView) -> None:
        raise AssertionError("nobody whispers here")

    async def _write(self, how: str, view: ThreadView) -> None:
        await self.allowed.acquire()
        if self.fails:
            raise ServiceUnavailable("chat", "down")
        self.written.append((how, view.title if isinstance(view, ProgressView) else "final"))


def view(title: str) -> ProgressView:
    return replace(VIEW, title=title)


async def until_written(channel: SlowChannel, count: int) -> None:
    async with asyncio.timeout(5):
        while len(channel.written) < count:
            await asyncio.sleep(0)


async def test_views_that_come_while_one_is_written_are_coalesced() -> None:
    channel = SlowChannel()
    async with LiveThread(channel, CONVERSATION) as thread:
        for title in ("1", "2", "3", "4"):
            thread.show(partial(view, title))
            await asyncio.sleep(0)
        channel.allowed.release()
        channel.allowed.release()
        channel.turns.release()
        await until_written(channel, 2)
        assert channel.written == [("post", "1"), ("edit", "4")]


async def test_the_last_state_and_the_report_are_written_whatever_came_before() -> None:
    channel = SlowChannel(asyncio.Semaphore(10))
    async with LiveThread(channel, CONVERSATION) as thread:
        thread.show(partial(view, "1"))
        await until_written(channel, 1)
        thread.show(partial(view, "never seen"))
        await thread.conclude(view("last"), NoticeView("done"))
    assert channel.written == [("post", "1"), ("last edit", "last"), ("post", "final")]


async def test_progress_that_cannot_be_written_is_skipped_but_the_report_is_not() -> None:
    channel = SlowChannel(asyncio.Semaphore(10), fails=True)
    async with LiveThread(channel, CONVERSATION) as thread:
        thread.show(partial(view, "1"))
        await asyncio.sleep(0.01)
        with pytest.raises(ServiceUnavailable):
            await thread.conclude(view("2"), NoticeView("done"))


async def test_what_is_shown_is_decided_when_the_turn_comes() -> None:
    channel = SlowChannel(asyncio.Semaphore(10))
    known = MessageRef(CONVERSATION, "m1")
    async with LiveThread(channel, CONVERSATION, message=known) as thread:
        thread.show(partial(view, "stale"))
        await asyncio.sleep(0.01)
        thread.show(partial(view, "newest"))
        channel.turns.release()
        await until_written(channel, 1)
        assert channel.written == [("edit", "newest")]


async def test_the_last_edit_waits_for_one_that_is_on_its_way_so_that_it_is_really_the_last() -> None:
    channel = SlowChannel(turns=asyncio.Semaphore(10))
    known = MessageRef(CONVERSATION, "m1")
    async with LiveThread(channel, CONVERSATION, message=known) as thread:
        thread.show(partial(view, "on its way"))
        await asyncio.sleep(0.01)
        ending = asyncio.create_task(thread.conclude(view("last"), None))
        await asyncio.sleep(0.01)
        channel.allowed.release()
        channel.allowed.release()
        await ending
    assert channel.written == [("edit", "on its way"), ("last edit", "last")]
