"""What an investigation costs in prompt tokens, against tools that return raw JSON: `make bench-tokens`.

The same turns and calls on both sides, every turn sending the whole conversation again, with the same system message
and tools; only the results differ: our rendered texts, or the JSON that Sentry's API gave. Of that there are two forms.
The ratio is against what the MCP SDK sends when a tool returns it, which is JSON indented by two (each answer goes
through such a server here); a column beside it has the same JSON compact. Tokens are counted, not estimated
(`token_counts`). Where a pasted event leaves a raw tool nothing of its own to hand on, both sides have our text. The
calls are those of the rules. Answer quality is not compared.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from bot.demo.local_sentry import LocalSentry
from core.agent.loop import Budget, ReactLoop
from core.agent.prompt import Prompt
from core.agent.rules.reasoner import RulesReasoner
from core.domain.investigation import Subject
from core.domain.journal import CallObserved, JournalEntry, Transcript
from core.domain.tenancy import OrganizationId, SentryConnection
from core.gateways.mcp.process import McpProcess, McpSettings
from core.gateways.mcp.toolbox import McpToolbox
from core.gateways.openai.messages import offered
from core.gateways.qdrant.connection import KnowledgeSettings
from core.ports import Toolbox, ToolSpec
from tests.benchmarks.raw_tools import as_the_sdk_sends, compact, event_of_40_frames, raw_answers
from tests.benchmarks.token_counts import prompt_tokens
from tests.evals.cases import Case, all_cases

FRAMES_40 = "40 frames (made)"


@dataclass(frozen=True, slots=True)
class Cost:
    """Prompt tokens of one whole investigation: ours, with the SDK's JSON, and with compact JSON."""

    name: str
    payload_bytes: int
    ours: int
    raw: int
    raw_compact: int

    @property
    def ratio(self) -> float:
        return self.raw / self.ours

    @property
    def compact_ratio(self) -> float:
        return self.raw_compact / self.ours


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
    tools = await toolbox.list_tools()

    def offer(transcript: Transcript) -> Sequence[ToolSpec]:
        return offered(transcript, tools, Prompt().conclusion(transcript), must_conclude=False)

    answers = await raw_answers(case, sentry)
    sides = (entries, _with(entries, await as_the_sdk_sends(answers)), _with(entries, compact(answers)))
    return Cost(case.name, len(case.event), *(prompt_tokens(subject, side, offer) for side in sides))


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


def _with(entries: Sequence[JournalEntry], raw: Mapping[str, str]) -> list[JournalEntry]:
    """The same investigation, its results as raw tools would have them."""
    return [
        replace(entry, evidence=replace(entry.evidence, text=raw.get(entry.evidence.tool, entry.evidence.text)))
        if isinstance(entry, CallObserved)
        else entry
        for entry in entries
    ]


def main() -> None:
    """Print the table and the line of JSON."""
    costs = sorted(asyncio.run(measure()), key=lambda cost: cost.payload_bytes)
    print(f"{'case':46} {'payload':>10} {'raw JSON':>10} {'compact':>10} {'ours':>8} {'ratio':>7} {'to compact':>11}")
    for cost in costs:
        print(
            f"{cost.name:46} {cost.payload_bytes:8,} B {cost.raw:10,} {cost.raw_compact:10,} {cost.ours:8,}"
            f" {cost.ratio:6.1f}x {cost.compact_ratio:10.1f}x"
        )
    frames40 = next(cost for cost in costs if cost.name == FRAMES_40)
    figures = {
        "median_ratio": round(statistics.median(cost.ratio for cost in costs), 1),
        "frames40_ratio": round(frames40.ratio, 1),
        "median_ratio_to_compact": round(statistics.median(cost.compact_ratio for cost in costs), 1),
        "frames40_ratio_to_compact": round(frames40.compact_ratio, 1),
        "median_tokens": round(statistics.median(cost.ours for cost in costs)),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
