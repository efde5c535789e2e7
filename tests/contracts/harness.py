"""What an adapter brings to keep the contract: a harness for its channel, and then for all of LogSense."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, TypeVar, runtime_checkable

from bot.demo.local_sentry import LocalSentry
from core.domain.conversation import ConversationRef, MessageRef
from core.domain.investigation import Investigation
from core.domain.knowledge import KnowledgeEntry
from core.ports import Channel

Call = Literal["post", "edit"]
T = TypeVar("T")


class Seen(Protocol):
    """What people see now, wherever LogSense wrote it."""

    def text(self) -> str:
        """All of it, oldest first."""
        ...

    def count(self, words: str) -> int:
        """In how many messages the words stand."""
        ...

    def threads(self) -> int:
        """In how many threads the messages stand."""
        ...


class Sender(Seen, Protocol):
    """A channel alone, and the place it writes to; its own pace is out of the way."""

    @property
    def channel(self) -> Channel:
        """What is tried."""
        ...

    @property
    def here(self) -> ConversationRef:
        """Where nothing was posted yet."""
        ...

    async def slow_edit(self, edit: Callable[[], object]) -> None:
        """`edit` has something edited, which takes a while to arrive; returns when it is on its way."""
        ...


@runtime_checkable
class FarSender(Sender, Protocol):
    """The same where a service lies between."""

    def limit(self, call: Call, seconds: float) -> None:
        """The next such call is refused: wait so long."""
        ...

    def fail(self, call: Call) -> None:
        """The next such call does nothing: the service is down."""
        ...

    def lose_answer(self, call: Call) -> None:
        """The next such call is done, and the connection cut instead of an answer."""
        ...

    def delete(self, message: MessageRef) -> None:
        """Somebody deleted it."""
        ...


@dataclass(frozen=True, slots=True)
class Kept:
    """What the organization keeps of it."""

    investigations: Sequence[Investigation]
    knowledge: Sequence[KnowledgeEntry]


class Use(Seen, Protocol):
    """All of LogSense, and somebody called Ada who uses it."""

    @property
    def sentry(self) -> LocalSentry:
        """Where the issues are."""
        ...

    async def ask(self, issue: str, *, repeated: bool = False) -> None:
        """Ada wants it investigated, and sees a first sign; with `repeated` the platform, or she, says so twice."""
        ...

    async def come_to_rest(self) -> None:
        """Returns when it is over and everything that is said of it stands."""
        ...

    async def cancel(self) -> None:
        """Ada stops what runs, and was told so."""
        ...

    async def answer(self, question: str) -> str:
        """What Ada reads when she asks on."""
        ...

    async def resolve(self) -> None:
        """Ada says that it is over, and sees that this was heard."""
        ...

    async def reopen(self) -> None:
        """Ada takes that back, and sees that this was heard."""
        ...

    def posts(self) -> int:
        """How many messages stand where she asked."""
        ...

    def progress(self) -> int:
        """How many of them show what is looked at."""
        ...

    def reports(self) -> int:
        """How many of them are reports."""
        ...

    async def kept(self) -> Kept:
        """What is kept by now."""
        ...


@runtime_checkable
class FarUse(Use, Protocol):
    """The same where a service lies between."""

    def trouble(self, call: Call) -> None:
        """The next such calls are limited, fail and lose their connection, one after another."""
        ...

    async def delete_progress(self) -> None:
        """Somebody deleted the message that shows what is looked at."""
        ...

    async def delete_report(self) -> None:
        """Somebody deleted the report."""
        ...


class ChannelHarness(Protocol):
    """One platform."""

    name: str
    near: str
    """Why no service lies between, so that nothing can be limited, lost or deleted; empty where one does."""
    finds_its_posts: bool
    """Whether the platform lets LogSense look for what it posted."""
    posts: int
    """How many messages an investigation leaves."""

    def sender(self, home: Path) -> AbstractAsyncContextManager[Sender]:
        """Its channel."""
        ...

    def use(self, home: Path, sentry: LocalSentry) -> AbstractAsyncContextManager[Use]:
        """LogSense on that data directory, connected to that Sentry, which it may write to."""
        ...


async def until(look: Callable[[], T | None], *, timeout_s: float = 30.0) -> T:
    """What `look` sees once it sees something."""
    async with asyncio.timeout(timeout_s):
        while not (seen := look()):
            await asyncio.sleep(0.01)
    return seen
