"""`search_knowledge_base`: past incidents that people vouched for, and passages of the runbooks they imported."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from core.domain.knowledge import Kind, KnowledgeFindings, KnowledgeMatch
from core.mcp_server.arguments import Limit, Query
from core.mcp_server.limited_output import Cleaner, rendered
from core.mcp_server.masking import Masker
from core.mcp_server.output import ToolOutput, counted, cut, quoted
from core.mcp_server.tool_context import ToolContext

_PASSAGE_CHARS = 600


def tool(context: ToolContext, masker: Masker) -> Callable[..., Awaitable[ToolOutput]]:
    """The tool over `context`."""

    async def search_knowledge_base(query: Query, limit: Limit = 3) -> ToolOutput:
        """Past incidents and runbooks, by error type, message or frames."""
        found = await context.knowledge().search(query, limit)
        return await rendered(context, masker, _found_sheet, found)

    return search_knowledge_base


def _found_sheet(clean: Cleaner, found: KnowledgeFindings) -> ToolOutput:
    return knowledge_output(clean(found))


def knowledge_output(found: KnowledgeFindings) -> ToolOutput:
    """The matches, best first."""
    if not found.matches:
        return _output("nothing similar is known", found.note, {"matches": []})
    best = found.matches[0]
    headline = f"{counted(len(found.matches), 'similar incident')}, best: {quoted(best.entry.title, 90)}"
    output = _output(headline, found.note, {})
    for match in found.matches:
        facts = _facts(match)
        output.add(" ↵ ".join(_lines(match, facts)), matches=[facts])
    return output


def _output(headline: str, note: str, facts: dict[str, Any]) -> ToolOutput:
    return ToolOutput(f"{headline}. {note}", {**facts, "note": note}) if note else ToolOutput(headline, facts)


def _lines(match: KnowledgeMatch, facts: dict[str, Any]) -> list[str]:
    reasons = [f"Matches by: {', '.join(facts['reasons'])}"] if facts["reasons"] else []
    if match.entry.kind == Kind.PASSAGE:
        place = ", ".join(filter(None, (facts["title"], facts.get("heading"))))
        return [f"Runbook {facts['incident']}, score {match.score:.2f}: {place}", facts["root_cause"], *reasons]
    how = "this very error was seen before" if match.seen_before else "possibly similar"
    vouched = f", confirmed by {facts['confirmed_by']} on {facts['confirmed_on']}" if "confirmed_by" in facts else ""
    record = [f"Record: {facts['record']}"] if "record" in facts else []
    return [
        f"Incident {facts['incident']}, score {match.score:.2f}, {facts['status']}, {how}{vouched}: {facts['title']}",
        f"Root cause: {facts['root_cause']}",
        f"Fix: {facts['fix']}",
        *record,
        *reasons,
    ]


def _facts(match: KnowledgeMatch) -> dict[str, Any]:
    entry = match.entry
    is_passage = entry.kind == Kind.PASSAGE
    told = {
        "heading": cut(entry.heading, 150),
        "confirmed_by": cut(entry.confirmed_by or "", 80) if entry.confirmed_at else "",
        "confirmed_on": f"{entry.confirmed_at:%Y-%m-%d}" if entry.confirmed_at else "",
        "record": entry.record_at(datetime.now(UTC)),
    }
    return {
        "incident": cut(entry.id, 80),
        "title": cut(entry.title, 150),
        "score": round(match.score, 2),
        "status": str(entry.status),
        "seen_before": match.seen_before,
        "root_cause": cut(entry.root_cause, _PASSAGE_CHARS if is_passage else 180),
        "fix": cut(entry.fix, 180),
        "reasons": [cut(reason, 60) for reason in match.reasons[:4]],
        **{name: text for name, text in told.items() if text},
        **({"passage": True} if is_passage else {}),
    }
