"""The language model, played over HTTP: a few calls, one turn after the other, then the analysis."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import time
from random import Random
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from tests.chaos.facts import ModelCall
from tests.fakes.openai_server import ANALYSIS

Json = dict[str, Any]

TURNS: tuple[tuple[tuple[str, Json], ...], ...] = (
    (("get_sentry_issue_details", {}), ("get_stacktrace", {})),
    (("analyze_error_frequency", {}),),
    (("get_stacktrace", {"event": "oldest"}),),
    (("get_user_impact", {}),),
    (("search_knowledge_base", {"query": "KeyError"}),),
    (("analyze_error_frequency", {"period": "24h"}),),
    (("search_knowledge_base", {"query": "timeout"}),),
    (("submit_analysis", ANALYSIS),),
)
_ABOUT_ISSUE = re.compile(r"its issue_id is `([^`]+)`")
_WITHOUT_ISSUE = frozenset({"submit_analysis", "search_knowledge_base"})
_THINKING_S = (0.1, 0.5)
_FAILS = 0.85
"""In a storm, how many of the answers are a failure."""


class ModelPeer:
    """`calls` are the requests, as they arrived; `fail_until` (seconds since 1970) is the end of the present storm."""

    def __init__(self, seed: int) -> None:
        """Serves from `async with` on."""
        self.calls: list[ModelCall] = []
        self.failed = 0
        self.fail_until = 0.0
        self.base_url = ""
        self._chance = Random(seed)

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=2**24)
        app.router.add_post("/v1/chat/completions", self._complete)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.base_url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/v1"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    async def _complete(self, request: web.Request) -> web.Response:
        at = time.time()
        body: Json = await request.json()
        messages = body["messages"]
        issue, turn = _issue_in(messages), _turns_in(messages) + 1
        prompt = hashlib.sha256(json.dumps(messages, sort_keys=True).encode()).hexdigest()
        self.calls.append(ModelCall(issue, turn, prompt, at))
        await asyncio.sleep(self._chance.uniform(*_THINKING_S))
        if time.time() < self.fail_until and self._chance.random() < _FAILS:
            self.failed += 1
            return web.json_response({"error": {"message": "overloaded"}}, status=503)
        return web.json_response(_completion(issue, turn))


def _issue_in(messages: list[Json]) -> str:
    found = _ABOUT_ISSUE.search(messages[1]["content"])
    assert found is not None, "the opening names no issue"
    return found[1]


def _turns_in(messages: list[Json]) -> int:
    return sum(message["role"] == "assistant" for message in messages)


def _completion(issue: str, turn: int) -> Json:
    calls = [
        {
            "id": f"call_{turn}_{number}",
            "type": "function",
            "function": {
                "name": name,
                "arguments": json.dumps(given if name in _WITHOUT_ISSUE else {"issue_id": issue, **given}),
            },
        }
        for number, (name, given) in enumerate(TURNS[min(turn, len(TURNS)) - 1])
    ]
    message = {"role": "assistant", "content": f"Turn {turn}.", "tool_calls": calls}
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
    usage = {"prompt_tokens": 900, "completion_tokens": 40, "total_tokens": 940}
    whole = {"id": "c", "object": "chat.completion", "created": 1, "model": "scripted", "choices": [choice]}
    return whole | {"usage": usage}
