"""`search_code`: where a text stands, in the repository of the issue and in the organization's others."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from core.domain.code import Excerpt, FoundLine
from core.domain.errors import NotFound, ServiceFailed
from core.mcp_server.arguments import CodeText, IssueId, PageNumber
from core.mcp_server.code.reading import code_of_issue
from core.mcp_server.limited_output import Cleaner, rendered
from core.mcp_server.masking import Masker
from core.mcp_server.output import ToolOutput, counted, cut, quoted
from core.mcp_server.tool_context import ToolContext
from core.ports import CodeRepository

_MOST_OTHERS = 20
_MOST = 40
_MOST_ELSEWHERE = 10
_LINE_CHARS = 200


@dataclass(frozen=True, slots=True)
class _Result:
    """What one repository has; `body` are the lines as one text, counted from 0."""

    repository: str
    commit: str
    places: tuple[tuple[str, int], ...]
    body: Excerpt
    has_more: bool


def tool(context: ToolContext, masker: Masker) -> Callable[..., Awaitable[ToolOutput]]:
    """The tool over `context`."""

    async def search_code(issue_id: IssueId, text: CodeText, page: PageNumber = 1) -> ToolOutput:
        """Where a name, key, host or message stands in the code, letter by letter; here and in other repositories."""
        code = await code_of_issue(context, issue_id)
        if not code.repository.policy.shares_source:
            raise NotFound("The operator keeps source from leaving, so code cannot be searched.")
        until, notes = await code.commit_of(code.event.release or code.issue.first_release)
        found = [
            _result(code.repository, until.commit, await code.repository.search(until.commit, text, _MOST + 1), _MOST)
        ]
        others = [one for one in context.code() if one.name != code.repository.name]
        for other in others[:_MOST_OTHERS]:
            head = await other.head()
            try:
                lines = await other.search(head, text, _MOST_ELSEWHERE + 1) if head else ()
            except ServiceFailed:
                continue
            if head and lines:
                found.append(_result(other, head, lines, _MOST_ELSEWHERE))
        return await rendered(context, masker, _output, tuple(found), text, (*code.notes, *notes))

    return search_code


def _result(repository: CodeRepository, commit: str, lines: Sequence[FoundLine], most: int) -> _Result:
    shown = lines[:most]
    places = tuple((line.path, line.line) for line in shown)
    texts = Excerpt(tuple((number, line.text) for number, line in enumerate(shown)))
    return _Result(repository.name, commit, places, texts, len(lines) > most)


def _output(clean: Cleaner, raw: tuple[_Result, ...], text: str, notes: tuple[str, ...]) -> ToolOutput:
    results = clean(raw)
    total = sum(len(result.places) for result in results)
    where = (
        f" in {counted(len(results), 'repository').replace('repositorys', 'repositories')}" if len(results) > 1 else ""
    )
    output = ToolOutput(f"{quoted(cut(text, 80))}: {counted(total, 'line')}{where}", {})
    for note in notes:
        output.add(cut(note, 300))
    for result, whole in zip(results, raw, strict=True):
        if result.places:
            output.add(f"Repository {result.repository} at {whole.commit[:12]}:")
        for number, line in result.body.source:
            path, at = result.places[number]
            facts = {"path": cut(path, 160), "line": at, "text": cut(line.strip(), _LINE_CHARS)}
            other = {"repository": result.repository} if result is not results[0] else {}
            there = f"{result.repository} " if other else ""
            output.add(f"  {there}{facts['path']}:{at}: {facts['text']}", found=[{**facts, **other}])
        if result.has_more:
            output.add(f"… more lines of {result.repository} have it: search for more of the line")
    if left_out := clean.budget.told("of what was found"):
        output.add(left_out)
    return output
