"""Reads a value from where it begins: in quotation marks, bare, a header's or a cookie's, without what follows it.

The patterns are anchored, bounded and possessive, so the time is linear in the text, whoever wrote it.
"""

from __future__ import annotations

import re

from core.masking.placeholders import PLACEHOLDER
from core.masking.values import is_open

LONGEST_VALUE = 8_192

Span = tuple[int, int]
Found = Span | None
NOTHING = (0, 0)

_QUOTES = {'"': '"', "'": "'", "`": "`", "“": "”", "‘": "’", "«": "»"}
BARE = re.compile(r"[^\s\"'&;<>|]{1,4096}+")
_REST_OF_LINE = re.compile(r"[^\n\r\"<>]{1,4096}+")
_COOKIES = re.compile(r"[^\n\r\"']{1,8192}+")
SCHEMED = re.compile(
    r"(?i)(?:bearer|basic|digest|token|negotiate|apikey|ntlm|hawk|oauth|bot|hmac|key|signature"
    r"|aws4-hmac-sha256)(?:[ \t]++|%20|\+)"
)
_ARGUMENT_END = re.compile(r",(?=\s|[\w.-]+[\"']?\s{0,2}[=:]|$)|(?<![)\]}])[)\]}]++(?=[\s,;.)\]}]|$)|\\[nrt\"']")
_SENTENCE = frozenset(
    """
        is was not must be for the a an in of to and or has have but by at with from on if when may
    """.split()
)


def span_or_empty(match: re.Match[str] | None) -> tuple[int, int]:
    """Return where `match` is, or an empty span."""
    return match.span() if match else (0, 0)


def quoted_value(text: str, at: int) -> Found:
    """Read a value in quotation marks, also escaped ones; without an end it goes as far as values go."""
    slashes = 0
    while slashes < 3 and text[at + slashes : at + slashes + 1] == "\\":
        slashes += 1
    mark = text[at + slashes : at + slashes + 1]
    if mark not in _QUOTES or not mark:
        return None
    begin = at + slashes + 1
    if text.startswith(mark * 2, begin) and not slashes:
        begin += 2
        stop = text.find(mark * 3, begin, begin + LONGEST_VALUE)
        return begin, stop if stop >= 0 else min(len(text), begin + LONGEST_VALUE)
    closing = "\\" * slashes + _QUOTES[mark]
    stop = begin
    while True:
        stop = text.find(closing, stop, begin + LONGEST_VALUE)
        if stop < 0:
            return begin, min(len(text), begin + LONGEST_VALUE)
        if slashes or text[stop - 1] != "\\" or stop == begin or text[stop - 2 : stop] == "\\\\":
            return begin, stop
        stop += 1


def bare_value(text: str, at: int, start: int, op: str, name: str, is_certain: bool) -> Found:
    """Read a value without marks: up to white space, or the whole line where a line is one setting."""
    found = BARE.match(text, at)
    if found is None:
        return None
    low, high = at, end_of_bare(text, at, found.end())
    begins_line = not text[max(0, start - 40) : start].rpartition("\n")[2].strip(" \t-+>*#")
    if is_certain and (
        name.endswith(("phrase", "mnemonic", "words")) or (begins_line and op in (":", "=") and start >= 0)
    ):
        rest = _REST_OF_LINE.match(text, at)
        line = rest[0].rstrip() if rest else ""
        if re.fullmatch(r"[\w.!?@$*+-]{1,40}(?: [\w.!?@$*+-]{1,40}){1,30}", line) and not _is_sentence(line):
            return low, at + len(line)
    return low, high


def header_value(text: str, at: int, is_certain: bool) -> Found:
    """Read the credentials of an authorization header, without their scheme."""
    quoted = quoted_value(text, at)
    low, high = quoted or span_or_empty(_REST_OF_LINE.match(text, at))
    scheme = SCHEMED.match(text, low)
    low = scheme.end() if scheme else low
    if quoted is None and (bare := BARE.match(text, low)):
        is_list = scheme is not None and "=" in text[low:high] and "," in text[low:high]
        high = high if is_list else bare.end()
        high = end_of_bare(text, low, high)
    value = text[low:high]
    if is_certain and scheme is not None and len(value) >= 12 and not PLACEHOLDER.search(value):
        return low, high
    if (
        not value
        or (not any(c.isdigit() for c in value) and len(value) < 6)
        or is_open(value, "", is_certain=False, is_spoken=True)
    ):
        return NOTHING
    return low, high


def cookie_value(text: str, at: int) -> Found:
    """Read a cookie header: everything up to the end of the line or quotation."""
    at += 1 if text[at : at + 1] in ('"', "'") else 0
    found = _COOKIES.match(text, at)
    return found.span() if found and "=" in found[0] else None


def end_of_bare(text: str, low: int, high: int) -> int:
    """Return the end of a bare value, without what follows it in lists, calls and sentences."""
    cut = _ARGUMENT_END.search(text, low, high + 1)
    while cut is not None and cut.start() < high:
        if cut[0][0] in ")]}" and _is_balanced(text[low : cut.start() + 1], cut[0][0]):
            cut = _ARGUMENT_END.search(text, cut.end(), high + 1)
            continue
        high = cut.start()
        break
    while high > low and text[high - 1] in ".,:)]}" and not _is_balanced(text[low:high], text[high - 1]):
        high -= 1
    return high


def _is_balanced(value: str, bracket: str) -> bool:
    opening = {")": "(", "]": "[", "}": "{"}.get(bracket)
    return opening is not None and value.count(opening) >= value.count(bracket)


def _is_sentence(line: str) -> bool:
    words = line.lower().split()
    return bool(_SENTENCE.intersection(words)) or is_open(words[0], "", is_certain=True, is_spoken=True)
