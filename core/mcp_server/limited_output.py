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
from core.mcp_server.output import Line, Page, ToolOutput, cleaned, page_of
from core.mcp_server.tool_context import ToolContext

_SMALL_CHARS = 16_000
"""Masking so much takes some ten milliseconds, in a thread; sheets of most events have less."""

T = TypeVar("T")
P = ParamSpec("P")


@dataclass(slots=True)
class Cleaner:
    """Cuts and masks whatever one output shows, within one budget."""

    masker: Masker
    budget: TextBudget = field(default_factory=TextBudget)

    def __call__(self, thing: T) -> T:
        """Return `thing` as it may be shown."""
        return cleaned(self.budget.limited(thing), self.masker)


async def rendered(
    context: ToolContext,
    masker: Masker,
    render: Callable[Concatenate[Cleaner, P], ToolOutput],
    *things: P.args,
    **_: P.kwargs,
) -> ToolOutput:
    """Return `render(cleaner, *things)`, all of which may be pickled; when it takes too long, of a part of `things`."""
    is_small, masker = _is_small(things), masker.chosen()
    try:
        return await context.compute(_rendered, render, masker, SHOWN, things, is_small=is_small)
    except WorkerFailed as failure:
        is_small = isinstance(failure, NoWorker)
        try:
            output = await context.compute(_rendered, render, masker, IN_PART, things, is_small=is_small)
        except WorkerFailed as again:
            raise _given_up(again) from None
        output.lines.insert(0, Line(note_of(failure)))
        return output


async def paged(context: ToolContext, output: ToolOutput, number: int, masker: Masker, marker: str) -> Page:
    """Return `page_of` with these arguments."""
    masker = masker.chosen()
    is_small = _is_small((output.headline, *(line.text for line in output.lines)))
    try:
        return await context.compute(page_of, output, number, masker, marker, is_small=is_small)
    except NoWorker:
        return await context.compute(page_of, output, number, masker, marker, is_small=True)
    except WorkerFailed as failure:
        raise _given_up(failure) from None


def _rendered(
    render: Callable[..., ToolOutput], masker: Masker, limits: ReadingLimits, things: tuple[Any, ...]
) -> ToolOutput:
    return render(Cleaner(masker, TextBudget(limits)), *things)


def _is_small(things: tuple[Any, ...]) -> bool:
    return characters_in(things, _SMALL_CHARS) <= _SMALL_CHARS


def _given_up(failure: WorkerFailed) -> ServiceUnavailable:
    return ServiceUnavailable("The tool server", f"Masking what was found {failure}, so nothing of it is shown.")
