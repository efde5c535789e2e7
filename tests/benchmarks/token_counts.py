"""Counting the prompt tokens of an investigation with the vocabulary o200k_base, that of GPT-4o to GPT-5.

A text counts as what a model reads of it, not as it is escaped on the wire. A message costs four tokens beside its
text, a request three, as OpenAI's cookbook has it; calls count by name and arguments, tools by their JSON as sent. A
provider may show tools to its model in fewer words; that would be so on both sides.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence

from core.agent.prompt import Prompt
from core.agent.rules.reasoner import NAME
from core.domain.investigation import Subject
from core.domain.journal import JournalEntry, Transcript, TurnTaken
from core.gateways.openai.messages import Message, messages_of, tool_of
from core.ports import ToolSpec

_OF_A_MESSAGE = 4
_OF_A_REQUEST = 3

Offer = Callable[[Transcript], Sequence[ToolSpec]]


def prompt_tokens(subject: Subject, entries: Sequence[JournalEntry], offer: Offer) -> int:
    """The sum over all turns of what was sent to have that turn."""
    total = 0
    for position, entry in enumerate(entries):
        if isinstance(entry, TurnTaken):
            before = Transcript(subject, tuple(entries[:position]))
            messages = messages_of(before, Prompt(), NAME)
            texts = [*_texts(messages), *(json.dumps(tool_of(spec), separators=(",", ":")) for spec in offer(before))]
            total += sum(_counted(texts)) + _OF_A_MESSAGE * len(messages) + _OF_A_REQUEST
    return total


def _texts(messages: Sequence[Message]) -> Iterator[str]:
    for message in messages:
        if message["content"]:
            yield message["content"]
        for call in message.get("tool_calls", ()):
            yield call["function"]["name"]
            yield call["function"]["arguments"]


def _counted(texts: Sequence[str]) -> list[int]:
    # Imported late: type checks and tests run without the group `bench`.
    import toktok  # type: ignore[import-untyped, import-not-found, unused-ignore]

    return list(toktok.batch_count(texts, "o200k_base"))
