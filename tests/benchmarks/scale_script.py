"""What stands around the worker of `make bench-scale`: a reasoner that takes time and no CPU, tools, a channel.

Moments are of `time.monotonic`, which all processes of a machine share.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

from core.domain.causes import Cause
from core.domain.conversation import ConversationRef, MessageRef
from core.domain.journal import JournalEntry, ToolCall, Transcript, Turn
from core.domain.report import Analysis, Culprit, Finding, Fix, Level, Usage
from core.domain.tenancy import Actor, OrganizationId
from core.domain.thread_view import ProgressView, ReportView, ThreadView
from core.ports import Check, HostTools, Journal, OrganizationStore, Run, Stores, Toolbox, ToolResult, ToolSpec

TOOL = "get_stacktrace"
_WORDS = ("order", "price", "stock", "cart", "user", "total", "currency", "region", "discount", "shipment")


def _stack(number: int) -> str:
    """Near 2,000 characters, no two alike: what repeats itself a database would keep in little room."""
    chance = random.Random(number)
    lines = [f"KeyError: 'sku-{chance.randrange(10**6)}' in event {chance.getrandbits(128):032x}"]
    for _ in range(25):
        one, other, third, fourth = chance.sample(_WORDS, 4)
        lines.append(
            f"File {one}s/{other}.py, line {chance.randrange(900)}, in {third}: {fourth} = {one}[{other}.{third}]"
        )
    return "\n".join(lines)


_STACKS = [_stack(number) for number in range(20)]

Moment = tuple[float, float]
"""When, and how many seconds something took then."""


@dataclass
class Seen:
    """What one process noted since it was asked to begin."""

    turns: dict[str, list[float]] = field(default_factory=dict)
    """When a reasoner was asked for each turn, by investigation."""
    edits: list[Moment] = field(default_factory=list)
    """For each committed entry, until the channel was asked to show it."""
    reports: list[str] = field(default_factory=list)
    late: list[Moment] = field(default_factory=list)
    """How late the event loop woke who asked to be woken."""
    statements: int = 0
    transactions: int = 0
    cpu_s: float = 0.0
    rss_before_mb: float = 0.0
    rss_most_mb: float = 0.0


@dataclass
class Pace:
    """How long a turn takes, and how many there are before the last."""

    step_s: float = 0.0
    steps: int = 0


class PacedReasoner:
    """Implements `core.ports.Reasoner`: one call a turn, then a report."""

    name = "scripted"

    def __init__(self, pace: Pace, seen: Seen) -> None:
        self._pace = pace
        self._seen = seen

    async def next_turn(self, transcript: Transcript, tools: Sequence[ToolSpec], *, must_conclude: bool) -> Turn:
        self._seen.turns.setdefault(transcript.subject.issue_id, []).append(time.monotonic())
        await asyncio.sleep(self._pace.step_s)
        number = transcript.turns() + 1
        usage = Usage(1, 1_500, 100, 0.001)
        if number > self._pace.steps:
            return Turn("The price of a withdrawn article is missing.", conclusion=_analysis(), usage=usage)
        call = ToolCall(f"c{number}", TOOL, {"issue_id": transcript.subject.issue_id, "event": f"event {number}"})
        return Turn(f"Step {number} looks at what the event before it left open.", (call,), usage=usage)


def _analysis() -> Analysis:
    return Analysis(
        "The checkout reads the price of an article that was withdrawn.",
        Cause.MISSING_KEY,
        Culprit("payments/checkout.py", "total", 118),
        (Finding("`total` reads a price without asking whether there is one.", ("E1",)),),
        (Fix("Skip withdrawn articles", ("Ask the catalogue first.", "Test it."), Level.LOW, Level.LOW, 80),),
    )


class InstantTools:
    """Implements `core.ports.Toolbox`: every call finds something else, at once; the host's own look comes first."""

    async def list_tools(self) -> Sequence[ToolSpec]:
        return [ToolSpec(TOOL, "Reads a stack.", {"type": "object"})]

    async def call(self, call: ToolCall) -> ToolResult:
        number = 0 if call.id.startswith("t0") else int(call.id.removeprefix("c"))
        return ToolResult(_STACKS[number % len(_STACKS)])


@dataclass(frozen=True)
class ConnectedTools:
    """Implements `core.ports.ToolProvider`: looks up the organization's connection, as `serve` does."""

    stores: Stores

    async def toolbox(
        self,
        organization_id: OrganizationId,
        investigation_id: str,
        event_text: str | None,
        log: str | None = None,
        *,
        issue_id: str | None = None,
    ) -> Toolbox:
        await self.stores.for_organization(organization_id).sentry_connection()
        return InstantTools()

    async def host_tools(self, organization_id: OrganizationId) -> HostTools:
        # Asked for with every report, used only where people had confirmed something before.
        return cast(HostTools, self)

    async def writes_allowed(self, organization_id: OrganizationId) -> bool:
        return False


class TimedStores(Stores):
    """Stores whose journals tell when each entry was committed."""

    def __init__(self, stores: Stores, committed: Callable[[str], None]) -> None:
        self.directory, self.installations, self.runs = stores.directory, stores.installations, stores.runs
        self.leadership, self.turns, self.schedules = stores.leadership, stores.turns, stores.schedules
        self._stores = stores
        self._committed = committed

    def for_organization(self, organization_id: OrganizationId) -> OrganizationStore:
        store = self._stores.for_organization(organization_id)
        journal = store.journal

        def timed(subject_id: str, run: Run | None = None) -> Journal:
            return _TimedJournal(journal(subject_id, run), lambda: self._committed(subject_id))

        store.journal = timed  # type: ignore[method-assign]
        return store


@dataclass(frozen=True)
class _TimedJournal(Journal):
    kept: Journal
    committed: Callable[[], None]

    async def entries(self) -> tuple[JournalEntry, ...]:
        return await self.kept.entries()

    async def record(self, entry: JournalEntry) -> None:
        await self.kept.record(entry)
        self.committed()


class NotingChannel:
    """Implements `core.ports.Channel`: notes how long after its commit each entry is to be shown."""

    def __init__(self, seen: Seen) -> None:
        self._seen = seen
        self._committed: dict[str, list[float]] = {}
        self._shown: dict[str, int] = {}

    def committed(self, investigation_id: str) -> None:
        """An entry of that investigation stands in the database."""
        self._committed.setdefault(investigation_id, []).append(time.monotonic())

    async def post(
        self,
        conversation: ConversationRef,
        view: ThreadView,
        *,
        key: str = "",
        again: bool = False,
        check: Check | None = None,
    ) -> tuple[MessageRef, ...]:
        if check is not None:
            await check()
        if isinstance(view, ReportView):
            self._seen.reports.append(view.investigation_id)
        return (MessageRef(replace(conversation, thread=key), key),)

    async def delete(self, message: MessageRef) -> None:
        """Nothing was posted."""

    async def turn(self, message: MessageRef) -> None:
        """At once: a platform's limits are not what is measured."""

    async def edit(self, message: MessageRef, view: ThreadView, *, final: bool = False) -> None:
        if final or not isinstance(view, ProgressView):
            return
        # Every turn and every outcome is an entry of its own.
        shown = len(view.steps) + sum(step.ok is not None for step in view.steps)
        already = self._shown.get(view.investigation_id, 0)
        now = time.monotonic()
        for at in self._committed.get(view.investigation_id, [])[already:shown]:
            self._seen.edits.append((at, now - at))
        self._shown[view.investigation_id] = max(shown, already)

    async def post_attachments(self, conversation: ConversationRef, view: ThreadView) -> None:
        return None

    async def post_ephemeral(self, conversation: ConversationRef, person: Actor, view: ThreadView) -> None:
        raise AssertionError(f"something failed: {view}")


async def keep_nothing(entry: JournalEntry) -> None:
    """The recorder of a loop without durability."""
