"""Renders outside data: limited, masked, apart from the event loop, and in part when that takes too long."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Concatenate, ParamSpec, TypeVar

from core.domain.errors import ServiceUnavailable
from core.domain.reading_limits import IN_PART, SHOWN, ReadingLimits, TextBudget, characters_in
from core.gateways.events.reading import note_of
from core.gateways.process_pool import NoWorker, WorkerFailed
from core.mcp_server.masking import Masker
from core.mcp_server.output import Line, Page, Sheet, cleaned, page_of
from core.mcp_server.tool_context import Doors

_SMALL_CHARS = 16_000
"""Masking so much takes some ten milliseconds, in a thread; sheets of most events have less."""

T = TypeVar("T")
P = ParamSpec("P")


@dataclass(slots=True)
class Cleaner:
    """Cuts and masks whatever one sheet shows, within one budget."""

    masker: Masker
    budget: TextBudget = field(default_factory=TextBudget)

    def __call__(self, thing: T) -> T:
        """Return `thing` as it may be shown."""
        return cleaned(self.budget.limited(thing), self.masker)


async def rendered(
    doors: Doors, masker: Masker, render: Callable[Concatenate[Cleaner, P], Sheet], *things: P.args, **_: P.kwargs
) -> Sheet:
    """Return `render(cleaner, *things)`, all of which may be pickled; when it takes too long, of a part of `things`."""
    is_small, masker = _is_small(things), masker.chosen()
    try:
        return await doors.compute(_rendered, render, masker, SHOWN, things, is_small=is_small)
    except WorkerFailed as failure:
        is_small = isinstance(failure, NoWorker)
        try:
            sheet = await doors.compute(_rendered, render, masker, IN_PART, things, is_small=is_small)
        except WorkerFailed as again:
            raise _given_up(again) from None
        sheet.lines.insert(0, Line(note_of(failure)))
        return sheet


async def paged(doors: Doors, sheet: Sheet, number: int, masker: Masker, marker: str) -> Page:
    """Return `page_of` with these arguments."""
    masker = masker.chosen()
    is_small = _is_small((sheet.headline, *(line.text for line in sheet.lines)))
    try:
        return await doors.compute(page_of, sheet, number, masker, marker, is_small=is_small)
    except NoWorker:
        return await doors.compute(page_of, sheet, number, masker, marker, is_small=True)
    except WorkerFailed as failure:
        raise _given_up(failure) from None


def _rendered(render: Callable[..., Sheet], masker: Masker, limits: ReadingLimits, things: tuple[Any, ...]) -> Sheet:
    return render(Cleaner(masker, TextBudget(limits)), *things)


def _is_small(things: tuple[Any, ...]) -> bool:
    return characters_in(things, _SMALL_CHARS) <= _SMALL_CHARS


def _given_up(failure: WorkerFailed) -> ServiceUnavailable:
    return ServiceUnavailable("The tool server", f"Masking what was found {failure}, so nothing of it is shown.")
