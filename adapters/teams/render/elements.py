"""The few elements that our cards are made of. Outside text goes into runs alone (adapters/teams/render/text.py)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from adapters.common.text_limits import size
from adapters.teams.inbound.ids import VALUE, VERB
from adapters.teams.render.text import PIECE, Run, blocks_of_code, pieces, prose, run

Element = dict[str, Any]

_RUNS_WEIGHT = 5_000
"""How much the runs of one rich text may weigh, so that any fits into any card."""


def weight(thing: object) -> int:
    """How long it is as JSON, in UTF-16 units."""
    return size(json.dumps(thing, ensure_ascii=False))


def own(text: str, **style: Any) -> Element:
    """Words of ours, which Teams may read as Markdown; never outside text."""
    return {"type": "TextBlock", "text": text, "wrap": True, **style}


def rich(*runs: Run, **style: Any) -> Element:
    """One paragraph of runs."""
    return {"type": "RichTextBlock", "inlines": list(runs) or [run(" ")], **style}


def paragraphs(runs: Sequence[Run], **style: Any) -> Iterator[Element]:
    """All the runs, as one paragraph unless they are very many."""
    part: list[Run] = []
    room = _RUNS_WEIGHT
    for one in runs:
        heavy = weight(one)
        if part and heavy > room:
            yield rich(*part, **style)
            part, room, style = [], _RUNS_WEIGHT, {**style, "spacing": "None"}
        part.append(one)
        room -= heavy
    if part:
        yield rich(*part, **style)


def sentences(text: str, before: Sequence[Run] = (), after: Sequence[Run] = (), **style: Any) -> Iterator[Element]:
    """What a reasoner wrote, blocks of code apart; `before` opens its first paragraph, `after` ends its last."""
    *parts, (_, last) = blocks_of_code(text)
    opening = list(before)
    for is_code, part in parts:
        if is_code:
            yield from code_blocks(part)
        elif part.strip() or opening:
            yield from paragraphs([*opening, *prose(part.strip("\n"))], **style)
        opening = []
    if last.strip() or opening or after:
        yield from paragraphs([*opening, *prose(last.strip("\n")), *after], **style)


def code_blocks(text: str, failing: int | None = None) -> Iterator[Element]:
    """All of `text` as code on a grey ground; the line with index `failing` stands out."""
    if failing is not None:
        lines = text.split("\n")
        around = ("\n".join(lines[:failing]), lines[failing], "\n".join(lines[failing + 1 :]))
        runs = [run(around[0] + "\n", code=True)] if failing else []
        runs.append(run(around[1], code=True, bold=True, color="Attention"))
        runs += [run("\n" + around[2], code=True)] if around[2] else []
        if weight(runs) <= _RUNS_WEIGHT:
            yield box(rich(*runs))
            return
    for piece in pieces(text, PIECE):
        yield box(rich(run(piece.strip("\n") or " ", code=True)))


def box(*items: Element, style: str = "emphasis", **more: Any) -> Element:
    """Elements on a ground of their own."""
    return {"type": "Container", "style": style, "items": list(items), **more}


def columns(*columns: tuple[str, Sequence[Element]], **style: Any) -> Element:
    """Elements beside each other, each column with its width."""
    made = [{"type": "Column", "width": width, "items": list(items)} for width, items in columns]
    return {"type": "ColumnSet", "columns": made, **style}


def folded(name: str, title: str, items: Sequence[Element], about: Sequence[Run] = ()) -> list[Element]:
    """A line to press that shows the items, and hides them again; `name` is unique in its card.

    `title` is ours; outside text on that line goes into the runs of `about`.
    """
    ids = [f"{name}-{part}" for part in ("items", "closed", "open")]
    toggle = {"type": "Action.ToggleVisibility", "title": title, "targetElements": ids}
    lines = [
        rich(run(f"{sign} {title}", bold=True, color="Accent"), *about, id=id, spacing="None", **hidden)
        for sign, id, hidden in (("▸", ids[1], {}), ("▾", ids[2], {"isVisible": False}))
    ]
    line = {"type": "Container", "items": lines, "selectAction": toggle, "spacing": "Small"}
    return [line, {"type": "Container", "id": ids[0], "isVisible": False, "items": list(items), "spacing": "Small"}]


_FOLD_WEIGHT = 8_000
"""How much one fold may weigh, so that it fits into the first card beside what that begins with."""


def fold(name: str, title: str, items: Sequence[Element]) -> Iterator[Element]:
    """All the items folded under their title, in as many folds as they need; none without items."""
    part: list[Element] = []
    number, room = 1, _FOLD_WEIGHT
    for item in items:
        heavy = weight(item)
        if part and heavy > room:
            yield from folded(f"{name}{number}", title, part)
            part, room, number = [], _FOLD_WEIGHT, number + 1
            title = title if title.endswith(_MORE) else f"{title}{_MORE}"
        part.append(item)
        room -= heavy
    if part:
        yield from folded(f"{name}{number}", title, part)


_MORE = ", continued"


def link_button(title: str, url: str) -> Element:
    """A button that opens an address."""
    return {"type": "Action.OpenUrl", "title": title, "url": url}


def button(
    title: str, verb: str, value: str, style: str | None = None, *, checks: bool = True, hides: bool = False
) -> Element:
    """A button that does `verb` to `value`; `style` is positive, destructive or nothing.

    `checks` has the card's inputs sent and checked; `hides` puts it behind the three dots where there is little room.
    """
    more: Element = {"style": style} if style else {}
    if hides:
        more["mode"] = "secondary"
    if not checks:
        more["associatedInputs"] = "none"
    data = {VERB: verb, VALUE: value}
    submit = {"type": "Action.Submit", "title": title, "data": data, **more}
    return {"type": "Action.Execute", "title": title, "verb": verb, "data": data, **more, "fallback": submit}


def actions(*buttons: Element, **style: Any) -> Element:
    """A row of buttons."""
    return {"type": "ActionSet", "actions": list(buttons), **style}


def mention_entity(id: str, name: str) -> Mapping[str, Any]:
    """What makes `<at>name</at>` in a text block call that person."""
    return {"type": "mention", "text": f"<at>{name}</at>", "mentioned": {"id": id, "name": name}}
