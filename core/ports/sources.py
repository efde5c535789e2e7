"""What the MCP server reads: trackers, the index of knowledge and what embeds its texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from core.domain.incident import (
    Commit,
    ErrorEvent,
    EventSeries,
    IssueDetails,
    IssueRef,
    NearbyIssue,
    Release,
    TagDistribution,
)
from core.domain.knowledge import IndexState, KnowledgeEntry, KnowledgeFindings


class IncidentSource(Protocol):
    """Where issues and events come from. Methods raise NotFound, ServiceUnavailable, AccessDenied or RateLimited.

    A source that cannot know something (one pasted event has no history) returns None.
    """

    async def issue(self, ref: IssueRef) -> IssueDetails:
        """The issue; merged and short ids are followed."""
        ...

    async def event(self, ref: IssueRef, which: str = "recommended") -> ErrorEvent:
        """One event: `recommended`, `latest`, `oldest` or an event id."""
        ...

    async def series(self, issue: IssueDetails, period_h: int) -> EventSeries | None:
        """Events per interval over the last `period_h` hours."""
        ...

    async def tag_values(self, issue: IssueDetails, key: str) -> TagDistribution | None:
        """How `key`'s values share the issue's events; None when nobody sends that tag."""
        ...

    async def usual_values(self, issue: IssueDetails, key: str) -> TagDistribution | None:
        """How `key` shares the traffic of the issue's transaction, or else of its project, over the issue's time.

        Failed or not, every request counts. Empty without traffic; None when the source cannot tell.
        """
        ...

    async def suspect_commits(self, issue: IssueDetails, event: ErrorEvent) -> Sequence[Commit]:
        """Commits that the tracker suspects; empty when it has no idea."""
        ...

    async def release(self, version: str) -> Release | None:
        """A release and its commits; None when the tracker does not know it."""
        ...

    async def release_before(self, issue: IssueDetails, release: Release) -> Release | None:
        """The release of the same package that was out when `release` was shipped, without its commits."""
        ...

    async def events(self, issue: IssueDetails, limit: int, *, whole: bool = False) -> Sequence[ErrorEvent]:
        """The newest events of the issue; only `whole` ones have frames and locals. Empty when it cannot tell."""
        ...

    async def neighbors(self) -> Sequence[NearbyIssue]:
        """Issues of all projects of the organization, newest activity first, at most a hundred."""
        ...

    async def recent_releases(self) -> Sequence[Release]:
        """The newest releases of all projects, without their commits."""
        ...

    async def scopes(self) -> Sequence[str] | None:
        """What our credentials may do, in the tracker's own words; None when it does not say."""
        ...

    async def issues(self, query: str, limit: int) -> Sequence[IssueDetails]:
        """Issues matching `query` in the tracker's own search language, newest activity first."""
        ...

    async def set_resolved(self, ref: IssueRef, *, resolved: bool) -> None:
        """Resolve, or reopen, the issue in the tracker."""
        ...

    async def add_note(self, ref: IssueRef, text: str) -> None:
        """Leave a note on the issue."""
        ...


class Embedder(Protocol):
    """Turns texts into vectors whose cosine says how alike they are in meaning."""

    @property
    def name(self) -> str:
        """The model's own name; with the dimension it says which vectors may be compared."""
        ...

    @property
    def dimension(self) -> int:
        """How many numbers a vector has."""
        ...

    @property
    def similar_from(self) -> float:
        """The cosine from which two incidents are worth showing beside each other; models differ much in that."""
        ...

    async def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        """A vector of each text, in order.

        Raises:
            ServiceFailed: the model cannot be reached, or refused.
            Refusal: its vectors have another dimension than was said.
        """
        ...

    async def close(self) -> None:
        """Connections are closed."""
        ...


class KnowledgeBase(Protocol):
    """The searchable index of one organization's knowledge entries; their home is SQL."""

    async def search(self, query: str, limit: int) -> KnowledgeFindings:
        """Best matches first; never another organization's."""
        ...

    async def index(self, entries: Sequence[KnowledgeEntry]) -> IndexState:
        """Add or replace entries, visible to the next search; those that nobody may see are taken out."""
        ...

    async def forget(self, entry_ids: Sequence[str] | None = None) -> tuple[int, int]:
        """None of those entries, or without ids of any, is left in the index: how many there were, and are."""
        ...
