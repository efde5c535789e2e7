"""Finds what went wrong in indexed logs: bursts of errors, who failed first, what is new, what grows, what repeats."""

from __future__ import annotations

import re
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cmp_to_key
from itertools import combinations, groupby, pairwise
from operator import itemgetter

from core.gateways.logs.reading import Kind, LogIndex

ERRORS = ("error", "fatal")
JUST_BEFORE = 10
"""Minutes before a burst in which what is new may have caused it."""

_GAP = 2
_LEAST = 3
_TIMES_USUAL = 4
_MORE = 5.0
_GROWN = 1.5
_PARTS = 4
_MOSTLY = 0.7
_MAY_FALL = re.compile(r"rate|ratio|throughput|free|available")
_OFTEN = 100
_TRACE_KINDS = 12
_RARE = 2
_PERIODS = 4
_STEADY = 0.1
_ELSEWHERE = re.compile(
    r"(?i)connection (?:refused|reset|timed out)|ECONN(?:REFUSED|RESET|ABORTED)|ETIMEDOUT|ENOTFOUND|EAI_AGAIN"
    r"|upstream|bad gateway|service unavailable|gateway time-?out|no route to host|name resolution|unknown ?host|could not connect"
    r"|no instances? available|(?:answered|status(?: code)?|http|code|with|got|returned|responded|error)[ =:\"']{1,4}50[0234]\b|dial tcp|unreachable|deadline exceeded"
)
_TARGET = re.compile(
    r"(?i)(?:https?|tcp|amqp|redis|postgres(?:ql)?|mysql|mongodb)://(?:[^\s/@\"']{1,100}@)?(?P<url>[\w.-]{1,120}(?::\d{1,5})?)"
    r"|(?<![\w.])(?P<host>[a-z][\w-]{0,60}(?:\.[\w-]{1,60}){0,6}:\d{2,5}|\d{1,3}(?:\.\d{1,3}){3}:\d{2,5})(?!\w)"
    r"|\bhost(?:name)?(?:[=:]| is) ?[\"']?(?P<named>[\w.-]{2,120})[\"']?(?:,? port(?:[=:]| is) ?(?P<port>\d{2,5}))?"
    r"|no instances? available for (?P<instance>[\w.-]{2,80})"
    r"|(?P<service>[a-z][\w-]{1,40}) (?:answered|returned|responded(?: with)?) 50\d"
)
_RESTART = re.compile(
    r"(?i)\b(?:start(?:ed|ing)\b.{0,60}\b(?:server|service|application|worker|process|version)"
    r"|application start(?:ed|ing|up)|(?:server|service|application|worker) (?:is )?(?:start(?:ed|ing)|listening|ready)|listening (?:on|at)\b|booting"
    r"|shutting down|SIGTERM|SIGKILL|OOMKilled|out of memory: kill|killed process|restart(?:ed|ing)|exited with)"
    r"|\b(?:config(?:uration)?|feature flag|secrets?|certificates?|schema)\b.{0,40}\b(?:re-?load|chang|updat|rotat|appl(?:y|ied)|enabl|disabl|renew)"
    r"|\b(?:re-?load|chang|updat|rotat|appli|apply)\w{0,4} .{0,20}\b(?:config(?:uration)?|feature flag|schema)\b"
    r"|\bdeploy(?:ed|ing|ment (?:of|finished|started))|\broll(?:ed|ing) (?:out|back)\b|\bmigration .{0,40}(?:applied|finished|started)"
    r"|\bscal(?:ed|ing) (?:up|down|to)\b"
)


@dataclass(frozen=True, slots=True)
class Burst:
    """Minutes with many more errors than usual; `kinds` are its errors in the order in which each began."""

    begin: int
    end: int
    count: int
    kinds: tuple[Kind, ...]

    @property
    def first_by_component(self) -> list[Kind]:
        """The first error of each component, in the order of time."""
        firsts: dict[str, Kind] = {}
        for kind in self.kinds:
            firsts.setdefault(kind.component, kind)
        return list(firsts.values())


@dataclass(frozen=True, slots=True)
class Change:
    """A kind of message, and how often it came before and after, in messages a minute."""

    kind: Kind
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class Changes:
    """What two spans of time differ in."""

    new: tuple[Change, ...]
    gone: tuple[Change, ...]
    more: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Trend:
    """A quantity that grows or falls: its mean in the first and in the last quarter."""

    component: str
    name: str
    first: float
    last: float


def find_bursts(index: LogIndex, begin: int, end: int) -> list[Burst]:
    """Return the bursts of errors in a span, in the order of time; few errors among none are a burst, too."""
    counts = index.by_minute(ERRORS, begin, end)
    if not counts:
        return []
    usual = statistics.median(sorted([*counts.values(), *[0] * max(0, end - begin - len(counts))]))
    typical = statistics.median(counts.values())
    many = max(_LEAST, usual * _TIMES_USUAL, min(typical * _TIMES_USUAL, max(counts.values()) / 2))
    loud = [minute for minute, count in counts.items() if count >= many] or list(counts)[:1]
    spans: list[list[int]] = []
    for minute in loud:
        if spans and minute - spans[-1][1] <= _GAP:
            spans[-1][1] = minute
        else:
            spans.append([minute, minute])
    for each in spans:
        # A burst begins with the first errors of it, before there are many.
        while each[0] > begin and counts.get(each[0] - 1, 0) > usual:
            each[0] -= 1
    return [_burst(index, first, last + 1, counts) for first, last in spans]


def _burst(index: LogIndex, begin: int, end: int, counts: Mapping[int, int]) -> Burst:
    errors = [kind for kind in index.kinds(begin, end) if kind.is_error]
    total = sum(count for minute, count in counts.items() if begin <= minute < end)
    return Burst(begin, end, total, tuple(_in_causal_order(index, errors, begin, end)))


def _in_causal_order(index: LogIndex, errors: Sequence[Kind], begin: int, end: int) -> list[Kind]:
    """Order errors by their first time; of two that share traces, the one that mostly comes first there is first."""
    known = {kind.id for kind in errors}
    leads: Counter[tuple[int, int]] = Counter()
    for _, group in groupby(index.traced(begin, end), key=itemgetter(0)):
        order = list(dict.fromkeys(kind for _, kind, _ in group if kind in known))[:_TRACE_KINDS]
        leads.update(combinations(order, 2))
    background = _background(index, errors, begin, end)

    def compared(one: Kind, other: Kind) -> int:
        lead = leads[other.id, one.id] - leads[one.id, other.id]
        return _sign(lead or one.at - other.at or one.line - other.line)

    ordered = sorted(errors, key=cmp_to_key(compared))
    return sorted(ordered, key=lambda kind: kind.id in background)


def _sign(number: float) -> int:
    return (number > 0) - (number < 0)


def _background(index: LogIndex, errors: Sequence[Kind], begin: int, end: int) -> set[int]:
    """Return the errors that were as frequent before the burst: they are not what began it."""
    span = index.span()
    if span is None or span[0] >= begin:
        return set()
    minutes = begin - span[0]
    before = {kind.id: kind.count / minutes for kind in index.kinds(span[0], begin)}
    frequent = {kind.id for kind in errors if kind.count / (end - begin) < _MORE * before.get(kind.id, 0.0)}
    return frequent if len(frequent) < len(errors) else set()


def compare(index: LogIndex, before: tuple[int, int], after: tuple[int, int]) -> Changes:
    """Return what is new, gone or much more frequent after, the most telling first."""
    earlier = {kind.id: kind for kind in index.kinds(*before)}
    later = {kind.id: kind for kind in index.kinds(*after)}
    spans = max(1, before[1] - before[0]), max(1, after[1] - after[0])
    new = [Change(kind, 0.0, kind.count / spans[1]) for kind in later.values() if kind.id not in earlier]
    gone = [Change(kind, kind.count / spans[0], 0.0) for kind in earlier.values() if kind.id not in later]
    shared = [
        Change(kind, earlier[kind.id].count / spans[0], kind.count / spans[1])
        for kind in later.values()
        if kind.id in earlier
    ]
    more = [each for each in shared if each.kind.count >= _LEAST and each.after >= _MORE * each.before]
    # What came only a few times before may well come again.
    gone = [each for each in gone if each.before * spans[1] >= _LEAST]
    return Changes(
        tuple(sorted(new, key=lambda each: (_rank(each.kind), each.kind.at))),
        tuple(sorted(gone, key=lambda each: (_rank(each.kind), -each.before))),
        tuple(sorted(more, key=lambda each: (_rank(each.kind), -each.after / each.before))),
    )


def _rank(kind: Kind) -> int:
    return {"fatal": 0, "error": 0, "warning": 1}.get(kind.level, 2)


def comes_from_elsewhere(message: str) -> bool:
    """Whether the error says that another service refused, failed or did not answer."""
    return _ELSEWHERE.search(message[:2_000]) is not None


def target_of(message: str) -> str | None:
    """Return the host or service that the message could not reach."""
    found = _TARGET.search(message[:2_000])
    if found is None:
        return None
    if found["named"]:
        return ":".join(filter(None, (found["named"], found["port"])))
    return found["url"] or found["host"] or found["instance"] or found["service"]


def restarts(kinds: Sequence[Kind]) -> list[Kind]:
    """Return the kinds of messages that tell of a start, a stop, a kill, a deployment or a changed configuration."""
    return [kind for kind in kinds if _RESTART.search(kind.text)]


def trends(index: LogIndex, begin: int, end: int) -> list[Trend]:
    """Return the quantities that grow, and the rates that fall, through most of the span."""
    found = []
    for (component, name), course in index.gauges(begin, end).items():
        if len(course) < _PARTS * 2:
            continue
        means = [part.mean for part in course]
        quarter = len(means) // _PARTS
        first, last = statistics.fmean(means[:quarter]), statistics.fmean(means[-quarter:])
        rises = _share_of_rises(means)
        if (last >= _GROWN * first and last > first and rises >= _MOSTLY) or (
            _MAY_FALL.search(name) and first >= _GROWN * last and first > last and rises <= 1 - _MOSTLY
        ):
            found.append(Trend(component, name, first, last))
    return found


def _share_of_rises(values: Sequence[float]) -> float:
    """Return the share of all pairs in which the later value is the larger one; equal values count half."""
    pairs = [(values[i], values[k]) for i in range(len(values)) for k in range(i + 1, len(values))]
    return sum((later > earlier) + (later == earlier) / 2 for earlier, later in pairs) / len(pairs)


def ranges(index: LogIndex, begin: int, end: int) -> list[tuple[str, str, float, float]]:
    """Return component, name, lowest and highest value of every quantity that has enough values."""
    return [
        (component, name, min(part.low for part in course), max(part.high for part in course))
        for (component, name), course in index.gauges(begin, end).items()
        if len(course) >= _PARTS
    ]


def rare(kinds: Sequence[Kind]) -> list[Kind]:
    """Return the kinds of messages that come once or twice where others come very often."""
    if not kinds or max(kind.count for kind in kinds) < _OFTEN:
        return []
    return [kind for kind in kinds if kind.count <= _RARE and kind.level != "debug"]


def periodic(index: LogIndex, kinds: Sequence[Kind], begin: int, end: int) -> list[tuple[Kind, int]]:
    """Return the kinds of messages that come at equal distances of two minutes or more, with that distance."""
    found = []
    for kind in kinds:
        if not _PERIODS <= kind.count <= (end - begin):
            continue
        minutes = list(index.course(kind.id, begin, end))
        gaps = [later - earlier for earlier, later in pairwise(minutes)]
        if (
            len(gaps) >= _PERIODS - 1
            and min(gaps) >= _GAP
            and statistics.pstdev(gaps) <= _STEADY * statistics.fmean(gaps)
        ):
            found.append((kind, round(statistics.fmean(gaps))))
    return found
