"""What decides the next turn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from core.domain.journal import Transcript, Turn
from core.domain.report import Analysis, Answer, Evidence


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool as offered to a reasoner: `parameters` is its JSON schema."""

    name: str
    description: str
    parameters: Mapping[str, Any]


class Reasoner(Protocol):
    """Decides the next turn of an investigation or follow-up."""

    @property
    def name(self) -> str:
        """How reports name it, for example `rules` or `gpt-5-mini`."""
        ...

    async def next_turn(self, transcript: Transcript, tools: Sequence[ToolSpec], *, must_conclude: bool) -> Turn:
        """The next turn; with `must_conclude` no tool may be called any more.

        Cancelling the call stops it at once and costs nothing further.

        Raises:
            ReasonerFailed: after its own retries; the caller goes on with another reasoner.
        """
        ...


class Briefing(Protocol):
    """What a language model is told; pure, and byte-stable for equal transcripts."""

    def system(self, transcript: Transcript) -> str:
        """The system message."""
        ...

    def opening(self, transcript: Transcript) -> str:
        """The first user message: the subject, and for a follow-up the report, the evidence and the question."""
        ...

    def observation(self, evidence: Evidence) -> str:
        """A tool result as the model reads it, with its evidence id."""
        ...

    def conclusion(self, transcript: Transcript) -> ToolSpec:
        """The tool by which the model ends: `submit_analysis`, or `submit_answer` for a follow-up."""
        ...

    def read_conclusion(self, transcript: Transcript, arguments: str) -> Analysis | Answer:
        """The conclusion in a call of that tool; raises ToolRejected with a correction that the model understands."""
        ...
