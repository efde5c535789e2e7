"""What every recorded incident leads to, investigated by rules in the demo's own world."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from bot.app.settings import Settings
from bot.cli.exit_codes import ExitCode
from bot.cli.session import Cli, Session
from bot.demo.recordings import recorded_incidents
from core.domain.conversation import InvestigationRequest
from core.domain.incident import IssueRef
from core.domain.investigation import Investigation
from core.domain.journal import JournalEntry
from core.domain.thread_view import ReportView, report_of
from core.requests.follow import follow_investigation

Shown = tuple[Investigation, tuple[JournalEntry, ...]]


@cache
def demo_investigations() -> tuple[Shown, ...]:
    """Every incident, investigated once a process."""
    found: list[Shown] = []

    async def investigate(session: Session) -> ExitCode:
        for incident in recorded_incidents():
            request = InvestigationRequest(
                session.delivery_id(), session.conversation, session.actor, IssueRef(incident.short_id)
            )
            receipt = await session.app.inbox.receive(request)
            async for shown in follow_investigation(session.app.store, receipt.id):
                last = shown
            found.append(last)
        return ExitCode.OK

    with tempfile.TemporaryDirectory() as home:
        cli = Cli(Settings().model_copy(update={"home": Path(home), "reasoner": "rules"}))
        cli.enter_demo()
        cli.run(investigate, works=True)
    return tuple(found)


def demo_reports() -> tuple[ReportView, ...]:
    """Their reports, in the order of the recordings."""
    views = [report_of(*shown) for shown in demo_investigations()]
    return tuple(view for view in views if isinstance(view, ReportView))
