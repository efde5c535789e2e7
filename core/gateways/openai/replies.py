"""What an endpoint answered, read without trust: servers that call themselves compatible differ in everything."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from core.masking.controls import without_controls

MAX_CALLS = 10
MAX_THOUGHT = 1_200
MALFORMED = "_malformed"
_CHARS_PER_TOKEN = 4
_THINKING = re.compile(r"<think>.*?(?:</think>|\Z)", re.S)


@dataclass(frozen=True, slots=True)
class RequestedCall:
    """A tool call as the model wrote it; `arguments` should be JSON, and may be anything."""

    tool: str
    arguments: str

    def read_arguments(self) -> dict[str, Any]:
        """The arguments as an object; what is none arrives under `_malformed`, for the loop to correct."""
        if not self.arguments.strip():
            return {}
        try:
            read = json.loads(self.arguments)
        except (ValueError, RecursionError):
            read = self.arguments
        if read is None:
            return {}
        return read if isinstance(read, dict) else {MALFORMED: self.arguments[:200]}


@dataclass(frozen=True, slots=True)
class Reply:
    """One chat completion; token counts are estimates where the server sent none."""

    text: str
    calls: tuple[RequestedCall, ...]
    finish: str
    refusal: str
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int


def read_reply(completion: Mapping[str, Any], prompt_chars: Callable[[], int]) -> Reply:
    """The reply in `completion`, empty where the server sent something else.

    `prompt_chars` is asked for only where the server did not count the prompt.
    """
    choice = _object(_first(completion.get("choices")))
    message = _object(choice.get("message"))
    text = _text(message.get("content"))
    calls = _calls(message)
    written = len(text) + sum(len(call.tool) + len(call.arguments) for call in calls)
    usage = _object(completion.get("usage"))
    prompt = _count(usage.get("prompt_tokens"), -1)
    if prompt < 0:
        prompt = prompt_chars() // _CHARS_PER_TOKEN
    cached = _count(_object(usage.get("prompt_tokens_details")).get("cached_tokens"), 0)
    return Reply(
        text=without_controls(_THINKING.sub("", text)).strip(),
        calls=calls,
        finish=str(choice.get("finish_reason") or ""),
        refusal=_text(message.get("refusal")),
        prompt_tokens=prompt,
        cached_tokens=min(cached, prompt),
        completion_tokens=_count(usage.get("completion_tokens"), -(-written // _CHARS_PER_TOKEN)),
    )


def _calls(message: Mapping[str, Any]) -> tuple[RequestedCall, ...]:
    listed = message.get("tool_calls")
    calls = []
    for call in listed if isinstance(listed, list) else []:
        function = _object(_object(call).get("function"))
        arguments = function.get("arguments")
        if isinstance(name := function.get("name"), str) and name:
            written = arguments if isinstance(arguments, str) else json.dumps(arguments)
            calls.append(RequestedCall(name[:100], written))
    return tuple(calls[:MAX_CALLS])


def _text(content: Any) -> str:
    """Text, also where it comes in parts."""
    if isinstance(content, list):
        return "\n".join(_text(_object(part).get("text")) for part in content)
    return content if isinstance(content, str) else ""


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, list) and value else None


def _count(value: Any, otherwise: int) -> int:
    is_count = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return int(value) if is_count else otherwise
