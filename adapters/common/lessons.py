"""How what was learned is told, and what people say to teach: the same wherever they talk. Pure."""

from __future__ import annotations

import re

from core.domain.report import RootCauseReport, SimilarIncident

ASK = "Is it this? React ✅ when it is over: what people confirm is what helps with the next one."
FIX_ASKED = "What fixed it? Press a button, or reply “fixed by …” in your words."
SUGGESTED, OTHER = "The suggested fix", "Something else"
MAX_FIX = 1_000

_SAID = re.compile(
    r"\s*+(?:it\s++was\s++)?(?:(?:fixed|solved|resolved)\s*+(?:(?:by|with)\b\s*+:?|:)|fix\s*+:)\s*+(\S.*)", re.I | re.S
)


def fix_said(text: str) -> str | None:
    """What fixed it, when the words say so: `fixed by restarting the pool`, `fix: raised the limit`."""
    found = _SAID.match(text)
    return found[1].strip()[:MAX_FIX] if found else None


def seen_before(report: RootCauseReport) -> tuple[str, str] | None:
    """What fixed the same error before, and who says so; None when nobody has confirmed it before."""
    past = report.seen_before
    if past is None:
        return None
    fix = past.fix or "nobody said what"
    vouched = f"Confirmed by {past.confirmed_by} on {past.confirmed_on}" if past.confirmed_by else "Confirmed"
    return fix, "; ".join(filter(None, (vouched, past.record)))


def similar_heading(past: SimilarIncident) -> str:
    """What it is and how far to trust that it is alike."""
    if past.is_passage:
        return f"Runbook {', '.join(filter(None, (past.title, past.heading)))} (match {past.score:.0%})"
    status = past.status if past.status == "seen before" else f"{past.status}, possibly similar"
    return f"{past.incident} ({status}, match {past.score:.0%})"


def asks(report: RootCauseReport, *, resolved: bool) -> bool:
    """Whether the report asks people to confirm it."""
    return report.asks_confirmation and not resolved
