"""What people typed, before keyboards and editors changed it. Pure."""

from __future__ import annotations

import re

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


def seen(text: str) -> str:
    """`text` without what nobody sees and storage or JSON refuses."""
    return _UNSEEN.sub("", text).encode("utf-8", "replace").decode()


def straight(text: str) -> str:
    """Typographic quotes, blanks, hyphens and dots as a program would have printed them."""
    return text.translate(_STRAIGHT)
