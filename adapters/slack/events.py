"""What people say and how they react: events, each claimed and queued before Slack is answered."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.common.attached_files import AttachedFile, readable, refusals
from adapters.common.commands import Cancel, Command, Connect, Help, Incidents, Investigate, Status
from adapters.common.lessons import fix_said
from adapters.slack.api_errors import CALL_ERRORS
from adapters.slack.context import Caller, EventContext
from adapters.slack.error_messages import in_words
from adapters.slack.inbound.commands import help_text, parse_command
from adapters.slack.inbound.files import SlackFiles, files_in, is_about_files
from adapters.slack.inbound.ids import COMMAND, message_ref
from adapters.slack.inbound.payloads import (
    IS_EDIT,
    ReactionMeaning,
    delivery_of,
    is_said_by_a_person,
    message_of,
    question_in,
    reaction_in,
    rewritten,
    sentry_link_in,
    subject_in,
    subject_named,
    without_mention,
    without_names,
)
from adapters.slack.render.home import home_blocks
from adapters.slack.render.listing import incidents_text, status_text
from core.domain.conversation import (
    Cancellation,
    ConversationRef,
    Feedback,
    FollowUp,
    InvestigationRequest,
    IssueText,
    PastedEvent,
    Resolution,
)
from core.domain.errors import AccessDenied, LogSenseError, NotAllowed
from core.domain.tenancy import Actor

_NOTED_WITHIN_S = (0.1, 0.4, 1.0)
"""When to look again for a message of ours whose post Slack may still be answering; it waits three seconds for us."""

HOW_TO = (
    "Name an issue, for example `@LogSense investigate SHOP-1A2`, paste a stack trace after my name, or attach a log."
)


@dataclass(frozen=True, slots=True)
class _Message:
    """A message to us: the delivery that told of it, the message itself, where it stands, and who wrote it."""

    body: Mapping[str, Any]
    event: Mapping[str, Any]
    conversation: ConversationRef
    actor: Actor
    caller: Caller


class EventHandlers:
    """Listens to mentions, replies, reactions and visits."""

    def __init__(self, context: EventContext, files: SlackFiles, *, resolve_names: frozenset[str]) -> None:
        """`resolve_names` are the reactions that mean resolved."""
        self._context = context
        self._files = files
        self._resolve_names = resolve_names

    async def hear(self, body: Mapping[str, Any], caller: Caller) -> None:
        """The event is kept, if it is for us. Raises ServiceFailed to have Slack deliver it again."""
        event = body.get("event") or {}
        if body.get("is_ext_shared_channel"):
            item = event.get("item") or {}
            self._context.people.note_shared(caller.workspace, str(event.get("channel") or item.get("channel")))
        edited = rewritten(event)
        if event.get("type") == "app_mention" and event.get("edited"):
            edited = {**event, "edited": None, IS_EDIT: True}
        if edited is not None:
            body, event = {**body, "event": edited}, edited
        match event.get("type"):
            case "app_mention":
                await self._mentioned(body, event, caller)
            case "message":
                await self._replied(body, event, caller)
            case "reaction_added" | "reaction_removed":
                await self._reacted(body, event, caller)
            case "app_home_opened" if event.get("tab") == "home":
                self._context.tasks.start(self.show_home(str(event.get("user")), caller), "home")

    # ---- words ------------------------------------------------------------------------------------------------------

    async def _mentioned(self, body: Mapping[str, Any], event: Mapping[str, Any], caller: Caller) -> None:
        if event.get("bot_id") or not event.get("user"):
            return
        thread = str(event.get("thread_ts") or event.get("ts"))
        conversation = caller.conversation(str(event["channel"]), thread)
        await self._addressed(body, event, conversation, caller)

    async def _replied(self, body: Mapping[str, Any], event: Mapping[str, Any], caller: Caller) -> None:
        """A reply in a thread of ours, or a word in a direct message; whoever mentions us is heard as a mention."""
        is_direct = event.get("channel_type") == "im"
        text, thread = str(event.get("text") or ""), event.get("thread_ts")
        if f"<@{caller.bot_user_id}" in text and not is_direct:
            return
        question = question_in(event, caller.bot_user_id)
        brings_files = is_direct and is_said_by_a_person(event, caller.bot_user_id) and bool(files_in(event))
        if (question is None and not brings_files) or not (thread or is_direct):
            return
        conversation = caller.conversation(str(event["channel"]), str(thread or event.get("ts")))
        is_ours = bool(thread) and await self._is_ours(event, conversation, caller)
        if brings_files or (is_direct and not is_ours):
            await self._addressed(body, event, conversation, caller)
        elif is_ours:
            await self._in_our_thread(body, event, conversation, caller, question or "")

    async def _is_ours(self, event: Mapping[str, Any], conversation: ConversationRef, caller: Caller) -> bool:
        """Whether an investigation has that thread; who answers our message sooner than we noted it is not lost."""
        for pause_s in _NOTED_WITHIN_S:
            if await self._context.services.is_ours(conversation):
                return True
            if event.get("parent_user_id") != caller.bot_user_id:
                return False
            await asyncio.sleep(pause_s)
        return await self._context.services.is_ours(conversation)

    async def _addressed(
        self, body: Mapping[str, Any], event: Mapping[str, Any], conversation: ConversationRef, caller: Caller
    ) -> None:
        """Somebody spoke to us: a command, else a question where we have a thread, else something to investigate."""
        actor = await self._actor(event, conversation, caller)
        if actor is None:
            return
        command = parse_command(without_mention(str(event.get("text") or ""), caller.bot_user_id))
        if not isinstance(command, Help | Connect) and await self._is_refused(conversation, actor, caller):
            return
        message = _Message(body, event, conversation, actor, caller)
        if not (is_about_files(command, event) and await self._took_files(message)):
            await self._do(command, message)

    async def _do(self, command: Command, message: _Message) -> None:
        conversation, actor, caller = message.conversation, message.actor, message.caller
        match command:
            case Investigate(text=""):
                await self._investigate_near(message)
            case Investigate(text=text):
                await self._investigate(message, subject_named(text))
            case Help():
                self._context.tell(conversation, actor, help_text(caller.bot_user_id))
            case Status():
                text = status_text(await self._context.services.unfinished(caller.workspace))
                self._context.tell(conversation, actor, text)
            case Incidents(query=query):
                self._context.tasks.start(self._list_incidents(query, conversation, actor, caller), "incidents")
            case Cancel(investigation_id=named):
                await self._context.submit(Cancellation(message_of(message.body), conversation, actor, named))
            case Connect():
                self._context.tell(conversation, actor, f"Type `{COMMAND} connect`: that opens the form.")
            case _:
                await self._free_words(message)

    async def _free_words(self, message: _Message) -> None:
        if await self._context.services.is_ours(message.conversation):
            await self._reply(message, question_in(message.event, message.caller.bot_user_id) or "")
        else:
            await self._investigate(message, subject_in(message.event, words_will_do=False))

    async def _in_our_thread(
        self,
        body: Mapping[str, Any],
        event: Mapping[str, Any],
        conversation: ConversationRef,
        caller: Caller,
        question: str,
    ) -> None:
        actor = await self._actor(event, conversation, caller, quietly=True)
        if actor is None or await self._is_refused(conversation, actor, caller):
            return
        message = _Message(body, event, conversation, actor, caller)
        if link := sentry_link_in(str(event.get("text") or "")):
            await self._investigate(message, IssueText(link))
        elif question.strip():
            await self._reply(message, question)

    async def _reply(self, message: _Message, question: str) -> None:
        """Take a reply in a thread of ours for what fixed it where it says so, else for a question."""
        delivery, conversation, actor = message_of(message.body), message.conversation, message.actor
        if fix := fix_said(question):
            await self._context.submit(Resolution(delivery, conversation, actor, True, fix))
        else:
            edited = bool((message.body.get("event") or {}).get(IS_EDIT))
            await self._context.submit(FollowUp(delivery, conversation, actor, question, edited=edited))

    async def _investigate(self, message: _Message, subject: IssueText | PastedEvent | None) -> None:
        conversation, actor = message.conversation, message.actor
        if subject is None:
            self._context.tell(conversation, actor, HOW_TO)
            return
        await self._context.submit(InvestigationRequest(message_of(message.body), conversation, actor, subject))

    async def _is_refused(self, conversation: ConversationRef, actor: Actor, caller: Caller) -> bool:
        """Whether outsiders would read along; who asked is told so once."""
        try:
            await self._context.refuse_if_shared(caller, conversation.channel)
        except NotAllowed as refusal:
            self._context.refuse_once(conversation, actor, str(refusal))
            return True
        except AccessDenied as denial:
            self._context.refuse_once(conversation, actor, in_words(denial))
            return True
        return False

    async def _investigate_near(self, message: _Message) -> None:
        """`investigate` alone means the message that the thread hangs on, or its files."""
        root = await self._root_of(message.event, message.conversation, message.caller)
        files = files_in(root)
        subject = subject_in(root, words_will_do=not readable(files)) if root else None
        if subject is None and readable(files):
            await self._investigate_files(message, files)
        else:
            await self._investigate(message, subject)

    async def _took_files(self, message: _Message) -> bool:
        """Investigate the message's files, or say why not; False where its words are to be answered."""
        files = files_in(message.event)
        if readable(files):
            await self._investigate_files(message, files)
            return True
        if not files or (without_names(message.event) and await self._context.services.is_ours(message.conversation)):
            return False
        self._context.post_ephemeral(message.conversation, message.actor, refusals(files), error=True)
        return True

    async def _investigate_files(self, message: _Message, files: Sequence[AttachedFile]) -> None:
        """What takes longer than Slack waits goes on after it was answered."""
        conversation, actor, caller = message.conversation, message.actor, message.caller

        async def read() -> None:
            subject, said = None, list[str]()
            try:
                subject = await self._files.read(files, caller, self._context.whispers(conversation, actor, said))
                await self._investigate(message, subject)
            except LogSenseError as error:
                if subject is None or said:
                    # Where reading takes a while, Slack was answered long ago and does not deliver it again.
                    self._context.post_ephemeral(conversation, actor, in_words(error), error=True)
                if subject is not None:
                    raise

        await self._context.tasks.start_within(read(), "files", within_s=caller.patience_s)

    async def _root_of(
        self, event: Mapping[str, Any], conversation: ConversationRef, caller: Caller
    ) -> Mapping[str, Any]:
        """The message that the thread hangs on; nothing where there is none to read."""
        if not event.get("thread_ts"):
            return {}
        try:
            found = await caller.client.conversations_replies(
                channel=conversation.channel, ts=str(conversation.thread), limit=1
            )
        except CALL_ERRORS:
            return {}
        messages: list[Mapping[str, Any]] = found.get("messages") or [{}]
        return messages[0]

    async def _list_incidents(self, query: str, conversation: ConversationRef, actor: Actor, caller: Caller) -> None:
        try:
            found = await self._context.services.incidents(
                caller.workspace, query, channel=conversation.channel, limit=10
            )
        except LogSenseError as error:
            self._context.post_ephemeral(conversation, actor, in_words(error), error=True)
            return
        self._context.tell(conversation, actor, incidents_text(found))

    # ---- reactions --------------------------------------------------------------------------------------------------

    async def _reacted(self, body: Mapping[str, Any], event: Mapping[str, Any], caller: Caller) -> None:
        meaning = reaction_in(event, self._resolve_names)
        item = event.get("item") or {}
        if meaning is None or event.get("item_user") not in (None, caller.bot_user_id):
            return
        message = message_ref(caller.workspace, str(item.get("channel")), str(item.get("ts")))
        actor = await self._actor(event, message.conversation, caller, quietly=True)
        if actor is None or await self._is_refused(message.conversation, actor, caller):
            return
        added = event.get("type") == "reaction_added"
        delivery = delivery_of(body)
        if meaning is ReactionMeaning.RESOLVE:
            await self._context.submit(Resolution(delivery, message.conversation, actor, added, message=message))
        else:
            helpful = (meaning is ReactionMeaning.HELPFUL) if added else None
            await self._context.submit(Feedback(delivery, message.conversation, actor, helpful, message=message))

    # ---- visits -----------------------------------------------------------------------------------------------------

    async def show_home(self, user_id: str, caller: Caller) -> None:
        """That person's Home tab shows what is true now."""
        person = await self._context.person(caller, user_id)
        view = await self._context.services.home(caller.workspace, person.actor, platform_admin=person.is_admin)
        home = {"type": "home", "blocks": home_blocks(view)}
        await caller.client.views_publish(user_id=user_id, view=home)

    async def _actor(
        self, event: Mapping[str, Any], conversation: ConversationRef, caller: Caller, *, quietly: bool = False
    ) -> Actor | None:
        """Who it was; None for bots and strangers, who are told no unless `quietly`."""
        user_id = str(event.get("user") or "")
        try:
            person = await self._context.person(caller, user_id)
        except NotAllowed as refusal:
            if not quietly:
                self._context.post_ephemeral(conversation, Actor(user_id, user_id), str(refusal), error=True)
            return None
        return None if person.is_bot else person.actor
