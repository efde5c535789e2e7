"""How an investigation begins: the host reads what every investigation needs before anything is decided."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from core.domain.journal import ToolCall, Transcript, Turn
from core.ports import ToolSpec

HOST = "LogSense"
"""How the journal names the host's own turn, where it names a reasoner otherwise."""

THOUGHT = "Read the issue and its stack."

_OF_ISSUE = (
    "get_sentry_issue_details",
    "get_stacktrace",
)
_OF_LOGS = ("read_log_errors",)


def begins_by_looking(transcript: Transcript) -> bool:
    """Whether nothing was done yet for an investigation; a question begins from what is known."""
    return transcript.question is None and not transcript.entries


def first_look(transcript: Transcript, tools: Sequence[ToolSpec]) -> Turn | None:
    """The calls that begin every investigation, as far as the tools are offered; all are made at once."""
    offered = {tool.name for tool in tools}
    wanted = [(name, arguments) for name, arguments in _wanted(transcript) if name in offered]
    calls = tuple(ToolCall(f"t0c{n}", name, arguments) for n, (name, arguments) in enumerate(wanted, 1))
    return Turn(THOUGHT, calls) if calls else None


def _wanted(transcript: Transcript) -> Iterator[tuple[str, dict[str, Any]]]:
    subject = transcript.subject
    for name in _OF_ISSUE:
        event = {"event": subject.event_id} if subject.event_id and name == "get_stacktrace" else {}
        yield name, {"issue_id": subject.issue_id, **event}
    if subject.log is not None:
        yield from ((name, {}) for name in _OF_LOGS)
