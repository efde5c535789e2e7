"""Scores the rule-based reasoner on every case: `make eval`. Prints a table, and the same figures as one line of JSON.

Each case goes the whole way: our own through the local Sentry and the Sentry gateway, the shared ones as pasted events,
all through the real tool server and the loop. Baselines name a frame without any thought.
"""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bot.demo.local_sentry import LocalSentry
from core.agent.loop import Budget, ReactLoop
from core.agent.report import quoted_parts, report_from, stands_in
from core.agent.rules.reasoner import RulesReasoner
from core.domain.incident import Frame
from core.domain.investigation import Subject
from core.domain.journal import JournalEntry, Transcript
from core.domain.report import Analysis, Culprit, RootCauseReport
from core.domain.tenancy import OrganizationId, SentryConnection
from core.gateways.mcp.process import McpProcess, McpSettings
from core.gateways.mcp.toolbox import McpToolbox
from core.gateways.qdrant.connection import KnowledgeSettings
from core.gateways.sentry.payloads import read_event
from tests.evals.cases import SHARED, Case, all_cases
from tests.evals.reading import Reading, print_reading, score_reading

READING = SHARED.parent / "reading"
ORGANIZATION = OrganizationId("evaluation")


@dataclass(frozen=True, slots=True)
class Score:
    """What came of one case."""

    case: Case
    report: RootCauseReport
    unsupported: tuple[str, ...]
    last_frame: bool
    last_in_app: bool
    seconds: float

    @property
    def culprit_right(self) -> bool:
        return self.case.is_right(self.report.culprit)

    @property
    def cause_right(self) -> bool:
        return self.report.cause is self.case.cause


async def evaluate(reading: Path | None = None) -> tuple[list[Score], float, list[Reading]]:
    """Every case, scored; the seconds to the first report, the start of the tool server included; and `reading`."""
    with tempfile.TemporaryDirectory() as home:
        async with LocalSentry() as sentry:
            settings = McpSettings(
                allowed_hosts=frozenset({"127.0.0.1"}),
                knowledge=KnowledgeSettings(Path(home) / "knowledge"),
                mask_key="evaluation",
            )
            connection = SentryConnection(sentry.base_url, sentry.organization_slug, sentry.token)
            started = time.perf_counter()
            async with McpProcess(settings) as process:
                await process.ready()
                first, *others = all_cases()
                scores = [await _scored(first, process, connection)]
                cold_s = time.perf_counter() - started
                scores += [await _scored(case, process, connection) for case in others]
                return scores, cold_s, await _readings(reading, process) if reading else []


async def _readings(folder: Path, process: McpProcess) -> list[Reading]:
    async def investigate(text: str) -> RootCauseReport:
        toolbox = McpToolbox(process, ORGANIZATION, None, "reading", text)
        return (await _investigated(Subject("reading", "this-event", pasted=True), toolbox))[1]

    return await score_reading(folder, investigate)


async def _scored(case: Case, process: McpProcess, connection: SentryConnection) -> Score:
    if case.issue:
        subject = Subject(case.issue, case.issue)
        toolbox = McpToolbox(process, ORGANIZATION, connection, case.name)
    else:
        subject = Subject(case.name, "this-event", pasted=True)
        toolbox = McpToolbox(process, ORGANIZATION, None, case.name, case.event)
    started = time.perf_counter()
    transcript, report = await _investigated(subject, toolbox)
    seconds = time.perf_counter() - started
    unsupported = tuple(_unsupported(report, transcript))
    outermost, innermost = _baselines(case)
    return Score(case, report, unsupported, case.is_right(outermost), case.is_right(innermost), seconds)


async def _investigated(subject: Subject, toolbox: McpToolbox) -> tuple[Transcript, RootCauseReport]:
    loop = ReactLoop(
        Transcript(subject),
        reasoners=[RulesReasoner()],
        toolbox=toolbox,
        record=_keep_nothing,
        now=lambda: datetime.now(UTC),
        budget=Budget(),
    )
    transcript, conclusion = await loop.run()
    assert isinstance(conclusion, Analysis)
    return transcript, report_from(transcript, conclusion, "rules")


async def _keep_nothing(entry: JournalEntry) -> None:
    return None


def _unsupported(report: RootCauseReport, transcript: Transcript) -> list[str]:
    """Quoted parts of the root cause, the findings and the fixes that stand in no evidence they may rest on."""
    texts = {item.id: item.text for item in transcript.evidence()}
    everything = "\n".join(texts.values())
    found = [part for part in quoted_parts(report.root_cause) if not stands_in(part, everything)]
    for finding in report.findings:
        cited = "\n".join(texts[evidence_id] for evidence_id in finding.evidence)
        found += [part for part in quoted_parts(finding.claim) if not stands_in(part, cited)]
    if report.culprit:
        names = (report.culprit.file, report.culprit.function)
        found += [name for name in names if name and not stands_in(name, everything)]
    return found


def _baselines(case: Case) -> tuple[Culprit | None, Culprit | None]:
    """The last frame of the outermost exception, and its last frame marked as in the application."""
    event = read_event(case.event)
    frames = event.exceptions[-1].frames if event.exceptions else ()
    in_app = [frame for frame in frames if frame.in_app]
    return _culprit(frames[-1:]), _culprit(tuple(in_app[-1:]))


def _culprit(frames: tuple[Frame, ...]) -> Culprit | None:
    return Culprit(frames[0].file, frames[0].function, frames[0].line) if frames else None


def main() -> None:
    """Print the tables and the line of JSON; READING_CASES names the folder of labelled inputs, else the shared one."""
    folder = Path(os.environ.get("READING_CASES", READING)).resolve()
    scores, cold_s, readings = asyncio.run(evaluate(folder if (folder / "cases.tsv").is_file() else None))
    print(f"{'case':46} {'culprit':8} {'cause':6} {'sure':>5} {'s':>6}  what it said")
    for score in scores:
        marks = ["right" if right else "WRONG" for right in (score.culprit_right, score.cause_right)]
        sure = f"{score.report.confidence:>3} % {score.seconds:6.2f}"
        print(f"{score.case.name:46} {marks[0]:8} {marks[1]:6} {sure}  {score.report.culprit} | {score.report.cause}")
        for part in score.unsupported:
            print(f"{'':46} unsupported: {part}")
    print()
    figures: dict[str, object] = {}
    for origin in ("own", "shared"):
        own = [score for score in scores if score.case.origin == origin]
        if own:
            print(_summary(origin, own))
            figures |= {f"{origin}_cases": len(own), f"{origin}_culprit": sum(score.culprit_right for score in own)}
    print(_summary("all", scores))
    count = len(scores)
    right, wrong = _mean_confidence(scores, right=True), _mean_confidence(scores, right=False)
    print(f"mean confidence: {right:.0f} % where culprit and cause are right, {wrong:.0f} % where one is wrong")
    print(f"first report after {cold_s:.2f} s, the start of the tool server included")
    figures = {
        "cases": count,
        "culprit_at_1": round(sum(score.culprit_right for score in scores) / count, 3),
        "cause_at_1": round(sum(score.cause_right for score in scores) / count, 3),
        "unsupported": sum(len(score.unsupported) for score in scores),
        "baseline_last_in_app": round(sum(score.last_in_app for score in scores) / count, 3),
        "baseline_last_frame": round(sum(score.last_frame for score in scores) / count, 3),
        "first_report_s": round(cold_s, 2),
    } | figures
    if readings:
        print()
        figures |= print_reading(readings, each=True)
    else:
        print(f"reading: skipped, since there is no cases.tsv in {folder} (READING_CASES names another folder)")
    print(json.dumps(figures))


def _summary(name: str, scores: list[Score]) -> str:
    count = len(scores)
    return (
        f"{name:7} {count:3} cases: culprit {sum(score.culprit_right for score in scores)}, "
        f"cause {sum(score.cause_right for score in scores)}, last frame {sum(score.last_frame for score in scores)}, "
        f"last in-app frame {sum(score.last_in_app for score in scores)}"
    )


def _mean_confidence(scores: list[Score], *, right: bool) -> float:
    chosen = [score.report.confidence for score in scores if (score.culprit_right and score.cause_right) is right]
    return sum(chosen) / len(chosen) if chosen else 0.0


if __name__ == "__main__":
    main()
