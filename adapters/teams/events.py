"""What people say and how they react: activities, each claimed and queued before Teams is answered."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from adapters.common.attached_files import readable, refusals
from adapters.common.commands import Cancel, Connect, Help, Incidents, Investigate, Status, Unknown
from adapters.common.lessons import fix_said
from adapters.teams.context import EventContext, trouble
from adapters.teams.forms import Forms
from adapters.teams.inbound.activities import (
    ORIGIN,
    Activity,
    Asked,
    Origin,
    Overheard,
    read_message,
    read_reactions,
    subject_named,
)
from adapters.teams.inbound.commands import Join
from adapters.teams.inbound.files import TeamsFiles
from adapters.teams.install.tenants import Tenants
from adapters.teams.people import Caller
from adapters.teams.render.greeting_cards import help_card
from adapters.teams.render.listing import incidents_card, status_card
from adapters.teams.render.wording import HOW_TO, SHARED
from core.domain.conversation import (
    Cancellation,
    ConversationRef,
    FollowUp,
    InvestigationRequest,
    IssueText,
    PastedEvent,
    Resolution,
)
from core.domain.errors import LogSenseError, NotAllowed, ServiceUnavailable
from core.domain.thread_view import NoticeView

_NOTHING_HERE = "Nothing is being investigated here."
_CONNECT_ALONE = "Write connect to me in a one-to-one chat: a form asks for secrets, which nobody else should see."


_READ_WITHIN_S = 8.0
"""How long Teams waits for a file to be read; what takes longer goes on after it was answered."""


class EventHandlers:
    """Listens to messages and reactions."""

    def __init__(self, context: EventContext, forms: Forms, tenants: Tenants, files: TeamsFiles) -> None:
        self._context = context
        self._files = files
        self._forms = forms
        self._tenants = tenants

    async def hear(self, activity: Activity, caller: Caller, *, edited: bool = False) -> None:
        """The message is kept, if it is for us. Raises ServiceFailed to have Teams deliver it again.

        An edited message has the id that it had before, so what it started is not started again.
        """
        match read_message(activity):
            case Asked() as asked:
                try:
                    origin = await self._by_member(asked.origin, caller)
                except NotAllowed as refusal:
                    self._context.tell(asked.origin.conversation, NoticeView(str(refusal), error=True))
                else:
                    await self._asked(replace(asked, origin=origin), caller, edited)
            case Overheard() as overheard if await self._context.services.is_ours(overheard.origin.conversation):
                with suppress(NotAllowed):
                    origin = await self._by_member(overheard.origin, caller)
                    await self._overheard(replace(overheard, origin=origin), edited)

    def refuse_in_shared(self, activity: Activity) -> None:
        """Who asks in a channel that outsiders may read is told so; nothing else that happens there is answered."""
        if isinstance(asked := read_message(activity), Asked):
            self._context.tell(asked.origin.conversation, NoticeView(SHARED, error=True))

    async def _by_member(self, origin: Origin, caller: Caller) -> Origin:
        """Raises NotAllowed for people of other companies."""
        return replace(origin, actor=await self._context.person(caller, origin.conversation, origin.actor))

    # ---- words ------------------------------------------------------------------------------------------------------

    async def _asked(self, asked: Asked, caller: Caller, edited: bool) -> None:
        if not (_is_about_files(asked) and await self._took_files(asked)):
            await self._do(asked, caller, edited)

    async def _do(self, asked: Asked, caller: Caller, edited: bool) -> None:
        origin, where = asked.origin, asked.origin.conversation
        match asked.command:
            case Investigate(text=""):
                await self._investigate(origin, asked.quoted_subject or asked.subject)
            case Investigate(text=text):
                await self._investigate(origin, subject_named(text))
            case Help():
                self._context.say(where, help_card(), "What you can ask")
            case Status():
                unfinished = await self._context.services.unfinished(caller.workspace)
                self._context.say(where, status_card(unfinished), "Under way")
            case Incidents(query=query):
                self._context.tasks.start(self._list_incidents(query, where, caller), "incidents")
            case Cancel(investigation_id=named):
                said = await self._context.submit(Cancellation(origin.delivery_id, where, origin.actor, named))
                self._context.tell(where, said or NoticeView(_NOTHING_HERE))
            case Connect(service=service):
                await self._connect(service, asked, caller)
            case Join():
                await self._tenants.join(asked, caller)
            case Unknown() as unknown:
                await self._free_words(unknown, asked, edited)

    async def _free_words(self, unknown: Unknown, asked: Asked, edited: bool) -> None:
        """A question where we have a thread, else something to investigate, else perhaps a mistyped command."""
        origin = asked.origin
        if await self._context.services.is_ours(origin.conversation) and not (asked.is_personal and asked.subject):
            await self._said_in_our_thread(origin, asked.question, edited)
        elif asked.subject is None and unknown.nearest:
            guess = f"“{unknown.word[:40]}” is no command. Did you mean {unknown.nearest}? {HOW_TO}"
            self._context.tell(origin.conversation, NoticeView(guess))
        else:
            await self._investigate(origin, asked.subject)

    async def _took_files(self, asked: Asked) -> bool:
        """Investigate the message's files, or say why not; False where its words are to be answered."""
        where = asked.origin.conversation
        if readable(asked.files):
            await self._context.tasks.start_within(self._investigate_files(asked), "files", within_s=_READ_WITHIN_S)
            return True
        if not asked.files or (asked.question and await self._context.services.is_ours(where)):
            return False
        self._context.tell(where, NoticeView(refusals(asked.files), error=True))
        return True

    async def _investigate_files(self, asked: Asked) -> None:
        where, said = asked.origin.conversation, list[str]()

        def say(text: str) -> None:
            said.append(text)
            self._context.tell(where, NoticeView(text))

        try:
            subject = await self._files.read(asked.files, where.workspace, ORIGIN, say)
        except LogSenseError as error:
            self._context.tell(where, NoticeView(trouble(error), error=True))
            return
        try:
            await self._investigate(asked.origin, subject)
        except ServiceUnavailable as error:
            if said:
                # Teams was answered long ago, and does not deliver it again.
                self._context.tell(where, NoticeView(trouble(error), error=True))
            raise

    async def _overheard(self, overheard: Overheard, edited: bool) -> None:
        if overheard.link is not None:
            await self._investigate(overheard.origin, IssueText(overheard.link))
        elif overheard.question:
            await self._said_in_our_thread(overheard.origin, overheard.question, edited)

    async def _said_in_our_thread(self, origin: Origin, words: str, edited: bool) -> None:
        by = (origin.delivery_id, origin.conversation, origin.actor)
        fix = fix_said(words)
        event = Resolution(*by, True, fix) if fix else FollowUp(*by, words, edited=edited)
        self._context.tell(origin.conversation, await self._context.submit(event))

    async def _investigate(self, origin: Origin, subject: IssueText | PastedEvent | None) -> None:
        if subject is None:
            self._context.tell(origin.conversation, NoticeView(HOW_TO))
            return
        request = InvestigationRequest(origin.delivery_id, origin.conversation, origin.actor, subject)
        self._context.tell(origin.conversation, await self._context.submit(request))

    async def _connect(self, service: str | None, asked: Asked, caller: Caller) -> None:
        where = asked.origin.conversation
        if not asked.is_personal:
            self._context.tell(where, NoticeView(_CONNECT_ALONE))
            return
        try:
            form = await self._forms.open(service, asked.origin.actor, caller)
        except LogSenseError as error:
            self._context.tell(where, NoticeView(trouble(error), error=True))
        else:
            self._context.say(where, form, "Connect LogSense")

    async def _list_incidents(self, query: str, where: ConversationRef, caller: Caller) -> None:
        try:
            found = await self._context.services.incidents(caller.workspace, query, channel=where.channel, limit=10)
        except LogSenseError as error:
            self._context.tell(where, NoticeView(trouble(error), error=True))
        else:
            self._context.say(where, incidents_card(found, query), "Incidents")

    # ---- reactions --------------------------------------------------------------------------------------------------

    async def react(self, activity: Activity, caller: Caller) -> None:
        """Each reaction that says something is kept, if it stands on a message of an investigation."""
        for said in read_reactions(activity):
            with suppress(NotAllowed):
                actor = await self._context.person(caller, said.conversation, said.actor)
                notice = await self._context.submit(replace(said, actor=actor))
                self._context.post_ephemeral(said.conversation, actor, notice)


def _is_about_files(asked: Asked) -> bool:
    """Whether what was said leaves it to the files what to investigate: it names no issue, and nothing is pasted."""
    is_silent = isinstance(asked.command, Help) and not asked.question
    return (is_silent or isinstance(asked.command, Investigate | Unknown)) and asked.subject is None
