"""The progress card: what was thought, looked at and found so far, edited in place until it is over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from adapters.common.text_limits import cut, one_line
from adapters.common.wording import counted, duration_words, reasoned_by, tool_words
from adapters.teams.inbound.ids import Action
from adapters.teams.render.card import COMMA, LIMIT, Card, card
from adapters.teams.render.elements import Element, button, columns, folded, own, rich, weight
from adapters.teams.render.text import run
from core.domain.investigation import Status
from core.domain.journal import Step
from core.domain.thread_view import ProgressView

_TITLE = 150
_STEP_TITLE = 120
_OUTCOME = 120
_DETAIL = 280
_NOTE = 300
_NOTES = 3
_TOLD_WHY = 3


def progress_card(view: ProgressView, *, now: datetime | None = None) -> Card:
    """One card within Teams' limits; the newest steps are kept. Nothing can be stopped once it is over.

    `now` is when it is drawn; without it a running investigation does not say for how long it has been.
    """
    below = list(_notes(view))
    hidden = list(_hidden(len(view.steps)))
    if view.status.is_over:
        room = LIMIT - weight(card([*_over(view, [*hidden, *_reasoned(view)]), *below]))
        rows = _newest_that_fit(_rows(view, room), room)
        told = [*_hidden(len(view.steps) - len(rows)), *rows, *(_reasoned(view) if rows else [])]
        return card([*_over(view, told), *below])
    heading = [
        rich(run(f"LogSense investigates {_line(view.title, _TITLE)}", bold=True, size="Medium")),
        rich(run(_state(view, now)), spacing="None"),
    ]
    stop, waiting = [button("Stop", Action.STOP, view.investigation_id)], list(_waiting(view))
    room = LIMIT - weight(card([*heading, *hidden, *waiting, *below], stop))
    lines = _newest_that_fit([_line_of(step) for step in view.steps], room)
    return card([*heading, *_hidden(len(view.steps) - len(lines)), *lines, *waiting, *below], stop)


def _over(view: ProgressView, steps: list[Element]) -> list[Element]:
    """One line, which unfolds where there is something to show."""
    said = f" {_line(view.title, _TITLE)}: {_state(view, None)}"
    if steps:
        return folded("steps", "LogSense investigated", steps, [run(said)])
    return [rich(run("LogSense investigated", bold=True), run(said))]


def _line_of(step: Step) -> Element:
    """One line: what is looked at, and what it showed."""
    running = step.ok is None
    title = run(_line(tool_words(step.tool, done=not running), _STEP_TITLE), bold=True)
    found = "" if running else f"  {_line(step.outcome, _OUTCOME) or 'Nothing was found.'}"
    return _beside(*_sign(step, running), [rich(title, *([run(found, size="Small")] if found else []))])


def _sign(step: Step, running: bool) -> tuple[str, str]:
    return ("◌", "Accent") if running else ("✓", "Good") if step.ok else ("✕", "Attention")


def _state(view: ProgressView, now: datetime | None) -> str:
    steps = counted(len(view.steps), "step")
    until = view.ended_at or (None if view.status.is_over else now)
    took = "" if until is None else duration_words(max(0.0, (until - view.started_at).total_seconds()))
    match view.status:
        case Status.QUEUED:
            return f"Queued{f' for {took}' if took else ''}: it starts as soon as a worker is free."
        case Status.RUNNING:
            return f"Running{f' for {took}' if took else ''}{f': {steps} so far' if view.steps else ''}."
        case Status.CANCELLED:
            return f"cancelled{f' after {took}' if took else ''}, {steps} kept"
        case Status.FAILED:
            return f"failed{f' after {took}' if took else ''}, the next message says why"
        case _:
            return f"{steps}{f' in {took}' if took else ''}"


def _waiting(view: ProgressView) -> Iterator[Element]:
    if view.status.is_over or any(step.ok is None for step in view.steps):
        return
    if view.status is Status.QUEUED:
        words, sign = "Waiting for a free worker", "○"
    else:
        words, sign = ("Thinking about what this means" if view.steps else "Deciding where to look first"), "◌"
    yield _beside(sign, "Accent", [rich(run(words, bold=True))])


def _rows(view: ProgressView, room: int) -> list[Element]:
    """All steps; where that is too much, why the older ones were taken is left out first."""
    over = view.status.is_over
    rows = [_row(step, over=over) for step in view.steps]
    if sum(map(weight, rows)) > room:
        rows[:-_TOLD_WHY] = [_row(replace(step, thought=""), over=over) for step in view.steps[:-_TOLD_WHY]]
    return rows


def _row(step: Step, *, over: bool) -> Element:
    running = step.ok is None and not over
    title = run(_line(tool_words(step.tool, done=not running), _STEP_TITLE), bold=True)
    seconds = "" if step.duration_ms is None else f"  {duration_words(step.duration_ms / 1000)}"
    rows = [rich(title, run(seconds, subtle=True, size="Small")) if seconds else rich(title)]
    if thought := _line(step.thought, _DETAIL):
        rows.append(rich(run(thought, italic=True, subtle=True, size="Small"), spacing="None"))
    if not running:
        missing = "Not finished." if step.ok is None else ""
        found = run(missing or _line(step.outcome, _DETAIL) or "Nothing was found.", size="Small")
        cited = [] if step.evidence_id is None else [run(f"{_line(step.evidence_id, 12)} ", bold=True, size="Small")]
        rows.append(rich(*cited, found, spacing="None"))
    return _beside(*_sign(step, running), rows)


def _beside(sign: str, color: str, rows: Sequence[Element]) -> Element:
    return columns(("22px", [own(sign, color=color, weight="Bolder")]), ("stretch", rows), spacing="Small")


def _newest_that_fit(rows: Sequence[Element], room: int) -> list[Element]:
    kept: list[Element] = []
    for row in reversed(rows):
        room -= weight(row) + COMMA
        if room < 0:
            break
        kept.insert(0, row)
    return kept


def _hidden(hidden: int) -> Iterator[Element]:
    if hidden:
        earlier = "The first step is" if hidden == 1 else f"The first {hidden} steps are"
        yield rich(run(f"{earlier} not shown here, but kept.", subtle=True, size="Small"))


def _notes(view: ProgressView) -> Iterator[Element]:
    for note in view.notes[-_NOTES:]:
        yield rich(run(f"⚠ {_line(note, _NOTE)}", color="Warning", size="Small"), spacing="Small")


def _reasoned(view: ProgressView) -> Iterator[Element]:
    if view.reasoner:
        words = _line(reasoned_by(view.reasoner), 140)
        yield rich(run(words, subtle=True, size="Small"), spacing="Small")


def _line(text: str, limit: int) -> str:
    return cut(one_line(text), limit)
