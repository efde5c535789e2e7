"""Draws the README's picture of the terminal: `make picture` runs the demo and keeps what it showed as SVG."""

from __future__ import annotations

import io
import re
import tempfile
from pathlib import Path

from adapters.terminal import rendered
from adapters.terminal_console import TerminalConsole
from bot.app.settings import Settings
from bot.cli.exit_codes import ExitCode
from bot.cli.session import Cli, Session
from bot.demo.world import DEMO_ISSUE
from core.domain.conversation import InvestigationRequest
from core.domain.incident import IssueRef
from core.domain.thread_view import progress_of, report_of
from core.requests.follow import follow_investigation

PICTURE = Path(__file__).parents[2] / ".readme" / "terminal.svg"


def draw() -> None:
    """The picture is that of a run just made."""
    console = TerminalConsole(record=True, force_terminal=True, width=112, file=io.StringIO())

    async def investigate(session: Session) -> ExitCode:
        request = InvestigationRequest(session.delivery_id(), session.conversation, session.actor, IssueRef(DEMO_ISSUE))
        store = session.app.store
        async for investigation, entries in follow_investigation(store, (await session.app.inbox.receive(request)).id):
            shown = investigation, entries
        console.print(rendered(progress_of(*shown)), rendered(report_of(*shown)), sep="\n")
        return ExitCode.OK

    with tempfile.TemporaryDirectory() as home:
        cli = Cli(Settings().model_copy(update={"home": Path(home), "reasoner": "rules"}))
        cli.enter_demo()
        cli.run(investigate, works=True)
    drawn = console.export_svg(title="logsense demo")
    # Fonts from elsewhere would be fetched by whoever opens the picture; the reader's own monospace font does.
    PICTURE.write_text(re.sub(r"@font-face \{[^{}]*\}\n", "", drawn, flags=re.DOTALL), encoding="utf-8")


if __name__ == "__main__":
    draw()
