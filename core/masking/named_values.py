"""Finds the values that belong to names of secrets, in every form in which text writes names with values.

A stem of a secret's name is found with RE2; from there the name is read to both sides and the form is tried with
patterns that are anchored, bounded and possessive. So the time is linear in the text, whoever wrote it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import re2

from core.masking.names import LONGEST_NAME, Secrecy, secrecy
from core.masking.placeholders import PLACEHOLDER
from core.masking.values import is_open

LONGEST_VALUE = 8_192

STEMS = (
    *("pass", "pwd", "pswd", "secret", "token", "key", "cred", "auth", "cookie", "sess", "sid", "csrf", "xsrf", "jwt"),
    *("dsn", "otp", "pin", "cvv", "cvc", "ssn", "iban", "mnemonic", "seed", "phrase", "sig", "bearer", "pem", "psk"),
    *("conn", "url", "uri", "card", "salt", "nonce", "hash", "code", "assertion", "saml", "license", "licence"),
    *("account", "pat", "sas", "pw", "senha", "wachtwoord", "contrasena", "motdepasse", "tan", "pan", "broker", "jwk"),
    *(
        "contrase",
        "haslo",
        "hasło",
        "heslo",
        "jelsz",
        "parol",
        "sifre",
        "şifre",
        "salasana",
        "senord",
        "lozinka",
        "clave",
    ),
    *("kennwort", "geheimnis", "adgangskode", "mdp", "mot_de", "mot-de", "mot de", "пароль", "секрет", "密码", "密碼"),
    *("口令", "パスワード", "暗証番号", "비밀번호", "סיסמה", "κωδικ", "पासवर्ड", "magic", "slapta"),
    *("mfa", "tax", "national", "routing", "passport", "hmac", "base", "credit", "security", "access", "digest"),
)
_STEM = re2.compile(r"(?i)" + "|".join(STEMS))
_NAME_BEFORE = re.compile(r"(?<![\w.$-])[\w.$-]*+\Z", re.A)
_NAME_AFTER = re.compile(r"[\w.$-]{0,80}+")

_ASSIGNED = re.compile(
    r"(?P<close>\\{0,3}+[\"'`]?\]?)[ \t]{0,20}+(?P<op>=>|:=|\?=|==|=|:(?!:)|->)[ \t\n]{0,20}+(?P<b>[bruf]{0,2}(?=[\"']))?",
    re.A,
)
_ENCODED = re.compile(r"(?i)(?:%(?:25)?22|%5c)*(?:%(?:25)?3d|%(?:25)?3a)(?:%(?:25)?22|%(?:25)?20|\+|%5c)*")
_ENCODED_VALUE = re.compile(r"(?i)(?:(?!%(?:25)?(?:26|22|2c|7d|3b|0a))[^\s&\"'<>,;]){1,4096}+")
_PAIRED = re.compile(r"\\{0,3}[\"']\s{0,4}+,\s{0,4}+[bru]{0,2}(?=[\"'\w])")
_DESCRIBED = re.compile(
    r"(?i)\\{0,3}[\"']?\s{0,20}+[,;{]?(?:\s|\\n){0,20}+\\{0,3}[\"']?(?:\w{1,12}:)?(?:value|val|content|data|text|default)\\{0,3}[\"']?"
    r"\s{0,4}+[:=]>?\s{0,4}+"
)
_ELEMENT = re.compile(r"(?:\s[^<>]{0,400})?>(?:<!\[CDATA\[)?\s{0,40}+")
_ELEMENT_VALUE = re.compile(r"(?:(?!\]\]>)[^<]){1,8192}+")
_TYPED = re.compile(
    r"[ \t]{0,4}+:[ \t]{0,4}+&?'?[A-Za-z][\w.<>\[\]?|]{0,40}+(?: ?\w{1,20}+)?[ \t]{0,4}+=[ \t]{0,4}+(?=[\"'`])"
)
_WRAPPED = re.compile(r"(?:Some|Ok|Just|Optional|Secret\w{0,30}|Password\w{0,30}|Token\w{0,30}|String|str|bytes)\(")
_CELL = re.compile(r"[ \t*`]{0,20}+[|│┃][ \t*`]{0,40}+(?=[^\s|│┃-])")
_PART = re.compile(r"[\"'](?:\n|\\r\\n|\\n)(?:[Cc]ontent-[^\n]{1,200}\n)?(?:\n|\\r\\n|\\n)(?P<hide>[^\n\\]{1,4096}+)")
_LISTED = re.compile(r"\[\s{0,20}+\\?[\"'](?P<first>[^\"'\s]{1,4096}+)\\?[\"'][^\]]{0,4096}+")
_CALLED = re.compile(r"\\{0,2}[\"'`]?\(\s{0,4}+(?=[\"'])")
_SPACED = re.compile(
    r"(?:\\{0,2}[\"'`])?(?P<link>(?:[ \t]++(?:is|was|are|were|be|=|to|of|for|as|by|it|now|with|value|reads|equals|set|set to|changed to"
    r"|ist|est)(?![\w-])){0,4})(?P<end>:)?[ \t]{1,8}+(?=(?P<quote>\\?[\"'`“‘«])?)"
)
_QUOTES = {'"': '"', "'": "'", "`": "`", "“": "”", "‘": "’", "«": "»"}
_BARE = re.compile(r"[^\s\"'&;<>|]{1,4096}+")
_REST_OF_LINE = re.compile(r"[^\n\r\"<>]{1,4096}+")
_COOKIES = re.compile(r"[^\n\r\"']{1,8192}+")
_SCHEMED = re.compile(
    r"(?i)(?:bearer|basic|digest|token|negotiate|apikey|ntlm|hawk|oauth|bot|hmac|key|signature|aws4-hmac-sha256)(?:[ \t]++|%20|\+)"
)
_BLOCK = re.compile(r"[|>][+-]?[ \t]*\n(?P<body>(?:[ \t]+[^\n]*(?:\n|\Z)){1,200})")
_ARGUMENT_END = re.compile(r",(?=\s|[\w.-]+[\"']?\s{0,2}[=:]|$)|(?<![)\]}])[)\]}]++(?=[\s,;.)\]}]|$)|\\[nrt\"']")

Span = tuple[int, int]


def find(text: str) -> Iterator[Span]:
    """Yield where values of secrets' names stand in `text`, in order."""
    done = 0
    for hit in _STEM.finditer(text):
        if hit.start() < done:
            continue
        start, end = _name_around(text, hit.start(), hit.end())
        done = end
        if _is_inside_placeholder(text, start, end):
            continue
        verdict = secrecy(text[start:end])
        if verdict is Secrecy.NONE:
            continue
        for found in _value_of(text, start, end, verdict):
            done = max(done, found[1])
            yield found


def _name_around(text: str, start: int, end: int) -> Span:
    """The whole identifier that a stem is part of, and at most 80 characters to each side."""
    low = max(0, start - LONGEST_NAME)
    before = start
    while before > low and (text[before - 1].isalnum() or text[before - 1] in "_.$-"):
        before -= 1
    after = _NAME_AFTER.match(text, end)
    stop = after.end() if after else end
    while stop > end and text[stop - 1] in ".-":
        stop -= 1
    while before < start and text[before] in ".-$":
        before += 1
    return before, stop


def _is_inside_placeholder(text: str, start: int, end: int) -> bool:
    return text[start - 1 : start] == "[" and PLACEHOLDER.match(text, start - 1) is not None


def _value_of(text: str, start: int, end: int, verdict: Secrecy) -> Iterator[Span]:
    """Try each form that may follow the name; the first that fits has the value."""
    is_certain = verdict is Secrecy.CERTAIN
    for form in (
        _encoded,
        _typed,
        _in_part,
        _assigned,
        _described,
        _paired,
        _element,
        _option,
        _called,
        _in_cell,
        _spaced,
    ):
        found = form(text, start, end, is_certain)
        if found is not None:
            if found[0] < found[1]:
                yield found
            return


Found = Span | None
_NOTHING = (0, 0)


def _assigned(text: str, start: int, end: int, is_certain: bool) -> Found:
    """`name = value`, JSON, YAML, INI, headers, queries, keyword arguments, hash rockets, connection strings."""
    sign = _ASSIGNED.match(text, end)
    if sign is None or (sign["op"] == ":" and text[sign.end() : sign.end() + 2] == "//"):
        return None
    at, is_spoken = sign.end(), sign["op"] in (":", "==", "->")
    if "\n" in sign[0] and not sign["close"] and text[at : at + 1] not in "\"'":
        return _NOTHING
    if is_certain and (wrapper := _WRAPPED.match(text, at)) and text[wrapper.end() : wrapper.end() + 1] in "\"'":
        at = wrapper.end()
    if is_certain and (several := _LISTED.match(text, at)):
        return several.start("first"), several.end()
    block = _BLOCK.match(text, at)
    if block is not None and is_certain:
        return block.start("body"), block.end("body")
    name = text[start:end].lower()
    if name.endswith(("cookie", "cookies")) and (jar := _jar(text, at)):
        return jar
    if name.endswith("authorization") or _SCHEMED.match(text, at):
        return _header(text, at, is_certain)
    found = _quoted(text, at) or _bare(text, at, start, sign["op"], name, is_certain)
    if found is None or is_open(text[found[0] : found[1]], name, is_certain=is_certain, is_spoken=is_spoken):
        return _NOTHING
    return found


def _typed(text: str, start: int, end: int, is_certain: bool) -> Found:
    """`val apiKey: String = "value"`: the type stands between the name and the value."""
    sign = _TYPED.match(text, end)
    found = _quoted(text, sign.end()) if sign else None
    if found is None or is_open(text[found[0] : found[1]], "", is_certain=is_certain, is_spoken=False):
        return None
    return found


def _in_part(text: str, start: int, end: int, is_certain: bool) -> Found:
    """`name="password"` and the value below an empty line: a part of a form."""
    found = _PART.match(text, end) if text[max(0, start - 6) : start - 1].endswith("name=") else None
    return found.span("hide") if found else None


def _in_cell(text: str, start: int, end: int, is_certain: bool) -> Found:
    """`| password | value |`: the next cell of a table."""
    sign = _CELL.match(text, end)
    if sign is None or not is_certain:
        return None
    value = re.compile(r"[^|│┃\n]{1,4096}+").match(text, sign.end())
    shown = value[0].rstrip(" \t*`") if value else ""
    if not shown or is_open(shown, "", is_certain=False, is_spoken=True):
        return None
    return sign.end(), sign.end() + len(shown)


def _jar(text: str, at: int) -> Found:
    """A cookie header: everything up to the end of the line or quotation."""
    at += 1 if text[at : at + 1] in ('"', "'") else 0
    found = _COOKIES.match(text, at)
    return found.span() if found and "=" in found[0] else None


def _span_or_empty(match: re.Match[str] | None) -> tuple[int, int]:
    return match.span() if match else (0, 0)


def _header(text: str, at: int, is_certain: bool) -> Found:
    quoted = _quoted(text, at)
    low, high = quoted or _span_or_empty(_REST_OF_LINE.match(text, at))
    scheme = _SCHEMED.match(text, low)
    low = scheme.end() if scheme else low
    if quoted is None and (bare := _BARE.match(text, low)):
        is_list = scheme is not None and "=" in text[low:high] and "," in text[low:high]
        high = high if is_list else bare.end()
        high = _trimmed(text, low, high)
    value = text[low:high]
    if is_certain and scheme is not None and len(value) >= 12 and not PLACEHOLDER.search(value):
        return low, high
    if (
        not value
        or (not any(c.isdigit() for c in value) and len(value) < 6)
        or is_open(value, "", is_certain=False, is_spoken=True)
    ):
        return _NOTHING
    return low, high


def _quoted(text: str, at: int) -> Found:
    """A value in quotation marks, also escaped ones; without an end it goes as far as values go."""
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


def _bare(text: str, at: int, start: int, op: str, name: str, is_certain: bool) -> Found:
    """A value without marks: up to white space, or the whole line where a line is one setting."""
    found = _BARE.match(text, at)
    if found is None:
        return None
    low, high = at, _trimmed(text, at, found.end())
    begins_line = not text[max(0, start - 40) : start].rpartition("\n")[2].strip(" \t-+>*#")
    if is_certain and (
        name.endswith(("phrase", "mnemonic", "words")) or (begins_line and op in (":", "=") and start >= 0)
    ):
        rest = _REST_OF_LINE.match(text, at)
        line = rest[0].rstrip() if rest else ""
        if re.fullmatch(r"[\w.!?@$*+-]{1,40}(?: [\w.!?@$*+-]{1,40}){1,30}", line) and not _is_sentence(line):
            return low, at + len(line)
    return low, high


def _is_sentence(line: str) -> bool:
    words = line.lower().split()
    return bool(_SENTENCE.intersection(words)) or is_open(words[0], "", is_certain=True, is_spoken=True)


_SENTENCE = frozenset(
    [
        "is",
        "was",
        "not",
        "must",
        "be",
        "for",
        "the",
        "a",
        "an",
        "in",
        "of",
        "to",
        "and",
        "or",
        "has",
        "have",
        "but",
        "by",
        "at",
        "with",
        "from",
        "on",
        "if",
        "when",
        "may",
    ]
)


def _trimmed(text: str, low: int, high: int) -> int:
    """The end of a bare value without what follows it in lists, calls and sentences."""
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


def _encoded(text: str, start: int, end: int, is_certain: bool) -> Found:
    """`password%3Dvalue`, also with encoded quotation marks."""
    sign = _ENCODED.match(text, end)
    value = _ENCODED_VALUE.match(text, sign.end()) if sign else None
    if value is None or is_open(value[0], "", is_certain=is_certain, is_spoken=False):
        return None
    return value.span()


def _paired(text: str, start: int, end: int, is_certain: bool) -> Found:
    """`("password", "value")`, `["X-Api-Key", "value"]`."""
    before = text[max(0, start - 6) : start].rstrip("\"'\\bru").rstrip()
    sign = _PAIRED.match(text, end)
    if sign is None or before[-1:] not in ("(", "["):
        return None
    name = text[start:end].lower()
    quoted = _quoted(text, sign.end())
    found = quoted or _span_or_empty(_BARE.match(text, sign.end()))
    low, high = found if quoted else (found[0], _trimmed(text, *found))
    if scheme := _SCHEMED.match(text, low, high):
        low = scheme.end()
    if is_open(text[low:high], name, is_certain=is_certain, is_spoken=not quoted):
        return _NOTHING
    return low, high


def _described(text: str, start: int, end: int, is_certain: bool) -> Found:
    """`"name": "password", "value": "…"`, `<add key="password" value="…"/>`, `name: PASSWORD` above `value: …`."""
    sign = _DESCRIBED.match(text, end)
    if sign is None:
        return None
    quoted = _quoted(text, sign.end())
    found = quoted or _BARE.match(text, sign.end())
    if found is None:
        return None
    low, high = found if isinstance(found, tuple) else (found.start(), _trimmed(text, *found.span()))
    if not quoted and text[high : high + 1] == ":":
        return None
    return _NOTHING if is_open(text[low:high], "", is_certain=is_certain, is_spoken=False) else (low, high)


def _element(text: str, start: int, end: int, is_certain: bool) -> Found:
    """`<password>value</password>`, with a namespace or attributes."""
    before = text[max(0, start - 24) : start]
    opened = before.rpartition("<")
    if not opened[1] or not re.fullmatch(r"(?:[\w.-]{1,20}:)?", opened[2]):
        return None
    sign = _ELEMENT.match(text, end)
    value = _ELEMENT_VALUE.match(text, sign.end()) if sign else None
    if value is None:
        return None
    shown = value[0].rstrip()
    if is_open(shown, "", is_certain=is_certain, is_spoken=False):
        return _NOTHING
    return value.start(), value.start() + len(shown)


def _option(text: str, start: int, end: int, is_certain: bool) -> Found:
    """`--password value`, `-password value`, `/p:` are of the command line; `--password=value` was an assignment."""
    dashes = text[max(0, start - 3) : start]
    if not re.search(r"(?:^|[\s\"'\[(])--?$", dashes) and not re.search(
        r"(?:^|[\s\"'\[(,])--?$", text[max(0, start - 4) : start]
    ):
        return None
    gap = re.compile(r"[\"']?(?:,[ \t]{0,3}+|[ \t]{1,4}+)(?!-|\|)").match(text, end)
    if gap is None:
        return None
    quoted = _quoted(text, gap.end())
    bare = _BARE.match(text, gap.end())
    found = quoted or (bare.span() if bare else None)
    if found is None:
        return None
    low, high = found if quoted else (found[0], _trimmed(text, *found))
    return _NOTHING if is_open(text[low:high], "", is_certain=is_certain, is_spoken=True) else (low, high)


def _called(text: str, start: int, end: int, is_certain: bool) -> Found:
    """`PASSWORD('value')`, `set_password("value")`, but not `get_password("user")`."""
    sign = _CALLED.match(text, end)
    if (
        sign is None
        or not is_certain
        or re.match(r"(?i)(?:\w*\.)?(?:get|find|read|load|has|is|check|verify|require|ask|env)", text[start:end])
    ):
        return None
    low, high = _quoted(text, sign.end()) or _NOTHING
    if is_open(text[low:high], "", is_certain=True, is_spoken=False):
        return _NOTHING
    return low, high


def _spaced(text: str, start: int, end: int, is_certain: bool) -> Found:
    """Prose and directives: `the password is x`, `using password x`, `PASSWORD 'x'`, `requirepass x`."""
    sign = _SPACED.match(text, end)
    if sign is None:
        return None
    linked = bool(sign["link"])
    if sign["quote"]:
        found = _quoted(text, sign.end())
        if found is None or not (is_certain or linked):
            return None
        value = text[found[0] : found[1]]
        if (" " in value and not linked) or is_open(value, "", is_certain=is_certain, is_spoken=True):
            return None
        return found
    bare = _BARE.match(text, sign.end())
    if bare is None:
        return None
    low, high = bare.start(), _trimmed(text, *bare.span())
    while high > low and text[high - 1] in "!?":
        high -= 1
    return (low, high) if _is_told(text, start, low, high, linked, is_certain) else None


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
    if re.search(r"(?i)(?:login|user|account)[ \t]+\S{1,80}[ \t]+\Z", text[max(0, start - 120) : start]):
        return True
    ends = not text[high : high + 3].strip(" .!\"'),")
    return linked and ends and re.fullmatch(r"[\w.-]{4,64}", value) is not None
