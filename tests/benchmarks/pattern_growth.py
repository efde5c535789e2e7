"""Worst cases of a pattern, derived from its parse tree, and how its time grows with their length."""

from __future__ import annotations

import re
import re._constants as ops
import re._parser as parser
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import pairwise
from types import FrameType
from typing import Any

from tests.benchmarks.pattern_collection import Found

LIMIT = 2.3
FLOOR_S = 0.0005
LONGEST = 16_384
_SHORTEST = 16
_ENOUGH_S = 0.03
_ROUNDS, _FEW_ROUNDS, _CLEAR = 25, 2, 3.0
"""What seems superlinear may be noise of a loaded machine: it is measured in more rounds, few when it is clear."""
_SCREENED = 1_000
_PATTERN_ALARM_S, _ALARM_S = 0.25, 10.0
_DEAR, _STEEP = 4, 6
"""A case is measured that costs so many times the reference, and so many times its own quarter."""

_ALPHABET = "aA0_-. \t\n/:\"'(<@=`*>#$é"
_REPEATS = (ops.MAX_REPEAT, ops.MIN_REPEAT, ops.POSSESSIVE_REPEAT)
_CATEGORIES = {
    ops.CATEGORY_DIGIT: r"\d",
    ops.CATEGORY_NOT_DIGIT: r"\D",
    ops.CATEGORY_SPACE: r"\s",
    ops.CATEGORY_NOT_SPACE: r"\S",
    ops.CATEGORY_WORD: r"\w",
    ops.CATEGORY_NOT_WORD: r"\W",
}
_SUFFIXES = ("", "\x00")


Seconds = tuple[float, float, float]


class TookTooLong(Exception):
    """One match used more CPU than any linear pattern could."""


@dataclass(frozen=True)
class Case:
    """A text that grows: `head`, then `pump` over and over, `second` over and over, and `tail`."""

    head: str
    pump: str
    second: str
    tail: str

    def __str__(self) -> str:
        repeats = " ".join(f"{part!r}…" for part in (self.pump, self.second) if part)
        return " ".join(
            filter(None, (repr(self.head) if self.head else "", repeats, repr(self.tail) if self.tail else ""))
        )

    def at(self, length: int) -> str:
        """Return the text with about `length` characters."""
        if not self.second:
            return self.head + self.pump * (length // len(self.pump)) + self.tail
        half = length // 2
        return self.head + self.pump * (half // len(self.pump)) + self.second * (half // len(self.second)) + self.tail


@dataclass(frozen=True)
class Growth:
    """Times at n, 2n and 4n characters."""

    where: str
    case: Case | str
    length: int
    seconds: Seconds

    @property
    def per_doubling(self) -> float:
        """Return the smaller of both growths: what is superlinear is so twice in a row."""
        one, two, four = self.seconds
        return min(two / max(one, 1e-9), four / max(two, 1e-9))

    @property
    def is_superlinear(self) -> bool:
        """Whether time more than doubles with the length, twice in a row, where it can be told."""
        return self.per_doubling > LIMIT and self.seconds[0] >= FLOOR_S / 4


@contextmanager
def _alarm() -> Iterator[None]:
    """Raise `TookTooLong` in a match that would not end; by CPU time, so that a loaded machine changes nothing."""

    def give_up(_number: int, _frame: FrameType | None) -> None:
        raise TookTooLong

    before = signal.signal(signal.SIGPROF, give_up)
    try:
        yield
    finally:
        signal.signal(signal.SIGPROF, before)


def cases_of(pattern: Any) -> list[Case]:
    """Derive texts for each repeat: what leads to it, its body many times, and something that fails."""
    try:
        tree = parser.parse(pattern.pattern, getattr(pattern, "flags", 0) & ~re.DEBUG)
    except (re.error, ValueError, TypeError):
        return [Case("", char, "", tail) for char in _ALPHABET for tail in _SUFFIXES]
    repeats = list(_repeats(tree, ""))
    found: dict[Case, None] = {}
    for head, pumps in repeats:
        for pump in pumps:
            for tail in _SUFFIXES:
                found[Case(head, pump, "", tail)] = None
            if head:
                found[Case("", head + pump, "", "\x00")] = None
                found[Case("", head, "", "\x00")] = None
    for (head, first), (_, second) in pairwise(repeats):
        found.update({Case(head, one, two, "\x00"): None for one in first[:2] for two in second[:2] if one != two})
    if not found and (whole := _sample(tree)):
        found[Case("", whole, "", "\x00")] = None
    return list(found)


def has_possessive_group(pattern: Any) -> bool:
    """Whether a possessive repeat of the pattern repeats more than one character."""
    return _is_possessive_group(parser.parse(pattern.pattern, pattern.flags & ~re.DEBUG))


def _is_possessive_group(tree: Sequence[tuple[Any, Any]]) -> bool:
    single = (ops.IN, ops.ANY, ops.LITERAL, ops.NOT_LITERAL, ops.CATEGORY)
    for op, value in tree:
        body = value[2] if op in _REPEATS else None
        if op is ops.POSSESSIVE_REPEAT and (len(value[2]) != 1 or value[2][0][0] not in single):
            return True
        if any(map(_is_possessive_group, _subtrees(op, value) if body is None else [body])):
            return True
    return False


def _repeats(tree: Sequence[tuple[Any, Any]], before: str) -> Iterator[tuple[str, list[str]]]:
    for op, value in tree:
        if op in _REPEATS:
            if value[1] > 8:
                yield before[-200:], _pumps(value[2])
            yield from _repeats(value[2], before)
        else:
            for part in _subtrees(op, value):
                yield from _repeats(part, before)
        before += _sample([(op, value)])


def _subtrees(op: Any, value: Any) -> list[Any]:
    if op is ops.BRANCH:
        return list(value[1])
    if op is ops.SUBPATTERN:
        return [value[3]]
    if op in (ops.ASSERT, ops.ASSERT_NOT):
        return [value[1]]
    return [value] if op is ops.ATOMIC_GROUP else []


def _pumps(body: Any) -> list[str]:
    """Return texts that the body of a repeat matches: each telling character, or each branch."""
    if len(body) == 1:
        op, value = body[0]
        if op in (ops.IN, ops.ANY, ops.NOT_LITERAL, ops.LITERAL, ops.CATEGORY):
            return [char for char in _ALPHABET if _holds(op, value, char)] or [_sample(body) or "a"]
        if op is ops.SUBPATTERN:
            return _pumps(value[3])
        if op is ops.BRANCH:
            return [pump for branch in value[1] for pump in _pumps(branch)[:4]]
    return [text for text in {_sample(body), *(_sample(body, char) for char in "aA0- ")} if text] or ["a"]


def _sample(tree: Sequence[tuple[Any, Any]], prefer: str = "a") -> str:
    return "".join(_one(op, value, prefer) for op, value in tree)


def _one(op: Any, value: Any, prefer: str) -> str:
    if op is ops.LITERAL:
        return chr(int(value))
    if op in (ops.IN, ops.ANY, ops.NOT_LITERAL, ops.CATEGORY):
        return str(next((char for char in prefer + _ALPHABET if _holds(op, value, char)), _first_of(value)))
    if op in _REPEATS:
        return _sample(value[2], prefer) * min(max(int(value[0]), 1), 40)
    if op in (ops.ASSERT, ops.ASSERT_NOT):
        return ""
    parts = _subtrees(op, value)
    return _sample(parts[0], prefer) if parts else ""


def _first_of(items: Any) -> str:
    for op, value in items if isinstance(items, list) else []:
        if op is ops.LITERAL:
            return chr(value)
        if op is ops.RANGE:
            return chr(value[0])
    return "a"


def _holds(op: Any, value: Any, char: str) -> bool:
    if op is ops.ANY:
        return char != "\n"
    if op in (ops.LITERAL, ops.NOT_LITERAL):
        return (ord(char) == value) is (op is ops.LITERAL)
    if op is ops.CATEGORY:
        return re.match(_CATEGORIES[value], char) is not None
    if op is ops.RANGE:
        return bool(value[0] <= ord(char) <= value[1])
    negated = bool(value) and value[0][0] is ops.NEGATE
    return any(_holds(kind, what, char) for kind, what in value[negated:]) is not negated


@_alarm()
def measured(
    where: str,
    case: Case | str,
    run: Callable[[int], Callable[[], object]],
    longest: int,
    alarm_s: float = _ALARM_S,
    shortest: int = _SHORTEST,
) -> Growth:
    """Time at n, 2n and 4n, where n is the first length from `shortest` that takes `FLOOR_S`, at most `longest`.

    What seems superlinear is measured again, and further out: a bounded repeat is linear beyond its bound.
    """
    length = shortest
    try:
        while (first := _seconds(run(length), 1, alarm_s)) < FLOOR_S and length < longest:
            length *= 4
        if first < FLOOR_S / 4:
            return Growth(where, case, length, (first, 2 * first, 4 * first))
        growth = Growth(where, case, length, _at(run, length, alarm_s))
        while growth.is_superlinear and growth.seconds[2] < _ENOUGH_S and length < longest:
            length *= 2
            growth = Growth(where, case, length, _at(run, length, alarm_s))
        for done in range(_ROUNDS):
            if not growth.is_superlinear or (growth.per_doubling > _CLEAR and done >= _FEW_ROUNDS):
                break
            one, two, four = map(min, growth.seconds, _at(run, length, alarm_s))
            growth = replace(growth, seconds=(one, two, four))
        return growth
    except TookTooLong:
        return Growth(where, case, length, (alarm_s, float("inf"), float("inf")))


def _at(run: Callable[[int], Callable[[], object]], length: int, alarm_s: float) -> Seconds:
    one, two, four = (_seconds(run(times * length), 1, alarm_s) for times in (1, 2, 4))
    return one, two, four


def _seconds(call: Callable[[], object], runs: int, alarm_s: float) -> float:
    best = float("inf")
    for _ in range(runs):
        began = time.thread_time()
        signal.setitimer(signal.ITIMER_PROF, alarm_s)
        try:
            call()
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        best = min(best, time.thread_time() - began)
    return best


def superlinear(found: Iterable[Found], longest: int = LONGEST) -> list[Growth]:
    """Return a superlinear case of each pattern that has one, in two measurements: a loaded machine may spoil one."""
    suspects = [each for each in found if not each.is_re2 and isinstance(screen(each, longest), Growth)]
    again = (screen(each, longest) for each in suspects)
    return [result for result in again if isinstance(result, Growth)]


def worst(found: Found, longest: int = LONGEST) -> Growth | None:
    """Return the first superlinear case, else the dearest one. RE2 is linear by construction and gets one case."""
    result = Case("", "a", "", "") if found.is_re2 else screen(found, longest)
    if not isinstance(result, Case):
        return result
    return measured(found.where, result, _applied(found, result), longest, _PATTERN_ALARM_S)


@_alarm()
def screen(found: Found, longest: int) -> Growth | Case | None:
    """Apply every case once and return the first superlinear one as measured, else the dearest.

    Measured are the ones that cost more than a plainly linear pattern, and grow by more than the length explains.
    """
    dearest: tuple[float, Case] | None = None
    for case in cases_of(found.pattern):
        run = _applied(found, case)
        try:
            took = _seconds(run(_SCREENED), 1, _PATTERN_ALARM_S)
        except TookTooLong:
            return Growth(found.where, case, _SCREENED, (_PATTERN_ALARM_S, float("inf"), float("inf")))
        if dearest is None or took > dearest[0]:
            dearest = took, case
        if took > _DEAR * _reference_s() and took > _STEEP * _seconds(run(_SCREENED // 4), 1, _PATTERN_ALARM_S):
            growth = measured(found.where, case, run, longest, _PATTERN_ALARM_S)
            if growth.is_superlinear:
                return growth
    return dearest[1] if dearest else None


def _applied(found: Found, case: Case) -> Callable[[int], Callable[[], object]]:
    apply = getattr(found.pattern, found.method)

    def at(length: int) -> Callable[[], object]:
        text = case.at(length)
        return partial(apply, text.encode() if isinstance(found.pattern.pattern, bytes) else text)

    return at


@cache
def _reference_s() -> float:
    """Return the seconds that a plainly linear pattern takes for a text of `_SCREENED` characters."""
    return _seconds(partial(re.compile("[a-z]0").search, "a" * _SCREENED), 20, _ALARM_S)
