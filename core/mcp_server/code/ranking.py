"""Which commit of a range explains an event: it wrote lines of the stack, changed their functions, or names. Pure."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from core.domain.code import BlamedLine, CodeCommit, Hunk
from core.mcp_server.code.clues import Clues, Place
from core.mcp_server.code.functions import name_of_head

_LINE, _FUNCTION, _HUNK, _FILE, _NAME = 100.0, 45.0, 25.0, 8.0, 14.0
_MOST_FROM_NAMES = 36.0
_FADING = 0.8
_NEAR = 3
_MANY_FILES = 12
_COMMON = 0.34
_QUIET_FILE = re.compile(
    r"(?i)(?:^|/)(?:tests?|specs?|docs?|__tests__|testing|examples?|changelog\S{0,40}|changes\S{0,40})(?:/|$)|\.(?:md|rst|txt|lock)$|(?:^|/)(?:test_[^/]{1,100}|[^/]{1,100}[._-](?:test|spec)s?\.\w{1,5})$"
)


@dataclass(frozen=True, slots=True)
class PlaceHistory:
    """A place, and who wrote the lines of its function and of the constants that it uses, by their names.

    `line` is where the frame's line really stands, if it does.
    """

    place: Place
    blamed: tuple[BlamedLine, ...] = ()
    line: int | None = None
    constants: tuple[tuple[str, BlamedLine], ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """A commit with why it may explain the event, and its hunks: those that touch the evidence first.

    `touches` has `line`, `function`, `names` or `file`, the strongest first; `why` says so in words.
    """

    commit: CodeCommit
    score: float
    touches: tuple[str, ...]
    why: tuple[str, ...]
    hunks: tuple[Hunk, ...] = ()
    was_compared: bool = True

    @property
    def is_suspect(self) -> bool:
        """Whether it touches more than a file of the stack."""
        return bool({"line", "function", "names"} & set(self.touches))


def ranked(
    commits: Sequence[CodeCommit],
    hunks: Mapping[str, Sequence[Hunk]],
    clues: Clues,
    histories: Sequence[PlaceHistory],
) -> list[Change]:
    """All commits, the most telling first; equal ones stay as they came, the newest first."""
    spread = _spread_of_names(hunks, clues.names)
    limit = max(3.0, _COMMON * len(commits))
    rare = {name: count for name, count in spread.items() if 0 < count <= limit}
    changes = [
        replace(_judged(commit, hunks.get(commit.id, ()), clues, histories, rare), was_compared=commit.id in hunks)
        for commit in commits
    ]
    return sorted(changes, key=lambda change: -change.score)


def _judged(
    commit: CodeCommit,
    hunks: Sequence[Hunk],
    clues: Clues,
    histories: Sequence[PlaceHistory],
    rare: Mapping[str, int],
) -> Change:
    score, found = 0.0, []
    for rank, history in enumerate(histories):
        points, touch, why = _at_place(commit, hunks, history)
        score += points * _FADING**rank
        if touch:
            # Further up, a change explains little by itself.
            is_near = rank < _NEAR or touch == "file"
            found.append((touch, why) if is_near else ("file", f"{why}, further up the stack"))
    named = sorted({name for hunk in hunks for name in _names_in(hunk, rare)}, key=lambda name: (rare[name], name))
    if named:
        score += min(_MOST_FROM_NAMES, sum(_NAME / rare[name] for name in named))
        found.append(("names", f"changed lines with {', '.join(named[:4])}"))
    if len(commit.files) > _MANY_FILES:
        score /= 1 + math.log10(len(commit.files) / _MANY_FILES)
    if commit.files and all(_QUIET_FILE.search(path) for path in commit.files):
        score /= 5
    order = ("line", "function", "names", "file")
    found.sort(key=lambda one: order.index(one[0]))
    touched = tuple(dict.fromkeys(touch for touch, _ in found))
    reasons = tuple(dict.fromkeys(why for touch, why in found if touch != "file" or touched[0] == "file"))
    places = {place.path for place in clues.places}
    functions = {place.function for place in clues.places if place.function}
    first = sorted(hunks, key=lambda hunk: -_weight_of(hunk, places, functions, rare))
    return Change(commit, score, touched, reasons[:3], tuple(first))


def _at_place(commit: CodeCommit, hunks: Sequence[Hunk], history: PlaceHistory) -> tuple[float, str, str]:
    place = history.place
    own = [line for line in history.blamed if not line.is_boundary and line.commit.id == commit.id]
    if place.path not in commit.files and not own:
        return 0.0, "", ""
    points = _FILE if place.path in commit.files else 0.0
    in_function = [hunk for hunk in hunks if hunk.path == place.path and _is_in(hunk, place.function)]
    if own:
        points += _FUNCTION * math.sqrt(len(own) / max(1, len(history.blamed)))
    if in_function:
        points += _HUNK
    if any(line.line == history.line for line in own):
        return points + _LINE, "line", f"wrote the line {place.path}:{history.line}"
    called = f"{place.function}()" if place.function else "the function"
    if own or in_function:
        return points, "function", f"changed {called} in {place.path}"
    if constant := next((name for name, line in history.constants if line.commit.id == commit.id), None):
        return points + _HUNK, "function", f"changed {constant}, which {called} uses, in {place.path}"
    return points, "file", f"changed {place.path}"


def _is_in(hunk: Hunk, function: str | None) -> bool:
    """Whether the hunk changes the function: git names it above the hunk, or its head stands before the change."""
    if not function:
        return False
    inside = _names_function(hunk.section, function)
    for number, text in hunk.body.source:
        begun = name_of_head(text)
        inside = begun == function if begun else inside
        if number and (inside or (begun is None and _names_function(text, function))):
            return True
    return False


def _names_function(text: str, function: str) -> bool:
    return re.search(rf"(?<![\w$]){re.escape(function)}\s?\(", text[:300]) is not None


def _names_in(hunk: Hunk, names: Mapping[str, int]) -> set[str]:
    text = "\n".join(each[:400] for each in hunk.changed)
    return {name for name in names if name in text}


def _spread_of_names(hunks: Mapping[str, Sequence[Hunk]], names: frozenset[str]) -> Counter[str]:
    """In how many commits each name stands in a changed line."""
    spread: Counter[str] = Counter()
    wanted = dict.fromkeys(names, 1)
    for changed in hunks.values():
        spread.update({name for hunk in changed for name in _names_in(hunk, wanted)})
    return spread


def _weight_of(hunk: Hunk, places: set[str], functions: set[str], rare: Mapping[str, int]) -> float:
    in_function = any(_is_in(hunk, function) for function in functions)
    return 3.0 * (hunk.path in places) + 2.0 * in_function + len(_names_in(hunk, rare))
