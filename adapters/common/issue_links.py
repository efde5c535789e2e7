"""Finds the Sentry issue that a text names: its link, told by the path alone, or its short id. Pure."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_URL = re.compile(r"https?://[^\s<>|\"'`)\]}]+")
_TRAILING = ".,;:!?*_~"
_AROUND = _TRAILING + " \t\r\n`'\"()[]{}"
_ISSUE_PATH = re.compile(r"/issues/(?:\d{1,20}|[A-Za-z0-9][\w-]{0,60}-[A-Za-z0-9]{1,12})(?:/|$)")
_CODE_HOSTS = ("github.com", "gitlab.com", "bitbucket.org", "codeberg.org")
_ID = re.compile(r"\d{1,20}|(?=[^A-Za-z]{0,60}[A-Za-z])[A-Za-z0-9][\w-]{0,60}-[A-Za-z0-9]{1,12}")
_SHORT_ID = re.compile(
    r"(?<![\w/.-])[A-Z][A-Z0-9_]{0,30}(?:-[A-Z0-9_]{1,30}){0,4}-(?=[A-Z]{0,11}\d)[A-Z0-9]{1,12}(?![\w-])"
)
_STANDARDS = re.compile(
    r"(?:UTF|UCS|ISO|IEC|RFC|SHA|MD|AES|RSA|HMAC|TLS|SSL|CVE|CWE|HTTP|IPV|IEEE|ECMA|PEP|JSR|GPT|X|P|SEV|T|V)-\d"
    r"|[A-Z]{2,4}-(?:GOV-)?(?:NORTH|SOUTH|EAST|WEST|CENTRAL)\w*-\d"
)
_WORDS_OF_AN_ALERT = 400


def issue_link_in(text: str) -> str | None:
    """The first link to an issue; those of code hosts have the same shape and do not count."""
    links = (url.rstrip(_TRAILING) for url in _URL.findall(text))
    return next((url for url in links if _is_issue_link(url)), None)


def issue_alone_in(text: str) -> str | None:
    """The issue, when its id or link, perhaps quoted, is all there is."""
    bare = text.strip(_AROUND)
    if "://" in bare:
        return bare if _URL.fullmatch(bare) and _is_issue_link(bare) else None
    last = bare.rpartition("-")[2]
    is_telling = any(character.isdigit() for character in last) or bare.isupper()
    return bare if is_telling and _ID.fullmatch(bare) else None


def issue_named_in(text: str) -> str | None:
    """The first short id in a few words, as Sentry writes it: capitals, with a digit; names of standards are none."""
    if len(text) > _WORDS_OF_AN_ALERT:
        return None
    return next((found for found in _SHORT_ID.findall(text) if not _STANDARDS.match(found)), None)


def _is_issue_link(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
    except ValueError:
        return False
    return host not in _CODE_HOSTS and "/-/" not in parts.path and bool(host and _ISSUE_PATH.search(parts.path))
