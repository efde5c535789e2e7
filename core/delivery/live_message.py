"""Keeps a thread's one progress message up to date: latest state wins, the final word waits for nobody's turn."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from types import TracebackType

from core.domain.conversation import ConversationRef, MessageRef
from core.domain.errors import MessageGone, ServiceFailed
from core.domain.thread_view import ProgressView, ThreadView
from core.ports import Channel

logger = logging.getLogger("logsense.thread")


class LiveThread:
    """Use as a context manager. What to show is asked for when the channel gives a turn: the newest state is written.

    A failed edit of progress is logged and skipped, since the next one repaints everything; `conclude` raises.
    """

    def __init__(
        self,
        channel: Channel,
        conversation: ConversationRef,
        *,
        message: MessageRef | None = None,
        may_write: Callable[[], Awaitable[bool]] | None = None,
        post_again: Callable[[ThreadView], Awaitable[MessageRef]] | None = None,
    ) -> None:
        """With `message` the progress was posted before and is only edited; not while `may_write` says no.

        `post_again` gives what stands in its place when it was deleted.
        """
        self._may_write = may_write
        self._post_again = post_again
        self._channel = channel
        self._conversation = conversation
        self._newest: Callable[[], ProgressView] | None = None
        self._changed = asyncio.Event()
        self._message = message
        self._writing = asyncio.Lock()
        self._writer: asyncio.Task[None] | None = None

    async def __aenter__(self) -> LiveThread:
        self._writer = asyncio.create_task(self._write_for_ever(), name="live thread")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop_writing()

    def show(self, newest: Callable[[], ProgressView]) -> None:
        """The progress message will show what `newest` gives by then, unless another one is given first."""
        self._newest = newest
        self._changed.set()

    async def conclude(self, last: ProgressView, final: ThreadView | None) -> None:
        """The progress message shows `last`, and `final`, if any, stands below it as a new message."""
        await self._stop_writing()
        if self._message is None:
            await self._post(last)
        else:
            await self._channel.edit(self._message, last, final=True)
        if final is not None:
            await self._channel.post(self._conversation, final)

    async def _write_for_ever(self) -> None:
        while True:
            await self._changed.wait()
            try:
                await self._write_next()
            except ServiceFailed as failure:
                logger.warning("progress was not shown: %s", failure)

    async def _write_next(self) -> None:
        """What is newest when the channel gives the turn is written."""
        if self._message is not None:
            await self._channel.turn(self._message)
        async with self._writing:
            self._changed.clear()
            if self._newest is None or (self._may_write is not None and not await self._may_write()):
                return
            view = self._newest()
            if self._message is None:
                await self._post(view)
            else:
                await self._edit(self._message, view)

    async def _edit(self, message: MessageRef, view: ThreadView) -> None:
        try:
            await self._channel.edit(message, view)
        except MessageGone:
            if self._post_again is None:
                raise
            self._message = await self._post_again(view)

    async def _post(self, view: ProgressView) -> None:
        self._message = (await self._channel.post(self._conversation, view))[0]
        self._conversation = self._message.conversation

    async def _stop_writing(self) -> None:
        """Nothing is written any more, and nothing is on its way: an edit under way could land after the last one."""
        writer, self._writer = self._writer, None
        if writer is not None:
            async with self._writing:
                writer.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await writer
