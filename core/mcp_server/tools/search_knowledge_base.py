"""`search_knowledge_base`: past incidents that people vouched for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from core.domain.knowledge import KnowledgeMatch
from core.mcp_server.arguments import Limit, Query
from core.mcp_server.doors import Doors
from core.mcp_server.masking import Masker
from core.mcp_server.rendering import Sheet, cleaned, counted, cut, quoted


def tool(doors: Doors, masker: Masker) -> Callable[..., Awaitable[Sheet]]:
    """The tool over `doors`."""

    async def search_knowledge_base(query: Query, limit: Limit = 3) -> Sheet:
        """Similar past incidents, their causes and fixes, by error type, message or frames."""
        matches = await doors.knowledge().search(query, limit)
        return knowledge_sheet(cleaned(tuple(matches), masker))

    return search_knowledge_base


def knowledge_sheet(matches: Sequence[KnowledgeMatch]) -> Sheet:
    """The matches, best first."""
    if not matches:
        return Sheet("nothing similar is known", {"matches": []})
    best = matches[0]
    sheet = Sheet(f"{counted(len(matches), 'similar incident')}, best: {quoted(best.entry.title, 90)}")
    for match in matches:
        entry = match.entry
        facts = {
            "incident": cut(entry.id, 80),
            "title": cut(entry.title, 150),
            "score": round(match.score, 2),
            "status": entry.status,
        }
        seen = ", this very error was seen before" if match.seen_before else ""
        sheet.add(
            f"Incident {facts['incident']}, score {match.score:.2f}, {entry.status}{seen}: {facts['title']} ↵ "
            + " ↵ ".join(_details(match)),
            matches=[{**facts, "seen_before": match.seen_before, **_detail_facts(match)}],
        )
    return sheet


def _details(match: KnowledgeMatch) -> list[str]:
    facts = _detail_facts(match)
    reasons: str = ", ".join(facts["reasons"])
    return [
        f"Root cause: {facts['root_cause']}",
        f"Fix: {facts['fix']}",
        *([f"Matches by: {reasons}"] if reasons else []),
    ]


def _detail_facts(match: KnowledgeMatch) -> dict[str, Any]:
    return {
        "root_cause": cut(match.entry.root_cause, 180),
        "fix": cut(match.entry.fix, 180),
        "reasons": [cut(reason, 60) for reason in match.reasons[:4]],
    }
