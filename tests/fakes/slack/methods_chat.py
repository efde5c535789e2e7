"""Posting, editing and reacting."""

from __future__ import annotations

import time
from typing import Any

from tests.fakes.slack.calls import ApiCall
from tests.fakes.slack.events import deleted_event
from tests.fakes.slack.shapes import message_json, reactions_json
from tests.fakes.slack.state import Channel, Ephemeral, Json, Message
from tests.fakes.slack.validation import MOST_POSTED, MOST_UPDATED, SlackError, checked_message


def post_message(call: ApiCall) -> Json:
    """The message stands in the channel or thread."""
    call.require("chat:write")
    channel = call.writable()
    checked_message(call.args, most_text=MOST_POSTED)
    # Below a message that is gone Slack posts at the top level, and only the answer tells.
    thread_ts = str(call.args.get("thread_ts") or "")
    message = write_as_bot(call, channel, thread_ts=thread_ts if thread_ts in channel.messages else None)
    return {"channel": channel.id, "ts": message.ts, "message": message_json(message, with_metadata=True)}


def write_as_bot(call: ApiCall, channel: Channel, *, thread_ts: str | None, **extra: Any) -> Message:
    """A message by the bot, of which the app hears like of any other."""
    args = call.args
    message = Message(
        ts=call.state.next_ts(channel),
        channel=channel,
        user=call.grant.bot_user_id,
        text=args.get("text") or args.get("markdown_text") or "",
        blocks=list(args.get("blocks") or ()),
        attachments=list(args.get("attachments") or ()),
        metadata=args.get("metadata") or None,
        thread_ts=thread_ts,
        bot_id=call.grant.bot_id,
        **extra,
    )
    call.state.write(message)
    call.notify(channel.workspace, message_event(message), channel)
    return message


def message_event(message: Message) -> Json:
    """The event that tells of a new message."""
    return {
        **message_json(message),
        "channel": message.channel.id,
        "channel_type": message.channel.kind,
        "event_ts": message.ts,
    }


def update(call: ApiCall) -> Json:
    """The message shows what the call says; what the call leaves out stays."""
    call.require("chat:write")
    channel = call.channel()
    message = call.message(channel, call.args["ts"])
    if message.bot_id != call.grant.bot_id:
        raise SlackError("cant_update_message")
    changes = {
        name: call.args[name]
        for name in ("text", "blocks", "attachments", "metadata")
        if call.args.get(name) is not None
    }
    kept = {"blocks": message.blocks, "attachments": message.attachments} if "text" not in changes else {}
    checked_message({**kept, **call.args}, most_text=MOST_UPDATED)
    before = message_json(message)
    call.state.rewrite(message, **changes)
    call.notify(channel.workspace, changed_event(message, before), channel)
    shown = message_json(message, with_metadata=True)
    return {"channel": channel.id, "ts": message.ts, "text": message.text, "message": shown}


def delete(call: ApiCall) -> Json:
    """The message is gone; a bot may delete its own."""
    call.require("chat:write")
    channel = call.channel()
    message = call.message(channel, call.args["ts"])
    if message.bot_id != call.grant.bot_id:
        raise SlackError("cant_delete_message")
    del channel.messages[message.ts]
    call.notify(channel.workspace, deleted_event(message), channel)
    return {"channel": channel.id, "ts": message.ts}


def changed_event(message: Message, before: Json) -> Json:
    """The event that tells of an edit."""
    return {
        "type": "message",
        "subtype": "message_changed",
        "hidden": True,
        "channel": message.channel.id,
        "channel_type": message.channel.kind,
        "ts": message.edited_ts,
        "event_ts": message.edited_ts,
        "message": message_json(message),
        "previous_message": before,
    }


def post_ephemeral(call: ApiCall) -> Json:
    """One person sees it; nothing of it is in the history."""
    call.require("chat:write")
    channel = call.channel(as_member=True)
    checked_message(call.args, most_text=MOST_POSTED)
    user = str(call.args["user"])
    if user not in channel.members:
        raise SlackError("user_not_in_channel")
    text, blocks = call.args.get("text") or "", tuple(call.args.get("blocks") or ())
    call.state.ephemerals.append(Ephemeral(channel, user, text, blocks, call.args.get("thread_ts")))
    return {"message_ts": call.state.next_ts(channel)}


def unfurl(call: ApiCall) -> Json:
    """Links of a message show more below them."""
    call.require("links:write")
    channel = call.channel(as_member=True)
    call.message(channel, call.args["ts"])
    call.state.unfurls.append(call.args["unfurls"])
    return {}


def get_permalink(call: ApiCall) -> Json:
    """The address of a message, in its thread."""
    channel = call.channel()
    message = call.message(channel, call.args["message_ts"])
    link = f"https://{channel.workspace.id.lower()}.slack.example/archives/{channel.id}/p{message.ts.replace('.', '')}"
    if message.thread_ts:
        link += f"?thread_ts={message.thread_ts}&cid={channel.id}"
    return {"channel": channel.id, "permalink": link}


def set_status(call: ApiCall) -> Json:
    """The line under the thread says what the app is doing; an empty status clears it."""
    call.require("chat:write")
    call.channel(str(call.args["channel_id"]))
    call.state.statuses.append(dict(call.args))
    return {}


# ---- reactions ------------------------------------------------------------------------------------------------------


def add_reaction(call: ApiCall) -> Json:
    """The bot reacted."""
    call.require("reactions:write")
    message, name = _reacted_to(call), str(call.args["name"])
    put_reaction(message, call.grant.bot_user_id, name)
    event = reaction_event("reaction_added", message, call.grant.bot_user_id, name)
    call.notify(message.channel.workspace, event, message.channel)
    return {}


def remove_reaction(call: ApiCall) -> Json:
    """The bot's reaction is gone."""
    call.require("reactions:write")
    message, name = _reacted_to(call), str(call.args["name"])
    take_reaction(message, call.grant.bot_user_id, name)
    event = reaction_event("reaction_removed", message, call.grant.bot_user_id, name)
    call.notify(message.channel.workspace, event, message.channel)
    return {}


def put_reaction(message: Message, user: str, name: str) -> None:
    """That user reacted; raises SlackError when they had already."""
    users = message.reactions.setdefault(name, [])
    if user in users:
        raise SlackError("already_reacted")
    users.append(user)


def take_reaction(message: Message, user: str, name: str) -> None:
    """That user's reaction is gone; raises SlackError when there was none."""
    if user not in message.reactions.get(name, ()):
        raise SlackError("no_reaction")
    message.reactions[name].remove(user)
    if not message.reactions[name]:
        del message.reactions[name]


def get_reactions(call: ApiCall) -> Json:
    """The message with its reactions."""
    call.require("reactions:read")
    message = _reacted_to(call)
    shown = {**message_json(message), "reactions": reactions_json(message)}
    return {"type": "message", "channel": message.channel.id, "message": shown}


def reaction_event(kind: str, message: Message, user: str, name: str) -> Json:
    """The event that tells of a reaction: no text and no thread in it."""
    return {
        "type": kind,
        "user": user,
        "reaction": name,
        "item": {"type": "message", "channel": message.channel.id, "ts": message.ts},
        "item_user": message.user,
        "event_ts": f"{time.time():.6f}",
    }


def _reacted_to(call: ApiCall) -> Message:
    if "channel" not in call.args or "timestamp" not in call.args:
        raise SlackError("no_item_specified")
    return call.message(call.channel(), call.args["timestamp"])
