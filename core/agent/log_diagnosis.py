"""What logs add to a diagnosis: which component failed first, when, and in which line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from core.agent.diagnosis import Observed
from core.agent.words import one_line
from core.domain.report import Analysis, Finding, Fix, Level
from core.domain.tool_facts import LogKindFacts

_MESSAGE_CHARS = 160
_NAMED = 3


def told_by_logs(observed: Observed, analysis: Analysis) -> Analysis:
    """Return the analysis with the cause that the logs show; without logs, or errors in them, as it was."""
    first = observed.logs.get("first")
    if not first:
        return analysis
    findings = (*_findings(observed, first), *analysis.findings)
    fixes = (*_fixes(observed, first), *analysis.fixes)
    return replace(analysis, root_cause=_root_cause(observed, first), findings=findings, fixes=fixes)


def _root_cause(observed: Observed, first: LogKindFacts) -> str:
    target = observed.logs.get("elsewhere")
    cause = f"{first.get('component')} failed first, at {first.get('at')} ({first.get('place')}): {_said(first)}"
    reason = f"; the reason lies in {target}, which did not answer it" if target else ""
    names = [kind.get("component", "") for kind in observed.logs.get("followers", [])[:_NAMED]]
    return f"{cause}{reason}{f'; {_listed(names)} failed after it' if names else ''}."


def _findings(observed: Observed, first: LogKindFacts) -> Iterator[Finding]:
    evidence_id = observed.ids.get("read_log_errors")
    if evidence_id is None:
        return
    cited = (evidence_id,)
    yield Finding(f"The first error of the burst is of {first.get('component')}, in {first.get('place')}.", cited)
    for kind in observed.logs.get("followers", [])[:_NAMED]:
        place = f"at {kind.get('at')} ({kind.get('place')})"
        yield Finding(f"Then {kind.get('component')} failed, {place}: {_said(kind)}.", cited)
    for burst in observed.logs.get("bursts", [])[:1]:
        yield Finding(f"The burst has {burst.get('count')} errors; it began at {burst.get('began')}.", cited)
    for kind in observed.logs.get("new", [])[:_NAMED]:
        if kind.get("level") not in ("error", "fatal") and kind.get("at", "") <= first.get("at", ""):
            yield Finding(f"New before it, at {kind.get('at')} ({kind.get('place')}): {_said(kind)}.", cited)


def _fixes(observed: Observed, first: LogKindFacts) -> Iterator[Fix]:
    target = observed.logs.get("elsewhere")
    if target:
        steps = (
            f"See whether {target} ran and accepted connections at {first.get('at')}, and what its own log says then.",
            f"Bring it back, and watch the errors of {first.get('component')} end.",
        )
        yield Fix(f"Look at {target}, not at {first.get('component')}", steps, Level.LOW, Level.LOW, 60)


def _said(kind: LogKindFacts) -> str:
    return f"“{one_line(kind.get('message', ''), _MESSAGE_CHARS)}”"


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
