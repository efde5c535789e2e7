"""Reads the head of a log record: time, level, logger and thread before the message, in the usual layouts."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from core.gateways.text.model import Line, LogRecord

_DATE = r"\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[ ]?[+-]\d\d:?\d\d| UTC| GMT| (?!(?:INFO|WARN|DBUG|FAIL|CRIT|ERR|LOG) )[A-Z]{3,4}(?= \[))?"
_OTHER_DATE = (
    r"\d\d:\d\d:\d\d(?:[.,]\d{1,9})?"
    r"|\d\d?[-/ ](?:[A-Z][a-z]{2}|\d\d)[-/ ]\d{4}[ :]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?: [A-Za-z/_]{2,30}| [+-]\d{4})?"
    r"|[A-Z][a-z]{2} \d\d?, \d{4} \d\d?:\d\d:\d\d(?: [AP]M)?"
    r"|[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d{1,9})? \d{4}"
)
_TIME = re.compile(rf"[ \t]{{0,4}}[\[(]?(?P<date>{_DATE}|{_OTHER_DATE})(?:\]|\))?(?P<gap>[ \t:,|-]{{0,4}})")
_WORD = (
    r"TRACE|DEBUG|DBUG|INFO|INFORMATION|NOTICE|WARN|WARNING|ERROR|ERR|FAIL|FATAL|CRITICAL|CRIT|SEVERE|PANIC|EMERG|EMERGENCY|ALERT"
    r"|LOG|DETAIL|HINT|CONTEXT|STATEMENT"
)
_LEVEL = re.compile(
    rf"(?<![\w./=])(?:(?P<upper>{_WORD})|\[[ ]?(?P<bracketed>(?i:{_WORD}|INF|WRN|DBG|FTL|VRB))[ ]?\]|(?P<channel>[\w-]{{1,60}})\.(?P<dotted>{_WORD}))(?![\w.=(])"
)
_AFTER = re.compile(
    r"(?:/[\w.:-]{1,60})?[\]:|]?[ \t]*(?:\d{1,9} )?(?:-{1,3} )?(?:\[(?P<thread>[^\]\n]{0,80})\][ \t]*){0,3}"
    r"(?:(?P<logger>[A-Za-z_][\w.$/\[\]:*-]{0,150}?)[ \t]*(?::[ \t]*\d{1,6}[ \t]+)?(?: -{1,2}|[ \t]?:|\|)[ \t]+)?(?:\[\][ \t])?"
)
_LEVEL_FIRST = re.compile(rf"\[?(?P<level>{_WORD})\]?(?::(?P<logger>[\w.]{{1,100}}):|[:\]][ \t]{{0,8}}| {{1,8}}(?=\S))")
_GLOG = re.compile(
    r"(?P<level>[IWEF])\d{4} \d\d:\d\d:\d\d\.\d{1,6}[ \t]+\d{1,9} (?P<logger>[\w./-]{1,120}):\d{1,6}\] ?"
)
_RUBY = re.compile(r"(?P<level>[DIWEFA]), \[(?P<date>[^\]\n]{1,60})\] {1,3}\w{1,8} -- (?P<logger>[^:\n]{0,80}): ?")
_DOTNET = re.compile(r"(?P<level>fail|crit|warn|info|dbug|trce): (?P<logger>[\w.`+]{1,200})\[\d{1,9}\]")
_ACCESS = re.compile(r'\S{1,80} \S{1,80} \S{1,80} \[[^\]\n]{10,40}\] "')
_GC = re.compile(r"\[\d[^\]\n]{0,40}\](?:\[[\w, ]{1,40}\]){1,4} ")
_NAMES = {
    "debug": "debug trace dbug dbg vrb trce d v",
    "info": "info information notice inf log detail hint context statement i",
    "warning": "warn warning wrn w",
    "error": "error err fail severe e",
    "fatal": "fatal critical crit panic emerg emergency alert ftl f a",
}
_LEVELS = {name: level for level, names in _NAMES.items() for name in names.split()}
_LEVEL_WITHIN = 140
_LINE = 2_000


def level_named(word: object) -> str | None:
    """Return debug, info, warning, error or fatal for any of the usual words and numbers (pino, bunyan, syslog)."""
    if isinstance(word, bool) or not isinstance(word, str | int | float):
        return None
    text = str(word).strip().lower()
    if text.isdecimal() and len(text) <= 2:
        number = int(text)
        if number >= 10:
            return ("debug", "debug", "info", "warning", "error")[min(number, 50) // 10 - 1] if number < 60 else "fatal"
        return "fatal" if number <= 2 else "error" if number == 3 else "warning" if number == 4 else "info"
    return _LEVELS.get(text)


def time_of(text: object) -> datetime | None:
    """Return the time that ISO text or a number since 1970 (seconds to nanoseconds) gives; None for other text."""
    try:
        if isinstance(text, int | float) and not isinstance(text, bool):
            seconds = float(text)
            for _ in range(3):
                seconds = seconds / 1000 if abs(seconds) > 1e11 else seconds
            return datetime.fromtimestamp(seconds, UTC)
        if isinstance(text, str) and len(text) < 60:
            spelled = (
                re.sub(r"([.,]\d{6})\d{1,3}", r"\1", text.strip())
                .replace("/", "-")
                .replace(" UTC", "+00:00")
                .replace(" GMT", "+00:00")
            )
            found = datetime.fromisoformat(spelled)
            return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return None


def read_line(text: str) -> Line:
    """Return `text` as a line; when it has the head of a log record, the text is what follows the head."""
    head = text[:_LINE]
    for pattern in (_GLOG, _RUBY, _DOTNET):
        if found := pattern.match(head):
            groups = found.groupdict()
            return _line(
                text[found.end() :], groups["level"], logger=groups.get("logger"), at=time_of(groups.get("date"))
            )
    if _ACCESS.match(head) or _GC.match(head):
        return Line(text, LogRecord(text.strip(), level="info"))
    if time := _TIME.match(head):
        return _timed(text, head, time)
    if found := _LEVEL_FIRST.match(head):
        return _line(text[found.end() :], found["level"], logger=found["logger"])
    return Line(text)


def _timed(text: str, head: str, time: re.Match[str]) -> Line:
    at = time_of(time["date"])
    level = _LEVEL.search(head, time.end(), time.end() + _LEVEL_WITHIN)
    between = head[time.end() : level.start()] if level else ""
    if level is None or ": " in between:
        if not time["gap"] and text[time.end() :].strip():
            return Line(text)
        return _line(text[time.end() :], None, at=at) if text[time.end() :].strip() else Line("")
    after = _AFTER.match(head, level.end())
    end = after.end() if after else level.end()
    word = level["upper"] or level["bracketed"] or level["dotted"]
    thread = after["thread"] if after and after["thread"] else _bracketed(between)
    logger = level["channel"] or (after["logger"] if after else None)
    return _line(text[end:], word, at=at, logger=logger, thread=thread)


def _bracketed(text: str) -> str | None:
    found = re.search(r"\[([^\]\n]{1,80})\]", text)
    return found[1] if found else None


def _line(
    text: str, level: str | None, *, at: datetime | None = None, logger: str | None = None, thread: str | None = None
) -> Line:
    record = LogRecord(
        text.strip()[:_LINE], at, level_named(level or ""), (logger or "").strip() or None, thread=thread
    )
    return Line(text, record)
