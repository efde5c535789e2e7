"""Reads what changed up to a release, and which of it touches the evidence of an event."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.domain.code import BlamedLine, CodeCommit
from core.domain.errors import NotFound, ServiceFailed
from core.mcp_server.code.clues import Clues, Place, clues_of
from core.mcp_server.code.functions import constants_of, function_around, function_named
from core.mcp_server.code.paths import PathIndex
from core.mcp_server.code.ranking import Change, PlaceHistory, ranked
from core.mcp_server.code.reading import NEWEST, IssueCode, short
from core.mcp_server.code.releases import ReleaseCommit, commit_of, family_of
from core.ports import CodeRepository

_MOST_COMMITS = 400
_WITHOUT_BEGINNING = 30
_MOST_DIFFED = 150
_PLACES = 6
_AROUND = 15
_WITH_CONSTANTS = 3
_KNOWN_BY = 3


@dataclass(frozen=True, slots=True)
class Changes:
    """The commits of a range, the most telling first; `older` wrote the failing line before the range began.

    `since` is what the range begins after, in words; empty when that is not known. `known_by` are names of people.
    `link` is the address of the first commit's page.
    """

    repository: str
    release: str
    until: ReleaseCommit
    since: str
    changes: tuple[Change, ...]
    link: str | None = None
    older: BlamedLine | None = None
    older_path: str = ""
    known_by: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    shares_source: bool = True


async def changes_of(code: IssueCode, release: str | None, since: str | None) -> Changes:
    """Read the changes of `release`, by default the first one with the issue, since the release before it."""
    version = release or code.issue.first_release or code.event.release
    until, notes = await code.commit_of(version)
    begin, begin_words = await _beginning(code, until, version, since)
    repository = code.repository
    most = _MOST_COMMITS if begin else _WITHOUT_BEGINNING
    commits = await repository.commits(begin, until.commit, most)
    if not begin:
        notes += (f"Which release came before is not known; the last {len(commits)} commits are compared.",)
    elif len(commits) == most:
        notes += (f"Only the newest {most} commits since then are compared.",)
    files = await repository.files(until.commit)
    clues = await asyncio.to_thread(lambda: clues_of(code.event, PathIndex(files)))
    histories = await histories_of(repository, until.commit, begin, commits, clues.places)
    found = await rank_changes(repository, commits, clues, histories)
    older = _older_line(histories)
    if repository.policy.shares_source and (left_out := sum(not change.was_compared for change in found)):
        notes += (f"The diffs of {left_out} of these commits were not compared: too long, or too many.",)
    return Changes(
        repository.name,
        version or "",
        until,
        begin_words,
        tuple(found),
        repository.commit_url(found[0].commit.id) if found else None,
        older[1] if older else None,
        older[0] if older else "",
        _known_by(histories),
        (*code.notes, *notes, *_ambiguous(clues)),
        repository.policy.shares_source,
    )


async def rank_changes(
    repository: CodeRepository, commits: Sequence[CodeCommit], clues: Clues, histories: Sequence[PlaceHistory]
) -> list[Change]:
    """All `commits`, the most telling first; those that touch files of the stack are compared before others."""
    paths = {place.path for place in clues.places}
    near = [commit.id for commit in commits if paths & set(commit.files)]
    far = [commit.id for commit in commits if not paths & set(commit.files)]
    hunks = dict(await repository.hunks(near[:_MOST_DIFFED]))
    hunks |= await repository.hunks(far[: max(0, _MOST_DIFFED - len(near))])
    return await asyncio.to_thread(ranked, commits, hunks, clues, histories)


async def _beginning(
    code: IssueCode, until: ReleaseCommit, version: str | None, since: str | None
) -> tuple[str | None, str]:
    """The last commit before the range, and its name: what was asked for, the tag before, or the tracker's oldest."""
    repository = code.repository
    if since:
        found = await commit_of(repository, since)
        if found is None:
            raise NotFound(f"The repository {repository.name} has no commit or tag for “{since[:80]}”.")
        return found.commit, since
    if until.how == NEWEST:
        return None, ""
    tag = await repository.tag_before(until.commit, family_of(until.tag or ""))
    if tag is not None:
        commit = next((each.commit for each in await repository.tags() if each.name == tag), None)
        if commit is not None:
            return commit, tag
    shipped = await code.release(version)
    told = [await repository.resolve(commit.id.lower()) for commit in shipped.commits] if shipped else []
    if oldest := next((commit for commit in reversed(told) if commit), None):
        before = await repository.commits(None, oldest, 2)
        if len(before) == 2:
            return before[1].id, f"commit {short(before[1].id)}"
    return None, ""


async def histories_of(
    repository: CodeRepository,
    until: str,
    since: str | None,
    commits: Sequence[CodeCommit],
    places: Sequence[Place],
) -> list[PlaceHistory]:
    """Who wrote the functions of the first places; of the first one also before the range."""
    in_range = {commit.id for commit in commits}
    files = await repository.files(until)

    async def history(rank: int, place: Place) -> PlaceHistory:
        text = await repository.text(files[place.path]) if place.path in files else None
        lines = text.split("\n") if text is not None else None
        line, span = await asyncio.to_thread(_located, place, lines)
        if span is None:
            return PlaceHistory(place, (), line)
        constants: list[tuple[str, BlamedLine]] = []
        try:
            blamed = await repository.blame(None if rank == 0 else since, until, place.path, *span)
            for name, defined in constants_of(lines, span) if lines and rank < _WITH_CONSTANTS else ():
                written = await repository.blame(since, until, place.path, *defined)
                constants += [(name, each) for each in written if not each.is_boundary]
        except ServiceFailed:
            return PlaceHistory(place, (), line)
        marked = [
            replace(each, is_boundary=each.commit.id not in in_range)
            for each in blamed
            if each.text.strip() or text is None
        ]
        return PlaceHistory(place, tuple(marked), line, tuple(constants))

    return list(await asyncio.gather(*(history(rank, place) for rank, place in enumerate(places[:_PLACES]))))


def _located(place: Place, lines: Sequence[str] | None) -> tuple[int | None, tuple[int, int] | None]:
    line = _line_in(place, lines)
    return line, _span_of(place, line, lines)


def _line_in(place: Place, lines: Sequence[str] | None) -> int | None:
    """The frame's line, if the file has that text there, else the one line that has it; without a text, as told."""
    if lines is None or not place.text:
        return place.line if lines is None or (place.line or 0) <= len(lines) else None
    if place.line and place.line <= len(lines) and lines[place.line - 1].strip() == place.text:
        return place.line
    same = [number for number, line in enumerate(lines, 1) if line.strip() == place.text]
    return same[0] if len(same) == 1 else None


def _span_of(place: Place, line: int | None, lines: Sequence[str] | None) -> tuple[int, int] | None:
    if lines is None:
        return (line, line) if line else None
    if line and (span := function_around(lines, line, place.path)):
        return span
    if place.function and (span := function_named(lines, place.function, place.path)):
        return span
    return (max(1, line - _AROUND), min(len(lines), line + _AROUND)) if line else None


def _older_line(histories: Sequence[PlaceHistory]) -> tuple[str, BlamedLine] | None:
    first = histories[0] if histories else None
    if first is None:
        return None
    old = (each for each in first.blamed if each.is_boundary and each.commit.author)
    line = next((each for each in old if each.line == first.line), None)
    return (first.place.path, line) if line else None


def _known_by(histories: Sequence[PlaceHistory]) -> tuple[str, ...]:
    """Who wrote most of the function that matters; names alone."""
    wrote = Counter(line.commit.author for history in histories[:1] for line in history.blamed if line.commit.author)
    return tuple(name for name, _ in wrote.most_common(_KNOWN_BY))


def _ambiguous(clues: Clues) -> tuple[str, ...]:
    return tuple(
        f"A frame's path fits several files ({', '.join(match.candidates)}); none of them is assumed."
        for match in clues.ambiguous
    )
