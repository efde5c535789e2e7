"""The progress message: what was thought, looked at and found so far, edited in place until it is over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from adapters.chat.wording import counted, duration_words, reasoner_words, tool_words
from adapters.slack.elements import actions, asides, button, section
from adapters.slack.ids import Action
from adapters.slack.message import BLOCK_LIMIT, BYTE_LIMIT, TEXT_LIMIT, Block, Message, weight
from adapters.slack.mrkdwn import cut, escaped, plain
from core.domain.investigation import Status
from core.domain.journal import Step
from core.domain.thread_view import ProgressView

_TITLE = 300
_CARD_TITLE = 120
_DETAIL = 280
_NOTE = 300
_NOTES = 3
_FRAME_BLOCKS = 9
"""Heading, plan, what it waits for, notes, reasoner, the line on hidden steps, button: all beside the cards."""
_FRAME_BYTES = 500
"""Of these the plan itself, what it waits for and the line on hidden steps, at most."""


def progress_message(view: ProgressView) -> Message:
    """One message within Slack's limits; the newest steps are kept. Nothing spins once the investigation is over."""
    name = f"*LogSense investigates {cut(escaped(view.title), _TITLE)}*"
    heading = f"{name}\n{_state(view)}"
    below = list(_notes(view))
    if not view.status.is_over:
        below.append(actions(button("Stop", Action.STOP, view.investigation_id, "danger")))
    room = BYTE_LIMIT - weight([section(heading), *below]) - _FRAME_BYTES
    shown = _newest_that_fit([_card(step, over=view.status.is_over) for step in view.steps], room)
    plan = [*_plan(view, shown), *_hidden(len(view.steps) - len(shown))]
    return Message(cut(heading.replace("*", ""), TEXT_LIMIT), (section(heading), *plan, *below))


def _state(view: ProgressView) -> str:
    steps = counted(len(view.steps), "step")
    took = "" if view.ended_at is None else duration_words((view.ended_at - view.started_at).total_seconds())
    match view.status:
        case Status.QUEUED:
            return "Queued: it starts as soon as a worker is free."
        case Status.RUNNING:
            return f"Running: {steps} so far." if view.steps else "Running."
        case Status.CANCELLED:
            return f"Cancelled{f' after {took}' if took else ''}. What was found so far is kept."
        case Status.FAILED:
            return f"Failed{f' after {took}' if took else ''}: the next message says why."
        case _:
            return f"Finished{f' in {took}' if took else ''}, {steps}. The report is below."


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
    running = step.ok is None and not over
    seconds = "" if step.duration_ms is None else f" · {duration_words(step.duration_ms / 1000)}"
    card: Block = {
        "type": "task_card",
        "task_id": f"step-{step.n}",
        "title": cut(plain(tool_words(step.tool, done=not running)), _CARD_TITLE) + seconds,
        "status": _card_status(step, running),
    }
    if thought := _line(step.thought):
        card["details"] = _rich({"type": "text", "text": thought, "style": {"italic": True}})
    if found := _found(step, running):
        card["output"] = _rich(*found)
    return card


def _card_status(step: Step, running: bool) -> str:
    return "in_progress" if running else "complete" if step.ok else "error"


def _found(step: Step, running: bool) -> list[dict[str, Any]]:
    if running:
        return []
    missing = "Not finished." if step.ok is None else ""
    outcome = {"type": "text", "text": missing or _line(step.outcome) or "Nothing was found."}
    if step.evidence_id is None:
        return [outcome]
    return [{"type": "text", "text": f"{plain(step.evidence_id)} ", "style": {"bold": True}}, outcome]


def _line(text: str) -> str:
    return cut(plain(text).replace("\n", " ").strip(), _DETAIL)


def _rich(*elements: dict[str, Any]) -> Block:
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": list(elements)}]}


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
    notes = [f"⚠ {cut(escaped(note), _NOTE)}" for note in view.notes[-_NOTES:]]
    if view.reasoner:
        notes.append(f"Reasoning: {cut(escaped(reasoner_words(view.reasoner)), 100)}")
    for note in notes:
        yield from asides(note)
