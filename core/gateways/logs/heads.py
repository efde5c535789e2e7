"""Reads the heads of log lines fast: a line is read in full once for each skeleton, then known by it.

The skeleton is the line without the words that hold digits, so lines that differ in times, ids and numbers alone share
it. The reading itself is that of `core.gateways.text`; only where the time stands is found here for each line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from core.gateways.logs.templates import Template, TemplateTree
from core.gateways.text.languages.heads import head_of
from core.gateways.text.model import LogRecord
from core.gateways.text.records import read_line, time_of
from core.gateways.text.structured import record_in
from core.gateways.text.wrappings import clean, without_prefix

NO_MINUTE = -1

_KEPT = 40_000
_SKELETON_BYTES = 600
_HEAD_BYTES = 4_000
_JSON_BYTES = 65_536
_DIGITS = re.compile(
    rb"\b[A-Za-z_.:/@+-]*+(?!(?<=\" )[1-5]\d\d |(?<=\"level\":)\d\d\b|(?<=\"status\":)\d\d\d\b)\d[\w.:/@+-]*+"
)
_TIME = re.compile(
    rb"(?P<iso>\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d)(?::(?P<second>\d\d)(?P<part>[.,]\d{1,9})?(?P<zone>Z|[ ]?[+-]\d\d:?\d\d)?)?"
    rb"|(?P<access>\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d):\d\d(?P<offset> [+-]\d{4})?"
    rb"|\"(?:time|ts|timestamp|t|@timestamp)\": ?(?P<epoch>\d{10})(?:\d{3}|\.\d{1,9})?\b"
    rb"|\b(?P<syslog>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d):\d\d"
    rb"|(?<![\d:])(?P<clock>\d\d:\d\d):\d\d"
)
_TIME_WITHIN = 300
_ACCESS = re.compile(r'"(?P<request>[A-Z]{3,8} [^ ?"]{1,200})[^"]{0,2000}" (?P<status>[1-5]\d\d) ')
_TRACE_ID = re.compile(rb"(?i:trace[_.-]?id|correlation[_-]?id|request[_-]?id)\W{1,4}(?P<id>[\w-]{6,64})")
_TRACE_WORDS = (b"race", b"RACE", b"orrelation", b"ORRELATION", b"equest", b"EQUEST")
"""One of them is in what the pattern above finds; looking for them first is several times faster."""
_GAUGE_NAMES = (
    rb"heap|memory|mem|rss|latency|duration|took|elapsed|response_?time|queue|backlog|lag|pending|depth|connections|threads"
    rb"|rate|ratio|usage"
)
_GAUGE = re.compile(
    rb"(?i)(?<![a-z])(?P<name>(?:[a-z0-9]{1,20}_){0,3}(?:%b)(?:_[a-z0-9_]{1,30}|used|size|length|bytes|depth|ms|mb)?"
    rb"(?: (?:usage|used|size|depth|length|time|rate)){0,2})[\"']?(?:[=:]| is| of){0,2} {0,3}[\"']?(?P<number>\d{1,12}(?:\.\d{1,6})?)"
    rb"|(?P<verb>[a-z]{3,30}) in (?P<seconds>\d{1,9}(?:\.\d{1,6})?) ?(?:ms|s|sec|seconds)\b" % _GAUGE_NAMES
)
_REPLICA = re.compile(r"(?:-[a-f0-9]{6,10}-[a-z0-9]{5}|[-_.]?\d{1,5})$")
_STACK = re.compile(r"\s|\}|at |Caused by|File \"|\.\.\. |--->|---")


@dataclass(frozen=True, slots=True)
class Head:
    """What a line is, whatever numbers it holds; without a template it continues the record above."""

    template: Template | None
    is_error: bool = False
    is_warning: bool = False
    has_gauge: bool = False
    has_trace: bool = False


class HeadReader:
    """Reads the lines of one file."""

    def __init__(self, tree: TemplateTree, name: str, today: datetime) -> None:
        """Name lines that name no component `name` (empty for none); `today` is the day of times without one."""
        self._tree = tree
        self._name = name
        self._today = today
        self._has_times = False
        self._heads: dict[bytes, Head] = {}
        self._minutes: dict[tuple[bytes, bytes | None], int] = {}
        self._prefixes: dict[bytes, tuple[str, str, str]] = {}
        self._prefix_words: list[int] = []

    def head(self, line: bytes) -> Head:
        """Return what the line is; the common case costs one substitution and one look-up."""
        skeleton = _DIGITS.sub(b"#", line[:_SKELETON_BYTES])
        found = self._heads.get(skeleton)
        if found is None:
            if len(self._heads) >= _KEPT:
                self._heads.clear()
            found = self._heads[skeleton] = self._known(line, skeleton) or self._read(line, skeleton)
        return found

    def minute(self, line: bytes) -> int:
        """Return the minute since 1970 in UTC at which the line says it was written, `NO_MINUTE` if it does not."""
        found = _TIME.search(line, 0, _TIME_WITHIN)
        if found is None:
            return NO_MINUTE
        kind = found.lastgroup or ""
        text = found["iso"]
        key = (text, found["zone"]) if text else (found[0][:17] if kind != "epoch" else found["epoch"], found["offset"])
        minute = self._minutes.get(key)
        if minute is None:
            if len(self._minutes) >= _KEPT:
                self._minutes.clear()
            at = self._time(found)
            minute = self._minutes[key] = NO_MINUTE if at is None else int(at.timestamp() // 60)
        return minute

    def seconds(self, line: bytes, minute: int) -> float:
        """Return the seconds since 1970 of a line of which the minute is known."""
        found = _TIME.search(line, 0, _TIME_WITHIN)
        if found is not None and found["second"]:
            part = found["part"]
            return minute * 60.0 + int(found["second"]) + (float(b"0." + part[1:]) if part else 0.0)
        at = None if found is None else self._time(found)
        return minute * 60.0 if at is None else at.timestamp()

    def time(self, line: bytes) -> datetime | None:
        """Return the time that the line says, to the microsecond, in UTC."""
        found = _TIME.search(line, 0, _TIME_WITHIN)
        return None if found is None else self._time(found)

    def _time(self, found: re.Match[bytes]) -> datetime | None:
        text = found[0].decode("ascii", "replace")
        if found["iso"]:
            return time_of(text if len(text) > len("2026-11-20T10:00") else f"{text}:00")
        if found["epoch"]:
            return time_of(float(found["epoch"]))
        try:
            if found["access"]:
                form = "%d/%b/%Y:%H:%M:%S %z" if found["offset"] else "%d/%b/%Y:%H:%M:%S"
                at = datetime.strptime(text, form)
                return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
            if found["syslog"]:
                at = datetime.strptime(f"{self._today.year} {text}", "%Y %b %d %H:%M:%S").replace(tzinfo=UTC)
                # A log of December that is read in January is of the year before.
                return at if (at - self._today).days < 2 else at.replace(year=at.year - 1)
            return self._today.replace(hour=int(text[:2]), minute=int(text[3:5]), second=int(text[6:8]), microsecond=0)
        except ValueError:
            return None

    # ---- reading a line in full -----------------------------------------------------------------------------------

    def _known(self, line: bytes, skeleton: bytes) -> Head | None:
        """Return the head of a line whose words before the message were seen with another message."""
        for count in self._prefix_words:
            words = skeleton.split(b" ", count)
            if (source := self._prefixes.get(b" ".join(words[:count]))) is not None and len(words) > count:
                message = line.split(b" ", count)[count][:_HEAD_BYTES].decode("utf-8", "replace")
                return self._head(source, message, line)
        return None

    def _read(self, line: bytes, skeleton: bytes) -> Head:
        # JSON that is cut is no JSON; its service and level would be lost.
        size = _JSON_BYTES if line.startswith(b"{") else _HEAD_BYTES
        text = clean(line[:size].decode("utf-8", "replace")).rstrip("\n")
        key, rest = (None, text) if text.startswith("{") else without_prefix(text)
        record = _record(rest)
        is_timed = self.minute(line) != NO_MINUTE
        if record is None and not is_timed and (self._has_times or _STACK.match(text)):
            return Head(None)
        self._has_times = self._has_times or is_timed
        record = record or LogRecord(rest.strip())
        level, logger, message = _told(record, rest)
        source = (_component(record.service, key, self._name, record.logger), level, logger)
        if record.level == level and is_timed:
            self._keep_prefix(source, message, line, skeleton)
        return self._head(source, message, line)

    def _head(self, source: tuple[str, str, str], message: str, line: bytes) -> Head:
        has_gauge = gauge(line) is not None
        level = source[1]
        has_trace = trace_id(line) is not None
        return Head(
            self._tree.add(source, message), level in ("error", "fatal"), level == "warning", has_gauge, has_trace
        )

    def _keep_prefix(self, source: tuple[str, str, str], message: str, line: bytes, skeleton: bytes) -> None:
        """Keep what the words before the message say, when the message is all that follows them."""
        end = line.rstrip()
        said = message.encode()
        if not said or not end.endswith(said) or len(self._prefixes) >= _KEPT:
            return
        count = end[: -len(said)].count(b" ")
        if count and end[: -len(said)].endswith(b" ") and (count in self._prefix_words or len(self._prefix_words) < 4):
            self._prefixes[b" ".join(skeleton.split(b" ", count)[:count])] = source
            if count not in self._prefix_words:
                self._prefix_words.append(count)


def message_of(line: str) -> str:
    """Return what a line says, without prefix and head."""
    text = clean(line[: _JSON_BYTES if line.startswith("{") else _HEAD_BYTES]).rstrip("\n")
    rest = text if text.startswith("{") else without_prefix(text)[1]
    return _told(_record(rest) or LogRecord(rest.strip()), rest)[2] or rest.strip()


def trace_id(line: bytes) -> str | None:
    """Return the id of the trace or request that the line belongs to."""
    starts = [at for word in _TRACE_WORDS if (at := line.find(word, 0, _HEAD_BYTES)) > 0]
    found = _TRACE_ID.search(line, min(starts) - 1, _HEAD_BYTES) if starts else None
    return None if found is None else found["id"].decode("ascii", "replace")


def gauge(line: bytes) -> tuple[str, float] | None:
    """Return the first quantity of the line that may grow without anybody noticing, with its name."""
    found = _GAUGE.search(line, 0, _HEAD_BYTES)
    if found is None:
        return None
    name = found["name"] or found["verb"]
    return name.decode("ascii", "replace").lower(), float(found["number"] or found["seconds"])


def _record(text: str) -> LogRecord | None:
    if (structured := record_in(text)) is not None:
        return structured[1]
    line = read_line(text)
    if line.record is None:
        return None
    return line.record


def _told(record: LogRecord, text: str) -> tuple[str, str, str]:
    """Return level, logger and message; of an access log the status decides, and stands for the logger."""
    if record.level in (None, "info") and (access := _ACCESS.search(text)) is not None:
        return "error" if access["status"] >= "500" else "info", f"HTTP {access['status']}", access["request"]
    level = record.level or ("error" if head_of(record.message[:500]) else "info")
    return level, (record.logger or "")[:80], record.message or text.strip()


def _component(service: str | None, key: str | None, name: str, logger: str | None) -> str:
    """Return who wrote the line: service, stream, name of the file, or logger, without a replica's number."""
    words = (key or "").replace("/", " ").split()
    stream = words[-1].partition("[")[0] if words else ""
    for named in (service, stream if any(each.isalpha() for each in stream) else None, name, logger):
        if named and (bare := _REPLICA.sub("", named.removesuffix(".service"))):
            return bare[:80]
    return "log"
