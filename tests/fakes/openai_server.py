"""A scripted chat-completions server on loopback: it plays a model, good or bad, and keeps what was sent to it."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

USAGE = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}


@dataclass(frozen=True)
class Says:
    """Text, and no tool call; `text` may be any content a server may send."""

    text: Any
    finish: str = "stop"
    usage: Mapping[str, Any] | None = field(default_factory=lambda: USAGE)
    refusal: str | None = None


@dataclass(frozen=True)
class Calls:
    """Tool calls, all in one turn: `(name, arguments)`; arguments given as text are sent as they are."""

    calls: Sequence[tuple[str, Any]]
    text: str | None = None
    finish: str = "tool_calls"
    usage: Mapping[str, Any] | None = field(default_factory=lambda: USAGE)
    ids: Sequence[str] = ()


@dataclass(frozen=True)
class Fails:
    """An HTTP error."""

    status: int
    message: str = "scripted failure"
    code: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Sends:
    """Any body with status 200."""

    body: Any


class Hangs:
    """Never answers."""


class BreaksOff:
    """Closes the connection in the middle of its answer."""


class Drips:
    """Sends one byte of an endless answer at a time."""


Reply = Says | Calls | Fails | Sends | Hangs | BreaksOff | Drips
Scripted = Reply | Callable[[dict[str, Any]], Reply]
"""What to answer, or a function of the request's body that decides."""


class ScriptedModel:
    """`async with ScriptedModel([...]) as model`: answers each request with the next item, the last one for ever.

    `requests` are the bodies that arrived, `raw` the same with headers as text. `asked` is set by the first request,
    `hung_up` once a client closes a connection on which it had not been answered.
    """

    def __init__(self, script: Sequence[Scripted] | Scripted, *, models: Sequence[str] | None = ("scripted",)) -> None:
        self._script = list(script) if isinstance(script, Sequence) else [script]
        self._models = models
        self._tasks: set[asyncio.Task[None]] = set()
        self.requests: list[dict[str, Any]] = []
        self.raw: list[str] = []
        self.asked = asyncio.Event()
        self.hung_up = asyncio.Event()
        self.base_url = ""

    async def __aenter__(self) -> ScriptedModel:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.base_url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    @property
    def everything_sent(self) -> str:
        """All that ever left for this model, to search for what must not."""
        return "\n".join(self.raw)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            while await self._answered(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _answered(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Whether the connection is good for another request."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        length = re.search(r"(?im)^content-length: (\d+)", head)
        body = await reader.readexactly(int(length[1])) if length else b""
        self.raw.append(head + body.decode())
        if head.startswith("GET"):
            await _send(writer, *self._model_list())
            return True
        request: dict[str, Any] = json.loads(body)
        scripted = self._script[min(len(self.requests), len(self._script) - 1)]
        self.requests.append(request)
        self.asked.set()
        return await self._play(scripted(request) if callable(scripted) else scripted, reader, writer)

    def _model_list(self) -> tuple[int, Any]:
        if self._models is None:
            return 404, {"error": {"message": "no such route"}}
        return 200, {"object": "list", "data": [{"id": model, "object": "model"} for model in self._models]}

    async def _play(self, reply: Reply, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        match reply:
            case Hangs():
                await reader.read()
                self.hung_up.set()
                return False
            case BreaksOff():
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 900\r\n\r\n{")
                await writer.drain()
                return False
            case Drips():
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 999999\r\n\r\n")
                while not reader.at_eof():
                    writer.write(b" ")
                    await writer.drain()
                    await asyncio.sleep(0.02)
                return False
            case Fails():
                error = {"message": reply.message, "type": "scripted", "code": reply.code}
                await _send(writer, reply.status, {"error": error}, reply.headers)
            case Sends():
                await _send(writer, 200, reply.body)
            case Says() | Calls():
                await _send(writer, 200, _completion(reply))
        return True


async def _send(writer: asyncio.StreamWriter, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} Scripted", "content-type: application/json", f"content-length: {len(content)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + content)
    await writer.drain()


_numbers = count(1)


def _completion(reply: Says | Calls) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": reply.text}
    if isinstance(reply, Says):
        message["refusal"] = reply.refusal
    else:
        message["tool_calls"] = [
            {
                "id": reply.ids[n] if reply.ids else f"call_{next(_numbers)}",
                "type": "function",
                "function": {
                    "name": name,
                    "arguments": arguments if isinstance(arguments, str) else json.dumps(arguments),
                },
            }
            for n, (name, arguments) in enumerate(reply.calls)
        ]
    choice = {"index": 0, "message": message, "finish_reason": reply.finish}
    completion = {"id": "c", "object": "chat.completion", "created": 1, "model": "scripted", "choices": [choice]}
    return completion | ({"usage": reply.usage} if reply.usage is not None else {})


# ---- a model that does its work --------------------------------------------------------------------------------------

ANALYSIS = {
    "root_cause": "The failing line read a value that was not there.",
    "cause": "missing_key",
    "culprit": None,
    "findings": [{"claim": "The issue was read, and so was the stack.", "evidence": ["E1", "E2"]}],
    "fixes": [
        {"title": "Guard the read", "steps": ["Use a default"], "risk": "low", "effort": "low", "confidence": 70}
    ],
    "confidence": 75,
}


def investigator(request: dict[str, Any]) -> Reply:
    """First every tool that is offered, in one turn, then the analysis; a question is answered from E1 at once."""
    offered = {tool["function"]["name"]: tool["function"]["parameters"] for tool in request["tools"]}
    if "submit_answer" in offered:
        return Calls([("submit_answer", {"text": "As the report says.", "evidence": ["E1"]})])
    if any(message["role"] == "tool" for message in request["messages"]) or len(offered) == 1:
        return Calls([("submit_analysis", ANALYSIS)])
    issue = re.search(r"its issue_id is `([^`]+)`", request["messages"][1]["content"])
    assert issue is not None
    values = {"issue_id": issue[1], "query": "KeyError"}
    # The issue and the stack come first, so that they are E1 and E2.
    order = sorted(offered, key=lambda name: (name != "get_sentry_issue_details", name != "get_stacktrace"))
    return Calls(
        [
            (name, {key: values[key] for key in offered[name].get("required", [])})
            for name in order
            if name != "submit_analysis"
        ],
        text="Read everything at once.",
    )
