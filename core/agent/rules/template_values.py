"""The words that fill the sentences of `causes.toml`: names, places and values as the evidence has them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from core.agent.rules.causes import RAISED_VALUE, telling_exception
from core.agent.rules.offending_value import find_breaking_value, locals_in_line
from core.domain.causes import Cause
from core.domain.report import Culprit
from core.domain.tool_facts import BreadcrumbFacts, FrameFacts, FrequencyFacts, IssueFacts, StackFacts

MESSAGE_CHARS = 240
_VALUE_CHARS, _UNREAD_CHARS = 120, 60
_OFTEN = 3
_ENTRIES = frozenset({"main", "Main", "<Main>$", "run"})
_FAR_BELOW = 8
_NAMELESS = re.compile(r"stripped_application_code|<(?:unknown|redacted)>|\?+")


def culprit_of(stack: StackFacts) -> Culprit | None:
    """The frame to open first; of a minified bundle only the place, since its names mislead."""
    frame = frame_of(stack)
    if not any(frame.get(name) for name in ("file", "function", "line", "module")):
        return None
    function = None if stack.get("minified") else frame.get("function")
    return Culprit(frame.get("file"), function, frame.get("line"), frame.get("module"))


def frame_of(stack: StackFacts) -> FrameFacts:
    """The frame that matters; where that is only the program's entry, far above the failure, where it was raised."""
    frame = stack.get("frame", {})
    is_entry = (frame.get("function") or "").rsplit(".", 1)[-1] in _ENTRIES
    if is_entry and stack.get("library_calls_below", 0) >= _FAR_BELOW and stack.get("raised_in"):
        return stack["raised_in"]
    return frame


def template_values(cause: Cause, issue: IssueFacts, stack: StackFacts, frequency: FrequencyFacts) -> Mapping[str, str]:
    """What the placeholders of `causes.toml` stand for here; what is unknown is absent."""
    root = telling_exception(stack, cause)
    title = _UNTITLED.sub("", issue.get("title", ""))
    message = without_frames(_raised_value(stack) or root.get("value") or stack.get("message") or title)
    type_, told = root.get("type") or title.split(":")[0], one_line(message) or root.get("type") or ""
    found = {
        "type": type_,
        "message": told,
        # Once, when the type only repeats how the message begins.
        "what": told if told.startswith(type_) else ": ".join(word for word in (type_, told) if word),
        "raised": told if _shows_a_raise(frame_of(stack)) else None,
        "release": frequency.get("onset_release"),
        "commit": _suspect(issue, stack),
        **_places(stack),
        **_values(cause, message, stack),
        **_read_from_texts(cause, message, stack),
    }
    return {name: balanced(word) for name, word in found.items() if word}


_FRAMES = re.compile(
    r"(?<![\s↵:])[\s↵:]*+(?:Remote stack trace:)?[\s↵]*+"
    r"(?:\bat [\w.$<>]{1,200}\([^()\n↵]{1,200}\)|File \"[^\"\n]{1,300}\", line \d+).*",
    re.DOTALL,
)


def without_frames(message: str) -> str:
    """The message without the stack that was pasted into it."""
    return _FRAMES.sub("", message, count=1)


def _raised_value(stack: StackFacts) -> str | None:
    """What was raised where it was no error: its own message, else all that is known of it."""
    parts = {
        name.removeprefix(RAISED_VALUE): value
        for name, value in stack.get("evidence", {}).items()
        if name.startswith(RAISED_VALUE)
    }
    return parts.get("message") or next((f"{name}: {value}" for name, value in parts.items()), None)


def one_line(text: str, limit: int = MESSAGE_CHARS) -> str:
    """`text` on one line, cut with an ellipsis."""
    line = " ".join(text.replace("↵", " ").split())
    return balanced(line if len(line) <= limit else f"{line[: limit - 1].rstrip()}…")


def balanced(text: str) -> str:
    """`text` without those quotation marks of which one has no partner, which would quote what stands around it."""
    for mark in '`"':
        if text.count(mark) % 2:
            text = text.replace(mark, "")
    return re.sub("[“”]", "", text) if re.sub("[^“”]", "", text).replace("“”", "") else text


_UNTITLED = re.compile(r"^an (?:event|issue) without a title$")
_RAISE = re.compile(
    r"(?:^|[;{}()?:>]|\b(?:if|else|then|do|and|or)\b)\s*"
    r"(?:(?:raise|throw|assert)\b|(?:assert|debug_assert|panic|unreachable|fatalError|abort|precondition)\w*!?\()"
)
_RAISING_NAME = re.compile(r"(?:^|[.:_])(?:raise|throw|fail|panic|abort)(?![a-z])")


def _shows_a_raise(frame: FrameFacts) -> bool:
    """Whether the failing line raises, or the function is one that does nothing else."""
    return bool(_RAISE.search(frame.get("source", "")) or _RAISING_NAME.search(frame.get("function") or ""))


# ---- where ----------------------------------------------------------------------------------------------------------


def _places(stack: StackFacts) -> Mapping[str, str | None]:
    """`function` is one of ours, as far as can be known; `where` names the frame whosever it is."""
    frame, culprit = frame_of(stack), culprit_of(stack) or Culprit()
    file, line, name = culprit.file, culprit.line, _callable_name(culprit.function)
    place = f"{file}:{line}" if file and line is not None else file or frame.get("module")
    is_foreign = stack.get("frame_basis") == "last" and frame.get("in_app") is False
    stands_for_it = None if frame else stack.get("transaction") or _named_culprit(stack)
    taker = _taker(stack, frame)
    return {
        "file": file,
        "line": str(line) if line is not None else None,
        "place": place,
        "function": stands_for_it if is_foreign else name or stands_for_it,
        "where": " in ".join(word for word in (place, name) if word) or stands_for_it,
        "taker": _callable_name(taker.get("function")),
        "taker_place": f"{taker['file']}:{taker['line']}" if taker.get("file") and taker.get("line") else None,
    }


def _taker(stack: StackFacts, frame: FrameFacts) -> FrameFacts:
    """Who asked the code that failed: our frame when a library failed below it, else the nearest caller elsewhere."""
    if stack.get("raised_in") or stack.get("library_calls_below"):
        return frame
    return next((one for one in stack.get("callers", []) if one.get("file") != frame.get("file")), FrameFacts())


def _named_culprit(stack: StackFacts) -> str | None:
    culprit = stack.get("culprit", "")
    return None if culprit.startswith("?") else culprit


def _callable_name(function: str | None) -> str | None:
    if not function or _NAMELESS.fullmatch(function):
        return None
    return f"{function}()" if re.fullmatch(r"[\w.$:]+", function) else function


def _suspect(issue: IssueFacts, stack: StackFacts) -> str | None:
    """The tracker's suspect commit, else the one commit of the introducing release that names the culprit's file."""
    suspects = issue.get("suspects", [])
    if suspects:
        return f"{suspects[0].get('id', '')[:8]} “{one_line(suspects[0].get('message', ''))}”"
    file = stack.get("frame", {}).get("file", "")
    stem = file.rsplit("/", 1)[-1].split(".")[0]
    for commit in issue.get("release_commits", []):
        if stem and re.search(rf"\b{re.escape(stem)}\b", commit.get("message", ""), re.IGNORECASE):
            return f"{commit.get('id', '')[:8]} “{one_line(commit.get('message', ''))}”"
    return None


# ---- values ---------------------------------------------------------------------------------------------------------

_HTML = re.compile(r"^b?['\"]\s*<(?:!doc|html)", re.IGNORECASE)


def _values(cause: Cause, message: str, stack: StackFacts) -> Mapping[str, str | None]:
    broken = find_breaking_value(cause, message, stack)
    limit = _UNREAD_CHARS if cause is Cause.PARSE_ERROR else _VALUE_CHARS
    value = one_line(broken.value, limit) if broken.value else None
    held = locals_in_line(frame_of(stack))
    return {
        "variable": broken.variable,
        "value": value,
        "origin": broken.origin,
        "key": broken.key,
        "complaint": _complaint(message, broken.value),
        "other_key": _similar_key(broken.key, broken.value),
        "page": value if value and _HTML.match(value) else None,
        "locals": ", ".join(f"`{name}` was {one_line(each, 60)}" for name, each in held[:_OFTEN]),
    }


def _complaint(message: str, value: str | None) -> str | None:
    """What the message says before it quotes `value`; nothing when that is no sentence of its own."""
    before = message.partition(value)[0].rstrip(" :") if value else ""
    return one_line(before) if len(before.split()) >= _OFTEN and not set("'\"") & set(before) else None


def _similar_key(key: str | None, value: str | None) -> str | None:
    """A key of `value` that shares a word with the one that is missing."""
    if not key or not value:
        return None
    wanted = {word for word in re.split(r"[_\W]+", key.lower()) if len(word) > _OFTEN}
    for name in re.findall(r"[{,]\s*['\"]?([A-Za-z_]\w*)['\"]?\s*:", value):
        if name != key and wanted & set(name.lower().split("_")):
            return str(name)
    return None


# ---- texts ----------------------------------------------------------------------------------------------------------

_HOST = (
    re.compile(r"https?://(?:[^/\s@]*@)?([\w.-]+(?::\d+)?)"),
    re.compile(r"host=['\"]([\w.-]+)['\"]"),
    re.compile(r"(?:ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|resolve host:?) ([\w.:-]+\w)"),
    re.compile(r"\('([\w.-]+)', \d+\)"),
    re.compile(r"\b((?:\d{1,3}\.){3}\d{1,3}:\d+|localhost:\d+|(?<![\w-])[\w-]{1,63}(?:\.[\w-]{1,63}){1,12}:\d{1,5})\b"),
    re.compile(r"\bto ((?:\w+ )?(?:database|server|broker|cache|host) ?[\w.-]*)"),
    re.compile(r"\bon ([a-z][\w]*-\d+)\b"),
)
_LOCAL_HOST = re.compile(r"(?:127\.\d+\.\d+\.\d+|localhost|\[?::1\]?)(?::\d+)?")
_PATH = (
    re.compile(r"['\"]((?:/|\w:\\|\.{1,2}/)[^'\"]+)['\"]"),
    re.compile(r"(?:^|(?<=[\s(\[<=,:]))([^\s/'\"(]{0,200}+/\S{1,300}\.\w{1,20})\b", re.MULTILINE),
)
_PORT = (
    re.compile(r"EADDRINUSE[^\n]{0,200}?:(\d{2,5})\b"),
    re.compile(r"\bport (\d{2,5})\b", re.IGNORECASE),
    re.compile(r"\[HTTP/[\d.]+-(\d{2,5})\]"),
    re.compile(r"(?:connector|listen|bind)[^\d]{0,30}(\d{2,5})\b", re.IGNORECASE),
    re.compile(r":(\d{2,5})\b"),
)
_STATUS = (re.compile(r"\b([45]\d\d)\b"),)
_COLUMN = (re.compile(r"duplicate column name: (\w+)"),)
_SKEW = (re.compile(r"\b(?:skew|drift)(?: (?:of|is|was))?:? (\d[\d.]* ?\w*)", re.IGNORECASE),)


def _read_from_texts(cause: Cause, message: str, stack: StackFacts) -> Mapping[str, str | None]:
    values = [exception.get("value", "") for exception in stack.get("exceptions", [])]
    every_text = "\n".join([message, *values, *stack.get("message_params", [])])
    host = _search(_HOST, every_text) or _request_host(cause, stack)
    repeated, times = _repeated(stack)
    return {
        # A host by its name as it is; one that is only described (`job database`) with its article.
        "host": f"the {host}" if host and " " in host else host,
        "local_host": host if host and _LOCAL_HOST.fullmatch(host) else None,
        "path": _search(_PATH, message),
        "number": _search(_PORT, every_text),
        "status": _search(_STATUS, message),
        "column": _search(_COLUMN, message),
        "skew": _search(_SKEW, message),
        "repeated": repeated,
        "times": str(times) if repeated else None,
    }


def _search(patterns: tuple[re.Pattern[str], ...], text: str) -> str | None:
    return next((found[1] for pattern in patterns if (found := pattern.search(text))), None)


def _request_host(cause: Cause, stack: StackFacts) -> str | None:
    """For a failure behind ours, the host of the last outgoing request that the breadcrumbs show."""
    if cause not in (Cause.TIMEOUT, Cause.RATE_LIMITED, Cause.UPSTREAM_FAILURE, Cause.CONNECTION_REFUSED, Cause.TLS):
        return None
    for crumb in reversed(stack.get("breadcrumbs", [])):
        if crumb.get("category") in ("http", "httplib", "fetch", "xhr", "aiohttp"):
            host = _search(_HOST[:1], f"{crumb.get('message', '')} {crumb.get('data', '')}")
            if host:
                return host
    return None


def _times(crumb: BreadcrumbFacts) -> int:
    """How many breadcrumbs it stands for beside the last of them, which has an entry of its own."""
    number = crumb.get("times", "1").partition(" ")[0]
    return max(1, int(number) - 1) if number.isdigit() else 1


def _repeated(stack: StackFacts) -> tuple[str | None, int]:
    """The last of those breadcrumbs that are alike but for their numbers, and how many came, if they are several."""
    messages = [
        message
        for crumb in stack.get("breadcrumbs", [])
        if (message := crumb.get("message"))
        for _ in range(_times(crumb))
    ]
    shapes = Counter(re.sub(r"\d+", "0", message) for message in messages)
    for shape, times in shapes.most_common(1):
        if times >= _OFTEN:
            last = next(message for message in reversed(messages) if re.sub(r"\d+", "0", message) == shape)
            return one_line(last, 100), times
    return None, 0
