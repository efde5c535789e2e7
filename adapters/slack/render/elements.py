"""The few building blocks that our messages, modals and home page are made of. Text given here is safe already."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from adapters.slack.render.message import Block, weight
from adapters.slack.render.mrkdwn import cut, pieces, plain

SECTION_LIMIT = 3_000
HEADER_LIMIT = 150
LABEL_LIMIT = 75
TITLE_LIMIT = 150
CONTAINER_BLOCKS = 10
CONTAINER_BYTES = 5_000
"""What one container holds at most, so that it fits into the first message beside what that begins with."""
_MORE = ", continued"
_ASIDE_LIMIT = 2_000


def mrkdwn(text: str) -> dict[str, Any]:
    """A text object; Slack may format it, but shall find no links or names in it by itself."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def plain_text(text: str, limit: int) -> dict[str, Any]:
    """A text object that is shown as it is."""
    return {"type": "plain_text", "text": cut(plain(text).replace("\n", " ").strip(), limit) or "…", "emoji": False}


def header(text: str) -> Block:
    """A headline."""
    return {"type": "header", "text": plain_text(text, HEADER_LIMIT)}


def sections(text: str, *, expand: bool = False) -> Iterator[Block]:
    """All of `text`, in as many sections as it needs; with `expand` Slack shows each whole, however long."""
    for piece in pieces(text, SECTION_LIMIT):
        yield {"type": "section", "text": mrkdwn(piece), **({"expand": True} if expand else {})}


def section(text: str, accessory: Block | None = None) -> Block:
    """One section; what does not fit is cut, so this is for texts of our own."""
    block: Block = {"type": "section", "text": mrkdwn(cut(text, SECTION_LIMIT).strip() or "…")}
    return block | ({"accessory": accessory} if accessory else {})


def asides(text: str) -> Iterator[Block]:
    """All of `text` in small grey print."""
    for piece in pieces(text, _ASIDE_LIMIT):
        yield {"type": "context", "elements": [mrkdwn(piece)]}


def divider() -> Block:
    """A line across."""
    return {"type": "divider"}


def button(label: str, action: str, value: str, style: str | None = None) -> Block:
    """A button; `style` is primary, danger or nothing."""
    element: Block = {"type": "button", "text": plain_text(label, LABEL_LIMIT), "action_id": action, "value": value}
    return element | ({"style": style} if style else {})


def actions(*elements: Block) -> Block:
    """A row of buttons."""
    return {"type": "actions", "elements": list(elements)}


def link_button(label: str, action: str, url: str) -> Block:
    """A button that opens `url`; Slack tells of the press as well."""
    return {"type": "button", "text": plain_text(label, LABEL_LIMIT), "action_id": action, "url": url}


def overflow(action: str, *choices: tuple[str, str]) -> Block:
    """The three dots with further choices, each a label and its value."""
    options = [{"text": plain_text(label, LABEL_LIMIT), "value": value} for label, value in choices]
    return {"type": "overflow", "action_id": action, "options": options}


def feedback(action: str, good: tuple[str, str], bad: tuple[str, str]) -> Block:
    """Slack's own thumbs, each a label and its value."""
    buttons = {
        name: {"text": plain_text(label, LABEL_LIMIT), "accessibility_label": label, "value": value}
        for name, (label, value) in (("positive_button", good), ("negative_button", bad))
    }
    return {"type": "context_actions", "elements": [{"type": "feedback_buttons", "action_id": action, **buttons}]}


def containers(title: str, text: str) -> Iterator[Block]:
    """All of `text` folded under its title, in as many containers as it needs; none without text."""
    children: list[Block] = []
    room = CONTAINER_BYTES
    for child in sections(text):
        if children and (len(children) == CONTAINER_BLOCKS or weight([child]) > room):
            yield container(title, children)
            children, room, title = [], CONTAINER_BYTES, _continued(title)
        children.append(child)
        room -= weight([child])
    if children:
        yield container(title, children)


def container(title: str, children: Sequence[Block]) -> Block:
    """At most `CONTAINER_BLOCKS` sections or contexts, folded under their title."""
    return {
        "type": "container",
        "title": plain_text(title, TITLE_LIMIT),
        "is_collapsible": True,
        "default_collapsed": True,
        "child_blocks": list(children),
    }


def _continued(title: str) -> str:
    return title if title.endswith(_MORE) else f"{title}{_MORE}"
