"""Text for Slack. Whatever strangers wrote stays readable and does nothing: no mention, no link, no formatting.

Lengths are counted in UTF-16 units, which is the most that any of Slack's counters makes of a text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from adapters.common.text_limits import size, visible

_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
# What cannot be escaped in Slack is replaced by a character that looks like it.
BACKTICK_LIKE, _AT, _LESS, _QUOTES, _COLON, _UNDERSCORE = "\u02cb", "\uff20", "\u2039", "\u203a", "\u2236", "\u02cd"
_LOOKALIKES = str.maketrans({"*": "\u2217", "`": BACKTICK_LIKE, "~": "\u223c"})
_GROUP_MENTION = re.compile(r"@(?=(?:here|channel|everyone|group)\b)", re.IGNORECASE)
_QUOTE = re.compile(r"^([^\S\n]*+)>+", re.MULTILINE)
_EMOJI = re.compile(r":(?=(?:(?!\d+:)[\w+'-]{1,100}|100|1234):)")
"""What Slack would draw as an emoji; of numbers it knows two, and `cart.py:41: …` shall stay as it is."""
_OUTER_UNDERSCORE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
_COMMAND = re.compile(r"<(?=[@#!]|[a-z][a-z0-9+.-]*:)", re.IGNORECASE)
_SPAN = re.compile(r"```(?:[\w+-]*\n)?(?P<block>.+?)```|`(?P<inline>[^`\n]+)`", re.DOTALL)
_BOLD = re.compile(r"\*\*(?=\S)(.{1,300}?)(?<=\S)\*\*")
_BULLET = re.compile(r"^([^\S\n]*+)[-*] ", re.MULTILINE)
_ATOM = re.compile(r"&(?:amp|lt|gt);|<[^<>]*>")
_UNSAFE_IN_LINKS = re.compile(r"[\s<>|\"`\\^{}]|[^\x21-\x7e]")
_FENCE = "```"
_ELLIPSIS = "…"


def plain(text: str) -> str:
    """For plain text objects and rich text, which Slack does not read as markup: nothing invisible, nobody called."""
    return _COMMAND.sub(_LESS, _GROUP_MENTION.sub(_AT, visible(text)))


def escaped(text: str) -> str:
    """`text` as mrkdwn that says the same and does nothing."""
    text = _GROUP_MENTION.sub(_AT, visible(text))
    text = _QUOTE.sub(lambda quote: quote[1] + _QUOTES * (len(quote[0]) - len(quote[1])), text)
    text = _EMOJI.sub(_COLON, _OUTER_UNDERSCORE.sub(_UNDERSCORE, text))
    return text.translate(_LOOKALIKES).translate(_ENTITIES)


def code(text: str) -> str:
    """`text` in one line of code; nothing when there is nothing to show."""
    inside = _inside_code(text).replace("\n", " ").strip()
    return f"`{inside}`" if inside else ""


def code_block(text: str) -> str:
    """`text` as a block of code."""
    return f"{_FENCE}\n{_inside_code(text)}\n{_FENCE}"


def _inside_code(text: str) -> str:
    return _GROUP_MENTION.sub(_AT, visible(text)).replace("`", BACKTICK_LIKE).translate(_ENTITIES)


def prose(text: str) -> str:
    """Sentences of a reasoner: what they set in backticks is code, lists have bullets, all else is escaped."""
    text = visible(text)
    parts, end = [], 0
    for span in _SPAN.finditer(text):
        parts += [_escaped_prose(text[end : span.start()]), _span(span)]
        end = span.end()
    return "".join([*parts, _escaped_prose(text[end:])])


def _span(span: re.Match[str]) -> str:
    block = span["block"]
    return code_block(block.strip("\n")) if block else code(span["inline"])


def _escaped_prose(text: str) -> str:
    return escaped(_BULLET.sub(r"\1• ", _BOLD.sub(r"\1", text)))


def link(url: str, label: str) -> str:
    """A link when it leads by http or https and hides nothing, else only its label.

    Whether it leads to the right server was checked where the address was read (core/gateways/sentry/links.py).
    """
    shown = escaped(label or url)
    try:
        parts = urlsplit(url)
        leads = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return shown
    if not leads or "@" in parts.netloc or _UNSAFE_IN_LINKS.search(url) or len(url) > 2_000:
        return shown
    return f"<{url.replace('&', '&amp;')}|{shown.replace('|', '¦')}>"


# ---- lengths --------------------------------------------------------------------------------------------------------


def cut(text: str, limit: int) -> str:
    """At most `limit` long, an ellipsis where something is missing, no entity or link torn in two."""
    if size(text) <= limit:
        return text
    return text[: _reach(text, limit - 1)].rstrip() + _ELLIPSIS if limit > 0 else ""


def pieces(text: str, limit: int) -> Iterator[str]:
    """All of `text` in pieces of at most `limit`, divided between lines or words where possible.

    A block of code that is divided is closed in one piece and opened again in the next.
    """
    room = limit - 2 * (len(_FENCE) + 1)
    opened = False
    while text:
        end = len(text) if size(text) <= room else _good_end(text, _reach(text, room) or room)
        piece, text = text[:end], text[end:]
        begins = f"{_FENCE}\n" if opened else ""
        opened ^= piece.count(_FENCE) % 2 == 1
        # What divided two pieces is not repeated at their edges, except in code, where spaces mean something.
        text = text.removeprefix("\n") if opened else text.lstrip("\n ")
        piece = begins + piece.removesuffix("\n") + (f"\n{_FENCE}" if opened else "")
        if piece.strip():
            yield piece


def _good_end(text: str, end: int) -> int:
    """The last line end in the second half of `text[:end]`, else the last space there, else `end`."""
    for divider in ("\n", " "):
        if (found := text.rfind(divider, end // 2, end)) > 0:
            return found + 1
    return end


def _reach(text: str, limit: int) -> int:
    """How many characters fit into `limit` with every entity, link and fence whole."""
    end = min(len(text), limit)
    while size(text[:end]) > limit:
        end -= max(1, (size(text[:end]) - limit) // 2)
    for atom in _ATOM.finditer(text, max(0, end - 2_100), min(len(text), end + 2_100)):
        if atom.start() < end < atom.end():
            return atom.start()
    for back in (1, 2):
        if text[end - back : end - back + 3] == _FENCE and end > back:
            return end - back
    return end
