"""The progress message: what was thought, looked at and found so far, edited in place until it is over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from adapters.common.first_lines import is_safe
from adapters.common.wording import counted, duration_words, reasoned_by, tool_words
from adapters.slack.inbound.ids import Action
from adapters.slack.render.elements import actions, asides, button, containers, section
from adapters.slack.render.message import BLOCK_LIMIT, BYTE_LIMIT, TEXT_LIMIT, Block, Message, weight
from adapters.slack.render.mrkdwn import code, cut, escaped, plain
from core.domain.investigation import Status
from core.domain.journal import Step
from core.domain.thread_view import ProgressView

_TITLE = 300
_CARD_TITLE = 120
_OUTCOME = 120
_FOLD_TITLE = 60
_DETAIL = 280
_NOTE = 300
_NOTES = 3
_FRAME_BLOCKS = 9
"""Heading, plan, what it waits for, notes, the line on hidden steps, button: all beside the cards."""
_FRAME_BYTES = 500
"""Of these the plan itself, what it waits for and the line on hidden steps, at most."""


def progress_message(view: ProgressView) -> Message:
    """One message within Slack's limits; the newest steps are kept. Nothing spins once the investigation is over.

    While it runs there is a line for each step; then one line that unfolds.
    """
    if view.status.is_over:
        return _over(view)
    heading = f"*LogSense investigates {cut(escaped(view.title), _TITLE)}*\n{_state(view)}"
    below = [*_notes(view), actions(button("Stop", Action.STOP, view.investigation_id))]
    return Message(_unmarked(heading), (section(heading), *_steps(view, [section(heading), *below]), *below))


def _over(view: ProgressView) -> Message:
    title = cut(plain(view.title).replace("\n", " ").strip(), _FOLD_TITLE)
    said = f"LogSense investigated {title}: {_state(view)}"
    notes = list(_notes(view))
    heading = section(f"*LogSense investigated {cut(escaped(view.title), _TITLE)}*\n{_state(view)}")
    steps = tuple(_steps(view, [heading, *notes]))
    text = _unmarked(heading["text"]["text"].replace("\n", ": "))
    if not view.steps:
        return Message(text, (heading, *notes))
    # Containers hold sections and contexts alone in every client that has them, so the steps become text.
    lines = [*(_told(step) for step in view.steps), f"_{escaped(reasoned_by(view.reasoner))}_" if view.reasoner else ""]
    room = BYTE_LIMIT - weight(notes) - _FRAME_BYTES
    folded: list[Block] = []
    for block in containers(said, "\n".join(filter(None, lines))):
        room -= weight([block])
        if room < 0:
            break
        folded.append(block)
    return Message(text, (*folded, *notes), (heading, *steps, *notes))


def _unmarked(text: str) -> str:
    return cut(text.replace("*", ""), TEXT_LIMIT)


def _told(step: Step) -> str:
    """What a step looked at and found, why, and how long it took."""
    sign, cited = "✓" if step.ok else "✕", f"{code(step.evidence_id)} " if step.evidence_id else ""
    outcome = "Not finished." if step.ok is None else _line(step.outcome) or "Nothing was found."
    seconds = "" if step.duration_ms is None else f" · {duration_words(step.duration_ms / 1000)}"
    line = f"{sign} *{escaped(cut(tool_words(step.tool), _CARD_TITLE))}*{seconds}: {cited}{escaped(outcome)}"
    thought = _line(step.thought)
    return f"{line}\n_{escaped(thought)}_" if thought else line


def _steps(view: ProgressView, around: Sequence[Block]) -> Iterator[Block]:
    room = BYTE_LIMIT - weight(around) - _FRAME_BYTES
    shown = _newest_that_fit([_card(step, over=view.status.is_over) for step in view.steps], room)
    yield from _plan(view, shown)
    yield from _hidden(len(view.steps) - len(shown))


def _state(view: ProgressView) -> str:
    steps = counted(len(view.steps), "step")
    took = "" if view.ended_at is None else duration_words((view.ended_at - view.started_at).total_seconds())
    match view.status:
        case Status.QUEUED:
            return "Queued: it starts as soon as a worker is free."
        case Status.RUNNING:
            return f"Running: {steps} so far." if view.steps else "Running."
        case Status.CANCELLED:
            return f"cancelled{f' after {took}' if took else ''}, {steps} kept"
        case Status.FAILED:
            return f"failed{f' after {took}' if took else ''}, the next message says why"
        case _:
            return f"{steps}{f' in {took}' if took else ''}"


def _plan(view: ProgressView, cards: Sequence[Block]) -> Iterator[Block]:
    waiting = [] if view.status.is_over or any(step.ok is None for step in view.steps) else [_waiting(view)]
    if tasks := [*cards, *waiting]:
        yield {"type": "plan", "title": "Steps", "tasks": tasks}


def _waiting(view: ProgressView) -> Block:
    if view.status is Status.QUEUED:
        return {"type": "task_card", "task_id": "waiting", "title": "Waiting for a free worker", "status": "pending"}
    title = "Thinking about what this means" if view.steps else "Deciding where to look first"
    return {"type": "task_card", "task_id": "thinking", "title": title, "status": "in_progress"}


def _card(step: Step, *, over: bool) -> Block:
    """One line: what is looked at, and what it showed."""
    running = step.ok is None and not over
    seconds = "" if step.duration_ms is None else f" · {duration_words(step.duration_ms / 1000)}"
    card: Block = {
        "type": "task_card",
        "task_id": f"step-{step.n}",
        "title": cut(plain(tool_words(step.tool, done=not running)), _CARD_TITLE) + _found(step, running) + seconds,
        "status": "in_progress" if running else "complete" if step.ok else "error",
    }
    if is_safe(step.url):
        card["sources"] = [{"type": "url", "url": step.url, "text": "Sentry"}]
    return card


def _found(step: Step, running: bool) -> str:
    if running:
        return ""
    return ": not finished" if step.ok is None else f": {cut(_line(step.outcome), _OUTCOME) or 'nothing was found'}"


def _line(text: str) -> str:
    return cut(plain(text).replace("\n", " ").strip(), _DETAIL)


def _newest_that_fit(cards: Sequence[Block], room: int) -> list[Block]:
    """Slack may count a plan's cards among the blocks, and counts their text among the message's."""
    kept: list[Block] = []
    for card in reversed(cards[-(BLOCK_LIMIT - _FRAME_BLOCKS) :]):
        room -= weight([card])
        if room < 0:
            break
        kept.insert(0, card)
    return kept


def _hidden(hidden: int) -> Iterator[Block]:
    if hidden:
        earlier = "The first step is" if hidden == 1 else f"The first {hidden} steps are"
        yield from asides(f"{earlier} not shown here, but kept.")


def _notes(view: ProgressView) -> Iterator[Block]:
    for note in view.notes[-_NOTES:]:
        yield from asides(f"⚠ {cut(escaped(note), _NOTE)}")
