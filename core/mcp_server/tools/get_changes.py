"""`get_changes`: the commits between the last good and the first bad release, those that touch the evidence first."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from core.domain.code import BlamedLine, Excerpt, Hunk
from core.domain.errors import InvalidInput
from core.domain.report import DIFF_LINES
from core.mcp_server.arguments import CodePlace, IssueId, PageNumber, Revision
from core.mcp_server.code.changes import Changes, changes_of
from core.mcp_server.code.paths import PathIndex
from core.mcp_server.code.ranking import Change
from core.mcp_server.code.reading import IssueCode, code_of_issue, short
from core.mcp_server.limited_output import Cleaner, rendered
from core.mcp_server.masking import Masker
from core.mcp_server.output import ToolOutput, counted, cut, iso
from core.mcp_server.tool_context import ToolContext

_WITH_HUNKS = 3
_OTHER_LINES = 8
_LISTED = 12
_HUNKS, _FILES = 4, 6
_LINE_CHARS = 200
_MOST_OF_HUNK = 40
_LEAST_OF_HUNK = 3


@dataclass(frozen=True, slots=True)
class _Found:
    """The changes, and the line that was asked about."""

    changes: Changes
    blamed: BlamedLine | None = None
    blamed_path: str = ""


def tool(context: ToolContext, masker: Masker) -> Callable[..., Awaitable[ToolOutput]]:
    """The tool over `context`."""

    async def get_changes(
        issue_id: IssueId, release: Revision = "", since: Revision = "", blame: CodePlace = "", page: PageNumber = 1
    ) -> ToolOutput:
        """What changed from the last good release to the first bad one: commits and hunks, those on the stack first."""
        code = await code_of_issue(context, issue_id)
        changes = await changes_of(code, release or None, since or None)
        path, line = await _blamed(code, changes, blame) if blame else ("", None)
        shown = replace(changes, changes=_lean(changes.changes), link=None)
        return await rendered(context, masker, _output, _Found(shown, line, path), changes.link, len(changes.changes))

    return get_changes


async def _blamed(code: IssueCode, changes: Changes, place: str) -> tuple[str, BlamedLine | None]:
    """Who wrote the line that was asked about."""
    name, _, number = place.rpartition(":")
    index = await asyncio.to_thread(PathIndex, await code.repository.files(changes.until.commit))
    match = index.find(name)
    if match.path is None:
        raise InvalidInput(f"The repository {changes.repository} has no file “{cut(name, 100)}”{match.alternatives}.")
    lines = await code.repository.blame(None, changes.until.commit, match.path, int(number), int(number))
    if not lines:
        raise InvalidInput(f"{match.path} has no line {number}.")
    return match.path, lines[0]


def _lean(changes: Sequence[Change]) -> tuple[Change, ...]:
    """Those that are shown; of the first ones the lines that changed."""
    return tuple(
        replace(
            change,
            hunks=tuple(replace(hunk, body=_telling(hunk)) for hunk in change.hunks[:_HUNKS])
            if rank < _WITH_HUNKS
            else (),
            commit=replace(change.commit, files=change.commit.files[:_FILES]),
        )
        for rank, change in enumerate(changes[:_LISTED])
    )


def _output(clean: Cleaner, raw: _Found, link: str | None, count: int) -> ToolOutput:
    found = clean(raw)
    changes = found.changes
    until = replace(changes.until, commit=raw.changes.until.commit)
    output = ToolOutput(_headline(changes, count), {})
    name = f"release {cut(changes.release, 100)}, " if changes.release else ""
    facts = {
        "repository": changes.repository,
        "release": cut(changes.release, 100) or None,
        "release_commit": short(until.commit),
    }
    output.add(f"Repository {changes.repository}: {name}commit {short(until.commit)}, {until.how}", **facts)
    for note in changes.notes:
        output.add(cut(note, 300))
    if found.blamed is not None and raw.blamed is not None:
        _add_line(
            output,
            "Line",
            found.blamed_path,
            replace(found.blamed, commit=_with_id(found.blamed, raw.blamed)),
            "blamed",
        )
    for rank, (change, whole) in enumerate(zip(changes.changes, raw.changes.changes, strict=True)):
        _add_change(output, change, whole.commit.id, link, rank)
    if count > len(changes.changes):
        output.add(
            f"… {counted(count - len(changes.changes), 'more commit')}, none of which touches more of the evidence"
        )
    if not changes.shares_source:
        output.add("The operator keeps source from leaving, so no diff is shown.")
    if changes.older is not None and raw.changes.older is not None:
        _add_line(
            output,
            "The failing line is older,",
            changes.older_path,
            replace(changes.older, commit=_with_id(changes.older, raw.changes.older)),
            "older",
        )
    if changes.known_by:
        names = [cut(name, 60) for name in changes.known_by]
        output.add(f"Who knows this code: {', '.join(names)}", known_by=names)
    if left_out := clean.budget.told("in these changes"):
        output.add(left_out)
    return output


def _with_id(cleaned: BlamedLine, raw: BlamedLine) -> Any:
    # Ids of commits are checked to be hexadecimal digits; masking would take long ones for keys.
    return replace(cleaned.commit, id=raw.commit.id)


def _headline(changes: Changes, count: int) -> str:
    since = f" since {cut(changes.since, 60)}" if changes.since else ""
    span = f"{cut(changes.release, 60) or 'the newest commit'}{since}"
    first = changes.changes[0] if changes.changes else None
    if first is None:
        return f"{span}: no commits"
    told = (
        f", “{cut(first.commit.subject, 60)}” {first.why[0]}"
        if first.is_suspect and first.why
        else ", none touches this error"
    )
    return f"{span}: {counted(count, 'commit')}{told}"


def _add_change(output: ToolOutput, change: Change, commit: str, link: str | None, rank: int) -> None:
    """A line for the commit; of the first ones the hunks, of the suspect as many lines as the report shows."""
    is_suspect = rank == 0 and change.is_suspect
    facts = {
        "id": short(commit),
        "author": cut(change.commit.author, 80) or None,
        "at": iso(change.commit.at),
        "subject": cut(change.commit.subject, 200),
    }
    why = "; ".join(change.why)
    label = "Suspect commit" if is_suspect else "Commit"
    text = f"{label} {facts['id']} by {facts['author'] or 'nobody'} at {facts['at']}: {facts['subject']}"
    line = f"{text} [{why}]" if why else text
    known = {key: value for key, value in facts.items() if value}
    if is_suspect:
        reasons = {"why": list(change.why), "touches": dict.fromkeys(change.touches, True)}
        output.add(line, suspect={**known, **reasons}, commits=[known])
    else:
        output.add(line, commits=[known])
    if link and is_suspect:
        output.add(f"Link: {link}", suspect={"url": link})
    if rank < _WITH_HUNKS and change.touches:
        _add_hunks(output, change.hunks, DIFF_LINES if is_suspect else _OTHER_LINES, is_suspect=is_suspect)
    elif change.commit.files and rank < _WITH_HUNKS:
        output.add(f"  files: {cut(', '.join(change.commit.files), 300)}")


def _add_hunks(output: ToolOutput, hunks: Sequence[Hunk], most: int, *, is_suspect: bool) -> None:
    """Each hunk under its place, together at most `most` lines; a hunk is cut, but not to its place alone."""
    left = most
    told = 0
    for hunk in hunks:
        lines = hunk.body.source
        if left < min(_LEAST_OF_HUNK, len(lines)) + 1:
            break
        shown = lines[: left - 1]
        left -= len(shown) + 1
        told += 1
        section = f" {cut(hunk.section, 80)}" if hunk.section else ""
        path = cut(hunk.path, 160)
        place = f"@@ {path}:{hunk.new_start}"
        output.add(f"  {place}{section}", **({"suspect": {"paths": [path], "diff": [place]}} if is_suspect else {}))
        for number, text in shown:
            line = f"{_sign(number)} {cut(text, _LINE_CHARS)}".rstrip()
            output.add(f"  {line}", **({"suspect": {"diff": [line]}} if is_suspect else {}))
        if len(shown) < len(lines):
            output.add(f"  … {counted(len(lines) - len(shown), 'more line')} of this hunk")
    if told < len(hunks):
        output.add(f"  … {counted(len(hunks) - told, 'more hunk')} of this commit")


def _telling(hunk: Hunk) -> Excerpt:
    """The changed lines and one line around them."""
    lines = hunk.body.source
    changed = [position for position, (number, _) in enumerate(lines) if number]
    near = {position + step for position in changed for step in (-1, 0, 1)}
    return Excerpt(tuple(line for position, line in enumerate(lines) if position in near)[:_MOST_OF_HUNK])


def _sign(number: int) -> str:
    return "+" if number > 0 else "-" if number < 0 else " "


def _add_line(output: ToolOutput, label: str, path: str, line: BlamedLine, field: str) -> None:
    known = {
        "path": cut(path, 160),
        "line": line.line,
        "id": short(line.commit.id),
        "author": cut(line.commit.author, 80) or None,
        "at": iso(line.commit.at),
        "subject": cut(line.commit.subject, 200),
    }
    facts = {key: value for key, value in known.items() if value is not None}
    by = f"{known['author'] or 'nobody'} at {known['at']} in {known['id']}: {known['subject']}"
    output.add(f"{label} {known['path']}:{line.line} was written by {by}", **{field: facts})
    if line.text.strip():
        output.add(f"  {cut(line.text.strip(), _LINE_CHARS)}")
