"""The one progress message: newest state wins, the last word is always written."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest

from core.domain.conversation import ConversationRef, MessageRef
from core.domain.errors import ServiceUnavailable
from core.domain.investigation import Status
from core.domain.report import NO_USAGE
from core.domain.tenancy import Platform, WorkspaceRef
from core.domain.thread_view import NoticeView, ProgressView, ThreadView
from core.usecases.live_thread import LiveThread

CONVERSATION = ConversationRef(WorkspaceRef(Platform.TERMINAL, "acme"), "here")
VIEW = ProgressView("i", "SHOP-1", Status.RUNNING, (), None, (), NO_USAGE, datetime(2026, 11, 23, tzinfo=UTC))


@dataclass
class SlowChannel:
    """Writes only when allowed; keeps what was written, posts marked."""

    allowed: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))
    written: list[tuple[str, str]] = field(default_factory=list)
    fails: bool = False

    async def post(self, conversation: ConversationRef, view: ThreadView) -> MessageRef:
        await self._write("post", view)
        return MessageRef(replace(conversation, thread="t1"), str(len(self.written)))

    async def edit(self, message: MessageRef, view: ThreadView) -> None:
        await self._write("edit", view)

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
            thread.show(view(title))
            await asyncio.sleep(0)
        channel.allowed.release()
        channel.allowed.release()
        await until_written(channel, 2)
        assert channel.written == [("post", "1"), ("edit", "4")]


async def test_the_last_state_and_the_report_are_written_whatever_came_before() -> None:
    channel = SlowChannel(asyncio.Semaphore(10))
    async with LiveThread(channel, CONVERSATION, min_interval_s=60) as thread:
        thread.show(view("1"))
        await until_written(channel, 1)
        thread.show(view("never seen"))
        await thread.conclude(view("last"), NoticeView("done"))
    assert channel.written == [("post", "1"), ("edit", "last"), ("post", "final")]


async def test_progress_that_cannot_be_written_is_skipped_but_the_report_is_not() -> None:
    channel = SlowChannel(asyncio.Semaphore(10), fails=True)
    async with LiveThread(channel, CONVERSATION) as thread:
        thread.show(view("1"))
        await asyncio.sleep(0.01)
        with pytest.raises(ServiceUnavailable):
            await thread.conclude(view("2"), NoticeView("done"))
