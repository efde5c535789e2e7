"""Slack's payloads as ours. Pure; a payload of another shape than expected means nothing, and never fails."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from enum import Enum, auto
from typing import Any

from core.domain.conversation import IssueText, PastedEvent

Payload = Mapping[str, Any]

_MENTION = re.compile(r"<(?:@([UW][A-Z0-9]+)|!subteam\^([A-Z0-9]+)|!(here|channel|everyone))(?:\|[^<>]*)?>")
_LINK = re.compile(r"<(https?://[^<>|\s]+)(?:\|([^<>]*))?>")
_URL = re.compile(r"https?://[^\s<>|\"')\]]+")
_ISSUE_PATH = re.compile(r"/issues/(?:\d{1,20}|[A-Za-z0-9][\w-]{0,60}-[A-Za-z0-9]{1,12})(?=[/?#]|$)")
_SHORT_ID = re.compile(r"(?<![\w-])[A-Z][A-Z0-9_]*(?:-[A-Z0-9_]+)*-[A-Z0-9]*\d[A-Z0-9]*(?![\w-])")
_TRACE = re.compile(
    r"Traceback \(most recent call last\)"
    r"|^\s*(?:[>•]\s*)?at (?:async )?[\w.$<>\[\] /]+ ?\(.+:\d+(?::\d+)?\)"
    r"|^\s*(?:[>•]\s*)?at (?:[\w.]+/)?[\w.$]+\.[\w$<>]+\([\w$.-]+(?::\d+)?\)"
    r'|^\s*(?:[>•]\s*)?File "[^"\n]+", line \d+',
    re.MULTILINE,
)
_SMART = str.maketrans({"“": '"', "”": '"', "\u2018": "'", "\u2019": "'", "\xa0": " ", "…": "..."})
_WORDS_OF_AN_ALERT = 400
_SUBTYPES_HEARD = frozenset({None, "thread_broadcast", "file_share"})
_MOST_CHARS = 200_000
_DEEPEST = 12


# ---- text -----------------------------------------------------------------------------------------------------------


def plain(text: str) -> str:
    """What the person typed: links as their addresses, Slack's escapes undone."""
    unlinked = _LINK.sub(lambda link: link[1], text)
    return unlinked.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def without_mention(text: str, bot_user_id: str) -> str:
    """The text without our name, as typed."""
    return re.sub(rf"<@{re.escape(bot_user_id)}(?:\|[^<>]*)?>", " ", text).strip()


def mentions_of(text: str) -> frozenset[str]:
    """Everybody named in it: people, groups, `here` and the like."""
    return frozenset(next(filter(None, found)) for found in _MENTION.findall(text))


def question_in(event: Payload, bot_user_id: str) -> str | None:
    """The question, when a message in a thread of ours is for us; else None.

    It is for us unless it names somebody else and not us. Bots, edits and notices of Slack are never.
    """
    if event.get("bot_id") or event.get("subtype") not in _SUBTYPES_HEARD or not event.get("user"):
        return None
    text = _text(event.get("text"))
    named = mentions_of(text)
    if named and bot_user_id not in named:
        return None
    return plain(without_mention(text, bot_user_id))


def sentry_link_in(text: str) -> str | None:
    """The address of a Sentry issue, when the message is that and nothing else."""
    bare = plain(text).strip()
    return bare if _URL.fullmatch(bare) and _ISSUE_PATH.search(bare) else None


# ---- what to investigate --------------------------------------------------------------------------------------------


def subject_in(message: Payload) -> IssueText | PastedEvent | None:
    """What a message gives to start from: a Sentry issue named in it, an alert's, a stack trace, an event, its words.

    What people wrote goes before what a bot attached.
    """
    text = plain(_MENTION.sub(" ", _text(message.get("text"))))
    said = _uncoded(text)
    if said.lower().startswith("investigate"):
        said = said[len("investigate") :].strip()
    if issue := _issue_in([said]):
        return issue
    attached = list(_texts(message.get("blocks"))) + list(_texts(message.get("attachments")))
    if not _TRACE.search(said) and (issue := _issue_in(attached)):
        return issue
    return _pasted(said) or _pasted("\n".join(dict.fromkeys(plain(part) for part in attached)))


def _issue_in(texts: list[str]) -> IssueText | None:
    for text in texts:
        for url in _URL.findall(plain(text)):
            if _ISSUE_PATH.search(url):
                return IssueText(url.rstrip(".,;:!?"))
    for text in texts:
        if not _TRACE.search(text) and (named := _SHORT_ID.search(text)) and len(text) < _WORDS_OF_AN_ALERT:
            return IssueText(named[0])
    return None


def _pasted(text: str) -> PastedEvent | None:
    said = text.translate(_SMART).strip()[:_MOST_CHARS]
    if not said:
        return None
    if said.startswith("{") and _is_object(said):
        return PastedEvent(said, "a Slack message")
    unquoted = re.sub(r"^[ \t]*&?[>•] ?", "", said, flags=re.MULTILINE)
    event = {"message": unquoted, "platform": _platform(unquoted), "level": "error"}
    return PastedEvent(json.dumps(event), "a Slack message")


def _platform(text: str) -> str:
    if "Traceback (most recent" in text or re.search(r'^\s*File "[^"\n]+", line \d+', text, re.MULTILINE):
        return "python"
    if re.search(r"\.java:\d+\)|\.kt:\d+\)", text):
        return "java"
    return "node" if re.search(r"\.[cm]?[jt]sx?:\d+:\d+", text) else "other"


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def _uncoded(text: str) -> str:
    return re.sub(r"^```\w*\n?|```$", "", text.strip(), flags=re.MULTILINE).strip().strip("`").strip()


def _texts(thing: object, depth: int = 0) -> Iterator[str]:
    """Every text and address inside blocks or attachments, in order."""
    if depth > _DEEPEST:
        return
    if isinstance(thing, list):
        for item in thing:
            yield from _texts(item, depth + 1)
    elif isinstance(thing, dict):
        for name in ("title_link", "from_url", "url", "text", "title", "pretext", "fallback", "value"):
            if isinstance(value := thing.get(name), str):
                yield value
        for value in thing.values():
            if isinstance(value, list | dict):
                yield from _texts(value, depth + 1)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


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
    item = event.get("item")
    if not isinstance(item, dict) or item.get("type") != "message":
        return None
    name = _text(event.get("reaction")).split("::", 1)[0]
    return ReactionMeaning.RESOLVE if name in resolve_names else _THUMBS.get(name)


# ---- deliveries -----------------------------------------------------------------------------------------------------


def delivery_of(body: Payload) -> str:
    """What Slack repeats when it delivers the same thing again."""
    view = body.get("view")
    if isinstance(view, dict) and body.get("type") == "view_submission":
        return f"slack:{view.get('id')}:{view.get('hash')}"
    return f"slack:{body.get('event_id') or body.get('trigger_id') or ''}"
