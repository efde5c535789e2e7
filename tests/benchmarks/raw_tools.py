"""The other side of `make bench-tokens`: tools that hand on what Sentry's API gave, and an event of 40 frames."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import aiohttp
from mcp import Client
from mcp.server.mcpserver import MCPServer

from bot.demo.local_sentry import LocalSentry
from tests.evals.cases import Case

_TAGS = ("release", "environment", "browser", "server_name", "transaction", "url")


async def raw_answers(case: Case, sentry: LocalSentry) -> Mapping[str, Any]:
    """For each tool the JSON it would be given for this case; what has none of its own is left out."""
    if case.issue is None:
        return {"get_stacktrace": json.loads(case.event)}
    root = f"{sentry.base_url}/api/0/organizations/{sentry.organization_slug}"
    issue = f"{root}/issues/{case.issue}"
    series = f"{root}/events-timeseries/?query=issue:{case.issue}&statsPeriod=336h&interval=21600"
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {sentry.token}"}) as session:
        return {
            "get_sentry_issue_details": await _json(session, f"{issue}/"),
            "get_stacktrace": await _json(session, f"{issue}/events/recommended/"),
            "analyze_error_frequency": await _json(session, series),
            "get_user_impact": {key: await _json(session, f"{issue}/tags/{key}/") for key in _TAGS},
        }


async def as_the_sdk_sends(answers: Mapping[str, Any]) -> Mapping[str, str]:
    """The text that a model gets when a tool, written with the MCP SDK, returns the JSON as it is."""
    server: MCPServer[Any] = MCPServer("raw")
    for name, answer in answers.items():
        server.add_tool(_returning(answer), name=name)
    async with Client(server) as client:
        return {name: _text((await client.call_tool(name, {})).content) for name in answers}


def compact(answers: Mapping[str, Any]) -> Mapping[str, str]:
    """The same JSON without a space more than it needs."""
    return {name: json.dumps(answer, ensure_ascii=False, separators=(",", ":")) for name, answer in answers.items()}


def event_of_40_frames() -> dict[str, Any]:
    """40 frames, 6 of them ours, each with 11 lines of source and its locals."""
    frames = [
        {
            "function": f"handle_{number}",
            "filename": f"shop/views_{number}.py" if number % 7 == 6 else f"framework/core_{number}.py",
            "abs_path": f"/srv/venv/lib/python3.11/site-packages/framework/core_{number}.py",
            "module": f"framework.core_{number}",
            "lineno": 100 + number,
            "in_app": number % 7 == 6 or number == 39,
            "pre_context": [f"        prepared_{line} = self.prepare(request, option={line})" for line in range(5)],
            "context_line": "        response = self.process_request(request, *arguments, **options)",
            "post_context": [f"        self.finish(response, step={line}, request=request)" for line in range(5)],
            "vars": {f"name_{item}": f"<shop.models.Order object at 0x7f{number:02d}{item:04d}>" for item in range(16)},
        }
        for number in range(40)
    ]
    value = {"type": "KeyError", "value": "'unit_price'", "stacktrace": {"frames": frames}}
    return {"event_id": "b" * 32, "platform": "python", "exception": {"values": [value]}}


def _returning(answer: Any) -> Any:
    async def tool() -> dict[str, Any]:
        """What the API gave."""
        return dict(answer)

    return tool


def _text(content: Sequence[Any]) -> str:
    return "\n".join(block.text for block in content)


async def _json(session: aiohttp.ClientSession, url: str) -> Any:
    async with session.get(url) as response:
        return await response.json()
