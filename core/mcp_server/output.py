"""Results as people and models read them: a headline, then fenced lines; the facts follow what is shown, line by line.

A tool writes a `ToolOutput`; every line brings the fields it shows. Paging then decides which lines are seen, masking
how, and a field survives only when its line is on the page and still says it. So facts never claim more than the text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from datetime import UTC, datetime
from typing import Any, TypeVar

from core.domain.code import Excerpt
from core.domain.incident import Frame
from core.domain.untrusted_text import FENCE_CHARS, fenced, neutralize
from core.mcp_server.masking import PLACEHOLDER, Masker

PAGE_CHARS = 6_000
LINE_CHARS = 1_200
HEADLINE_CHARS = 180

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text and the fields that it states; dicts merge, lists grow, anything else is set.

    `drawn` are numbers that the line shows as a drawing: there is nothing of strangers in them to be held against it.
    """

    text: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    drawn: Mapping[str, Sequence[int]] = field(default_factory=dict)


@dataclass(slots=True)
class ToolOutput:
    """What a tool found: a headline for the progress list, then lines in order of importance.

    The lines of `further` are never on the first page: whoever wants them asks for the next.
    """

    headline: str
    headline_facts: Mapping[str, Any] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    further: list[Line] = field(default_factory=list)

    def add(self, text: str, **facts: Any) -> None:
        """Append a line; fields that are None are left out."""
        self.lines.append(Line(text, _without_none(facts)))

    def draw(self, text: str, drawn: Mapping[str, Sequence[int]], **facts: Any) -> None:
        """Append a line that draws the numbers of `drawn` and states `facts`."""
        self.lines.append(Line(text, _without_none(facts), drawn))


@dataclass(frozen=True, slots=True)
class Page:
    """One page as it leaves: at most `PAGE_CHARS` characters, and the facts that stand in it."""

    text: str
    facts: Mapping[str, Any]


def cleaned(thing: T, masker: Masker) -> T:
    """The same data with every string masked, on one line and unable to close the fence; secrets known by name too."""
    if isinstance(thing, str):
        return on_one_line(masker.text(thing))  # type: ignore[return-value]
    if isinstance(thing, Mapping):
        return {  # type: ignore[return-value]
            cleaned(key, masker): on_one_line(masker.named(key, value))
            if isinstance(value, str)
            else cleaned(value, masker)
            for key, value in thing.items()
        }
    if isinstance(thing, tuple | list):
        return type(thing)(cleaned(item, masker) for item in thing)
    if isinstance(thing, Frame | Excerpt):
        thing = replace(thing, source=_masked_source(thing.source, masker))
    if is_dataclass(thing) and not isinstance(thing, type):
        changes = {item.name: cleaned(getattr(thing, item.name), masker) for item in fields(thing)}
        return replace(thing, **changes)
    return thing


def _masked_source(source: tuple[tuple[int, str], ...], masker: Masker) -> tuple[tuple[int, str], ...]:
    """Mask the lines of a frame as one text, since a key may stand on many; lines that went into one are left out."""
    joined = "\n".join(text.replace("\n", " ") for _, text in source)
    masked = masker.text(joined)
    if masked == joined:
        return source
    lines = masked.split("\n")
    if len(lines) == len(source):
        return tuple((number, text) for (number, _), text in zip(source, lines, strict=True))
    return _around_masked(source, joined.split("\n"), lines)


def _around_masked(
    source: tuple[tuple[int, str], ...], before: list[str], after: list[str]
) -> tuple[tuple[int, str], ...]:
    """Keep the numbers of the lines above and below those that became one."""
    numbers = [number for number, _ in source]
    above = next((i for i, (old, new) in enumerate(zip(before, after, strict=False)) if old != new), len(after))
    kept = numbers[: above + 1] + numbers[len(numbers) - (len(after) - above - 1) :] if after else []
    return tuple(zip(kept[: len(after)], after, strict=False))


def on_one_line(text: str) -> str:
    """Put `text` on one line, with nothing in it that looks like our fence or page mark."""
    first, *others = text.rstrip().split("\n")
    return neutralize(" ↵ ".join([first.rstrip(), *(line.strip() for line in others if line.strip())]))


def cut(text: str, limit: int) -> str:
    """At most `limit` characters, an ellipsis where something is missing, no placeholder torn in two."""
    if len(text) <= limit:
        return text
    end = limit - 1
    for placeholder in PLACEHOLDER.finditer(text):
        if placeholder.start() < end < placeholder.end():
            end = placeholder.start()
    return text[:end].rstrip() + "…"


def iso(moment: datetime | None) -> str | None:
    """`2026-11-20T09:12Z`: facts and lines use the same form."""
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ")


def format_time(moment: datetime) -> str:
    """`2026-11-20 09:12 UTC`, for headlines."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def counted(number: int, noun: str) -> str:
    """`1 event`, `182 events`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def quoted(text: str, limit: int = 100) -> str:
    """Outside words inside our own sentence: marked as a quotation that they cannot end."""
    return "“" + cut(text, limit).replace("“", '"').replace("”", '"') + "”"


def page_of(output: ToolOutput, number: int, masker: Masker, marker: str) -> Page:
    """Render page `number` of `output`, from 1, fenced with `marker`; beyond the last it says that there is none."""
    headline = cut(on_one_line(masker.text(output.headline)), HEADLINE_CHARS)
    room = PAGE_CHARS - len(headline) - FENCE_CHARS - 80
    pages = _divided(_shown(output.lines, masker), room)
    if output.further:
        pages += _divided(_shown(output.further, masker), room)
    if number > len(pages):
        return Page(f"There is no page {number}: {_all_of(len(pages))}.", {})
    index = number - 1
    shown = [Line(headline, output.headline_facts), *pages[index]]
    parts = [headline]
    if pages[index]:
        parts.append(fenced("\n".join(line.text for line in pages[index]), marker))
    if len(pages) > 1:
        more = f": call again with page={index + 2}" if index + 1 < len(pages) else ": the last page"
        parts.append(f"[page {index + 1} of {len(pages)}{more}]")
    return Page("\n".join(parts), _stated(shown))


def _all_of(pages: int) -> str:
    return "page 1 is all there is" if pages == 1 else f"page {pages} is the last"


def _shown(lines: Sequence[Line], masker: Masker) -> list[Line]:
    return [replace(line, text=cut(on_one_line(masker.text(line.text)), LINE_CHARS)) for line in lines]


def _divided(lines: Sequence[Line], room: int) -> list[list[Line]]:
    """`lines` in pages of at most `room` characters, in order; there is always a first page."""
    pages: list[list[Line]] = [[]]
    used = 0
    for line in lines:
        size = len(line.text) + 1
        if used + size > room and pages[-1]:
            pages.append([])
            used = 0
        pages[-1].append(line)
        used += size
    return pages


def _stated(lines: Sequence[Line]) -> dict[str, Any]:
    """The fields of `lines` together, without those strings that their line does not (any longer) say."""
    facts: dict[str, Any] = {}
    for line in lines:
        _merge(facts, {**_said(line.facts, line.text), **{name: list(numbers) for name, numbers in line.drawn.items()}})
    return facts


def _said(thing: Any, text: str) -> Any:
    if isinstance(thing, Mapping):
        kept = {key: _said(value, text) for key, value in thing.items()}
        return {key: value for key, value in kept.items() if value is not None}
    if isinstance(thing, list):
        return [kept for item in thing if (kept := _said(item, text)) is not None]
    if isinstance(thing, bool | float):
        return thing
    return thing if str(thing) in text else None


def _merge(into: dict[str, Any], more: Mapping[str, Any]) -> None:
    for key, value in more.items():
        if isinstance(value, Mapping) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        elif isinstance(value, list) and isinstance(into.get(key), list):
            into[key] = into[key] + value
        else:
            into[key] = value


def _without_none(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: _without_none(value) if isinstance(value, Mapping) else value
        for key, value in facts.items()
        if value is not None
    }
