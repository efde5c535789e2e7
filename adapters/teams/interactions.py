"""What people press: buttons and forms. Teams waits for the answer, which stands in the card's place or beside it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from adapters.teams.channel import CARD
from adapters.teams.context import EventContext, trouble
from adapters.teams.forms import Forms
from adapters.teams.inbound.activities import Activity, Pressed, event_of
from adapters.teams.inbound.ids import Action, is_personal
from adapters.teams.people import Caller
from adapters.teams.render.card import Card
from adapters.teams.render.evidence_card import evidence_card, page_named
from adapters.teams.render.greeting_cards import help_card
from adapters.teams.render.listing import incidents_card
from adapters.teams.render.post_mortem import post_mortem_messages
from adapters.teams.render.report_card import report_cards
from adapters.teams.render.wording import JOIN_FIRST, SHARED
from core.domain.conversation import Feedback, Resolution
from core.domain.errors import Refusal, ServiceFailed, ServiceUnavailable
from core.domain.journal import steps_of
from core.domain.thread_view import NoticeView, ReportView, report_of

logger = logging.getLogger("logsense.teams")

_WORDS = "application/vnd.microsoft.activity.message"
_PATIENCE_S = 8.0
"""How long the answer to a form may wait for its outcome."""
_NOTED = "Noted."
_TRYING = "It is being tried; the form will say what came of it."
_ALONE = "Forms are for a one-to-one chat with me, since they ask for secrets: write connect to me there."

Answer = Card | str
"""What who pressed sees: a card in the place of the one with the button, or words beside it."""


class InteractionHandlers:
    """Does what a button says."""

    def __init__(self, context: EventContext, forms: Forms) -> None:
        self._context = context
        self._forms = forms

    async def answered(self, activity: Activity, pressed: Pressed, caller: Caller) -> Mapping[str, Any]:
        """The body of the answer to an invoke; nobody but who pressed sees it."""
        return _body(await self._answer(activity, pressed, caller))

    @staticmethod
    def answered_stranger(pressed: Pressed) -> Mapping[str, Any]:
        """The same for a tenant that nobody knows."""
        return _body(help_card() if pressed.action is Action.HELP else JOIN_FIRST)

    @staticmethod
    def answered_in_shared() -> Mapping[str, Any]:
        """The same in a channel that outsiders may read."""
        return _body(SHARED)

    async def submitted(self, activity: Activity, pressed: Pressed, caller: Caller) -> None:
        """The same for clients that know no such answer: it stands in the conversation."""
        answer = await self._answer(activity, pressed, caller)
        if isinstance(answer, str):
            self._context.tell(pressed.origin.conversation, NoticeView(answer))
        else:
            self._context.say(pressed.origin.conversation, answer, "LogSense")

    async def judge(self, feedback: Feedback, caller: Caller) -> None:
        """Take in what Teams' own thumbs say; Teams thanks by itself, so only a failure is told."""
        try:
            actor = await self._context.person(caller, feedback.conversation, feedback.actor)
            await self._context.submit(replace(feedback, actor=actor))
        except ServiceUnavailable:
            raise
        except Exception as error:
            self._context.tell(feedback.conversation, NoticeView(trouble(error), error=True))

    async def _answer(self, activity: Activity, pressed: Pressed, caller: Caller) -> Answer:
        origin = pressed.origin
        try:
            actor = await self._context.person(caller, origin.conversation, origin.actor)
            return await self._done(activity, replace(pressed, origin=replace(origin, actor=actor)), caller)
        except ServiceUnavailable:
            raise
        except Exception as error:
            return trouble(error)

    async def _done(self, activity: Activity, pressed: Pressed, caller: Caller) -> Answer:
        event = event_of(pressed)
        if event is not None:
            notice = await self._context.submit(event)
            return notice.text if notice else _NOTED
        match pressed.action:
            case Action.FIX_SUGGESTED:
                return await self._fixed(pressed, caller)
            case Action.EVIDENCE:
                investigation_id, page = page_named(pressed.value)
                return evidence_card(await self._report(investigation_id, caller), page)
            case Action.REPORT:
                return report_cards(await self._report(pressed.value, caller))[0]
            case Action.POST_MORTEM:
                return await self._post_mortem(pressed, caller)
            case Action.HELP:
                return help_card()
            case Action.INCIDENTS:
                channel = pressed.origin.conversation.channel
                return incidents_card(
                    await self._context.services.incidents(caller.workspace, "", channel=channel, limit=10)
                )
            case _:
                return await self._form(activity, pressed, caller)

    async def _fixed(self, pressed: Pressed, caller: Caller) -> str:
        origin, value = pressed.origin, pressed.value
        fix = (await self._report(value, caller)).report.suggested_fix
        said = Resolution(origin.delivery_id, origin.conversation, origin.actor, True, fix, value)
        notice = await self._context.submit(said)
        return notice.text if notice else _NOTED

    async def _post_mortem(self, pressed: Pressed, caller: Caller) -> str:
        view = await self._report(pressed.value, caller)
        _, entries = await self._context.services.investigation(caller.workspace, pressed.value)
        messages = post_mortem_messages(view, steps_of(entries))
        self._context.tasks.start(self._context.send(pressed.origin.conversation, messages), "post-mortem")
        return "The post-mortem follows below, ready to copy."

    async def _form(self, activity: Activity, pressed: Pressed, caller: Caller) -> Answer:
        """A form, or what became of it."""
        if not is_personal(activity):
            return _ALONE
        match pressed.action:
            case Action.SAVE_SENTRY | Action.SAVE_MODEL | Action.SAVE_MASKING:
                saving = asyncio.create_task(self._forms.save(pressed, caller), name="form")
                self._context.tasks.start(self._show_outcome(saving, pressed), "form")
                await asyncio.wait([saving], timeout=_PATIENCE_S)
                return saving.result() if saving.done() else _TRYING
            case Action.CONNECT_MODEL:
                return await self._forms.open("model", pressed.origin.actor, caller)
            case _:
                return await self._forms.open("sentry", pressed.origin.actor, caller)

    async def _show_outcome(self, saving: asyncio.Task[Card], pressed: Pressed) -> None:
        """The form is gone from the chat for good; where it cannot be replaced, what came of it is said below."""
        card, conversation = await saving, pressed.origin.conversation
        try:
            if pressed.message is not None:
                await self._context.channel.replace(pressed.message, card, "Connect LogSense")
                return
        except ServiceFailed as failure:
            logger.warning("a form could not be replaced: %s", failure)
        self._context.say(conversation, card, "Connect LogSense")

    async def _report(self, investigation_id: str, caller: Caller) -> ReportView:
        investigation, entries = await self._context.services.investigation(caller.workspace, investigation_id)
        view = report_of(investigation, entries)
        if not isinstance(view, ReportView):
            raise Refusal("That investigation has no report.")
        return view


def _body(answer: Answer) -> Mapping[str, Any]:
    return {"statusCode": 200, "type": _WORDS if isinstance(answer, str) else CARD, "value": answer}
