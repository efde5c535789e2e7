"""Outside text that can be seen as it is, and its length as chat platforms count it: in UTF-16 units."""

from __future__ import annotations

import re
import unicodedata

_LINE_ENDS = re.compile("\r\n?|[\v\f\x85\u2028\u2029]")
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
_ELLIPSIS = "…"


def visible(text: str) -> str:
    """`text` without control, bidirectional and other invisible characters; lines end alike, tabs are spaces."""
    if text.isascii() and text.isprintable():
        return text
    text = _LINE_ENDS.sub("\n", text).replace("\t", "    ")
    kept = (_as_visible(character) for character in _INVISIBLE.sub("", text))
    return "".join(kept)


def one_line(text: str) -> str:
    """The same on one line."""
    return visible(text).replace("\n", " ").strip()


def _as_visible(character: str) -> str:
    if character == "\n":
        return character
    category = unicodedata.category(character)
    return "\ufffd" if category == "Cs" else "" if category in ("Cc", "Cf") else character


def size(text: str) -> int:
    """How long a platform may think `text` is."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def reach(text: str, limit: int) -> int:
    """How many characters of it are within `limit`."""
    end = min(len(text), limit)
    while size(text[:end]) > limit:
        end -= max(1, (size(text[:end]) - limit) // 2)
    return end


def cut(text: str, limit: int) -> str:
    """At most `limit` long, an ellipsis where something is missing."""
    if size(text) <= limit:
        return text
    return text[: reach(text, limit - 1)].rstrip() + _ELLIPSIS if limit > 0 else ""
