"""The few building blocks that our messages, modals and home page are made of. Text given here is safe already."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from adapters.slack.message import Block
from adapters.slack.mrkdwn import cut, pieces, plain

SECTION_LIMIT = 3_000
HEADER_LIMIT = 150
LABEL_LIMIT = 75
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


def sections(text: str) -> Iterator[Block]:
    """All of `text`, in as many sections as it needs."""
    for piece in pieces(text, SECTION_LIMIT):
        yield {"type": "section", "text": mrkdwn(piece)}


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
