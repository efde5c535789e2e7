"""Where people see a commit: from the address of the repository's origin, for hosts whose pages are known."""

from __future__ import annotations

import re
from collections.abc import Iterator

_SECTION = re.compile(r"\[remote \"origin\"\]")
_SSH = re.compile(r"(?:ssh://)?git@([A-Za-z0-9.-]{1,253})(?::\d{1,5}/|[:/])([\w./~-]{1,300}?)(?:\.git)?/?")
_HTTPS = re.compile(r"https://(?:[^/@\s]{1,300}@)?([A-Za-z0-9.-]{1,253}(?::\d{1,5})?)/([\w./~-]{1,300}?)(?:\.git)?/?")
_PAGES = {"github": "commit", "gitlab": "-/commit", "bitbucket": "commits", "codeberg": "commit", "gitea": "commit"}


def commit_pages(config: bytes) -> str | None:
    """Return the address before a commit's id, without credentials; None for an origin that is not known."""
    for url in _origins(config.decode("utf-8", "replace")):
        found = _HTTPS.fullmatch(url) or _SSH.fullmatch(url)
        if found is None:
            return None
        host, path = found[1].lower(), found[2].strip("/")
        kind = next((kind for kind in _PAGES if kind in host), None)
        return None if kind is None or ".." in path else f"https://{host}/{path}/{_PAGES[kind]}/"
    return None


def _origins(config: str) -> Iterator[str]:
    is_origin = False
    for line in config.splitlines():
        text = line.strip()
        if text.startswith("["):
            is_origin = _SECTION.fullmatch(text) is not None
        elif is_origin:
            key, _, value = text.partition("=")
            if key.strip().lower() == "url":
                yield value.strip().strip('"')
