"""A message as Slack takes it, and how blocks are divided among several when they are too many for one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.slack.render.mrkdwn import cut

Block = dict[str, Any]

TEXT_LIMIT = 3_000
BLOCK_LIMIT = 50
BYTE_LIMIT = 11_000
"""Slack refuses messages whose blocks hold more than about 12,000 characters in all, containers counted."""
MOST_MESSAGES = 5
"""A view is never more messages than this; the rest of a report stands behind “Show evidence”."""

TAIL_BLOCKS = 3
TAIL_BYTES = 1_500
_NOTE_BYTES = 200


@dataclass(frozen=True, slots=True)
class Message:
    """What is posted: blocks, and the `text` that stands for them in notifications and for screen readers.

    `unfolded` replaces the blocks where Slack knows no containers; empty when nothing is folded.
    """

    text: str
    blocks: tuple[Block, ...]
    unfolded: tuple[Block, ...] = ()


@dataclass(frozen=True, slots=True)
class Divided:
    """The blocks of each message, and the blocks for which there is none."""

    parts: tuple[tuple[Block, ...], ...]
    rest: tuple[Block, ...]


def weight(blocks: Sequence[Block]) -> int:
    """How much of `BYTE_LIMIT` the blocks take."""
    return sum(len(json.dumps(block, ensure_ascii=False, separators=(",", ":")).encode()) + 1 for block in blocks)


def messages(
    text: str, divided: Divided, tail: Sequence[Block] = (), *, note: Block | None = None
) -> tuple[Message, ...]:
    """The divided blocks as messages; `text` is mrkdwn and stands for all of them.

    `tail` ends the first message, within `TAIL_BLOCKS` and `TAIL_BYTES`. `note` ends the last where there is a rest.
    """
    parts = [list(part) for part in divided.parts]
    parts[0] += tail
    if divided.rest and note is not None:
        parts[-1].append(note)
    numbers = [f"{number}/{len(parts)} " if len(parts) > 1 else "" for number in range(1, len(parts) + 1)]
    return tuple(
        Message(cut(f"{number}{text}", TEXT_LIMIT), tuple(part), unfolded(part))
        for number, part in zip(numbers, parts, strict=True)
    )


def divided(blocks: Sequence[Block], *, reserved: Sequence[Block] = (), has_tail: bool = False) -> Divided:
    """The blocks in their order in at most `MOST_MESSAGES` messages.

    In the first there is room left for the blocks of `reserved`, and for a tail. How the blocks are divided depends on
    nothing else, so that a tail may change later.
    """
    parts = list(_parts(blocks, reserved, has_tail)) or [[]]
    rest = [block for part in parts[MOST_MESSAGES:] for block in part]
    return Divided(tuple(map(tuple, parts[:MOST_MESSAGES])), tuple(rest))


def _parts(blocks: Sequence[Block], reserved: Sequence[Block], has_tail: bool) -> Iterator[list[Block]]:
    room = BLOCK_LIMIT - _counted(reserved) - (TAIL_BLOCKS if has_tail else 0)
    bytes_left = BYTE_LIMIT - weight(reserved) - (TAIL_BYTES if has_tail else 0)
    part: list[Block] = []
    for block in blocks:
        heavy, many = weight([block]), _counted([block])
        if (part or reserved) and (many > room or heavy > bytes_left):
            yield part
            part, reserved = [], ()
            room, bytes_left = BLOCK_LIMIT - 1, BYTE_LIMIT - _NOTE_BYTES
        part.append(block)
        room -= many
        bytes_left -= heavy
    if part:
        yield part


def _counted(blocks: Sequence[Block]) -> int:
    """How many blocks Slack may count, those in containers among them, folded or not."""
    return sum(1 + len(block.get("child_blocks", ())) for block in blocks)


def unfolded(blocks: Sequence[Block]) -> tuple[Block, ...]:
    """The same without containers and Slack's own thumbs, for clients that know neither; empty when there are none."""
    if not any(block["type"] in ("container", "context_actions") for block in blocks):
        return ()
    return tuple(plain for block in blocks for plain in _unfolded(block))


def _unfolded(block: Block) -> Iterator[Block]:
    match block["type"]:
        case "container":
            title = {"type": "mrkdwn", "text": f"*{block['title']['text']}*", "verbatim": True}
            yield {"type": "section", "text": title}
            yield from block["child_blocks"]
        case "context_actions":
            yield {"type": "actions", "elements": [each for thumbs in block["elements"] for each in _thumbs(thumbs)]}
        case _:
            yield block


def _thumbs(feedback: Block) -> Iterator[Block]:
    """Two buttons that say the same; the ids of buttons in a row must differ."""
    for name in ("positive_button", "negative_button"):
        thumb = feedback[name]
        action = f"{feedback['action_id']}:{name}"
        yield {"type": "button", "text": thumb["text"], "action_id": action, "value": thumb["value"]}
