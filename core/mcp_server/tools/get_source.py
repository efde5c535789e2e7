"""`get_source`: a file as the release has it: the lines around a frame, or a whole function with its constants."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from core.domain.code import Excerpt
from core.domain.errors import InvalidInput, NotFound
from core.mcp_server.arguments import FileName, FunctionName, IssueId, LineRange, PageNumber, Revision
from core.mcp_server.code.clues import Place, clues_of
from core.mcp_server.code.functions import constants_of, function_around, function_named
from core.mcp_server.code.paths import PathIndex
from core.mcp_server.code.reading import code_of_issue, short
from core.mcp_server.limited_output import Cleaner, rendered
from core.mcp_server.masking import Masker
from core.mcp_server.output import ToolOutput, counted, cut
from core.mcp_server.tool_context import ToolContext

_MOST_LINES = 90
_AROUND = 12
_LINE_CHARS = 200


@dataclass(frozen=True, slots=True)
class _Found:
    """Lines of one file; `missed` are the lines of the function that were left out."""

    repository: str
    path: str
    how: str
    body: Excerpt
    constants: Excerpt
    line: int | None
    missed: int
    notes: tuple[str, ...]


def tool(context: ToolContext, masker: Masker) -> Callable[..., Awaitable[ToolOutput]]:
    """The tool over `context`."""

    async def get_source(
        issue_id: IssueId,
        file: FileName = "",
        lines: LineRange = "",
        function: FunctionName = "",
        release: Revision = "",
        page: PageNumber = 1,
    ) -> ToolOutput:
        """Source of the release: the function around a line or of a name; without a file, of the failing frame."""
        code = await code_of_issue(context, issue_id)
        until, notes = await code.commit_of(release or code.event.release or code.issue.first_release)
        files = await code.repository.files(until.commit)
        index = await asyncio.to_thread(PathIndex, files)
        place = _asked(index, file, lines, function) or next(iter(clues_of(code.event, index).places), None)
        if place is None:
            raise NotFound(f"No file of this event is in {code.repository.name}; name a file.")
        text = await code.repository.text(files[place.path])
        if text is None:
            kept = (
                "the operator keeps source from leaving"
                if not code.repository.policy.shares_source
                else "it is no text, or too large"
            )
            raise NotFound(f"{place.path} cannot be shown: {kept}.")
        found = await asyncio.to_thread(_cut_out, text.split("\n"), place, lines if file else "")
        known = _Found(code.repository.name, place.path, *found, (*code.notes, *notes))
        return await rendered(context, masker, _output, known, until.commit, until.how)

    return get_source


def _asked(index: PathIndex, file: str, lines: str, function: str) -> Place | None:
    if not file:
        if lines or function:
            raise InvalidInput("Name the file, too.")
        return None
    match = index.find(file)
    if match.path is None:
        raise InvalidInput(f"The repository has no file “{cut(file, 100)}” at this release{match.alternatives}.")
    first = lines.partition("-")[0]
    return Place(match.path, int(first) if first else None, function or None)


def _cut_out(lines: Sequence[str], place: Place, asked: str) -> tuple[str, Excerpt, Excerpt, int | None, int]:
    """How the lines were found, they themselves, the constants they use, the failing line, and how many are missed."""
    line = place.line if place.line and place.line <= len(lines) else None
    how, span = _span(lines, place, line, asked)
    first, last = span
    if last - first >= _MOST_LINES:
        first = min(max(first, (line or first) - _MOST_LINES // 2), last - _MOST_LINES + 1)
        last = first + _MOST_LINES - 1
    shown = tuple((number, lines[number - 1]) for number in range(first, last + 1))
    constants = tuple(
        (number, lines[number - 1]) for _, (begin, end) in constants_of(lines, span) for number in range(begin, end + 1)
    )
    return how, Excerpt(shown), Excerpt(constants), line, span[1] - span[0] + 1 - len(shown)


def _span(lines: Sequence[str], place: Place, line: int | None, asked: str) -> tuple[str, tuple[int, int]]:
    """A range as asked, else the function, else lines around the line, else the beginning of the file."""
    first, is_range, last = asked.partition("-")
    if is_range:
        begin = min(max(1, int(first)), len(lines))
        return "as asked", (begin, max(begin, min(int(last), len(lines))))
    span = function_named(lines, place.function, place.path) if place.function and line is None else None
    span = span or (function_around(lines, line, place.path) if line else None)
    if span is not None:
        return "the whole function", span
    if place.function and line is None:
        raise InvalidInput(f"{place.path} has no function “{cut(place.function, 80)}”.")
    if line is None:
        return "the beginning of the file", (1, min(len(lines), _MOST_LINES))
    return "lines around it", (max(1, line - _AROUND), min(len(lines), line + _AROUND))


def _output(clean: Cleaner, raw: _Found, commit: str, how: str) -> ToolOutput:
    found = clean(raw)
    numbers = [number for number, _ in found.body.source] or [0]
    path = cut(found.path, 160)
    output = ToolOutput(f"{path} lines {numbers[0]} to {numbers[-1]}, {found.how}, at {short(commit)}", {"path": path})
    output.add(
        f"Repository {found.repository}, commit {short(commit)} ({how})",
        repository=found.repository,
        commit=short(commit),
    )
    for note in found.notes:
        output.add(cut(note, 300))
    for number, text in found.constants.source:
        output.add(
            f"{number}    {cut(text, _LINE_CHARS)}".rstrip(),
            constants=[cut(text, _LINE_CHARS)],
            constant_lines=[number],
        )
    if found.constants.source:
        output.add("…")
    width = len(str(numbers[-1]))
    for number, text in found.body.source:
        shown = cut(text, _LINE_CHARS)
        arrow = "->" if number == found.line else "  "
        output.add(f"{number:<{width}} {arrow} {shown}".rstrip(), lines=[shown], numbers=[number])
    if found.missed > 0:
        output.add(f"… {counted(found.missed, 'more line')} of this function", missed=found.missed)
    if left_out := clean.budget.told("in this file"):
        output.add(left_out)
    return output
