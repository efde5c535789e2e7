"""Leaves of an error's text what can say why it happened: no queries, addresses, ids, quoted values or hints."""

from __future__ import annotations

import re

_TEXT_CHARS = 4_000
_KINDS = frozenset(
    {"none", "nonetype", "null", "nil", "undefined", "str", "string", "int", "integer", "float", "dict", "list", "err"}
)
_URL = re.compile(r"\b[a-z][a-z0-9+.-]{1,20}://[^\s'\"<>)]{1,2000}", re.IGNORECASE)
_ID = re.compile(
    r"\b0x[0-9a-f]+\b|\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b|(?<![\w/])#\w+"
    r"|\b(?=[a-f]{0,40}\d)[0-9a-f]{12,64}\b",
    re.IGNORECASE,
)
_QUERY = re.compile(
    r"\b(?:select\b[^\n]{1,300}?\bfrom\b|insert into\b|update \S{1,100} (?:set\b|[^\n]{1,300}?\bwhere\b)"
    r"|delete from\b"
    r"|(?:create|alter|drop) table\b)(?:(?! - )[^\n;])*",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"(?<![\w'\"`])(?:'([^'\n]{0,300})'|\"([^\"\n]{0,300})\"|`([^`'\n]{0,300})[`'])(?!\w)")
_SPEAKS = re.compile(
    r"(?:\b(?:message|msg|error|reason|detail|description|cause)['\"]?\s?[:=]\s?"
    r"|\b(?:[\w.]{0,80}(?:error|exception)|(?-i:[A-Z][a-z]\w{1,60}))\(|\bErr\(|(?:^|: )\(b?|\(\d+, ?b?)$",
    re.IGNORECASE,
)
_HINT = re.compile(
    r"^[^\S\n]*+(?:[=|][^\S\n]*+)?(?:note|hint|help|tip): [^\n]*|\((?:[^()\n]{0,200}) to see more[^()\n]{0,100}\)"
    r"|\brun with `?RUST_BACKTRACE[^\n]*|\bset \w+(?:=\w+)? (?:to see more|for more|to display)[^\n]*",
    re.IGNORECASE | re.MULTILINE,
)


def classified_text(text: str) -> str:
    """`text` as its signs are looked for; a quotation that reports another error stays, as do names of kinds."""
    text = without_hints(text[:_TEXT_CHARS])
    if _QUOTED.fullmatch(text.strip()):
        return text
    text = _QUOTED.sub(_emptied, text)
    for pattern in (_QUERY, _URL, _ID):
        text = pattern.sub(" ", text)
    return text


def without_hints(text: str) -> str:
    """`text` without what a runtime adds to help its reader."""
    return _HINT.sub(" ", text)


def _emptied(quoted: re.Match[str]) -> str:
    whole = quoted[0]
    inside = next((part for part in quoted.groups() if part is not None), "")
    is_speech = _SPEAKS.search(quoted.string[max(0, quoted.start() - 40) : quoted.start()])
    return whole if inside.lower() in _KINDS or is_speech else whole[0] + whole[-1]
