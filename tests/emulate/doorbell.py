"""Tells LogSense what happened in emulate, which has no way to register where events go.

People act in emulate first; the event is made of what emulate holds then, and signed with the app's secret.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlencode

import aiohttp

from tests.emulate.slack import APP_ID, CHANNEL, TEAM_ID, EmulatedSlack, Json, Person
from tests.fakes.slack.events import clicked

_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Doorbell:
    """Delivers to one LogSense; every delivery was answered with 200 when a method returns."""

    slack: EmulatedSlack
    events_url: str
    bot_user_id: str
    session: aiohttp.ClientSession

    async def says(self, person: Person, text: str, *, thread_ts: str | None = None) -> str:
        """The person posted that in the channel; its ts. A mention is told twice, as Slack does."""
        said = await person.client.chat_postMessage(channel=self.slack.channel_id, text=text, thread_ts=thread_ts)
        posted = said["message"]
        event = {**posted, "channel": self.slack.channel_id, "channel_type": "channel", "event_ts": posted["ts"]}
        await self._event(event)
        if f"<@{self.bot_user_id}>" in text:
            await self._event({**event, "type": "app_mention"})
        return str(posted["ts"])

    async def reacts(self, person: Person, message: Json, name: str) -> None:
        """The reaction is on the message."""
        await person.client.reactions_add(channel=self.slack.channel_id, timestamp=message["ts"], name=name)
        await self._reaction("reaction_added", person, message, name)

    async def takes_back(self, person: Person, message: Json, name: str) -> None:
        """The reaction is no longer on the message."""
        await person.client.reactions_remove(channel=self.slack.channel_id, timestamp=message["ts"], name=name)
        await self._reaction("reaction_removed", person, message, name)

    async def commands(self, person: Person, text: str, *, trigger_id: str | None = None) -> None:
        """The person typed /logsense and the text in the channel."""
        form = {
            "team_id": TEAM_ID,
            "api_app_id": APP_ID,
            "channel_id": self.slack.channel_id,
            "channel_name": CHANNEL,
            "user_id": person.id,
            "user_name": person.name,
            "command": "/logsense",
            "text": text,
            "response_url": self.slack.response_url,
            "trigger_id": trigger_id or secrets.token_hex(8),
            "is_enterprise_install": "false",
        }
        await self._deliver(urlencode(form), _FORM)

    async def clicks(self, person: Person, message: Json, action_id: str, value: str | None = None) -> None:
        """Press that button, or choose `value` of that menu, in a message that is in a thread."""
        where = {"message_ts": message["ts"], "channel_id": self.slack.channel_id, "thread_ts": message["thread_ts"]}
        await self._interaction(
            person,
            "block_actions",
            container={"type": "message", **where},
            channel={"id": self.slack.channel_id, "name": CHANNEL},
            message=message,
            actions=[clicked(message["blocks"], action_id, value)],
        )

    async def visits_home(self, person: Person) -> None:
        """The person opened LogSense's Home tab."""
        await self._event({"type": "app_home_opened", "user": person.id, "tab": "home", "event_ts": _now()})

    # ---- deliveries -------------------------------------------------------------------------------------------------

    async def _reaction(self, kind: str, person: Person, message: Json, name: str) -> None:
        item = {"type": "message", "channel": self.slack.channel_id, "ts": message["ts"]}
        about = {"user": person.id, "reaction": name, "item": item, "item_user": message["user"]}
        await self._event({"type": kind, **about, "event_ts": _now()})

    async def _event(self, event: Json) -> None:
        body = {
            "type": "event_callback",
            "team_id": TEAM_ID,
            "api_app_id": APP_ID,
            "event_id": f"Ev{secrets.token_hex(5).upper()}",
            "event_time": int(time.time()),
            "authorizations": [{"team_id": TEAM_ID, "user_id": self.bot_user_id, "is_bot": True}],
            "event": event,
        }
        await self._deliver(json.dumps(body), "application/json")

    async def _interaction(self, person: Person, kind: str, **more: object) -> None:
        user = {"id": person.id, "username": person.name, "name": person.name, "team_id": TEAM_ID}
        who = {"type": kind, "api_app_id": APP_ID, "team": {"id": TEAM_ID, "domain": "acme"}, "user": user}
        payload = {**who, "trigger_id": secrets.token_hex(8), "response_url": self.slack.response_url, **more}
        await self._deliver(urlencode({"payload": json.dumps(payload)}), _FORM)

    async def _deliver(self, body: str, content_type: str) -> None:
        timestamp = str(int(time.time()))
        headers = {
            "Content-Type": content_type,
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": _signature(self.slack.app.signing_secret, timestamp, body),
        }
        async with self.session.post(self.events_url, data=body, headers=headers) as answer:
            assert answer.status == 200, await answer.text()


@asynccontextmanager
async def doorbell(slack: EmulatedSlack, url: str, bot_user_id: str) -> AsyncIterator[Doorbell]:
    """A doorbell at LogSense's `url`."""
    async with aiohttp.ClientSession() as session:
        yield Doorbell(slack, f"{url}/slack/events", bot_user_id, session)


def _signature(secret: str, timestamp: str, body: str) -> str:
    return "v0=" + hmac.new(secret.encode(), f"v0:{timestamp}:{body}".encode(), hashlib.sha256).hexdigest()


def _now() -> str:
    return f"{time.time():.6f}"
