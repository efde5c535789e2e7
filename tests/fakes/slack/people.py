"""The people of Slack: what they do is remembered, and reaches the app as far as it may know of it."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable
from typing import Any

from tests.fakes.slack import events
from tests.fakes.slack.delivery import Delivery, Outcome
from tests.fakes.slack.methods_chat import changed_event, message_event, put_reaction, reaction_event, take_reaction
from tests.fakes.slack.methods_views import Views
from tests.fakes.slack.responses import Responses
from tests.fakes.slack.shapes import message_json, view_json
from tests.fakes.slack.state import Channel, Enterprise, Grant, Json, Message, State, User, View, Workspace
from tests.fakes.slack.validation import checked_view

_SCOPE_OF_EVENT = {
    "app_mention": "app_mentions:read",
    "link_shared": "links:read",
    "reaction_added": "reactions:read",
    "reaction_removed": "reactions:read",
}
_SCOPE_OF_MESSAGE = {
    "channel": "channels:history",
    "group": "groups:history",
    "im": "im:history",
    "mpim": "mpim:history",
}


class People:
    """Every act returns when the app has answered it (or, where retries are due, after the last of them)."""

    def __init__(
        self, state: State, delivery: Delivery, views: Views, responses: Responses, url: Callable[[], str]
    ) -> None:
        self.state = state
        self.delivery = delivery
        self._views = views
        self._responses = responses
        self._url_of_peer = url

    # ---- words ------------------------------------------------------------------------------------------------------

    async def say(
        self,
        user: User,
        channel: Channel,
        text: str,
        thread_ts: str | None = None,
        *,
        ts: str | None = None,
        **extra: Any,
    ) -> Outcome:
        """They wrote it; `extra` (subtype, blocks, attachments, files …) joins the event as it is."""
        if user.id not in channel.members:
            raise LookupError(f"{user.name} is not in {channel.name}")
        if user.workspace is not channel.workspace:
            home = user.workspace.id
            extra = {"team": home, "user_team": home, "source_team": home, **extra}
        message = Message(
            ts=self.state.next_ts(channel, ts),
            channel=channel,
            user=user.id,
            text=text,
            blocks=list(extra.pop("blocks", ())),
            attachments=list(extra.pop("attachments", ())),
            thread_ts=thread_ts,
            bot_id=f"B{user.id[1:]}" if user.is_bot else None,
            extra=extra,
        )
        self.state.write(message)
        outcome = Outcome(message=message)
        await self._tell(channel.workspace, message_event(message), channel, outcome)
        await self._mentioned(message, outcome)
        return outcome

    async def share_links(self, user: User, channel: Channel, *urls: str) -> Outcome:
        """They posted links of a domain that the app asked to hear of."""
        outcome = await self.say(user, channel, " ".join(f"<{url}>" for url in urls))
        assert outcome.message is not None
        links = [{"domain": "sentry.io", "url": url} for url in urls]
        event: dict[str, Any] = {
            "type": "link_shared",
            "channel": channel.id,
            "user": user.id,
            "message_ts": outcome.message.ts,
        }
        event |= {"links": links, "source": "conversations_history", "event_ts": outcome.message.ts}
        await self._tell(channel.workspace, event, channel, outcome)
        return outcome

    async def _mentioned(self, message: Message, outcome: Outcome) -> None:
        """The app hears of its mention: of a new message, and again each time that one is edited."""
        grant, channel = message.channel.workspace.grant, message.channel
        if channel.kind != "im" and grant is not None and re.search(rf"<@{grant.bot_user_id}[>|]", message.text):
            await self._tell(channel.workspace, events.mention_event(message), channel, outcome)

    async def edit(self, user: User, message: Message, text: str) -> Outcome:
        """They changed what they wrote."""
        if message.user != user.id:
            raise LookupError(f"{user.name} did not write that")
        before = message_json(message)
        self.state.rewrite(message, text=text)
        outcome = await self._told(message.channel, changed_event(message, before), message)
        await self._mentioned(message, outcome)
        return outcome

    async def delete(self, user: User, message: Message) -> Outcome:
        """The message is gone; admins may delete anybody's."""
        if message.user != user.id and not user.is_admin:
            raise LookupError(f"{user.name} may not delete that")
        del message.channel.messages[message.ts]
        return await self._told(message.channel, events.deleted_event(message), message)

    async def react(self, user: User, message: Message, name: str) -> Outcome:
        """They reacted; raises SlackError when they had already."""
        put_reaction(message, user.id, name)
        return await self._told(message.channel, reaction_event("reaction_added", message, user.id, name), message)

    async def unreact(self, user: User, message: Message, name: str) -> Outcome:
        """Their reaction is gone; raises SlackError when there was none."""
        take_reaction(message, user.id, name)
        return await self._told(message.channel, reaction_event("reaction_removed", message, user.id, name), message)

    async def open_home(self, user: User) -> Outcome:
        """They look at the app's home tab."""
        direct = user.workspace.direct_messages(user)
        return await self._told(direct, events.home_event(user, direct))

    def invite(self, channel: Channel) -> None:
        """The bot is in the channel."""
        channel.members.add(channel.workspace.bot_user_id)

    def kick(self, channel: Channel) -> None:
        """The bot is not in the channel any more."""
        channel.members.discard(channel.workspace.bot_user_id)

    # ---- acts -------------------------------------------------------------------------------------------------------

    async def command(self, user: User, channel: Channel, command: str, text: str = "") -> Outcome:
        """They typed a slash command; the bot need not be in the channel."""
        grant, outcome = self._grant(channel.workspace), Outcome()
        outcome.trigger_id = self._views.trigger(user, channel.workspace)
        form: Json = events.command_form(user, channel, grant, command, text)
        form["trigger_id"] = outcome.trigger_id
        form["response_url"] = self._url_of_peer() + self._responses.path(user, channel, outcome)
        await self.delivery.interaction("slash_commands", form, outcome)
        if outcome.status == 200 and outcome.body:
            outcome.responses.insert(0, _shown_at_once(outcome.body))
        return outcome

    async def shortcut(self, user: User, message: Message, callback_id: str) -> Outcome:
        """They chose the app's shortcut in the menu of a message."""
        channel, outcome = message.channel, Outcome(message=message)
        payload = self._interaction("message_action", user, channel.workspace, outcome)
        payload |= {
            "callback_id": callback_id,
            "message_ts": message.ts,
            "message": message_json(message),
            "channel": {"id": channel.id, "name": channel.name},
            "response_url": self._url_of_peer() + self._responses.path(user, channel, outcome, message),
        }
        await self.delivery.interaction("interactive", payload, outcome)
        return outcome

    async def click(self, user: User, where: Message | View, action_id: str, value: str | None = None) -> Outcome:
        """They pressed a button, by its action id and where several have it by its value, too."""
        outcome = Outcome()
        if isinstance(where, Message):
            outcome.message = where
            action = events.clicked(where.blocks, action_id, value)
            payload = self._interaction("block_actions", user, where.channel.workspace, outcome)
            path = self._responses.path(user, where.channel, outcome, where)
            payload |= {**events.in_message(where), "response_url": self._url_of_peer() + path}
        else:
            action = events.clicked(where.payload["blocks"], action_id, value)
            payload = self._interaction("block_actions", user, where.workspace, outcome, where)
            payload |= events.in_view(where)
        await self.delivery.interaction("interactive", {**payload, "actions": [action]}, outcome)
        return outcome

    async def submit_view(self, user: User, view_id: str, values: dict[str, Any]) -> Outcome:
        """They filled in the form by block id and sent it; what the app answers is done to the form.

        Raises LookupError for values that the form does not take: Slack would not send it.
        """
        view = self.state.views[view_id]
        if not view.is_open or view.user is not user:
            raise LookupError(f"{user.name} has no such form open")
        state = events.filled_in(view.payload["blocks"], values)
        outcome = Outcome()
        payload = self._interaction("view_submission", user, view.workspace, outcome, view)
        payload |= {"view": {**view_json(view), "state": {"values": state}}, "response_urls": []}
        await self.delivery.interaction("interactive", payload, outcome)
        if outcome.status == 200:
            self._after_submission(view, outcome)
        return outcome

    def open_view(self, user: User) -> View:
        """The modal that person sees; raises LookupError when there is none."""
        view = self._views.top_of(user)
        if view is None:
            raise LookupError(f"{user.name} sees no modal")
        return view

    def _after_submission(self, view: View, outcome: Outcome) -> None:
        answer: Json = json.loads(outcome.body) if outcome.body else {}
        match answer.get("response_action"):
            case "errors":
                outcome.view_errors = dict(answer["errors"])
            case "update":
                self._views.change(view, checked_view(answer["view"]))
            case "push":
                self._views.stack(view.workspace, view.user, checked_view(answer["view"]), view)
            case "clear":
                self._close(view, all_of_them=True)
            case _:
                self._close(view)

    def _close(self, view: View, *, all_of_them: bool = False) -> None:
        view.is_open = False
        if all_of_them and view.previous is not None:
            self._close(view.previous, all_of_them=True)

    # ---- leaving ----------------------------------------------------------------------------------------------------

    async def uninstall(self, owner: Workspace | Enterprise) -> Outcome:
        """The app was removed: its token is dead, and it hears of both."""
        outcome = await self._leave(owner, "account_inactive")
        await self._tell_owner(owner, {"type": "app_uninstalled"}, outcome)
        return outcome

    async def revoke_tokens(self, owner: Workspace | Enterprise) -> Outcome:
        """The bot's token was revoked."""
        return await self._leave(owner, "token_revoked")

    async def _leave(self, owner: Workspace | Enterprise, error: str) -> Outcome:
        grant, outcome = self._grant(owner), Outcome()
        grant.dead = error
        event = {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [grant.bot_user_id]}}
        await self._tell_owner(owner, event, outcome)
        return outcome

    # ---- telling ----------------------------------------------------------------------------------------------------

    async def deliver(self, workspace: Workspace, event: Json, channel: Channel | None = None) -> Outcome:
        """Any other event, in its envelope."""
        outcome = Outcome()
        await self._tell(workspace, event, channel, outcome)
        return outcome

    async def verify_url(self) -> Outcome:
        """Slack asked whether the address is the app's, which answers with the challenge."""
        outcome = Outcome()
        body = {"token": events.VERIFICATION_TOKEN, "challenge": secrets.token_hex(16), "type": "url_verification"}
        await self.delivery.challenge(body, outcome)
        return outcome

    def notify(self, workspace: Workspace, event: Json, channel: Channel | None) -> None:
        """The app hears, some time after, of what it did itself."""
        self.delivery.start(self._tell(workspace, event, channel, Outcome()))

    async def _told(self, channel: Channel, event: Json, message: Message | None = None) -> Outcome:
        outcome = Outcome(message=message)
        await self._tell(channel.workspace, event, channel, outcome)
        return outcome

    async def _tell(self, workspace: Workspace, event: Json, channel: Channel | None, outcome: Outcome) -> None:
        grant = workspace.grant
        if grant is not None and grant.dead is None and _may_hear(grant, event, channel):
            await self.delivery.event(events.envelope(workspace, grant, event, channel), outcome)

    async def _tell_owner(self, owner: Workspace | Enterprise, event: Json, outcome: Outcome) -> None:
        await self.delivery.event(events.envelope(owner, self._grant(owner), event), outcome)

    def _grant(self, owner: Workspace | Enterprise) -> Grant:
        if owner.grant is None:
            raise LookupError(f"the app is not installed in {owner.name}")
        return owner.grant

    def _interaction(
        self, kind: str, user: User, workspace: Workspace, outcome: Outcome, view: View | None = None
    ) -> Json:
        outcome.trigger_id = self._views.trigger(user, workspace, view)
        payload = events.interaction(kind, user, workspace, self._grant(workspace))
        return {**payload, "trigger_id": outcome.trigger_id}


def _may_hear(grant: Grant, event: Json, channel: Channel | None) -> bool:
    """Of a channel the app hears only as its member, and only what it has the scope for."""
    if channel is None:
        return True
    scope = _SCOPE_OF_MESSAGE[channel.kind] if event["type"] == "message" else _SCOPE_OF_EVENT.get(event["type"])
    return grant.bot_user_id in channel.members and (scope is None or scope in grant.scopes)


def _shown_at_once(body: str) -> Json:
    try:
        answer = json.loads(body)
    except ValueError:
        return {"text": body}
    return answer if isinstance(answer, dict) else {"text": body}
