"""What people typed, before Slack's markup changed it. Pure."""

from __future__ import annotations

import re

from adapters.common.input_text import seen

_MARKUP = re.compile(r"<(@|#|!|https?://|mailto:|tel:)([^<>|\n]*)(?:\|([^<>\n]*))?>")


def plain(text: str) -> str:
    """Links as their addresses, mentions as names, escapes undone, nothing invisible that storage or JSON refuses."""
    shown = _MARKUP.sub(_shown, text)
    unescaped = shown.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return seen(unescaped)


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
