"""A message as Slack takes it, and how blocks are divided among several when they are too many for one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.slack.mrkdwn import cut

Block = dict[str, Any]

TEXT_LIMIT = 3_000
BLOCK_LIMIT = 50
BYTE_LIMIT = 11_000
"""Slack refuses messages whose blocks hold more than about 12,000 characters in all, containers counted."""

TAIL_BLOCKS = 5
TAIL_BYTES = 3_000


@dataclass(frozen=True, slots=True)
class Message:
    """What is posted: blocks, and the `text` that stands for them in notifications and for screen readers."""

    text: str
    blocks: tuple[Block, ...]


def weight(blocks: Sequence[Block]) -> int:
    """How much of `BYTE_LIMIT` the blocks take."""
    return sum(len(json.dumps(block, ensure_ascii=False, separators=(",", ":")).encode()) + 1 for block in blocks)


def messages(text: str, body: Sequence[Block], tail: Sequence[Block] = ()) -> tuple[Message, ...]:
    """The blocks in their order, in as many messages as they need; `text` is mrkdwn and stands for all of them.

    `tail` ends the first message: at most `TAIL_BLOCKS`, and how `body` is divided does not depend on it.
    """
    parts = list(_divided(body, reserved=bool(tail)))
    parts[0] += tail
    if len(parts) == 1:
        return (Message(cut(text, TEXT_LIMIT), tuple(parts[0])),)
    return tuple(
        Message(cut(f"{number}/{len(parts)} {text}", TEXT_LIMIT), tuple(part)) for number, part in enumerate(parts, 1)
    )


def _divided(blocks: Sequence[Block], *, reserved: bool) -> Iterator[list[Block]]:
    part: list[Block] = []
    room, bytes_left = _room(reserved)
    for block in blocks:
        heavy = weight([block])
        if part and (len(part) == room or heavy > bytes_left):
            yield part
            part = []
            room, bytes_left = _room(reserved=False)
        part.append(block)
        bytes_left -= heavy
    yield part


def _room(reserved: bool) -> tuple[int, int]:
    if reserved:
        return BLOCK_LIMIT - TAIL_BLOCKS, BYTE_LIMIT - TAIL_BYTES
    return BLOCK_LIMIT, BYTE_LIMIT
