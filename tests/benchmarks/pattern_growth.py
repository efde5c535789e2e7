"""Worst cases of a pattern, derived from its parse tree, and how its time grows with their length."""

from __future__ import annotations

import re
import re._constants as ops
import re._parser as parser
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from tests.benchmarks.pattern_collection import Found

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
_MOST_CASES = 160


@dataclass(frozen=True)
class Case:
    """A text that grows: `head`, then `pump` over and over, `second` over and over, and `tail`."""

    head: str
    pump: str
    second: str
    tail: str

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
    case: str
    length: int
    seconds: tuple[float, float, float]

    @property
    def per_doubling(self) -> float:
        """Return the smaller of both growths: what is superlinear is so twice in a row."""
        one, two, four = self.seconds
        return min(two / max(one, 1e-9), four / max(two, 1e-9))

    @property
    def is_clear(self) -> bool:
        """Whether measuring again could not change the answer."""
        return self.per_doubling > 3 and self.seconds[2] > 0.05


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
    every = list(found)
    return every[:: max(1, -(-len(every) // _MOST_CASES))]


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


def measured(where: str, case: str, run: Callable[[int], Callable[[], object]], longest: int, floor_s: float) -> Growth:
    """Time at n, 2n and 4n, where n is the first length that takes `floor_s`, at most `longest`."""
    length = min(250, longest)
    while length < longest and _seconds(run(length), 1) < floor_s:
        length = min(length * 4, longest)
    growth = Growth(where, case, length, _at(run, length, 1))
    for runs in (3, 5):
        if growth.per_doubling > 2.3 and growth.seconds[0] >= floor_s / 4 and not growth.is_clear:
            growth = Growth(where, case, length, _at(run, length, runs))
    return growth


def _at(run: Callable[[int], Callable[[], object]], length: int, runs: int) -> tuple[float, float, float]:
    return _seconds(run(length), runs), _seconds(run(2 * length), runs), _seconds(run(4 * length), runs)


def _seconds(call: Callable[[], object], runs: int) -> float:
    best = float("inf")
    for _ in range(runs):
        began = time.thread_time()
        call()
        best = min(best, time.thread_time() - began)
    return best


def worst(found: Found, longest: int, floor_s: float, budget_s: float = 5.0) -> Growth | None:
    """Return the case that grows most among those whose time can be told, else the slowest.

    Cases are tried for `budget_s` of CPU; the rest is left out, since a pattern that is slow is already found.
    """

    def run(case: Case) -> Callable[[int], Callable[[], object]]:
        apply = getattr(found.pattern, found.method)

        def at(length: int) -> Callable[[], object]:
            text: Any = case.at(length)
            if isinstance(found.pattern.pattern, bytes) and not found.where.startswith("re2"):
                text = text.encode()
            return lambda: apply(text)

        return at

    grown: list[Growth] = []
    began = time.thread_time()
    for case in cases_of(found.pattern):
        growth = measured(found.where, repr(case)[:120], run(case), longest, floor_s)
        if growth.is_clear:
            return growth
        grown.append(growth)
        if time.thread_time() - began > budget_s:
            break
    telling = [growth for growth in grown if growth.seconds[0] >= floor_s / 4]
    if telling:
        return max(telling, key=lambda growth: growth.per_doubling)
    return max(grown, key=lambda growth: growth.seconds[2], default=None)
