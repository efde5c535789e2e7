"""The first channel: views in a terminal, live where it can update, line by line where it cannot.

Everything shown may quote strangers, so text is never read as markup.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count
from typing import assert_never

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from adapters.common.first_lines import FirstLines, first_lines, fixed_by, folded
from adapters.common.lessons import similar_heading
from adapters.common.source_lines import source_of
from adapters.common.wording import HALF_SURE, SURE, counted, duration_words, masked_words, reasoned_by, reasoner_words
from core.domain.conversation import ConversationRef, MessageRef
from core.domain.investigation import Status
from core.domain.journal import Step
from core.domain.report import Finding, Fix, Level, SimilarIncident
from core.domain.tenancy import Actor
from core.domain.thread_view import (
    AnswerView,
    NoticeView,
    ProgressView,
    ReportView,
    ThreadView,
    question_heading,
)
from core.ports import Check

_LEVEL_STYLE = {Level.LOW: "green", Level.MEDIUM: "yellow", Level.HIGH: "red"}


class TerminalChannel:
    """Implements `core.ports.Channel` on one console; only the newest message can be edited, as a terminal scrolls."""

    def __init__(self, console: Console, *, full: bool = False) -> None:
        self._console = console
        self._full = full
        self._ids = count(1)
        self._live: Live | None = None
        self._steps_told: set[int] = set()
        self._notes_shown = 0
        self._is_over = False

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
                self._steps_told, self._notes_shown, self._is_over = set(), 0, False
                self._open(view)
                self._show_progress(view)
            case ReportView() | AnswerView() | NoticeView():
                self._console.print(rendered(view, full=self._full))
            case _:
                assert_never(view)
        return (message,)

    async def delete(self, message: MessageRef) -> None:
        """What was printed stays: nobody else prints there."""

    async def turn(self, message: MessageRef) -> None:
        """A terminal has no limits."""

    async def edit(self, message: MessageRef, view: ThreadView, *, final: bool = False) -> None:
        """Redraw the progress that is being shown."""
        if isinstance(view, ProgressView):
            self._show_progress(view)

    async def post_attachments(self, conversation: ConversationRef, view: ThreadView) -> None:
        """A terminal shows no pictures."""

    async def post_ephemeral(self, conversation: ConversationRef, person: Actor, view: ThreadView) -> None:
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
            self._live.update(rendered(view, full=self._full), refresh=True)
            return
        for note in view.notes[self._notes_shown :]:
            self._console.print(Text(f"  ! {note}", style="yellow"))
        self._notes_shown = len(view.notes)
        for step in view.steps:
            # Calls of one turn run side by side: a later one may end first.
            if step.ok is not None and step.n not in self._steps_told:
                self._steps_told.add(step.n)
                self._console.print(_step_row([step]))
        if view.status.is_over and not self._is_over:
            self._is_over = True
            self._console.print(_over(view))


def rendered(view: ThreadView, *, full: bool = False) -> RenderableType:
    """How a message looks; `full` unfolds what stands behind a report's first lines and what was looked at."""
    match view:
        case ProgressView():
            return _Progress(view, full=full)
        case ReportView():
            return _report(view, full=full)
        case AnswerView():
            return _answer(view)
        case NoticeView(text=text, error=error):
            return Text(text, style="red" if error else "")
        case _:
            assert_never(view)


# ---- progress -------------------------------------------------------------------------------------------------------


class _Progress:
    """Redrawn by `Live` ten times a second, so that seconds count and spinners turn between two views.

    A line for each step while it runs; then one line, unless `full` keeps them.
    """

    def __init__(self, view: ProgressView, *, full: bool = False) -> None:
        self._view = view
        self._full = full
        self._spinner = Spinner("dots", style="cyan")
        self._started = time.monotonic()

    def __rich__(self) -> RenderableType:
        if self._view.status.is_over and not self._full:
            return Group(_over(self._view), *(Text(f"  ! {note}", style="yellow") for note in self._view.notes))
        rows: list[RenderableType] = [_heading(self._view)]
        for step in self._view.steps:
            if step.thought and self._full:
                rows.append(Padding(Text(step.thought, style="italic dim"), (0, 0, 0, 2)))
            rows.append(_step_row([step], self._spinner))
        rows += [Text(f"  ! {note}", style="yellow") for note in self._view.notes]
        if self._view.status.is_over:
            rows.append(_over(self._view))
        if not self._view.status.is_over and all(step.ok is not None for step in self._view.steps):
            thinking = Table.grid(padding=(0, 1))
            thinking.add_row(Text(" "), self._spinner, Text(self._waiting_for(), style="dim"))
            rows.append(thinking)
        return Group(*rows)

    def _waiting_for(self) -> str:
        waited = time.monotonic() - self._started
        doing = "starting" if self._view.status is Status.QUEUED else "thinking"
        return f"{doing} … {waited:.0f} s" if waited >= 2 else f"{doing} …"


def _over(view: ProgressView) -> Text:
    steps = counted(len(view.steps), "step")
    took = "" if view.ended_at is None else duration_words((view.ended_at - view.started_at).total_seconds())
    match view.status:
        case Status.CANCELLED:
            said = f"cancelled{f' after {took}' if took else ''}, {steps} kept"
        case Status.FAILED:
            said = f"failed{f' after {took}' if took else ''}"
        case _:
            said = f"{steps}{f' in {took}' if took else ''}"
    return Text.assemble(("LogSense", "bold cyan"), " investigated ", (view.title, "bold"), f": {said}")


def _heading(view: ProgressView) -> Text:
    if view.question:
        heading = Text(question_heading(view.title, view.investigation_id, view.question), style="bold")
    else:
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


def _report(view: ReportView, *, full: bool) -> RenderableType:
    lines = first_lines(view)
    rows: list[RenderableType] = [Text(""), *_opening(lines)]
    if lines.url:
        rows.append(Text.assemble(("Open in Sentry: ", "bold"), (lines.url, f"link {lines.url}")))
    if full:
        rows += _unfolded(view)
    return Group(*rows, Text(""), _footer(view, full=full))


def _opening(lines: FirstLines) -> Iterator[RenderableType]:
    issue = (lines.issue, f"bold link {lines.url}" if lines.url else "bold")
    yield Text.assemble(issue, f" · {lines.numbers}" if lines.numbers else "")
    yield Text(lines.cause, style="bold")
    percent = int(lines.confidence.partition("(")[2].partition(" ")[0] or 0)
    style = "green" if percent >= SURE else "yellow" if percent >= HALF_SURE else "red"
    yield Text(lines.confidence, style=style)
    for warning in lines.warnings:
        yield Text(f"⚠ {warning}", style="yellow")
    if lines.place:
        yield Text(lines.place, style="bold magenta")
    if lines.vouched:
        yield Text.assemble(("Seen before. ", "bold green"), lines.vouched)
    yield Text.assemble(("Do now: ", "bold"), lines.do_now, " (risk ", (str(lines.risk), _LEVEL_STYLE[lines.risk]), ")")


def _unfolded(view: ReportView) -> Iterator[RenderableType]:
    parts = folded(view)
    yield from _section("How to fix it", [_fix(number, fix) for number, fix in enumerate(parts.fixes, 1)])
    why: list[RenderableType] = [Text(f"⚠ {warning}", style="yellow") for warning in parts.warnings]
    if parts.whole_cause:
        why.insert(0, Padding(Text(parts.whole_cause), (0, 0, 0, 2)))
    why += _findings(parts.findings)
    why.append(Padding(Text(" · ".join(view.report.confidence_reasons), style="dim"), (0, 0, 0, 2)))
    why.append(Padding(Text(reasoned_by(view.report.reasoner), style="dim"), (0, 0, 0, 2)))
    yield from _section("Why we think so", why)
    yield from _section("Similar incidents", [_similar(past, parts.fixes) for past in parts.similar])
    yield from _section("Source", list(_source(view)))


def _section(title: str, rows: list[RenderableType]) -> Iterator[RenderableType]:
    if rows:
        yield Text(f"\n{title}", style="bold")
        yield from rows


def _source(view: ReportView) -> Iterator[RenderableType]:
    for line in source_of(view):
        yield Text(f"  {'→' if line.fails else ' '} {line.text}", style="bold red" if line.fails else "dim")


def _findings(findings: Sequence[Finding]) -> list[RenderableType]:
    rows: list[RenderableType] = []
    for finding in findings:
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


def _similar(past: SimilarIncident, fixes: Sequence[Fix]) -> RenderableType:
    line = Text.assemble((similar_heading(past), "bold"), f": {past.root_cause}")
    if past.fix:
        line.append(f" Fixed by: {fixed_by(past, fixes)}", style="green")
    return Padding(line, (0, 0, 0, 2))


def _footer(view: ReportView, *, full: bool) -> Text:
    """What the reader can type from here; further small print follows it."""
    more = f"logsense show {view.investigation_id} --full"
    shown = "" if full else f"How to fix it, why, similar incidents and source: {more}"
    small_print = (shown or f"investigation {view.investigation_id}", masked_words(view.masked))
    return Text("\n".join(filter(None, small_print)), style="dim")


def _answer(view: AnswerView) -> RenderableType:
    cited = f"[{', '.join(view.evidence)}]" if view.evidence else "[no evidence cited]"
    return Group(Text(view.text), Text(cited, style="dim"))
