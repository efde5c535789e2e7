"""Hosts and addresses that a text names; pure and linear."""

from __future__ import annotations

import re
from collections.abc import Iterable

_READ_CHARS = 2_000
_HOST = re.compile(
    r"https?://([A-Za-z0-9][A-Za-z0-9.-]{1,100})"
    r"|(?<![\w./@-])([A-Za-z0-9][A-Za-z0-9-]{0,62}(?:\.[A-Za-z0-9-]{1,62}){0,6}):\d{2,5}(?![\w:])"
    r"|(?<![\w./@-])([A-Za-z0-9][A-Za-z0-9-]{0,62}(?:\.[A-Za-z0-9-]{1,62}){0,6}"
    r"\.(?:internal|local|svc|cluster|lan|corp|intra|com|net|org|io|dev|cloud|example))(?![\w-])"
)
_NO_HOST = re.compile(r"(?i)localhost|127\.\d+\.\d+\.\d+|0\.0\.0\.0|.*\.(?:py|m?js|ts|rb|go|java|php|cs|html)|\d+|line")


def hosts_in(texts: Iterable[str | None]) -> frozenset[str]:
    """The hosts named in `texts`, in lower case and without ports; not the machine itself, and no files."""
    found: set[str] = set()
    for text in texts:
        for groups in _HOST.findall((text or "")[:_READ_CHARS]):
            host = next(filter(None, groups)).lower().rstrip(".")
            if not _NO_HOST.fullmatch(host):
                found.add(host)
    return frozenset(found)
