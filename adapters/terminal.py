"""The first channel: views in a terminal, live where it can redraw, line by line where it cannot.

Everything shown may quote strangers, so text is never read as markup.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import count
from typing import Any, assert_never

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.panel import Panel
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from adapters.chat.memory import seen_before, similar_heading
from core.domain.conversation import ConversationRef, MessageRef
from core.domain.investigation import Status
from core.domain.journal import Step
from core.domain.report import Fix, Level, RootCauseReport, SimilarIncident, Usage
from core.domain.tenancy import Actor
from core.domain.thread_view import AnswerView, NoticeView, ProgressView, ReportView, ThreadView
from core.ports import Check

RULES = "rules"
_LEVEL_STYLE = {Level.LOW: "green", Level.MEDIUM: "yellow", Level.HIGH: "red"}


class TerminalChannel:
    """Implements `core.ports.Channel` on one console; only the newest message can be edited, as a terminal scrolls."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._ids = count(1)
        self._live: Live | None = None
        self._steps_told: set[int] = set()
        self._notes_shown = 0

    async def post(
        self,
        conversation: ConversationRef,
        view: ThreadView,
        *,
        key: str = "",
        again: bool = False,
        check: Check | None = None,
    ) -> tuple[MessageRef, ...]:
        """Show `view` below what is there; a ProgressView stays editable until the next post."""
        if check is not None:
            await check()
        self.close()
        thread = conversation.thread or "terminal"
        message = MessageRef(replace(conversation, thread=thread), str(next(self._ids)))
        match view:
            case ProgressView():
                self._steps_told, self._notes_shown = set(), 0
                self._open(view)
                self._show_progress(view)
            case ReportView() | AnswerView() | NoticeView():
                self._console.print(rendered(view))
            case _:
                assert_never(view)
        return (message,)

    async def turn(self, message: MessageRef) -> None:
        """A terminal has no limits."""

    async def edit(self, message: MessageRef, view: ThreadView, *, final: bool = False) -> None:
        """Redraw the progress that is being shown."""
        if isinstance(view, ProgressView):
            self._show_progress(view)

    async def illustrate(self, conversation: ConversationRef, view: ThreadView) -> None:
        """A terminal shows no pictures."""

    async def whisper(self, conversation: ConversationRef, person: Actor, view: ThreadView) -> None:
        """Whoever sits here is alone."""
        self._console.print(rendered(view))

    def close(self) -> None:
        """Nothing is redrawn any more; what stands stays."""
        live, self._live = self._live, None
        if live is not None:
            live.stop()

    def _open(self, view: ProgressView) -> None:
        if self._console.is_terminal:
            self._live = Live(console=self._console, refresh_per_second=10, transient=False)
            self._live.start()
        else:
            self._console.print(_heading(view))

    def _show_progress(self, view: ProgressView) -> None:
        if self._live is not None:
            self._live.update(rendered(view), refresh=True)
            return
        for note in view.notes[self._notes_shown :]:
            self._console.print(Text(f"  ! {note}", style="yellow"))
        self._notes_shown = len(view.notes)
        for step in view.steps:
            # Calls of one turn run side by side: a later one may end first.
            if step.ok is not None and step.n not in self._steps_told:
                self._steps_told.add(step.n)
                self._console.print(_step_row([step]))


def rendered(view: ThreadView) -> RenderableType:
    """How a message looks."""
    match view:
        case ProgressView():
            return _Progress(view)
        case ReportView():
            return _report(view)
        case AnswerView():
            return _answer(view)
        case NoticeView(text=text, error=error):
            return Text(text, style="red" if error else "")
        case _:
            assert_never(view)


# ---- progress -------------------------------------------------------------------------------------------------------


class _Progress:
    """Redrawn by `Live` ten times a second, so that seconds count and spinners turn between two views."""

    def __init__(self, view: ProgressView) -> None:
        self._view = view
        self._spinner = Spinner("dots", style="cyan")
        self._started = time.monotonic()

    def __rich__(self) -> RenderableType:
        rows: list[RenderableType] = [_heading(self._view)]
        for step in self._view.steps:
            if step.thought:
                rows.append(Padding(Text(step.thought, style="italic dim"), (0, 0, 0, 2)))
            rows.append(_step_row([step], self._spinner))
        rows += [Text(f"  ! {note}", style="yellow") for note in self._view.notes]
        if not self._view.status.is_over and all(step.ok is not None for step in self._view.steps):
            thinking = Table.grid(padding=(0, 1))
            thinking.add_row(Text(" "), self._spinner, Text(self._waiting_for(), style="dim"))
            rows.append(thinking)
        return Group(*rows)

    def _waiting_for(self) -> str:
        waited = time.monotonic() - self._started
        doing = "starting" if self._view.status is Status.QUEUED else "thinking"
        return f"{doing} … {waited:.0f} s" if waited >= 2 else f"{doing} …"


def _heading(view: ProgressView) -> Text:
    heading = Text.assemble(("LogSense", "bold cyan"), " investigates ", (view.title, "bold"))
    if view.reasoner:
        heading.append(f"  ({reasoner_words(view.reasoner)})", style="dim")
    return heading


def _step_row(steps: list[Step], spinner: Spinner | None = None) -> RenderableType:
    table = Table.grid(padding=(0, 1), expand=False)
    table.add_column(width=3, justify="right")
    table.add_column(width=25, no_wrap=True)
    table.add_column(overflow="fold")
    table.add_column(justify="right", no_wrap=True)
    for step in steps:
        seconds = f"{step.duration_ms / 1000:.2f} s" if step.duration_ms is not None else ""
        outcome = Text().append(f"{step.evidence_id} " if step.evidence_id else "", style="cyan")
        outcome.append(step.outcome or "…", style="" if step.ok else "dim" if step.ok is None else "red")
        table.add_row(_mark(step, spinner), Text(step.tool, style="bold"), outcome, Text(seconds, style="dim"))
    return table


def _mark(step: Step, spinner: Spinner | None) -> RenderableType:
    match step.ok:
        case True:
            return Text("✓", style="green")
        case False:
            return Text("✗", style="red")
        case _:
            return spinner or Text("…")


# ---- report ---------------------------------------------------------------------------------------------------------


def _report(view: ReportView) -> RenderableType:
    report = view.report
    return Group(
        Text(""),
        *_seen_before(report),
        Panel(Text(report.root_cause, style="bold"), title="Root cause", title_align="left", border_style="cyan"),
        *_confidence(report),
        *_culprit(view),
        *_section("Findings", _findings(report)),
        *_section("Fixes, best first", [_fix(number, fix) for number, fix in enumerate(report.fixes, 1)]),
        *_section("Similar past incidents", [_similar(past) for past in report.similar]),
        Text(""),
        _footer(view),
    )


def _seen_before(report: RootCauseReport) -> Iterator[RenderableType]:
    if (known := seen_before(report)) is not None:
        fix, vouched = known
        yield Text.assemble(("Seen before. ", "bold green"), f"Fixed by: {fix}")
        yield Text(vouched, style="dim")


def _section(title: str, rows: list[RenderableType]) -> Iterator[RenderableType]:
    if rows:
        yield Text(f"\n{title}", style="bold")
        yield from rows


def _confidence(report: RootCauseReport) -> Iterator[RenderableType]:
    style = "green" if report.confidence >= 75 else "yellow" if report.confidence >= 50 else "red"
    filled = round(report.confidence / 5)
    bar = Text.assemble(("Confidence ", "bold"), (f"{report.confidence} % ", f"bold {style}"))
    yield bar.append("█" * filled, style=style).append("░" * (20 - filled), style="dim")
    yield Padding(Text(" · ".join(report.confidence_reasons), style="dim"), (0, 0, 0, 2))


def _culprit(view: ReportView) -> Iterator[RenderableType]:
    culprit = view.report.culprit
    if culprit is None:
        return
    yield Text.assemble(("\nLook here first ", "bold"), (str(culprit), "bold magenta"))
    frame: Mapping[str, Any] = next(
        (item.facts.get("frame", {}) for item in view.evidence if item.tool == "get_stacktrace"), {}
    )
    if frame.get("line") != culprit.line:
        return
    source = str(frame.get("source", "")).strip()
    for line in frame.get("context", []):
        failing = bool(source) and line.strip() == source
        yield Text(f"  {'→' if failing else ' '} {line}", style="bold red" if failing else "dim")


def _findings(report: RootCauseReport) -> list[RenderableType]:
    rows: list[RenderableType] = []
    for finding in report.findings:
        line = Text(f"• {finding.claim} ").append(f"[{', '.join(finding.evidence)}]", style="cyan")
        rows.append(Padding(line, (0, 0, 0, 2)))
    return rows


def _fix(number: int, fix: Fix) -> RenderableType:
    title = Text.assemble(f"{number}. ", (fix.title, "bold"), "  risk ", (str(fix.risk), _LEVEL_STYLE[fix.risk]))
    title.append(", effort ").append(str(fix.effort), style=_LEVEL_STYLE[fix.effort])
    if fix.confidence is not None:
        title.append(f", confidence {fix.confidence} %", style="dim")
    steps = [Padding(Text(f"- {step}"), (0, 0, 0, 5)) for step in fix.steps]
    return Group(Padding(title, (0, 0, 0, 2)), *steps)


def _similar(past: SimilarIncident) -> RenderableType:
    line = Text.assemble((similar_heading(past), "bold"), f": {past.root_cause}")
    if past.fix:
        line.append(f" Fix: {past.fix}", style="green")
    return Padding(line, (0, 0, 0, 2))


def _footer(view: ReportView) -> Text:
    parts = [
        reasoner_words(view.report.reasoner),
        usage_words(view.usage),
        f"{view.seconds:.1f} s",
        f"investigation {view.investigation_id}",
    ]
    return Text(" · ".join(parts), style="dim")


def _answer(view: AnswerView) -> RenderableType:
    cited = f"[{', '.join(view.evidence)}]" if view.evidence else "[no evidence cited]"
    return Group(Text(view.text), Text(f"{cited} · {usage_words(view.usage)}", style="dim"))


def reasoner_words(reasoner: str) -> str:
    """How people are told who reasoned."""
    return "rule-based, no language model" if reasoner == RULES else reasoner


def usage_words(usage: Usage) -> str:
    """Tokens and cost in words; free when no model was asked."""
    if usage.model_calls == 0:
        return "no tokens, 0.00 USD"
    cost = "price unknown" if usage.usd is None else f"{usage.usd:.4f} USD"
    calls = "call" if usage.model_calls == 1 else "calls"
    return f"{usage.model_calls} model {calls}, {usage.tokens:,} tokens, {cost}"
