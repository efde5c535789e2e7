"""What a person wrote in Teams: its HTML, or its text, as plain lines, with everybody whom it mentions. Pure.

Teams marks a mention in the text and says beside it, in the same order, whom each means. Two people may have one name,
and a person may be called as the bot is, so the order decides and never the name.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.common.input_text import seen

_LONGEST = 200_000
_LONGEST_TAG = 4_000
_AT = re.compile(r"<at(?:\s[^<>]{0,200})?>(.{0,200}?)</at>", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<(?:(?P<closes>/)?(?P<name>[a-zA-Z][a-zA-Z0-9]{0,20})|!)(?P<rest>[^<>]*)>")
_ATTRIBUTE = re.compile(r"(?<![\w-])([\w-]{1,40})=(?:\"([^\"]*)\"|'([^']*)')")
_CALLED = "\x00"
"""Stands where our name stood; nothing that is typed holds it."""
_MENTION = "http://schema.skype.com/mention"
_REPLY = "http://schema.skype.com/reply"
_BREAKING = frozenset({"p", "div", "br", "li", "ul", "ol", "tr", "table", "pre", "blockquote", "h1", "h2", "h3", "hr"})
_FENCED = frozenset({"pre", "codeblock"})
_VOID = frozenset({"br", "img", "hr", "wbr", "input", "meta", "link"})
_UNSEEN = frozenset({"script", "style", "attachment", "systemeventmessage"})
_FENCE = "```"


@dataclass(frozen=True, slots=True)
class Mention:
    """Somebody whom a message names; `id` is None when Teams does not say who it is."""

    id: str | None
    name: str


@dataclass(frozen=True, slots=True)
class Written:
    """The words without our own name, what they quote, and whom they mention."""

    text: str
    quoted: str
    mentions: tuple[Mention, ...]


def written_in(activity: Mapping[str, Any], bot_id: str) -> Written:
    """What the message says; mentions of `bot_id` are left out of its text, those of others stay as names."""
    entities = [_mention(entity) for entity in _list(activity.get("entities")) if _is_mention(entity)]
    markup = _html_of(activity)
    if markup is not None:
        reader = _Reader(entities, bot_id)
        reader.read(markup[:_LONGEST])
        return Written(reader.text(), reader.quoted_text(), tuple(entities))
    text = activity.get("text")
    return _from_text(text[:_LONGEST].replace(_CALLED, "") if isinstance(text, str) else "", entities, bot_id)


def _from_text(text: str, entities: Sequence[Mention], bot_id: str) -> Written:
    """Without HTML: each `<at>` takes the next entity of its name; what has none was typed so."""
    waiting = list(entities)

    def named(found: re.Match[str]) -> str:
        name = html.unescape(found[1]).strip()
        meant = next((one for one in waiting if one.name == name), None)
        if meant is None:
            return found[0]
        waiting.remove(meant)
        return _CALLED if meant.id == bot_id else f"@{name}"

    return Written(_tidy(html.unescape(_AT.sub(named, text))), "", tuple(entities))


class _Reader:
    """Reads what Teams sends: paragraphs, links as their addresses, code in fences, quoted replies apart.

    Not the standard library's parser, which takes minutes for a message of unfinished tags.
    """

    def __init__(self, entities: Sequence[Mention], bot_id: str) -> None:
        self._entities = entities
        self._bot_id = bot_id
        self._said: list[str] = []
        self._quoted: list[str] = []
        self._quotes: list[bool] = []
        self._unseen = 0
        self._mentions = 0
        self._in_mention: list[bool] = []
        self._code = 0
        self._link: str | None = None
        self._link_text = ""

    def read(self, markup: str) -> None:
        """All of `markup` was heard; a link that nobody closed is said as well."""
        end = 0
        for tag in _TAG.finditer(markup):
            self._heard(html.unescape(markup[end : tag.start()]))
            end = tag.end()
            if tag["closes"]:
                self._ended(tag["name"].lower())
            elif tag["name"]:
                given = _ATTRIBUTE.findall(tag["rest"][:_LONGEST_TAG])
                attributes = {name.lower(): html.unescape(either or other) for name, either, other in given}
                self._began(tag["name"].lower(), attributes)
        self._heard(html.unescape(markup[end:]))
        if self._link is not None:
            self._say_link()

    def text(self) -> str:
        """What was said."""
        return _tidy("".join(self._said))

    def quoted_text(self) -> str:
        """What was quoted from a message replied to."""
        return _tidy("".join(self._quoted))

    def _began(self, tag: str, given: Mapping[str, str]) -> None:
        if tag in _UNSEEN:
            self._unseen += tag not in _VOID
        elif tag == "blockquote":
            self._quotes.append(given.get("itemtype", "").lower() == _REPLY)
        elif tag in ("span", "at"):
            is_mention = tag == "at" or given.get("itemtype", "").lower() == _MENTION
            self._in_mention.append(is_mention and self._say_mention())
        elif tag == "a":
            self._link, self._link_text = given.get("href"), ""
        elif tag == "img":
            self._say(given.get("alt", ""))
        if tag == "br":
            self._say("\n")
        elif tag in _BREAKING:
            self._end_line()
        if tag in _FENCED:
            self._code += 1
            self._fence()

    def _ended(self, tag: str) -> None:
        if tag in _UNSEEN:
            self._unseen = max(0, self._unseen - 1)
        elif tag == "blockquote" and self._quotes:
            self._end_line()
            self._quotes.pop()
        elif tag in ("span", "at") and self._in_mention:
            self._in_mention.pop()
        elif tag == "a" and self._link is not None:
            self._say_link()
        if tag in _FENCED:
            self._code = max(0, self._code - 1)
            self._fence()
        elif tag in _BREAKING - _VOID:
            self._end_line()

    def _heard(self, data: str) -> None:
        if self._unseen or any(self._in_mention):
            return
        if not self._code:
            # Between elements and in words, a line end of the markup is none of the text.
            data = "" if not data.strip(" \t\r\n") and "\n" in data else data.replace("\n", " ")
        if self._link is not None:
            self._link_text += data
        else:
            self._say(data)

    def _say_mention(self) -> bool:
        """Whom the next mention means; False when Teams does not say it, and its words count as any."""
        number, self._mentions = self._mentions, self._mentions + 1
        if number >= len(self._entities):
            return False
        meant = self._entities[number]
        self._say(_CALLED if meant.id == self._bot_id else f"@{meant.name}")
        return True

    def _say_link(self) -> None:
        """Its address where that says more; Teams makes links of what looks like a host name: worker.py."""
        address, label = self._link or "", self._link_text
        self._link = None
        bare = address.removeprefix("https://").removeprefix("http://").rstrip("/")
        is_made_up = "/" not in label and label.strip().lower() == bare.lower()
        self._say(label if is_made_up or not address.startswith(("https://", "http://")) else address)

    def _fence(self) -> None:
        """Code within code opens and closes nothing."""
        if self._code <= 1:
            self._end_line()
            self._say(f"{_FENCE}\n")

    def _end_line(self) -> None:
        so_far = self._quoted if any(self._quotes) else self._said
        if so_far and not so_far[-1].endswith("\n"):
            self._say("\n")

    def _say(self, text: str) -> None:
        if text and not self._unseen:
            (self._quoted if any(self._quotes) else self._said).append(text)


def _tidy(text: str) -> str:
    """Blanks of Teams' making are plain; lines keep their indentation, empty ones at the edges go."""
    text = text.replace("\xa0", " ")
    if _CALLED in text:
        text = " ".join(part.strip(" ") for part in text.split(_CALLED))
    lines = (line.rstrip() for line in seen(text).replace("\r", "\n").split("\n"))
    joined = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")
    return joined.strip(" ") if "\n" not in joined else joined


def _html_of(activity: Mapping[str, Any]) -> str | None:
    for attachment in _list(activity.get("attachments")):
        content = attachment.get("content")
        if attachment.get("contentType") == "text/html" and isinstance(content, str) and content.strip():
            return content
    return None


def _is_mention(entity: Mapping[str, Any]) -> bool:
    return str(entity.get("type")).lower() == "mention"


def _mention(entity: Mapping[str, Any]) -> Mention:
    who = entity.get("mentioned")
    about: Mapping[str, Any] = who if isinstance(who, Mapping) else {}
    marked = entity.get("text")
    found = _AT.fullmatch(marked.strip()) if isinstance(marked, str) and len(marked) < 1_000 else None
    name = html.unescape(found[1]).strip() if found else str(about.get("name") or "")
    id = about.get("id")
    return Mention(id if isinstance(id, str) and id else None, name)


def _list(value: object) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []
