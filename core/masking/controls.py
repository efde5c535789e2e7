"""Removes characters that are not seen, so that nothing hides in them and no pattern is fooled by them."""

from __future__ import annotations

import re

_ANSI = re.compile(r"\x1b(?:\[[0-?]*+[ -/]*+[@-~]|\][^\x07\x1b]*+(?:\x07|\x1b\\)?|[@-Z\\^_]?)")
_LINE_END = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\u00ad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5"
    "\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)


def without_controls(text: str) -> str:
    """Return `text` without ANSI, control, bidirectional and zero-width characters; tabs become spaces."""
    if text.isascii() and text.replace("\n", "").isprintable():
        return text
    text = _LINE_END.sub("\n", _ANSI.sub("", text)).replace("\t", "    ")
    return _UNSEEN.sub("", text)
