"""The one door from what a thread shows to what Teams is sent. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import assert_never

from adapters.common.first_lines import first_lines
from adapters.common.lessons import FIX_ASKED, SUGGESTED
from adapters.common.text_limits import cut, one_line
from adapters.teams.inbound.ids import Action
from adapters.teams.render.card import Card, card, cards, divided
from adapters.teams.render.elements import Element, button, mention_entity, own, rich, sentences
from adapters.teams.render.progress_card import progress_card
from adapters.teams.render.report_card import report_cards
from adapters.teams.render.text import run, shown
from adapters.teams.render.wording import named
from core.domain.thread_view import AnswerView, FixQuestion, NoticeView, ProgressView, ReportView, ThreadView

_QUESTION = 300
_SUMMARY = 250
_MENTION = 600
"""What a mention may weigh."""
_TOO_LONG = own("The rest is left out: it is too long for a chat.", isSubtle=True, size="Small")
_NOTHING = "There is nothing to say."


def cards_of(view: ThreadView, *, now: datetime | None = None) -> tuple[Card, ...]:
    """What to post for `view`, one card a message: one to five, each within Teams' limits.

    The first is the one to edit later. `now` lets a running investigation say for how long it has been.
    """
    match view:
        case ProgressView():
            return (progress_card(view, now=now),)
        case ReportView():
            return report_cards(view)
        case AnswerView():
            return _answer(view)
        case NoticeView():
            buttons = _fix_buttons(view.asks)
            return cards(divided(list(_notice(view)), reserved=buttons), "LogSense", buttons=buttons, note=_TOO_LONG)
        case _:
            assert_never(view)


def summary_of(view: ThreadView) -> str:
    """The same in one line of plain text, for notifications and the list of chats."""
    match view:
        case ProgressView():
            said = f"Investigating {view.title}"
        case ReportView():
            lines = first_lines(view)
            said = f"{lines.issue}: {lines.cause} Do now: {lines.do_now}"
        case AnswerView() | NoticeView():
            said = view.text
        case _:
            assert_never(view)
    return cut(one_line(shown(said).replace("`", "").replace("**", "")), _SUMMARY) or _NOTHING


def picture_card(url: str, words: str) -> Card:
    """A picture, with words for who cannot see it."""
    return card([{"type": "Image", "url": url, "altText": words, "size": "Stretch"}])


def notice_card(text: str, *, error: bool = False) -> Card:
    """A sentence or two; the first card where strangers' words made it long."""
    return cards_of(NoticeView(text, error=error))[0]


def _answer(view: AnswerView) -> tuple[Card, ...]:
    asked_by, question = named(view.asked_by), cut(one_line(view.heading), _QUESTION)
    cited = f"Rests on {' '.join(map(one_line, view.evidence))}" if view.evidence else "No evidence cited"
    name = asked_by.name if asked_by.id is None else f"<at>{asked_by.name}</at>"
    body = [
        own(f"{name} asked about", isSubtle=True, size="Small"),
        rich(run(question, italic=True, subtle=True), spacing="None"),
        *sentences(view.text.strip() or _NOTHING),
        rich(run(cited, subtle=True, size="Small"), spacing="Small"),
    ]
    mentions = [] if asked_by.id is None else [mention_entity(asked_by.id, asked_by.name)]
    return cards(divided(body, more=_MENTION), question, mentions=mentions, note=_TOO_LONG)


def _notice(view: NoticeView) -> Iterator[Element]:
    before = [run("⚠ That did not work. ", bold=True, color="Attention")] if view.error else []
    yield from sentences(view.text.strip() or _NOTHING, before)
    if view.asks is not None:
        yield own(f"**{FIX_ASKED}**", spacing="Medium")
        if view.asks.suggested:
            yield from sentences(view.asks.suggested, [run("Suggested was: ", subtle=True)], spacing="None")


def _fix_buttons(asks: FixQuestion | None) -> list[Element]:
    """Other words than the suggested are a reply, as the question says: a card has no room to type that all share."""
    if asks is None or not asks.suggested:
        return []
    return [button(SUGGESTED, Action.FIX_SUGGESTED, asks.investigation_id, "positive")]
