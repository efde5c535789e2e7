"""The forms in which text writes a name with its value; each reads the value that follows a name, or finds nothing.

The patterns are anchored, bounded and possessive, so the time is linear in the text, whoever wrote it.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from core.masking.names import Secrecy, secrecy
from core.masking.value_readers import (
    BARE,
    LONGEST_VALUE,
    NOTHING,
    SCHEMED,
    Found,
    bare_value,
    cookie_value,
    end_of_bare,
    header_value,
    quoted_value,
    span_or_empty,
)
from core.masking.values import is_open

_ASSIGNED = re.compile(
    r"(?P<close>\\{0,3}+[\"'`]?\]?)[ \t]{0,20}+(?P<op>=>|:=|\?=|==|=|:(?!:)|->)"
    r"(?:(?<=:)(?:\*{1,2}|__|</\w{1,6}>)(?=\s))?[ \t\n]{0,20}+(?:(?:string|str)\(\d{1,6}\) ?(?=[\"']))?"
    r"(?P<b>(?:u8|[bBruUfFlLR$@]{0,2})(?=[\"']))?",
    re.A,
)
_ENCODED = re.compile(r"(?i)(?:%(?:25)?22|%5c)*(?:%(?:25)?3d|%(?:25)?3a)(?:%(?:25)?22|%(?:25)?20|\+|%5c)*")
_ENCODED_VALUE = re.compile(r"(?i)(?>(?:(?!%(?:25)?(?:26|22|2c|7d|3b|0a))[^\s&\"'<>,;]){1,4096})")
_PAIRED = re.compile(r"\\{0,3}[\"']\s{0,4}+,\s{0,4}+[bru]{0,2}(?=[\"'\w])")
_DESCRIBED = re.compile(
    r"(?i)\\{0,3}[\"']?\s{0,20}+[,;{]?(?>(?:\s|\\n){0,20})\\{0,3}[\"']?(?:\w{1,12}:)?(?:value|val|content|data|text|default)\\{0,3}[\"']?"
    r"\s{0,4}+[:=]>?\s{0,4}+"
)
_ELEMENT = re.compile(r"(?:\s[^<>]{0,400})?>(?:<!\[CDATA\[)?\s{0,40}+")
_ELEMENT_VALUE = re.compile(r"(?>(?:(?!\]\]>)[^<]){1,8192})")
_ELEMENT_ENDS = ("</", "]]>")
_TYPED = re.compile(
    r"[ \t]{0,4}+(?::|\bAs\b)[ \t]{0,4}+"
    r"&?'?[A-Za-z][\w.<>\[\]?|]{0,40}+(?: ?\w{1,20}+)?[ \t]{0,4}+=[ \t]{0,4}+(?=[\"'`])"
)
_WRAPPED = re.compile(r"(?:Some|Ok|Just|Optional|Secret\w{0,30}|Password\w{0,30}|Token\w{0,30}|String|str|bytes)\(")
_CELL = re.compile(r"[ \t*`]{0,20}+[|│┃][ \t*`]{0,40}+(?=[^\s|│┃-])")
_CELL_VALUE = re.compile(r"[^|│┃\n]{1,4096}+")
_PART = re.compile(r"[\"'](?:\n|\\r\\n|\\n)(?:[Cc]ontent-[^\n]{1,200}\n)?(?:\n|\\r\\n|\\n)(?P<hide>[^\n\\]{1,4096}+)")
_LISTED = re.compile(r"\[\s{0,20}+\\?[\"'](?P<first>[^\"'\s]{1,4096}+)\\?[\"'][^\]]{0,4096}+")
_NAME_FOLLOWS = re.compile(r"[ \t]{1,4}(?:[\"'`“«]|is |was |for |of )")
_NEXT_ELEMENT = re.compile(r"</[\w:.-]{1,40}>\s{0,40}+<[\w:.-]{1,40}(?:\s[^<>]{0,200})?>(?P<hide>[^<]{1,8192}+)</")
_DASHES = re.compile(r"(?:^|[\s\"'\[(,])--?$")
_GAP = re.compile(r"[\"']?(?:,[ \t]{0,3}+|[ \t]{1,4}+)(?!-|\|)")
_CALLED = re.compile(r"\\{0,2}[\"'`]?\(\s{0,4}+(?=[\"'])")
_SPACED = re.compile(
    r"(?:\\{0,2}[\"'`])?(?P<link>(?:[ \t]++(?:is|was|are|were|be|=|to|of|for|as|by|it|now|with|from"
    r"|value|reads|equals|set|set to|changed to|today|below|here"
    r"|ist|war|lautet|heißt|est|était|es|era|è|é|foi|to|jest|er|är|var|on|je|bylo|este|wynosi|это|है|是|为|は|는|은)"
    r"(?![\w-])){0,4})(?P<end>:)?[ \t]{1,8}+(?=(?P<quote>\\?[\"'`“‘«])?)"
)
_GENERIC_LITERAL = re.compile(r"[ \t]{0,8}+(?:=>?|:|,)[ \t]{0,8}+%?[qQ][qQ]?(?P<open>[(\[{<|/!])")
_CLOSING = {"(": ")", "[": "]", "{": "}", "<": ">", "|": "|", "/": "/", "!": "!"}
_BESIDE = re.compile(r"[ \t]{0,4}+,[ \t]{0,4}+(?:<<)?(?=[\"'])")
_BRACED = re.compile(r"\{(?P<hide>[^{}\s]{3,200})\}")
_BEFORE_NAME = re.compile(r"(?P<hide>[^\s\"'(),;]{6,100})[ \t]{1,3}\($")
_BLOCK = re.compile(r"[|>][+-]?[ \t]*\n(?P<body>(?:[ \t]+[^\n]*(?:\n|\Z)){1,200})")


def _encoded(text: str, start: int, end: int, is_certain: bool) -> Found:
    """`password%3Dvalue`, also with encoded quotation marks."""
    sign = _ENCODED.match(text, end)
    value = _ENCODED_VALUE.match(text, sign.end()) if sign else None
    if value is None or is_open(value[0], "", is_certain=is_certain, is_spoken=False):
        return None
    return value.span()


def _typed(text: str, start: int, end: int, is_certain: bool) -> Found:
    """`val apiKey: String = "value"`: the type stands between the name and the value."""
    sign = _TYPED.match(text, end)
    found = quoted_value(text, sign.end()) if sign else None
    if found is None or is_open(text[found[0] : found[1]], "", is_certain=is_certain, is_spoken=False):
        return None
    return found


def _in_brackets_of_perl(text: str, start: int, end: int, is_certain: bool) -> Found:
    """`$password = q(value)`, `%q{value}`: a literal between any brackets."""
    sign = _GENERIC_LITERAL.match(text, end) if is_certain else None
    if sign is None:
        return None
    stop = text.find(_CLOSING[sign["open"]], sign.end(), sign.end() + LONGEST_VALUE)
    return (sign.end(), stop) if stop > sign.end() else None


def _beside(text: str, start: int, end: int, is_certain: bool) -> Found:
    r"""`{password, "value"}`, `:password, "value"`, `\password{value}`: an atom or a macro with its value."""
    if is_certain and text[start - 1 : start] == "\\" and (macro := _BRACED.match(text, end)):
        return macro.span("hide")
    sign = _BESIDE.match(text, end) if is_certain and text[start - 1 : start] in ("{", "(", ":") else None
    return quoted_value(text, sign.end()) if sign else None


def _in_parentheses(text: str, start: int, end: int, is_certain: bool) -> Found:
    """`value (password)`: the name stands behind its value."""
    if not is_certain or text[start - 1 : start] != "(" or text[end : end + 1] != ")":
        return None
    before = _BEFORE_NAME.search(text[max(0, start - 130) : start])
    if before is None or is_open(before["hide"], "", is_certain=False, is_spoken=True):
        return None
    low = max(0, start - 130) + before.start("hide")
    return (low, low + len(before["hide"])) if any(c.isdigit() for c in before["hide"]) else None


def _in_part(text: str, start: int, end: int, is_certain: bool) -> Found:
    """`name="password"` and the value below an empty line: a part of a form."""
    found = _PART.match(text, end) if text[max(0, start - 6) : start - 1].endswith("name=") else None
    return found.span("hide") if found else None


def _assigned(text: str, start: int, end: int, is_certain: bool) -> Found:
    """`name = value`, JSON, YAML, INI, headers, queries, keyword arguments, hash rockets, connection strings."""
    sign = _ASSIGNED.match(text, end)
    if sign is None or (sign["op"] == ":" and text[sign.end() : sign.end() + 2] == "//"):
        return None
    at, is_spoken = sign.end(), sign["op"] in (":", "==", "->")
    if "\n" in sign[0] and not sign["close"] and text[at : at + 1] not in "\"'":
        return NOTHING
    if is_certain and (wrapper := _WRAPPED.match(text, at)) and text[wrapper.end() : wrapper.end() + 1] in "\"'":
        at = wrapper.end()
    if is_certain and (several := _LISTED.match(text, at)):
        return several.start("first"), several.end()
    block = _BLOCK.match(text, at)
    if block is not None and is_certain:
        return block.start("body"), block.end("body")
    name = text[start:end].lower()
    if name.endswith(("cookie", "cookies")) and (jar := cookie_value(text, at)):
        return jar
    if name.endswith("authorization") or SCHEMED.match(text, at):
        return header_value(text, at, is_certain)
    found = quoted_value(text, at) or bare_value(text, at, start, sign["op"], name, is_certain)
    if (
        found
        and is_spoken
        and _NAME_FOLLOWS.match(text, found[1])
        and secrecy(text[found[0] : found[1]]) is not Secrecy.NONE
    ):
        return NOTHING
    if found is None or is_open(text[found[0] : found[1]], name, is_certain=is_certain, is_spoken=is_spoken):
        return NOTHING
    return found


def _described(text: str, start: int, end: int, is_certain: bool) -> Found:
    """`"name": "password", "value": "…"`, `<add key="password" value="…"/>`, `name: PASSWORD` above `value: …`."""
    sign = _DESCRIBED.match(text, end)
    if sign is None:
        return None
    quoted = quoted_value(text, sign.end())
    found = quoted or BARE.match(text, sign.end())
    if found is None:
        return None
    low, high = found if isinstance(found, tuple) else (found.start(), end_of_bare(text, *found.span()))
    if not quoted and text[high : high + 1] == ":":
        return None
    return NOTHING if is_open(text[low:high], "", is_certain=is_certain, is_spoken=False) else (low, high)


def _paired(text: str, start: int, end: int, is_certain: bool) -> Found:
    """`("password", "value")`, `["X-Api-Key", "value"]`."""
    before = text[max(0, start - 6) : start].rstrip("\"'\\bru").rstrip()
    sign = _PAIRED.match(text, end)
    if sign is None or before[-1:] not in ("(", "[", ","):
        return None
    name = text[start:end].lower()
    quoted = quoted_value(text, sign.end())
    found = quoted or span_or_empty(BARE.match(text, sign.end()))
    low, high = found if quoted else (found[0], end_of_bare(text, *found))
    if before[-1:] == "," and (
        not is_certain or text[high + 1 : high + 2] not in (")", "]") or text[low:high].isalpha()
    ):
        return None
    if scheme := SCHEMED.match(text, low, high):
        low = scheme.end()
    if is_open(text[low:high], name, is_certain=is_certain, is_spoken=not quoted):
        return NOTHING
    return low, high


def _element(text: str, start: int, end: int, is_certain: bool) -> Found:
    """`<password>value</password>`, with a namespace or attributes."""
    before = text[max(0, start - 24) : start]
    opened = before.rpartition("<")
    if not opened[1] or not re.fullmatch(r"(?:[\w.-]{1,20}:)?", opened[2]):
        return None
    sign = _ELEMENT.match(text, end)
    value = _ELEMENT_VALUE.match(text, sign.end()) if sign else None
    if value is None or not (text.startswith(_ELEMENT_ENDS, value.end()) or (is_certain and value.end() == len(text))):
        return None
    shown = value[0].rstrip()
    if is_open(shown, "", is_certain=is_certain, is_spoken=False):
        return NOTHING
    return value.start(), value.start() + len(shown)


def _in_next_element(text: str, start: int, end: int, is_certain: bool) -> Found:
    """`<key>password</key><string>value</string>`: the name is the text of one element, the value of the next."""
    found = _NEXT_ELEMENT.match(text, end) if is_certain and text[start - 1 : start] == ">" else None
    return found.span("hide") if found else None


def _option(text: str, start: int, end: int, is_certain: bool) -> Found:
    """`--password value`, `-password value`, `/p:` are of the command line; `--password=value` was an assignment."""
    if text[start - 1 : start] != "-" or not _DASHES.search(text[max(0, start - 4) : start]):
        return None
    gap = _GAP.match(text, end)
    if gap is None:
        return None
    quoted = quoted_value(text, gap.end())
    bare = BARE.match(text, gap.end())
    found = quoted or (bare.span() if bare else None)
    if found is None:
        return None
    low, high = found if quoted else (found[0], end_of_bare(text, *found))
    return NOTHING if is_open(text[low:high], "", is_certain=is_certain, is_spoken=True) else (low, high)


def _called(text: str, start: int, end: int, is_certain: bool) -> Found:
    """`PASSWORD('value')`, `set_password("value")`, but not `get_password("user")`."""
    sign = _CALLED.match(text, end)
    if (
        sign is None
        or not is_certain
        or re.match(r"(?i)(?:\w*\.)?(?:get|find|read|load|has|is|check|verify|require|ask|env)", text[start:end])
    ):
        return None
    low, high = quoted_value(text, sign.end()) or NOTHING
    if is_open(text[low:high], "", is_certain=True, is_spoken=False):
        return NOTHING
    return low, high


def _in_cell(text: str, start: int, end: int, is_certain: bool) -> Found:
    """`| password | value |`: the next cell of a table."""
    sign = _CELL.match(text, end)
    if sign is None or not is_certain:
        return None
    value = _CELL_VALUE.match(text, sign.end())
    shown = value[0].rstrip(" \t*`") if value else ""
    if not shown or is_open(shown, "", is_certain=False, is_spoken=True):
        return None
    return sign.end(), sign.end() + len(shown)


def _spaced(text: str, start: int, end: int, is_certain: bool) -> Found:
    """Prose and directives: `the password is x`, `using password x`, `PASSWORD 'x'`, `requirepass x`."""
    sign = _SPACED.match(text, end)
    if sign is None:
        return None
    linked = bool(sign["link"])
    if sign["quote"]:
        found = quoted_value(text, sign.end())
        if found is None or not (is_certain or linked):
            return None
        value = text[found[0] : found[1]]
        if not linked and (" " in value or _is_named_by(text[start:end], value)):
            return None
        if is_open(value, "", is_certain=is_certain, is_spoken=True):
            return None
        return found
    bare = BARE.match(text, sign.end())
    if bare is None:
        return None
    low, high = bare.start(), end_of_bare(text, *bare.span())
    while high > low and text[high - 1] in "!?":
        high -= 1
    return (low, high) if _is_told(text, start, low, high, linked, is_certain) else None


def _is_named_by(name: str, value: str) -> bool:
    """Whether a quotation names a secret that is kept elsewhere: `secret "db-credentials" not found`."""
    return name.lower() in ("secret", "secrets") and re.fullmatch(r"[a-z]+(?:[-_/.][a-z]+)*", value) is not None


def _is_told(text: str, start: int, low: int, high: int, linked: bool, is_certain: bool) -> bool:
    """Whether the bare word after a name is its value rather than the next word of a sentence."""
    value = text[low:high]
    if len(value) < 3 or is_open(value, "", is_certain=False, is_spoken=True):
        return False
    odd = (
        any(c.isdigit() for c in value)
        or bool(re.search(r"[^\w.,;:()/-]", value))
        or bool(re.search(r"[a-z][A-Z]", value))
    )
    if not is_certain:
        return (
            odd
            and ":" not in value
            and len(value) >= 12
            and not re.fullmatch(r"[\d.:#-]+", value)
            and bool(re.search(r"\d", value))
        )
    if odd:
        return not re.fullmatch(r"#?\d{1,2}|\d+(?:ms|s|m|h|d|%)|v?\d+(?:\.\d+){1,3}|\w+\(.*", value)
    if text[start - 1 : start] in (" ", "\t"):
        before = text[max(0, start - 120) : start].rpartition("\n")[2].lower().split()
        if before[-2:-1] and before[-2].endswith(("login", "user", "account")):
            return True
    ends = not text[high : high + 3].strip(" .!\"'),")
    return linked and ends and re.fullmatch(r"[\w.-]{4,64}", value) is not None


Form = Callable[[str, int, int, bool], Found]
FORMS: tuple[Form, ...] = (
    _encoded,
    _typed,
    _in_brackets_of_perl,
    _beside,
    _in_part,
    _in_parentheses,
    _assigned,
    _described,
    _paired,
    _element,
    _in_next_element,
    _option,
    _called,
    _in_cell,
    _spaced,
)
"""In this order; the first that fits has the value. Each gets the text, the name's span and whether it is certain."""
