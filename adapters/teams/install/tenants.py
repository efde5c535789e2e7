"""How tenants come and go: installed, joined by an invite, refused politely while nobody knows them, removed."""

from __future__ import annotations

import logging

from adapters.teams.context import EventContext, trouble
from adapters.teams.inbound.activities import Activity, Asked, delivery_of, person_of, read_message
from adapters.teams.inbound.commands import Join
from adapters.teams.inbound.ids import conversation_of, is_channel, is_personal
from adapters.teams.install.installations import TeamsInstallations
from adapters.teams.people import Caller
from adapters.teams.render.cards import notice_card
from adapters.teams.render.greeting_cards import Place, welcome_card
from adapters.teams.render.wording import JOIN_FIRST
from core.domain.conversation import Cancellation, ConversationRef
from core.domain.errors import NotFound
from core.domain.tenancy import Actor, WorkspaceRef
from core.domain.thread_view import NoticeView

logger = logging.getLogger("logsense.teams")

_ALONE = "Send me the invite in a one-to-one chat: whoever reads it here could use it first."
_NO_CODE = "Add the invite that “logsense org invite” made: join, then the invite."


class Tenants:
    """Lets tenants in by invitation, and greets where LogSense was installed."""

    def __init__(self, context: EventContext, installations: TeamsInstallations) -> None:
        self._context = context
        self._installations = installations

    async def is_known(self, workspace: WorkspaceRef) -> bool:
        """Whether the tenant leads to an organization."""
        try:
            await self._context.services.channel_settings(workspace, "")
        except NotFound:
            return False
        return True

    async def hear_stranger(self, activity: Activity, caller: Caller) -> None:
        """Who speaks to us is told how to come in, or comes in; nothing of anything else is kept."""
        if activity.get("type") == "installationUpdate":
            self._installed(activity, caller, connected=False)
            return
        asked = read_message(activity)
        if not isinstance(asked, Asked):
            return
        if isinstance(asked.command, Join):
            await self.join(asked, caller)
        else:
            self._say(asked.origin.conversation, NoticeView(JOIN_FIRST), caller)

    async def join(self, asked: Asked, caller: Caller) -> None:
        """The tenant leads to the inviting organization, which who brought the invite owns from now on."""
        notice = await self._joined(asked, caller)
        self._say(asked.origin.conversation, notice, caller)

    async def _joined(self, asked: Asked, caller: Caller) -> NoticeView:
        code = asked.command.invite if isinstance(asked.command, Join) else ""
        if await self.is_known(caller.workspace):
            return NoticeView("This organization is connected to LogSense already.")
        if not asked.is_personal:
            return NoticeView(_ALONE, error=True)
        if not code:
            return NoticeView(_NO_CODE, error=True)
        try:
            organization, is_new = await self._context.services.installed(
                caller.workspace, "", asked.origin.actor, code
            )
            await self._installations.remember(caller.workspace, caller.service_url)
        except Exception as error:
            return NoticeView(trouble(error), error=True)
        if not is_new:
            return NoticeView("This organization is connected to LogSense already.")
        return NoticeView(
            f"Welcome. This organization is connected to {organization.name}, and you are its owner. "
            "Next: connect sentry. Then mention me in a channel with a Sentry issue."
        )

    # ---- installed here or there ------------------------------------------------------------------------------------

    async def installed(self, activity: Activity, caller: Caller) -> None:
        """Whoever reads there is greeted; where it was removed, what runs for that place stops."""
        if activity.get("action") == "remove":
            await self._removed(activity, caller)
        else:
            self._installed(activity, caller, connected=True)

    def _installed(self, activity: Activity, caller: Caller, *, connected: bool) -> None:
        conversation = conversation_of(activity)
        if conversation is not None and activity.get("action") == "add":
            self._context.tasks.start(self._greet(activity, conversation, caller, connected=connected), "greeting")

    async def _greet(
        self, activity: Activity, conversation: ConversationRef, caller: Caller, *, connected: bool
    ) -> None:
        sentry = None
        if connected:
            # Nothing of the connection is shown but that there is one.
            somebody = person_of(activity) or Actor("", "")
            sentry, _ = await self._context.services.connections(caller.workspace, somebody, platform_admin=True)
        place = Place.PERSONAL if is_personal(activity) else Place.TEAM if is_channel(activity) else Place.CHAT
        card = welcome_card(place, connected=connected, sentry=sentry is not None)
        self._context.say(conversation, card, "LogSense is here", service_url=caller.service_url)

    async def _removed(self, activity: Activity, caller: Caller) -> None:
        where, who = conversation_of(activity), person_of(activity)
        for one in await self._context.services.unfinished(caller.workspace):
            if where is not None and who is not None and one.conversation.channel == where.channel:
                delivery = f"{delivery_of(activity)}:{one.id}"
                await self._context.submit(Cancellation(delivery, one.conversation, who, one.id))

    def _say(self, conversation: ConversationRef, notice: NoticeView, caller: Caller) -> None:
        card = notice_card(notice.text, error=notice.error)
        self._context.say(conversation, card, notice.text, service_url=caller.service_url)
