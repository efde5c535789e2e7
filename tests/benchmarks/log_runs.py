"""Investigates logs by rules as the command line does, in one process and with one tool server for many cases."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from bot.app.log_files import LogSpace, log_event, opened
from core.agent.loop import Budget, ReactLoop
from core.agent.report import report_from
from core.agent.rules.reasoner import RulesReasoner
from core.domain.investigation import Subject
from core.domain.journal import JournalEntry, Transcript
from core.domain.report import Analysis, RootCauseReport
from core.domain.tenancy import OrganizationId
from core.gateways.mcp.process import McpProcess
from core.gateways.mcp.toolbox import McpToolbox

ORGANIZATION = OrganizationId("benchmark")


async def report_on(process: McpProcess, root: Path, logs: Sequence[Path]) -> RootCauseReport:
    """Index the logs below `root` and return what the rules report on them."""
    with ExitStack() as stack:
        event = log_event(LogSpace(root, ORGANIZATION, 10**10), stack.enter_context(opened([str(log) for log in logs])))
    loop = ReactLoop(
        Transcript(Subject("logs", "this-event", pasted=True, log=event.log)),
        reasoners=[RulesReasoner()],
        toolbox=McpToolbox(process, ORGANIZATION, None, "logs", event.text, log=event.log),
        record=_keep_nothing,
        now=lambda: datetime.now(UTC),
        budget=Budget(),
    )
    transcript, conclusion = await loop.run()
    assert isinstance(conclusion, Analysis)
    return report_from(transcript, conclusion, "rules")


def words_of(report: RootCauseReport) -> str:
    """Return the sentences of a report."""
    return "\n".join([report.root_cause, *(finding.claim for finding in report.findings)])


async def _keep_nothing(entry: JournalEntry) -> None:
    return None
