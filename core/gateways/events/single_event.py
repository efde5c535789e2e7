"""One event that a person handed over, as a source: it knows itself, and nothing about others."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from core.domain.errors import Refusal
from core.domain.incident import (
    Commit,
    ErrorEvent,
    EventSeries,
    IssueDetails,
    IssueRef,
    Release,
    TagDistribution,
)
from core.ports import IncidentSource


class SingleEventSource(IncidentSource):
    """Every id names the one event; what takes more than one event to know is None or empty."""

    def __init__(self, read: Callable[[], Awaitable[ErrorEvent]]) -> None:
        """Answer from the event that `read` returns; it is awaited once."""
        self._read = read
        self._reading = asyncio.Lock()
        self._event: ErrorEvent | None = None

    async def _known(self) -> ErrorEvent:
        async with self._reading:
            if self._event is None:
                self._event = await self._read()
            return self._event

    async def issue(self, ref: IssueRef) -> IssueDetails:
        """The event, as an issue that happened once."""
        event = await self._known()
        handled = event.exceptions[-1].handled if event.exceptions else None
        return IssueDetails(
            id=ref.id,
            title=event.title or event.message or "an event without a title",
            culprit=event.culprit,
            level=event.level,
            kind=event.kind,
            platform=event.platform,
            events=1,
            first_seen=event.at,
            last_seen=event.at,
            first_release=event.release,
            last_release=event.release,
            unhandled=None if handled is None else not handled,
        )

    async def event(self, ref: IssueRef, which: str = "recommended") -> ErrorEvent:
        """The event, whichever was asked for."""
        return await self._known()

    async def series(self, issue: IssueDetails, period_h: int) -> EventSeries | None:
        """None: one event has no course."""
        return None

    async def tag_values(self, issue: IssueDetails, key: str) -> TagDistribution | None:
        """None: one event has no shares."""
        return None

    async def usual_values(self, issue: IssueDetails, key: str) -> TagDistribution | None:
        """None: nothing is known of other events."""
        return None

    async def suspect_commits(self, issue: IssueDetails, event: ErrorEvent) -> Sequence[Commit]:
        """Empty: an event does not name commits."""
        return ()

    async def release(self, version: str) -> Release | None:
        """None: an event names its release, not what is in it."""
        return None

    async def issues(self, query: str, limit: int) -> Sequence[IssueDetails]:
        """The one event."""
        return [await self.issue(IssueRef("this-event"))]

    async def scopes(self) -> None:
        """Nobody's credentials are used."""
        return None

    async def set_resolved(self, ref: IssueRef, *, resolved: bool) -> None:
        """Refused: there is no issue behind it."""
        raise Refusal("The event was handed over by itself, so there is no Sentry issue to change.")

    async def add_note(self, ref: IssueRef, text: str) -> None:
        """Refused: there is no issue behind it."""
        raise Refusal("The event was handed over by itself, so there is no Sentry issue to comment on.")
