"""A small tracker and a small index, for tests of the tools; they hold what a test gives them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from core.domain.errors import NotFound, Refusal
from core.domain.incident import (
    Breadcrumb,
    Commit,
    ErrorEvent,
    EventSeries,
    ExceptionInfo,
    Frame,
    IssueDetails,
    IssueRef,
    Release,
    TagDistribution,
)
from core.domain.knowledge import IndexState, KnowledgeEntry, KnowledgeFindings, KnowledgeMatch
from core.gateways.logs.reading import LogIndex

T = TypeVar("T")

BEGAN = datetime(2026, 11, 20, 9, 12, tzinfo=UTC)

CART_FRAME = Frame(
    function="total",
    file="shop/cart.py",
    module="shop.cart",
    line=41,
    in_app=True,
    source=((40, "    for item in self.items:"), (41, '        amount += item["price"]'), (42, "    return amount")),
    variables={"self": "<Cart 7>", "item": "{'sku': 'A1'}", "password": "'hunter2'"},
)
VIEW_FRAME = Frame(function="checkout", file="shop/views.py", line=18, in_app=True, source=((18, "cart.total()"),))
FLASK_FRAMES = tuple(Frame(function="dispatch", file="flask/app.py", line=900 + n, in_app=False) for n in range(47))

CART_EVENT = ErrorEvent(
    id="a" * 32,
    title="KeyError: 'price'",
    platform="python",
    level="error",
    at=BEGAN,
    culprit="shop.cart in total",
    transaction="/checkout",
    release="shop@1.4.2",
    environment="production",
    exceptions=(
        ExceptionInfo("KeyError", "'price'", frames=(VIEW_FRAME, *FLASK_FRAMES, CART_FRAME)),
        ExceptionInfo("CheckoutError", "cannot total cart of jane@shop.example", handled=False),
    ),
    breadcrumbs=(
        Breadcrumb(BEGAN, "query", "info", "SELECT * FROM items", {"rows": "3"}),
        Breadcrumb(BEGAN, "auth", "info", "login [Filtered]"),
    ),
    tags={"browser": "Firefox 140", "user": "id:4", "server_name": "web-3"},
    request_method="POST",
    request_url="https://shop.example/checkout?token=abcdef123456&step=2",
)

CART_ISSUE = IssueDetails(
    id="4211",
    short_id="SHOP-1A2",
    title="KeyError: 'price'",
    culprit="shop.cart in total",
    level="error",
    status="unresolved",
    project="shop",
    events=182,
    users=41,
    first_seen=BEGAN,
    last_seen=BEGAN + timedelta(days=2),
    first_release="shop@1.4.2",
    unhandled=True,
)

CART_RELEASE = Release(
    "shop@1.4.2", BEGAN - timedelta(minutes=30), (Commit("9fceb02d0ae598e9", "Drop price from items", "Ada", BEGAN),)
)


def hourly(counts: Sequence[int]) -> EventSeries:
    """`counts` as hours, the first at midnight."""
    start = datetime(2026, 11, 19, tzinfo=UTC)
    return EventSeries(3600, tuple((start + timedelta(hours=n), count) for n, count in enumerate(counts)))


@dataclass
class FakeTracker:
    """An IncidentSource over one issue and one event."""

    details: IssueDetails = CART_ISSUE
    recommended: ErrorEvent = CART_EVENT
    counts: EventSeries | None = None
    tags: dict[str, TagDistribution] = field(default_factory=dict)
    usual: dict[str, TagDistribution] = field(default_factory=dict)
    suspects: tuple[Commit, ...] = ()
    releases: dict[str, Release] = field(default_factory=lambda: {CART_RELEASE.version: CART_RELEASE})
    resolved: list[tuple[str, bool]] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)

    async def issue(self, ref: IssueRef) -> IssueDetails:
        if ref.id == "GONE-1":
            raise NotFound("There is no issue GONE-1 that jane@shop.example may see.")
        if ref.id == "BOOM-1":
            raise RuntimeError("secret hunter2 in an exception")
        return self.details

    async def event(self, ref: IssueRef, which: str = "recommended") -> ErrorEvent:
        return self.recommended

    async def series(self, issue: IssueDetails, period_h: int) -> EventSeries | None:
        return self.counts

    async def tag_values(self, issue: IssueDetails, key: str) -> TagDistribution | None:
        return self.tags.get(key)

    async def usual_values(self, issue: IssueDetails, key: str) -> TagDistribution | None:
        return self.usual.get(key)

    async def suspect_commits(self, issue: IssueDetails, event: ErrorEvent) -> Sequence[Commit]:
        return self.suspects

    async def release(self, version: str) -> Release | None:
        return self.releases.get(version)

    async def issues(self, query: str, limit: int) -> Sequence[IssueDetails]:
        return [self.details][:limit]

    async def scopes(self) -> Sequence[str] | None:
        return ["event:read", "org:read"]

    async def set_resolved(self, ref: IssueRef, *, resolved: bool) -> None:
        self.resolved.append((ref.id, resolved))

    async def add_note(self, ref: IssueRef, text: str) -> None:
        self.notes.append((ref.id, text))


@dataclass
class FakeKnowledge:
    """A KnowledgeBase that finds everything it was given."""

    entries: list[KnowledgeEntry] = field(default_factory=list)

    async def search(self, query: str, limit: int) -> KnowledgeFindings:
        matches = (KnowledgeMatch(entry, 0.83, True, ("same frame",)) for entry in self.entries[:limit])
        return KnowledgeFindings(tuple(matches))

    async def forget(self, entry_ids: Sequence[str] | None = None) -> tuple[int, int]:
        before = len(self.entries)
        self.entries = [] if entry_ids is None else [entry for entry in self.entries if entry.id not in entry_ids]
        return before, len(self.entries)

    async def index(self, entries: Sequence[KnowledgeEntry]) -> IndexState:
        self.entries.extend(entries)
        return IndexState(len(self.entries))


@dataclass
class FakeToolContext:
    """ToolContext that lead to the same tracker and index for everyone."""

    tracker: FakeTracker = field(default_factory=FakeTracker)
    index: FakeKnowledge = field(default_factory=FakeKnowledge)
    one_event: bool = False
    may_write: bool = True

    def incidents(self) -> FakeTracker:
        return self.tracker

    def knowledge(self) -> FakeKnowledge:
        return self.index

    def logs(self) -> LogIndex:
        raise Refusal("No logs were given.")

    def has_one_event_only(self) -> bool:
        return self.one_event

    async def compute(self, function: Callable[..., T], *arguments: Any, is_small: bool) -> T:
        return function(*arguments)

    def require_writing(self) -> None:
        if not self.may_write:
            raise Refusal("Changing things in Sentry is not allowed.")
