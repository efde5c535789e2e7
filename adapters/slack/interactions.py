"""What people do: commands, buttons, the message shortcut and forms. Slack was answered before any of this runs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from adapters.common.attached_files import readable, refusals
from adapters.common.commands import Cancel, Command, Connect, Help, Incidents, Investigate, Status, Unknown
from adapters.common.post_mortem import post_mortem
from adapters.slack.context import Caller, EventContext
from adapters.slack.error_messages import in_words
from adapters.slack.forms import Forms
from adapters.slack.inbound.commands import help_text, parse_command
from adapters.slack.inbound.files import SlackFiles, files_in
from adapters.slack.inbound.ids import COMMAND, Action
from adapters.slack.inbound.payloads import delivery_of, person_of, place_of, subject_in, subject_named
from adapters.slack.render.evidence_modal import evidence_modal, page_named
from adapters.slack.render.listing import incidents_text, status_text
from adapters.slack.render.modals import fix_modal
from core.domain.conversation import (
    Again,
    Cancellation,
    ConversationRef,
    Feedback,
    InboundEvent,
    InvestigationRequest,
    IssueText,
    PastedEvent,
    Resolution,
)
from core.domain.errors import Ignored, Refusal
from core.domain.journal import steps_of
from core.domain.tenancy import Actor
from core.domain.thread_view import ReportView, report_of

Respond = Callable[..., Awaitable[Any]]
"""Shows a text to who typed the command, near it."""


class InteractionHandlers:
    """Does what a command or a button says."""

    def __init__(self, context: EventContext, forms: Forms, files: SlackFiles) -> None:
        self._context = context
        self._files = files
        self._forms = forms

    # ---- commands ---------------------------------------------------------------------------------------------------

    async def command(self, body: Mapping[str, Any], caller: Caller, respond: Respond) -> None:
        """The slash command is done, or its person knows why not."""
        try:
            person = await self._context.person(caller, str(body.get("user_id")))
            conversation = caller.conversation(str(body.get("channel_id")), None)
            said = parse_command(str(body.get("text") or ""))
            if isinstance(said, Connect):
                await self._forms.open(body, caller, person, said.service, conversation)
                return
            text = await self._done(said, body, conversation, person.actor, caller)
        except Ignored:
            return
        except Exception as error:
            text = in_words(error)
        if text:
            await respond(text=text, response_type="ephemeral")

    async def _done(
        self, said: Command, body: Mapping[str, Any], conversation: ConversationRef, actor: Actor, caller: Caller
    ) -> str:
        """What the person is told."""
        match said:
            case Investigate(text=""):
                return f"Name an issue: `{COMMAND} investigate SHOP-1A2`, or the URL of one."
            case Investigate(text=text):
                return await self._investigate(subject_named(text), body, conversation, actor, caller)
            case Incidents(query=query):
                channel = conversation.channel
                await self._context.refuse_if_shared(caller, channel)
                return incidents_text(
                    await self._context.services.incidents(caller.workspace, query, channel=channel, limit=10)
                )
            case Status():
                return status_text(await self._context.services.unfinished(caller.workspace))
            case Cancel(investigation_id=named):
                receipt = await self._context.inbox.receive(Cancellation(delivery_of(body), conversation, actor, named))
                return receipt.note
            case Unknown(word=word, nearest=nearest):
                guess = f" Did you mean `{COMMAND} {nearest}`?" if nearest else ""
                return f"“{word[:40]}” is no command.{guess} `{COMMAND} help` shows them all."
            case Help() | Connect():
                return help_text(caller.bot_user_id)

    async def _investigate(
        self,
        subject: IssueText | PastedEvent | Again,
        body: Mapping[str, Any],
        conversation: ConversationRef,
        actor: Actor,
        caller: Caller,
    ) -> str:
        await self._context.refuse_if_shared(caller, conversation.channel)
        request = InvestigationRequest(delivery_of(body), conversation, actor, subject)
        receipt = await self._context.inbox.receive(request)
        return await self._context.note_of(receipt, conversation.workspace)

    # ---- the shortcut -----------------------------------------------------------------------------------------------

    async def shortcut(self, body: Mapping[str, Any], caller: Caller) -> None:
        """The message is investigated, in its own thread."""
        message, place = body.get("message") or {}, place_of(body)
        if place is None:
            return
        conversation = caller.conversation(place.channel, place.root)

        async def investigate(actor: Actor) -> str:
            files = files_in(message)
            subject = subject_in(message, words_will_do=not readable(files))
            if subject is None and readable(files):
                await self._context.refuse_if_shared(caller, place.channel)
                subject = await self._files.read(files, caller, self._context.whispers(conversation, actor, []))
            if subject is None:
                return refusals(files) or "That message holds no Sentry link, alert, log or stack trace to start from."
            return await self._investigate(subject, body, conversation, actor, caller)

        await self._for(body, caller, conversation, investigate)

    # ---- buttons ----------------------------------------------------------------------------------------------------

    async def button(self, body: Mapping[str, Any], caller: Caller) -> None:
        """The button did what it says."""
        pressed = (body.get("actions") or [{}])[0]
        value = str(pressed.get("value") or (pressed.get("selected_option") or {}).get("value") or "")
        place, who = place_of(body), person_of(body)
        if who is None:
            return
        # From the Home tab or a modal: what is said about it goes to the person.
        conversation = caller.conversation(place.channel if place else who.id, place.root if place else None)
        named = str(pressed.get("action_id", "")).split(":", 1)[0]
        if pressed.get("url"):
            return  # Slack opened the link by itself.
        if named == Action.MORE:
            named, _, value = value.partition(":")

        async def press(actor: Actor) -> str:
            if named not in set(Action):
                raise Refusal(_OLD_BUTTON)
            action = Action(named)
            if action in _SPEAKS_IN_CHANNEL and place:
                await self._context.refuse_if_shared(caller, place.channel)
            return await self._pressed(action, value, body, conversation, actor, caller)

        await self._for(body, caller, conversation, press)

    async def _pressed(
        self,
        action: Action,
        value: str,
        body: Mapping[str, Any],
        conversation: ConversationRef,
        actor: Actor,
        caller: Caller,
    ) -> str:
        match action:
            case Action.STOP | Action.RESOLVE | Action.REOPEN | Action.WRONG | Action.FEEDBACK:
                event = _event(action, value, delivery_of(body), conversation, actor)
                return (await self._context.inbox.receive(event)).note
            case Action.AGAIN:
                return await self._investigate(Again(value), body, conversation, actor, caller)
            case Action.INVESTIGATE:
                return await self._investigate(IssueText(value), body, conversation, actor, caller)
            case Action.FIX_SUGGESTED:
                fix = (await self._report(value, caller)).report.suggested_fix
                said = Resolution(delivery_of(body), conversation, actor, True, fix, value)
                return (await self._context.inbox.receive(said)).note
            case Action.FIX_OTHER:
                await self._report(value, caller)
                form = fix_modal(value, conversation.channel, conversation.thread)
                await caller.client.views_open(trigger_id=str(body.get("trigger_id")), view=form)
            case Action.EVIDENCE:
                view = await self._report(value, caller)
                trigger = str(body.get("trigger_id"))
                await caller.client.views_open(trigger_id=trigger, view=evidence_modal(view, 1))
            case Action.EVIDENCE_PAGE:
                shown = body.get("view") or {}
                investigation_id, page = page_named(value)
                view = await self._report(investigation_id, caller)
                await caller.client.views_update(
                    view_id=str(shown.get("id")), hash=shown.get("hash"), view=evidence_modal(view, page)
                )
            case Action.POST_MORTEM:
                await self._post_mortem(value, conversation, caller)
            case Action.CONNECT_SENTRY | Action.CONNECT_MODEL | Action.CHANNEL_SETTINGS | Action.MASKING:
                person = await self._context.person(caller, actor.id)
                await self._forms.open(body, caller, person, _SERVICES[action], conversation)
        return ""

    async def _post_mortem(self, investigation_id: str, conversation: ConversationRef, caller: Caller) -> None:
        view = await self._report(investigation_id, caller)
        _, entries = await self._context.services.investigation(caller.workspace, investigation_id)
        text = post_mortem(view, steps_of(entries)).encode()
        name = f"post-mortem-{investigation_id}.md"
        await self._context.channel.upload(conversation, text, name, f"Post-mortem of {view.title}")

    async def _report(self, investigation_id: str, caller: Caller) -> ReportView:
        investigation, entries = await self._context.services.investigation(caller.workspace, investigation_id)
        view = report_of(investigation, entries)
        if not isinstance(view, ReportView):
            raise Refusal("That investigation has no report.")
        return view

    async def _for(
        self,
        body: Mapping[str, Any],
        caller: Caller,
        conversation: ConversationRef,
        act: Callable[[Actor], Awaitable[str]],
    ) -> None:
        """`act` is done for who pressed; they are told what there is to tell."""
        who = person_of(body)
        if who is None:
            return
        try:
            person = await self._context.person(caller, who.id)
            text = await act(person.actor)
        except Ignored:
            return
        except Exception as error:
            self._context.post_ephemeral(conversation, who, in_words(error), error=True)
            return
        if text:
            self._context.post_ephemeral(conversation, person.actor, text)


_OLD_BUTTON = (
    "That button is of another version of LogSense, which no longer knows what it did. "
    f"Ask again: mention LogSense in the thread, or type {COMMAND} help."
)
_SPEAKS_IN_CHANNEL = frozenset(
    {Action.RESOLVE, Action.REOPEN, Action.FIX_SUGGESTED, Action.FIX_OTHER, Action.POST_MORTEM}
)
"""What these buttons do is shown to everybody in the channel."""
_SERVICES = {
    Action.CONNECT_SENTRY: "sentry",
    Action.CONNECT_MODEL: "model",
    Action.CHANNEL_SETTINGS: "channel",
    Action.MASKING: "masking",
}


def _event(
    action: Action, investigation_id: str, delivery: str, conversation: ConversationRef, actor: Actor
) -> InboundEvent:
    match action:
        case Action.STOP:
            return Cancellation(delivery, conversation, actor, investigation_id)
        case Action.WRONG:
            return Feedback(delivery, conversation, actor, False, investigation_id)
        case Action.FEEDBACK:
            judged, _, named = investigation_id.rpartition(":")
            return Feedback(delivery, conversation, actor, judged == "good", named)
        case _:
            on = action is Action.RESOLVE
            return Resolution(delivery, conversation, actor, on, investigation_id=investigation_id)
