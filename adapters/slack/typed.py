"""What people typed, before Slack's markup and their keyboards changed it. Pure."""

from __future__ import annotations

import re

_MARKUP = re.compile(r"<(@|#|!|https?://|mailto:|tel:)([^<>|\n]*)(?:\|([^<>\n]*))?>")
_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
_STRAIGHT = str.maketrans(
    {
        **dict.fromkeys("“”„‟«»″", '"'),
        **dict.fromkeys("\u2018\u2019\u201a\u201b\u2039\u203a\u2032", "'"),
        **dict.fromkeys("\xa0\u2007\u2009\u202f", " "),
        **dict.fromkeys("\u2010\u2011", "-"),
        "…": "...",
    }
)


def plain(text: str) -> str:
    """Links as their addresses, mentions as names, escapes undone, nothing invisible that storage or JSON refuses."""
    shown = _MARKUP.sub(_shown, text)
    unescaped = shown.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return _UNSEEN.sub("", unescaped).encode("utf-8", "replace").decode()


def straight(text: str) -> str:
    """Typographic quotes, blanks, hyphens and dots as a program would have printed them."""
    return text.translate(_STRAIGHT)


def _shown(found: re.Match[str]) -> str:
    kind, target, label = found[1], found[2], found[3] or ""
    if kind in ("http://", "https://"):
        # Slack makes links of what looks like a host name: worker.py, java.lang.Thread.run.
        is_made_up = "/" not in label and label.lower() == target.rstrip("/").lower()
        return label if is_made_up else kind + target
    if kind in ("mailto:", "tel:"):
        return label or target
    sign = "#" if kind == "#" else "@"
    return sign + (label or target).removeprefix(sign) if kind != "!" or not target.startswith("date^") else label
