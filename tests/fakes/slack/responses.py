"""response_url: five answers within half an hour to whoever typed a command or clicked."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from aiohttp import web

from tests.fakes.slack.delivery import Outcome
from tests.fakes.slack.state import Channel, Ephemeral, Json, Message, State, User
from tests.fakes.slack.validation import MOST_POSTED, SlackError, checked_message

_LIFE_S, _MOST = 1_800.0, 5
_ABOUT = frozenset(
    {"response_type", "replace_original", "delete_original", "thread_ts", "unfurl_links", "unfurl_media"}
)
_KNOWN = _ABOUT | {"text", "blocks", "attachments", "metadata"}


@dataclass(frozen=True)
class Response:
    """A post to a response_url."""

    user: User
    channel: Channel
    body: Json


@dataclass
class _Url:
    user: User
    channel: Channel
    original: Message | None
    outcome: Outcome
    at: float
    used: int = 0


class Responses:
    """Hands out response_urls, and shows what comes there."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._urls: dict[str, _Url] = {}
        self.received: list[Response] = []

    def path(self, user: User, channel: Channel, outcome: Outcome, original: Message | None = None) -> str:
        """A new address, below the peer's."""
        id = secrets.token_urlsafe(16)
        self._urls[id] = _Url(user, channel, original, outcome, self._state.clock())
        return f"/response/{id}"

    async def receive(self, request: web.Request) -> web.Response:
        """The app answered."""
        url = self._urls.get(request.match_info["id"])
        if url is None or self._state.clock() - url.at > _LIFE_S:
            return web.Response(status=404, text="expired_url")
        if url.used >= _MOST:
            return web.Response(status=404, text="used_url")
        body = await request.json()
        try:
            self._show(url, body)
        except SlackError as error:
            return web.json_response(error.body(), status=400)
        return web.Response(text="ok")

    def _show(self, url: _Url, body: Json) -> None:
        if unknown := sorted(set(body) - _KNOWN):
            raise SlackError("invalid_arguments", *(f"unknown argument: {name}" for name in unknown))
        if not body.get("delete_original"):
            checked_message(body, most_text=MOST_POSTED)
        url.used += 1
        self.received.append(Response(url.user, url.channel, body))
        url.outcome.responses.append(body)
        text, blocks = body.get("text") or "", list(body.get("blocks") or ())
        if body.get("delete_original") and url.original is not None:
            url.channel.messages.pop(url.original.ts, None)
        elif body.get("replace_original") and url.original is not None:
            self._state.rewrite(url.original, text=text, blocks=blocks)
        elif body.get("response_type") == "in_channel":
            self._in_channel(url.channel, text, blocks)
        else:
            shown = Ephemeral(url.channel, url.user.id, text, tuple(blocks), body.get("thread_ts"))
            self._state.ephemerals.append(shown)

    def _in_channel(self, channel: Channel, text: str, blocks: list[Json]) -> None:
        grant = channel.workspace.grant
        if grant is not None:
            ts = self._state.next_ts(channel)
            self._state.write(Message(ts, channel, grant.bot_user_id, text, blocks, bot_id=grant.bot_id))
