"""From a transcript to chat messages: pure, and byte-stable, each call starts with the bytes of the one before."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from core.domain.journal import CallCorrected, CallObserved, ToolCall, Transcript, TurnTaken
from core.ports import Briefing, ToolSpec

Message = dict[str, Any]
Outcomes = Mapping[str, CallObserved | CallCorrected]


def messages_of(transcript: Transcript, briefing: Briefing, reasoner: str) -> list[Message]:
    """The conversation so far as `reasoner` sees it; what others did is told to it in plain text.

    A call without an outcome is left out: an endpoint refuses calls that nobody answered.
    """
    outcomes = {entry.call_id: entry for entry in transcript.entries if isinstance(entry, CallObserved | CallCorrected)}
    messages = [
        {"role": "system", "content": valid(briefing.system(transcript))},
        {"role": "user", "content": valid(briefing.opening(transcript))},
    ]
    calls = {call.id for entry in transcript.entries if isinstance(entry, TurnTaken) for call in entry.calls}
    for entry in transcript.entries:
        match entry:
            case TurnTaken() if entry.reasoner == reasoner:
                messages += _own_turn(entry, outcomes, briefing)
            case TurnTaken():
                messages += _told_turn(entry, outcomes, briefing)
            case CallCorrected() if entry.call_id not in calls:
                # Said about a turn in which nothing was called.
                messages.append({"role": "user", "content": valid(entry.note)})
    return messages


def offered(
    transcript: Transcript, tools: Sequence[ToolSpec], conclusion: ToolSpec, *, must_conclude: bool
) -> Sequence[ToolSpec]:
    """What the next turn may call: the tool that ends is not paid for before there is anything to end with."""
    if must_conclude:
        return [conclusion]
    return [*tools, conclusion] if transcript.question is not None or transcript.evidence() else tools


def tool_of(spec: ToolSpec) -> dict[str, Any]:
    """A tool as endpoints take it, without what only a validator reads in its schema: every turn pays for it."""
    function = {"name": spec.name, "description": spec.description, "parameters": _lean(spec.parameters)}
    return {"type": "function", "function": function}


_FOR_VALIDATORS = frozenset({"title", "default", "examples", "pattern", "minLength", "maxLength", "minimum", "maximum"})


def _lean(schema: Mapping[str, Any]) -> dict[str, Any]:
    lean: dict[str, Any] = {}
    for key, value in schema.items():
        if key == "properties":
            lean[key] = {name: _lean(each) for name, each in value.items()}
        elif isinstance(value, Mapping):
            lean[key] = _lean(value)
        elif key not in _FOR_VALIDATORS:
            lean[key] = value
    return lean


def call_message(calls: Sequence[Message], thought: str = "") -> Message:
    """An assistant's message that makes `calls`."""
    return {"role": "assistant", "content": thought or None, "tool_calls": list(calls)}


def made_call(call_id: str, tool: str, arguments: str) -> Message:
    """One call inside an assistant's message."""
    return {"id": call_id, "type": "function", "function": {"name": valid(tool), "arguments": valid(arguments)}}


def result_message(call_id: str, content: str) -> Message:
    """What one call brought."""
    return {"role": "tool", "tool_call_id": call_id, "content": valid(content)}


def valid(text: str) -> str:
    """`text` without lone surrogates, which no request can carry."""
    return text.encode("utf-8", "replace").decode()


def _own_turn(entry: TurnTaken, outcomes: Outcomes, briefing: Briefing) -> Iterator[Message]:
    settled = [call for call in entry.calls if call.id in outcomes]
    if settled:
        calls = [made_call(call.id, call.tool, _arguments(call)) for call in settled]
        yield call_message(calls, valid(entry.thought))
        for call in settled:
            yield result_message(call.id, _told(outcomes[call.id], briefing))
    elif entry.thought:
        yield {"role": "assistant", "content": valid(entry.thought)}


def _told_turn(entry: TurnTaken, outcomes: Outcomes, briefing: Briefing) -> Iterator[Message]:
    told = [
        f"{entry.reasoner} called {call.tool} with {_arguments(call)}:\n{_told(outcomes[call.id], briefing)}"
        for call in entry.calls
        if call.id in outcomes
    ]
    if told:
        yield {"role": "user", "content": valid("\n\n".join(told))}


def _told(outcome: CallObserved | CallCorrected, briefing: Briefing) -> str:
    return outcome.note if isinstance(outcome, CallCorrected) else briefing.observation(outcome.evidence)


def _arguments(call: ToolCall) -> str:
    return json.dumps(call.arguments, default=str)
