"""The one door from what a thread shows to what Slack is sent. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from adapters.common.lessons import FIX_ASKED, OTHER, SUGGESTED
from adapters.slack.inbound.ids import Action
from adapters.slack.render.elements import actions, asides, button, section, sections
from adapters.slack.render.message import Block, Message, divided, messages
from adapters.slack.render.mrkdwn import code, cut, escaped, prose
from adapters.slack.render.progress_blocks import progress_message
from adapters.slack.render.report_blocks import report_messages
from adapters.slack.render.wording import person
from core.domain.thread_view import AnswerView, NoticeView, ProgressView, ReportView, ThreadView

_QUESTION = 300
_TOO_LONG = "The rest is left out: it is too long for a chat."


def messages_of(view: ThreadView) -> tuple[Message, ...]:
    """What to post for `view`: one to five messages, each within Slack's limits."""
    match view:
        case ProgressView():
            return (progress_message(view),)
        case ReportView():
            return report_messages(view)
        case AnswerView():
            return _answer(view)
        case NoticeView():
            return _notice(view)
        case _:
            assert_never(view)


def _answer(view: AnswerView) -> tuple[Message, ...]:
    said = prose(view.text).strip() or "There is nothing to say."
    cited = " ".join(code(evidence) for evidence in view.evidence)
    question = cut(escaped(view.heading).replace("\n", " "), _QUESTION)
    small = f"Rests on {cited}" if cited else "No evidence cited"
    blocks = [*asides(f"{person(view.asked_by)} asked about {question}"), *sections(said), *asides(small)]
    return _messages(f"{person(view.asked_by)} {said}", blocks)


def _notice(view: NoticeView) -> tuple[Message, ...]:
    said = escaped(view.text).strip() or "There is nothing to say."
    shown = f"⚠ *That did not work.* {said}" if view.error else said
    return _messages(f"That did not work. {said}" if view.error else said, [*sections(shown), *_fix_asked(view)])


def _messages(text: str, blocks: list[Block]) -> tuple[Message, ...]:
    (note,) = asides(_TOO_LONG)
    return messages(text, divided(blocks), note=note)


def _fix_asked(view: NoticeView) -> Iterator[Block]:
    if view.asks is None:
        return
    value = view.asks.investigation_id
    suggested = [button(SUGGESTED, Action.FIX_SUGGESTED, value, "primary")] if view.asks.suggested else []
    yield section(f"*{FIX_ASKED}*")
    if view.asks.suggested:
        yield from asides(f"Suggested was: {prose(view.asks.suggested)}")
    yield actions(*suggested, button(OTHER, Action.FIX_OTHER, value))
