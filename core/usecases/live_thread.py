"""Keeps a thread's one progress message up to date: latest state wins, the final word waits for nobody's edit."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from types import TracebackType

from core.domain.conversation import ConversationRef, MessageRef
from core.domain.errors import ServiceFailed
from core.domain.thread_view import ProgressView, ThreadView
from core.ports import Channel

logger = logging.getLogger("logsense.thread")


class LiveThread:
    """Use as a context manager. Views shown faster than `min_interval_s` are coalesced: the newest is written.

    A failed edit of progress is logged and skipped, since the next one repaints everything; `conclude` raises.
    """

    def __init__(self, channel: Channel, conversation: ConversationRef, *, min_interval_s: float = 0.0) -> None:
        self._channel = channel
        self._conversation = conversation
        self._min_interval_s = min_interval_s
        self._latest: ProgressView | None = None
        self._changed = asyncio.Event()
        self._message: MessageRef | None = None
        self._writer: asyncio.Task[None] | None = None

    async def __aenter__(self) -> LiveThread:
        self._writer = asyncio.create_task(self._write_for_ever(), name="live thread")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop_writing()

    def show(self, view: ProgressView) -> None:
        """The progress message will show `view`, unless a newer one comes first."""
        self._latest = view
        self._changed.set()

    async def conclude(self, last: ProgressView, final: ThreadView | None) -> None:
        """The progress message shows `last`, and `final`, if any, stands below it as a new message."""
        await self._stop_writing()
        await self._write(last)
        if final is not None:
            await self._channel.post(self._conversation, final)

    async def _write_for_ever(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            if self._latest is not None:
                try:
                    await self._write(self._latest)
                except ServiceFailed as failure:
                    logger.warning("progress was not shown: %s", failure)
            await asyncio.sleep(self._min_interval_s)

    async def _write(self, view: ProgressView) -> None:
        if self._message is None:
            self._message = await self._channel.post(self._conversation, view)
            self._conversation = self._message.conversation
        else:
            await self._channel.edit(self._message, view)

    async def _stop_writing(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await writer
