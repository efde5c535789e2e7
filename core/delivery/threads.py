"""The threads of investigations on the platforms that this process speaks for: every message once, none forgotten."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import TypeVar

from core.delivery.live_message import LiveThread
from core.domain.conversation import ConversationRef, MessageRef
from core.domain.errors import LeaseLost, MessageGone, RateLimited, ServiceFailed, ServiceUnavailable
from core.domain.investigation import Investigation
from core.domain.tenancy import Actor, Platform
from core.domain.thread_view import ProgressView, ThreadView
from core.ports import Channel, OrganizationStore, Run

PROGRESS = "progress"
REPORT = "report"
ILLUSTRATION = "illustration"
AGAIN = ":again"
"""Ends the role of what was posted in the place of a deleted message."""

_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 30.0
_INSIST_S = 900.0

_T = TypeVar("_T")

logger = logging.getLogger("logsense.thread")


class Threads:
    """Finds the thread of an investigation; where no channel posts, people follow the journal instead."""

    def __init__(self, channels: Mapping[Platform, Channel]) -> None:
        """One channel for each platform that this process posts to."""
        self._channels = channels

    def new(self, investigation: Investigation, store: OrganizationStore) -> Thread | None:
        """The thread of an investigation that is only to be announced."""
        channel = self._channels.get(investigation.conversation.workspace.platform)
        return None if channel is None else Thread(channel, store, investigation, None)

    async def of(self, investigation: Investigation, store: OrganizationStore) -> Thread | None:
        """The thread, at its real address once the progress message stands."""
        channel = self._channels.get(investigation.conversation.workspace.platform)
        if channel is None:
            return None
        again = await store.posted(investigation.id, PROGRESS + AGAIN)
        progress = again or await store.posted(investigation.id, PROGRESS)
        return Thread(channel, store, investigation, progress[0] if progress else None)

    async def at(
        self, conversation: ConversationRef, investigation: Investigation, store: OrganizationStore
    ) -> Thread | None:
        """The investigation's thread in which somebody spoke; its own when they spoke elsewhere."""
        for other in await self.following(investigation, store):
            if other.conversation == conversation:
                return other
        return await self.of(investigation, store)

    async def following(self, investigation: Investigation, store: OrganizationStore) -> list[Thread]:
        """The threads of those who asked for the same elsewhere while it was under way."""
        found = []
        for number, place in enumerate(await store.followers(investigation.id), 1):
            if (channel := self._channels.get(place.workspace.platform)) is not None:
                suffix = f":{number}"
                progress = await store.posted(investigation.id, PROGRESS + suffix)
                elsewhere = replace(investigation, conversation=place)
                found.append(Thread(channel, store, elsewhere, progress[0] if progress else None, suffix))
        return found


class Thread:
    """One investigation's thread."""

    def __init__(
        self,
        channel: Channel,
        store: OrganizationStore,
        investigation: Investigation,
        progress: MessageRef | None,
        suffix: str = "",
    ) -> None:
        """Made by `Threads`; `suffix` tells the roles of a follower's messages from those of the thread itself."""
        self._suffix = suffix
        self._channel = channel
        self._store = store
        self._investigation = investigation
        self._progress = progress
        self._moved_to: ConversationRef | None = None

    @property
    def conversation(self) -> ConversationRef:
        """Where messages go: below the progress message, or before there is one, where people asked."""
        if self._moved_to is not None:
            return self._moved_to
        return self._progress.conversation if self._progress else self._investigation.conversation

    async def announce(self, view: ProgressView, run: Run | None) -> None:
        """The progress message stands, however often this is tried.

        Raises:
            ServiceFailed: it could not be posted, after trying for long.
            LeaseLost: the run is not ours any more.
        """
        self._progress = (await _insisting(lambda: self._once(PROGRESS, view, run)))[0]

    @asynccontextmanager
    async def live(self, run: Run) -> AsyncIterator[LiveThread | None]:
        """Progress can be shown while the block lasts and the run is ours: a worker that was paused must not speak."""
        if self._progress is None:
            yield None
            return

        async def is_ours() -> bool:
            return await self._store.holds(run)

        async def post_again(view: ThreadView) -> MessageRef:
            return await self._again(PROGRESS, view)

        async with LiveThread(
            self._channel, self.conversation, message=self._progress, may_write=is_ours, post_again=post_again
        ) as live:
            yield live

    async def end_progress(self, view: ProgressView) -> None:
        """The progress message shows `view`, its last state. Raises ServiceFailed after trying for long."""
        if (progress := self._progress) is not None:
            await _insisting(lambda: self._show(PROGRESS, progress, view))

    async def say(self, role: str, view: ThreadView, run: Run | None = None) -> None:
        """`view` stands in the thread as the one message with that role, however often this is tried.

        Raises:
            ServiceFailed: it could not be posted, after trying for long.
            LeaseLost: `run` is not ours any more.
        """
        await _insisting(lambda: self._once(role, view, run))

    async def post_attachments(self, view: ThreadView, run: Run | None) -> None:
        """What belongs to `view` stands in the thread, or was tried once: nothing depends on it."""
        state = await self._store.begin_post(self._investigation.id, ILLUSTRATION, run)
        if state.tried or state.messages:
            return
        try:
            await self._channel.post_attachments(self.conversation, view)
        except ServiceFailed as failure:
            logger.warning("%s has no picture: %s", self._investigation.id, failure)

    async def update(self, role: str, view: ThreadView) -> None:
        """The message with that role shows `view` now, if it stands."""
        if messages := await self._store.posted(self._investigation.id, role):
            await self._show(role, messages[0], view)

    async def post_ephemeral(self, person: Actor, view: ThreadView) -> None:
        """That person is told; a failure is logged, since nobody waits for it."""
        try:
            await self._channel.post_ephemeral(self.conversation, person, view)
        except ServiceFailed as failure:
            logger.warning("nobody could be told about %s: %s", self._investigation.id, failure)

    async def _show(self, role: str, message: MessageRef, view: ThreadView) -> None:
        """The message shows `view`; where people deleted it, another does."""
        try:
            await self._channel.edit(message, view, final=True)
        except MessageGone:
            await self._again(role, view)

    async def _again(self, role: str, view: ThreadView) -> MessageRef:
        """The one message that stands in the place of a deleted one shows `view`; if that is gone too, none does."""
        role += AGAIN
        if not (posted := await self._store.posted(self._investigation.id, role + self._suffix)):
            message = (await self._once(role, view, None, self._new_root(role)))[0]
            if role.startswith(PROGRESS):
                self._progress = message
            return message
        with suppress(MessageGone):
            await self._channel.edit(posted[0], view, final=True)
        return posted[0]

    def _new_root(self, role: str) -> ConversationRef | None:
        """Where the progress goes that was the root of its thread: nobody sees what stands below a deleted message."""
        progress = self._progress
        if role != PROGRESS + AGAIN or progress is None or progress.conversation.thread != progress.message_id:
            return None
        return replace(progress.conversation, thread=None)

    async def _once(
        self, role: str, view: ThreadView, run: Run | None, where: ConversationRef | None = None
    ) -> tuple[MessageRef, ...]:
        role += self._suffix
        state = await self._store.begin_post(self._investigation.id, role, run)
        if state.messages:
            return state.messages
        key = f"{self._investigation.id}/{role}"

        async def check() -> None:
            if run is not None and not await self._store.holds(run):
                raise LeaseLost(f"The {run.kind} of {run.subject_id} was taken over by another worker.")

        asked = where or self.conversation
        messages = await self._channel.post(asked, view, key=key, again=state.tried, check=check)
        messages = await self._first_of(role, messages)
        if asked.thread is not None and messages[0].conversation.thread != asked.thread:
            # The thread is gone: the conversation goes on where people see it.
            self._moved_to = messages[0].conversation
        return messages

    async def _first_of(self, role: str, posted: tuple[MessageRef, ...]) -> tuple[MessageRef, ...]:
        """The messages that stand for the role.

        A worker that is stopped between its last check and the platform posts after another took its run over. The
        first of the two to note its messages keeps them; the other deletes its own.
        """
        standing = await self._store.finish_post(self._investigation.id, role, posted)
        for message in posted:
            if standing and message not in standing:
                try:
                    await self._channel.delete(message)
                except ServiceFailed as failure:
                    logger.warning("%s stands twice in its thread: %s", role, failure)
        return standing or posted


async def _insisting(attempt: Callable[[], Awaitable[_T]]) -> _T:
    """What `attempt` gave; while the platform is away or wants us to wait it was tried again, up to 15 minutes."""
    loop = asyncio.get_running_loop()
    deadline, pause_s = loop.time() + _INSIST_S, _FIRST_PAUSE_S
    while True:
        try:
            return await attempt()
        except (ServiceUnavailable, RateLimited) as failure:
            if loop.time() > deadline:
                raise
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
            wait_s = failure.retry_after_s if isinstance(failure, RateLimited) else pause_s
            logger.warning("will be said again in %.1f s: %s", wait_s, failure)
            await asyncio.sleep(wait_s)
