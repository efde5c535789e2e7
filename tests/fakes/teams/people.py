"""What people do in Teams, as the activities that the bot is sent for it, signed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp

from tests.fakes.teams.keys import Keys
from tests.fakes.teams.state import CHANNEL, PERSONAL, Json, Message, Person, Place, State


@dataclass(frozen=True)
class Answer:
    """How the bot answered; `said` is the activity it was sent."""

    status: int
    body: Any
    said: Json


class Acts:
    """The people; each act returns the bot's answer."""

    app_id: str
    bot_url: str
    keys: Keys
    state: State
    session: aiohttp.ClientSession

    @property
    def service_url(self) -> str:
        """What activities name as the way back."""
        raise NotImplementedError

    @property
    def bot_id(self) -> str:
        """How Teams names the bot."""
        return f"28:{self.app_id}"

    async def say(
        self,
        person: Person,
        place: Place,
        text: str,
        *,
        mention: bool = True,
        root: str | None = None,
        files: Sequence[Json] = (),
    ) -> Answer:
        """They wrote; `root` is the thread's first message, without one a channel begins a new thread."""
        activity = self.activity("message", person, place, root=root)
        mentioned = mention and place.kind != PERSONAL
        markup = f"<at>LogSense</at> {text}" if mentioned else text
        entity = {"type": "mention", "text": "<at>LogSense</at>", "mentioned": {"id": self.bot_id, "name": "LogSense"}}
        activity |= {"text": markup, "textFormat": "plain", "entities": [entity] if mentioned else []}
        if files:
            activity["attachments"] = list(files)
        return await self.deliver(activity)

    async def edit(self, person: Person, place: Place, said: Json, text: str) -> Answer:
        """They changed the words of a message, which keeps its id."""
        data = {**said.get("channelData", {}), "eventType": "editMessage"}
        return await self.deliver({**said, "type": "messageUpdate", "text": text, "channelData": data})

    async def press(self, person: Person, place: Place, message: Message, verb: str, **inputs: str) -> Answer:
        """They pressed the button with that verb; raises StopIteration when the message has none."""
        action = message.button(verb)
        data = action["data"] | inputs
        activity = self.activity("invoke", person, place, root=self._root(message))
        given = {"action": {"type": "Action.Execute", "verb": verb, "data": data}, "trigger": "manual"}
        return await self.deliver(activity | {"name": "adaptiveCard/action", "value": given, "replyToId": message.id})

    async def react(
        self, person: Person, place: Place, message: Message, *, added: str | None = None, removed: str | None = None
    ) -> Answer:
        """They put a reaction on the bot's message, or took one away, or both."""
        activity = self.activity("messageReaction", person, place, root=self._root(message))
        # Teams does not send names with reactions.
        activity["from"] = {"id": person.id, "aadObjectId": person.object_id}
        activity |= {
            "replyToId": message.id,
            "reactionsAdded": [{"type": added}] if added else [],
            "reactionsRemoved": [{"type": removed}] if removed else [],
        }
        return await self.deliver(activity)

    async def install(self, person: Person, place: Place, action: str = "add") -> Answer:
        """They added LogSense there, or removed it (`remove`)."""
        return await self.deliver(self.activity("installationUpdate", person, place) | {"action": action})

    def activity(self, kind: str, person: Person, place: Place, *, root: str | None = None) -> Json:
        """An activity as Teams makes it."""
        id = self.state.next_id()
        conversation: Json = {"id": place.id, "conversationType": place.kind, "tenantId": place.tenant.id}
        if place.kind == CHANNEL:
            conversation["id"] = f"{place.id};messageid={root or id}"
        if place.kind != PERSONAL:
            conversation["isGroup"] = True
        return {
            "type": kind,
            "id": id,
            "channelId": "msteams",
            "serviceUrl": self.service_url,
            "from": {"id": person.id, "name": person.name, "aadObjectId": person.object_id},
            "recipient": {"id": self.bot_id, "name": "LogSense"},
            "conversation": conversation,
            "channelData": {"tenant": {"id": place.tenant.id}},
        }

    async def deliver(self, activity: Json, *, authorization: str | None = "") -> Answer:
        """The activity is sent to the bot, signed; or with that header instead, None leaves it out."""
        if authorization == "":
            authorization = f"Bearer {self.keys.token(str(activity['serviceUrl']))}"
        headers = {"Authorization": authorization} if authorization else {}
        async with self.session.post(self.bot_url, json=activity, headers=headers) as answer:
            text = await answer.text()
        return Answer(answer.status, json.loads(text) if text.startswith("{") else text, activity)

    @staticmethod
    def _root(message: Message) -> str | None:
        return message.conversation.partition(";messageid=")[2] or message.id
