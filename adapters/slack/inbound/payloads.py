"""Slack's payloads as ours. Pure; a payload of another shape than expected means nothing, and never fails."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from adapters.common.input_text import straight
from adapters.common.issue_links import issue_alone_in, issue_link_in, issue_named_in
from adapters.common.pasted_input import event_in, prose_of, trace_in, words_in
from adapters.slack.inbound.attachment_text import texts_in
from adapters.slack.inbound.input_text import plain
from core.domain.conversation import IssueText, PastedEvent
from core.domain.tenancy import Actor

Payload = Mapping[str, Any]

ORIGIN = "a Slack message"
IS_EDIT = "is_edit"
"""Set in events that tell of a message which was told of before, perhaps."""

_MENTION = re.compile(r"<(?:@([UWB][A-Z0-9]+)|!subteam\^([A-Z0-9]+)|!(here|channel|everyone))(?:\|[^<>]*)?>")
_ASKED = re.compile(r"investigate\b:?", re.IGNORECASE)
_SUBTYPES_HEARD = (None, "thread_broadcast", "file_share")


# ---- replies --------------------------------------------------------------------------------------------------------


def without_mention(text: str, bot_user_id: str) -> str:
    """The text without our name, as typed."""
    return re.sub(rf" ?<@{re.escape(bot_user_id)}(?:\|[^<>]*)?> ?", " ", text).strip()


def without_names(event: Payload) -> str:
    """The text without anybody's name; empty where a message only mentions, or only brings files."""
    return _MENTION.sub(" ", _text(event.get("text"))).strip()


def mentions_of(text: str) -> frozenset[str]:
    """Everybody named in it: people, groups, `here` and the like."""
    return frozenset(next(filter(None, found)) for found in _MENTION.findall(text))


def question_in(event: Payload, bot_user_id: str) -> str | None:
    """The question that a reply in a thread of ours asks us: a person's words, unless they mention only others.

    None when it is not for us or says nothing; bots, edits and notices of Slack never ask.
    """
    if not is_said_by_a_person(event, bot_user_id):
        return None
    text = _text(event.get("text"))
    named = mentions_of(text)
    if named and bot_user_id not in named:
        return None
    return plain(without_mention(text, bot_user_id)).strip() or None


def rewritten(event: Payload) -> Payload | None:
    """The message as it reads after a person changed its words; None for whatever else changes a message."""
    message, before = _mapping(event.get("message")), _mapping(event.get("previous_message"))
    if event.get("subtype") != "message_changed" or not message.get("edited"):
        return None
    if _text(message.get("text")) == _text(before.get("text")):
        return None
    where = {name: event.get(name) for name in ("channel", "channel_type")}
    # The root of a thread carries its own time as that of its thread.
    is_root = message.get("thread_ts") == message.get("ts")
    return {
        **message,
        **where,
        "edited": None,
        IS_EDIT: True,
        "thread_ts": None if is_root else message.get("thread_ts"),
    }


def sentry_link_in(text: str) -> str | None:
    """The address of a Sentry issue, when the message is that and nothing else."""
    bare = plain(text).strip()
    return issue_alone_in(bare) if "://" in bare else None


def is_said_by_a_person(event: Payload, bot_user_id: str) -> bool:
    """Whether somebody wrote it, and not a bot, ourselves or Slack; edits are told of otherwise."""
    if event.get("bot_id") or event.get("hidden") or event.get("edited") or event.get("user") == bot_user_id:
        return False
    return event.get("subtype") in _SUBTYPES_HEARD and bool(_text(event.get("user")))


# ---- what to investigate --------------------------------------------------------------------------------------------


def subject_in(message: Payload, *, words_will_do: bool = True) -> IssueText | PastedEvent | None:
    """What a message gives to start from; None when nothing. Words alone only do where somebody pointed at them.

    In this order: the issue that its text names; what people pasted, if they did; the issue that an alert's blocks or
    attachments name; a trace or an event in those; its words.
    """
    said = plain(_MENTION.sub(" ", _text(message.get("text")))).strip()
    if asked := _ASKED.match(said):
        said = said[asked.end() :].strip()
    is_alert = bool(message.get("bot_id")) or message.get("subtype") == "bot_message" or not said
    around = straight(prose_of(said))
    if issue := issue_alone_in(around) or issue_link_in(around) or issue_named_in(around):
        return IssueText(issue)
    if not is_alert and (pasted := event_in(said, ORIGIN) or trace_in(said, ORIGIN)):
        return pasted
    # A person's blocks only repeat the text; those of apps may hold all there is.
    shown = texts_in([message.get("attachments"), message.get("blocks") if is_alert else None])
    attached = [plain(text) for text in shown]
    if issue := _issue_in_any(attached, by_name=is_alert):
        return IssueText(issue)
    everything = "\n".join(dict.fromkeys(filter(None, (said, *attached))))
    pasted = _first_pasted((said, *attached, everything))
    return pasted or (words_in(everything, ORIGIN) if words_will_do else None)


def subject_named(text: str) -> IssueText | PastedEvent:
    """What stands after `investigate`: something pasted, else what should be the name of an issue."""
    return event_in(text, ORIGIN) or trace_in(text, ORIGIN) or IssueText(text)


def _issue_in_any(texts: list[str], *, by_name: bool) -> str | None:
    """Links first, wherever they stand; short ids only where an alert, not a preview of some page, says them."""
    found = next(filter(None, map(issue_link_in, texts)), None)
    return found or (next(filter(None, map(issue_named_in, map(prose_of, texts))), None) if by_name else None)


def _first_pasted(texts: tuple[str, ...]) -> PastedEvent | None:
    for read in (event_in, trace_in):
        for text in texts:
            if pasted := read(text, ORIGIN):
                return pasted
    return None


# ---- reactions ------------------------------------------------------------------------------------------------------


class ReactionMeaning(Enum):
    """What a reaction on one of our messages says."""

    RESOLVE = auto()
    HELPFUL = auto()
    NOT_HELPFUL = auto()


_THUMBS = {
    "+1": ReactionMeaning.HELPFUL,
    "thumbsup": ReactionMeaning.HELPFUL,
    "-1": ReactionMeaning.NOT_HELPFUL,
    "thumbsdown": ReactionMeaning.NOT_HELPFUL,
}


def reaction_in(event: Payload, resolve_names: frozenset[str]) -> ReactionMeaning | None:
    """What the reaction means, whatever its skin tone; None when nothing to us."""
    if _mapping(event.get("item")).get("type") != "message":
        return None
    name = _text(event.get("reaction")).split("::", 1)[0]
    return ReactionMeaning.RESOLVE if name in resolve_names else _THUMBS.get(name)


# ---- who, where, which ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Place:
    """Where something was done: a channel, perhaps on a message, perhaps one in a thread."""

    channel: str
    message: str | None = None
    thread: str | None = None

    @property
    def root(self) -> str | None:
        """The message that a reply hangs on; None where no message is, as for commands."""
        return self.thread or self.message


def person_of(body: Payload) -> Actor | None:
    """Who did it; events give no name, so the id stands for it."""
    user = body.get("user") or _mapping(body.get("event")).get("user") or body.get("user_id")
    about = _mapping(user)
    id = _text(about.get("id")) or _text(user)
    name = _text(about.get("username")) or _text(about.get("name")) or _text(body.get("user_name"))
    return Actor(id, name or id) if id else None


def place_of(body: Payload) -> Place | None:
    """Where it was done; None in modals and on the Home tab, which are in no channel."""
    event, container = _mapping(body.get("event")), _mapping(body.get("container"))
    item, message = _mapping(event.get("item")), _mapping(body.get("message"))
    channel = _first(
        _mapping(body.get("channel")).get("id"),
        container.get("channel_id"),
        body.get("channel_id"),
        event.get("channel"),
        item.get("channel"),
    )
    at = _first(message.get("ts"), container.get("message_ts"), body.get("message_ts"), event.get("ts"), item.get("ts"))
    thread = _first(message.get("thread_ts"), container.get("thread_ts"), event.get("thread_ts"))
    return Place(channel, at, thread) if channel else None


def delivery_of(body: Payload) -> str:
    """What Slack repeats when it delivers the same thing again; a digest where it gives no id."""
    view = _mapping(body.get("view"))
    if body.get("type") == "view_submission" and view.get("id"):
        return f"slack:{view['id']}:{view.get('hash')}"
    given = _first(body.get("event_id"), body.get("trigger_id"))
    return f"slack:{given or _digest(body)}"


def message_of(body: Payload) -> str:
    """What stays the same of a message, however often Slack tells of it: an edit has another event id."""
    event = _mapping(body.get("event"))
    channel, ts = _text(event.get("channel")), _text(event.get("ts"))
    return f"slack:said:{channel}:{ts}" if channel and ts else delivery_of(body)


def _digest(body: Payload) -> str:
    return hashlib.sha256(json.dumps(body, default=str).encode()).hexdigest()[:32]


def _first(*values: object) -> str | None:
    return next((value for value in values if isinstance(value, str) and value), None)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
