"""What an investigation costs in prompt tokens, against tools that return raw JSON: `make bench-tokens`.

The same turns and calls on both sides, every turn sending the whole conversation again, with the same system message
and tools; only the results differ: our rendered texts, or the JSON that Sentry's API gave. Tokens are estimated, since
no tokenizer's vocabulary can be had offline: 4.26 characters a token (measured with o200k_base on a real event), but
3.5 in our rendered texts, which is to our disadvantage. Answer quality is not compared.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp

from bot.demo.local_sentry import LocalSentry
from core.agent.prompt import Prompt
from core.agent.react import Budget, ReactLoop
from core.agent.rules import NAME, RulesReasoner
from core.domain.investigation import Subject
from core.domain.journal import CallObserved, JournalEntry, Transcript, TurnTaken
from core.domain.tenancy import OrganizationId, SentryConnection
from core.gateways.knowledge_engine import KnowledgeSettings
from core.gateways.mcp_process import McpProcess, McpSettings
from core.gateways.mcp_toolbox import McpToolbox
from core.gateways.openai_messages import messages_of, tool_of
from core.ports import Toolbox
from tests.evals.cases import Case, all_cases

CHARS_PER_TOKEN, TEXT_CHARS_PER_TOKEN = 4.26, 3.5
FRAMES_40 = "40 frames (made)"


@dataclass(frozen=True, slots=True)
class Cost:
    """Prompt tokens of one whole investigation, both ways."""

    name: str
    payload_bytes: int
    ours: int
    raw: int

    @property
    def ratio(self) -> float:
        return self.raw / self.ours


async def measure() -> list[Cost]:
    """Every case, and a made event of 40 frames, which is what a Python web service usually sends."""
    with tempfile.TemporaryDirectory() as home:
        async with LocalSentry() as sentry:
            settings = McpSettings(frozenset({"127.0.0.1"}), KnowledgeSettings(Path(home) / "knowledge"), "benchmark")
            async with McpProcess(settings) as process:
                await process.ready()
                big = json.dumps(event_of_40_frames())
                cases = [*all_cases(), replace(next(iter(all_cases())), name=FRAMES_40, issue=None, event=big)]
                return [await _cost(case, process, sentry) for case in cases]


async def _cost(case: Case, process: McpProcess, sentry: LocalSentry) -> Cost:
    connection = SentryConnection(sentry.base_url, sentry.organization_slug, sentry.token)
    organization = OrganizationId("benchmark")
    toolbox: Toolbox = McpToolbox(process, organization, connection, case.name, None if case.issue else case.event)
    subject = Subject(case.name, case.issue or "this-event", pasted=case.issue is None)
    entries = await _investigated(subject, toolbox)
    specs = [*await toolbox.list_tools(), Prompt().conclusion(Transcript(subject))]
    tools = len(json.dumps([tool_of(spec) for spec in specs]))
    raw = await _raw_results(case, sentry)
    ours = _prompt_tokens(subject, entries, tools, TEXT_CHARS_PER_TOKEN)
    theirs = _prompt_tokens(subject, _with_raw(entries, raw), tools, CHARS_PER_TOKEN)
    return Cost(case.name, len(case.event), ours, theirs)


async def _investigated(subject: Subject, toolbox: Toolbox) -> list[JournalEntry]:
    entries: list[JournalEntry] = []

    async def record(entry: JournalEntry) -> None:
        entries.append(entry)

    loop = ReactLoop(
        Transcript(subject),
        reasoners=[RulesReasoner()],
        toolbox=toolbox,
        record=record,
        now=lambda: datetime.now(UTC),
        budget=Budget(),
    )
    await loop.run()
    return entries


def _prompt_tokens(
    subject: Subject, entries: list[JournalEntry], tools_chars: int, chars_per_result_token: float
) -> int:
    """The sum over all turns of what was sent to have that turn."""
    total = 0.0
    for position, entry in enumerate(entries):
        if isinstance(entry, TurnTaken):
            sent = messages_of(Transcript(subject, tuple(entries[:position])), Prompt(), NAME)
            results = sum(len(message["content"]) for message in sent if message["role"] == "tool")
            everything = sum(len(json.dumps(message, ensure_ascii=False)) for message in sent) + tools_chars
            total += results / chars_per_result_token + (everything - results) / CHARS_PER_TOKEN
    return round(total)


def _with_raw(entries: list[JournalEntry], raw: Mapping[str, str]) -> list[JournalEntry]:
    return [
        replace(entry, evidence=replace(entry.evidence, text=raw.get(entry.evidence.tool, entry.evidence.text)))
        if isinstance(entry, CallObserved)
        else entry
        for entry in entries
    ]


async def _raw_results(case: Case, sentry: LocalSentry) -> Mapping[str, str]:
    """What each tool would return if it passed on what it was given."""
    if case.issue is None:
        return {"get_stacktrace": json.dumps(json.loads(case.event))}
    root = f"{sentry.base_url}/api/0/organizations/{sentry.organization_slug}"
    issue = f"{root}/issues/{case.issue}"
    series = f"{root}/events-timeseries/?query=issue:{case.issue}&statsPeriod=336h&interval=21600"
    keys = ("release", "environment", "browser", "server_name", "transaction", "url")
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {sentry.token}"}) as session:
        return {
            "get_sentry_issue_details": await _text(session, f"{issue}/"),
            "get_stacktrace": await _text(session, f"{issue}/events/recommended/"),
            "analyze_error_frequency": await _text(session, series),
            "get_user_impact": "\n".join([await _text(session, f"{issue}/tags/{key}/") for key in keys]),
        }


async def _text(session: aiohttp.ClientSession, url: str) -> str:
    async with session.get(url) as response:
        return json.dumps(await response.json())


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


def main() -> None:
    """Print the table and the line of JSON."""
    costs = sorted(asyncio.run(measure()), key=lambda cost: cost.payload_bytes)
    print(f"{'case':46} {'payload':>10} {'raw JSON':>10} {'ours':>8} {'ratio':>7}")
    for cost in costs:
        print(f"{cost.name:46} {cost.payload_bytes:8,} B {cost.raw:10,} {cost.ours:8,} {cost.ratio:6.1f}x")
    frames40 = next(cost.ratio for cost in costs if cost.name == FRAMES_40)
    figures = {
        "median_ratio": round(statistics.median(cost.ratio for cost in costs), 1),
        "frames40_ratio": round(frames40, 1),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
