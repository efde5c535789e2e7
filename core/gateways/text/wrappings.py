"""Takes off what shippers, terminals, mails and chats put around the lines of a program, and tells its streams apart.

Lines of several containers, processes or threads come mixed; a prefix that names one of them is the key of its stream,
and each stream is read by itself. A line without a prefix belongs to the stream of the line above it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

_LAYERS = 4
_ESCAPES = re.compile(
    r"\x1b(?:\[[0-9;?:]{0,40}[ -/]{0,4}[@-~]|\][^\x07\x1b\n]{0,300}(?:\x07|\x1b\\)|[()][A-B0-2]|[@-Z=>])"
)
_LOST_ESCAPES = re.compile(r"\[(?:\d{1,3};){0,4}\d{1,3}m|\[0?K")
_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
_FENCE = re.compile(r"^[ \t>]{0,20}(?:```|~~~)[\w+-]{0,20}[ \t]*$", re.MULTILINE)
_FOLDED_TRACE = re.compile(
    r"(?:\\n|#012|\\u000a)(?:\\t|#011|[ \t]|\\u0009)*(?:at |File \\?\"|\.\.\. \d|Caused by: |#\d{1,4} |from |\(\w|Traceback|\[stacktrace\]|\[previous )"
)
_ESCAPED = re.compile(r"\\r\\n|\\n|\\t|\\\"|\\/|\\\\|\\u000[aA9]|#012|#011")
_UNESCAPED = {
    "\\r\\n": "\n",
    "\\n": "\n",
    "\\t": "\t",
    '\\"': '"',
    "\\/": "/",
    "\\\\": "\\",
    "\\u000a": "\n",
    "\\u000A": "\n",
    "\\u0009": "\t",
    "#012": "\n",
    "#011": "\t",
}

_TS = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[ ]?[+-]\d\d:?\d\d)?"
_PREFIXES = tuple(
    re.compile(pattern)
    for pattern in (
        rf"{_TS} (?:stdout|stderr) (?P<partial>[FP]) ?",
        r"\[pod/(?P<key>[^\]\s]{1,200})\] ?",
        r"(?P<key>[\w-]{1,100}-[a-f0-9]{6,10}-[a-z0-9]{5}(?: [\w-]{1,60})?) (?:[│|›] ?)?",
        r"(?P<key>[\w .()-]{1,60}\t[\w .()/:-]{1,120})\t(?:\ufeff)?(?=\d{4}-\d\d-\d\dT)",
        r"\ufeff?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z ?",
        r"##\[(?:error|warning|debug|command|section|group|endgroup|notice)\]|::(?:error|warning|notice)[^:\n]{0,300}::",
        r"<\d{1,3}>1 \S{1,40} \S{1,255} (?P<key>\S{1,48} \S{1,128}) \S{1,32} (?:-|(?:\[[^\]\n]{1,500}\]){1,5}) ?(?:\ufeff)?",
        r"(?:<\d{1,3}>)?[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d{1,9})? (?P<key>\S{1,255} [^\s:\[]{1,80}(?:\[\d{1,10}\])?): ?",
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)? (?P<key>(?:\S{1,255} )?[A-Za-z][\w./@-]{0,80}\[[\w.-]{1,40}\]): ?",
        r"\d{4}-\d\d-\d\dT\S{8,30} ?\[(?P<key>(?:APP|RTR|CELL|STG|API)/[\w/.-]{1,60})\] ?(?:OUT|ERR) ?",
        r"\d{4}-\d\d-\d\dT\S{8,30} (?P<key>app\[[\w.-]{1,40}\]) [a-z]{3} \[\w{1,10}\] ?",
        r"(?:\d{4}-)?\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}[ \t]+(?P<key>(?:[\w.]{1,60}[ \t]+)?\d{1,7}[ \t]+\d{1,7}) [VDIWEFA] [^\n:]{1,60}?[ \t]*: ?",
        r"(?:(?:\d{4}-)?\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}[ \t]+)?(?P<key>\d{1,7}-\d{1,7})/[\w.?:-]{1,100} [VDIWEFA]/[^\n:]{1,60}?: ?",
        r"(?:\d{4}-)?\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}[ \t]+(?P<key>\d{1,7}-\d{1,7})[ \t]+\S{1,60}[ \t]+[\w.?:-]{1,100}[ \t]+[VDIWEFA]  ?",
        r"(?:(?:\d{4}-)?\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}[ \t]+)?[VDIWEFA]/[^\n(:]{1,60}?[ \t]*\((?P<key>[ \t]*\d{1,7})\): ?",
        r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3,6}[+-]\d{4} (?P<key>[\w.-]{1,60}\[\d{1,9}:[\da-f]{1,12}\]) ?(?:\[[^\]\n]{1,80}\] ?)?",
        rf"{_TS}[ \t](?P<key>\d{{4}}/\d\d/\d\d/\[\S{{1,20}}\]\w{{8,64}})[ \t]",
        rf"{_TS}[ \t]\{{[\w.]{{1,60}}=\"[^{{}}\n]{{0,400}}\}}[ \t]",
        rf"{_TS} (?:[+-]\d{{4}} )?(?P<key>[\w.-]{{1,80}}): (?=\{{\")",
        r"(?P<key>\d{1,3}\|[\w./-]{1,60})[ \t]*\| ?",
        r"\d\d:\d\d:\d\d (?P<key>[\w.-]{1,60}\.\d{1,3})[ \t]*\| ?",
    )
)
_COMPOSE = re.compile(r"(?P<key>[A-Za-z][\w./@-]{0,80})[ \t]*[|│](?: |$)")
_BRACKET = re.compile(r"\[(?P<key>\d{1,2}|[A-Za-z][\w:./@-]{0,40})\](?: |$)")
_TASK = re.compile(r"(?P<key>@?[\w./-]{1,60}:[a-z][\w.:-]{0,30}): ?(?=\S|[ \t])")
_LEVELS = frozenset(
    ["error", "err", "warn", "warning", "info", "debug", "trace", "fatal", "critical", "notice", "main"]
)
_QUOTE = re.compile(r"[ \t]{0,8}(?:(?:>|&gt;|▎|┃) ?)+")
_NUMBER = re.compile(r"[ \t]{0,8}\d{1,5}[:.|)]?[ \t]")
_NUMBERED_CALL = re.compile(r"[ \t]{0,8}\d{1,5}[:.|)]?[ \t]{1,8}(?:[•*-][ \t]?)?(?:at[ \t]|File \")")
_BULLET = re.compile(r"^[ \t]{0,8}[|•*-][ \t]{0,4}(?=at(?:[ \t]|$)|File \")")
_SHARED = 0.6


def clean(text: str) -> str:
    """Return `text` with plain line ends, without terminal escapes, unseen characters and code fences."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\xa0", " ")
    text = _LOST_ESCAPES.sub("", _ESCAPES.sub("", text)) if "\x1b" in text or ("m" in text and "[" in text) else text
    return _FENCE.sub("", _UNSEEN.sub("", text))


def unfold(line: str) -> str:
    """Return the lines of a trace that was logged on one line, with its line ends spelled out."""
    if line.rstrip().endswith("}") or not _FOLDED_TRACE.search(line):
        return line
    return _ESCAPED.sub(lambda found: _UNESCAPED[found[0]], line)


def without_prefix(line: str) -> tuple[str | None, str]:
    """Return the name of the line's stream, if its prefixes give one, and the line without them."""
    key: str | None = None
    for _ in range(_LAYERS):
        named, rest, _ = _off(line, _PREFIXES)
        if rest == line:
            named, rest = _short_prefix(line)
        if rest == line:
            break
        key, line = named or key, rest
    return key, line


def _short_prefix(line: str) -> tuple[str | None, str]:
    """Take off `web-1  | `, which alone is no proof, when the name before the bar is no level."""
    prefix = _COMPOSE.match(line)
    if prefix is None or prefix["key"].lower() in _LEVELS:
        return None, line
    return prefix["key"], line[prefix.end() :]


def unquote(lines: Sequence[str]) -> list[str]:
    """Return the lines without the marks of quoted mail, line numbers and bullets before calls."""
    unquoted = [line[found.end() :] if (found := _QUOTE.match(line)) else line for line in lines]
    if sum(1 for line in unquoted if _NUMBERED_CALL.match(line)) > 1:
        unquoted = [line[found.end() :] if (found := _NUMBER.match(line)) else line for line in unquoted]
    return [_BULLET.sub("", line, count=1) for line in unquoted]


def streams(lines: Sequence[str]) -> list[list[str]]:
    """Return the lines without prefixes, by stream, in the order in which the streams begin."""
    for _ in range(_LAYERS):
        shared = _shared_prefix(lines)
        if shared is None:
            break
        parts = _split(lines, (shared,))
        if len(parts) > 1:
            return [each for part in parts for each in streams(part)]
        lines = parts[0]
    parts = _split(lines, _PREFIXES)
    if len(parts) == 1 and parts[0] == list(lines):
        return parts
    return [each for part in parts for each in (streams(part) if part != list(lines) else [part])]


def _split(lines: Sequence[str], prefixes: tuple[re.Pattern[str], ...]) -> list[list[str]]:
    found: dict[str, list[str]] = {}
    key = ""
    open_part = False
    for line in lines:
        key_here, text, partial = _off(line, prefixes)
        key = key if key_here is None else key_here
        stream = found.setdefault(key, [])
        if open_part and stream:
            stream[-1] += text
        else:
            stream.append(text)
        open_part = partial
    return list(found.values()) or [[]]


def _off(line: str, prefixes: tuple[re.Pattern[str], ...]) -> tuple[str | None, str, bool]:
    """Return the key that the prefix names (None without a prefix), the rest, and whether the next line goes on."""
    for pattern in prefixes:
        if prefix := pattern.match(line):
            groups = prefix.groupdict()
            return " ".join((groups.get("key") or "").split()), line[prefix.end() :], groups.get("partial") == "P"
    return None, line, False


def _shared_prefix(lines: Sequence[str]) -> re.Pattern[str] | None:
    """Return the kind of short prefix (`web | `, `[0] `, `web:dev: `) that most lines have, if they have one."""
    filled = [line for line in lines if line.strip()]
    for pattern in (_COMPOSE, _BRACKET, _TASK):
        keys = Counter(prefix["key"].lower() for line in filled if (prefix := pattern.match(line)))
        named = sum(keys.values())
        if named >= 2 and named >= _SHARED * len(filled) and not _LEVELS & keys.keys():
            return pattern
    return None


def iterate_unfolded(text: str) -> Iterator[str]:
    """Yield the lines of `text`; a trace folded into one line gives its own lines."""
    for line in text.split("\n"):
        yield from unfold(line).split("\n")
