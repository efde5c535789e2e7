"""What rules say of the commit that a change was found in: as its evidence has it, and no more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from core.agent.rules.template_values import one_line
from core.domain.code_facts import ChangesFacts
from core.domain.report import COMMIT_CHARS, DIFF_LINES, Analysis, Evidence, SuspectChange


def named_commit(changes: ChangesFacts) -> str | None:
    """`59c1f49a “pricing: bundles carry a price”`: the suspect; None when no commit touches the evidence."""
    suspect = changes.get("suspect")
    if not suspect or not suspect.get("id"):
        return None
    return f"{suspect['id'][:COMMIT_CHARS]} “{_quotable(suspect.get('subject', ''))}”"


def suspect_claim(changes: ChangesFacts) -> str | None:
    """Who changed what, as a finding."""
    suspect, named = changes.get("suspect"), named_commit(changes)
    if not suspect or named is None:
        return None
    by = f" by {_quotable(suspect['author'])}" if suspect.get("author") else ""
    release = f", shipped in {one_line(changes['release'], 100)}," if changes.get("release") else ""
    return f"Commit {named}{by}{release} {_joined(suspect.get('why', []))}."


def suspect_change(analysis: Analysis, evidence: Sequence[Evidence]) -> SuspectChange | None:
    """The suspect for the report; none where the analysis names other commits of the range instead."""
    found = next((item for item in reversed(evidence) if _has_suspect(item)), None)
    if found is None:
        return None
    changes = cast(ChangesFacts, found.facts)
    suspect = changes["suspect"]
    told = " ".join([analysis.root_cause, *(finding.claim for finding in analysis.findings)])
    named = [
        commit["id"][:COMMIT_CHARS] for commit in changes.get("commits", []) if commit["id"][:COMMIT_CHARS] in told
    ]
    if named and suspect["id"][:COMMIT_CHARS] not in named:
        return None
    return SuspectChange(
        commit=suspect["id"],
        subject=suspect.get("subject", ""),
        evidence=found.id,
        author=suspect.get("author", ""),
        at=suspect.get("at", ""),
        release=changes.get("release", ""),
        url=suspect.get("url"),
        why=tuple(suspect.get("why", ())),
        paths=tuple(suspect.get("paths", ())),
        diff=tuple(suspect.get("diff", ()))[:DIFF_LINES],
        known_by=tuple(changes.get("known_by", ())),
    )


def _has_suspect(item: Evidence) -> bool:
    return item.ok and item.tool == "get_changes" and bool(item.facts.get("suspect", {}).get("id"))


def came_with(changes: ChangesFacts, sentence: str, in_code: str) -> str:
    """The commit that wrote the failing line, or what the code shows; empty where the root cause names it already."""
    suspect, named = changes.get("suspect"), named_commit(changes)
    if not suspect or named is None or suspect["id"][:COMMIT_CHARS] in sentence:
        return ""
    if not in_code and not suspect.get("touches", {}).get("line"):
        return ""
    release = f" (release {one_line(changes['release'], 100)})" if changes.get("release") else ""
    return f"Commit {named}{release} {suspect.get('why', ['changed it'])[0]}."


def _joined(reasons: list[str]) -> str:
    return (
        " and ".join(one_line(reason, 120).replace("“", "").replace("”", "") for reason in reasons[:2])
        or "is suspected"
    )


def _quotable(text: str) -> str:
    return one_line(text.replace("“", "").replace("”", "").replace("`", ""), 100)
