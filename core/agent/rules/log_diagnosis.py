"""What logs add to a diagnosis: which component failed first, when, in which line, and what changed before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from core.agent.rules.diagnosis import Observed
from core.agent.rules.template_values import one_line
from core.domain.report import Analysis, Finding, Fix, Level
from core.domain.tool_facts import LogKindFacts, LogTrendFacts

_MESSAGE_CHARS = 160
_NAMED = 3
_LISTED = 6
_TIMELESS = "unknown"


def told_by_logs(observed: Observed, analysis: Analysis) -> Analysis:
    """Return the analysis with what the logs show; without logs as it was."""
    if "errors" not in observed.logs:
        return analysis
    first = observed.logs.get("first")
    if not first:
        return replace(analysis, root_cause=_calm(observed), findings=tuple(_calm_findings(observed)), fixes=())
    findings = (*_findings(observed, first), *analysis.findings)
    fixes = (*_fixes(observed, first), *analysis.fixes)
    return replace(analysis, root_cause=_root_cause(observed, first), findings=findings, fixes=fixes)


def _root_cause(observed: Observed, first: LogKindFacts) -> str:
    names = [kind.get("component", "") for kind in observed.logs.get("followers", [])[:_NAMED]]
    target = observed.logs.get("elsewhere")
    failed = "failed first" if names else "began to fail"
    parts = [f"{first.get('component')} {failed} {_where(first)}: {_said(first)}"]
    if target:
        parts.append(f"the reason lies in {target}, which did not answer it")
    elif trends := observed.log_changes.get("trends"):
        parts.append(f"until then {_moved(trends[0])}")
    elif before := _operations_before(observed, first):
        parts.append(f"just before it, {before[-1].get('component')} said {_said(before[-1])}")
    if names:
        parts.append(f"{_listed(names)} failed after it")
    return f"{'; '.join(parts)}."


def _operations_before(observed: Observed, first: LogKindFacts) -> list[LogKindFacts]:
    """Return restarts, deployments and changes of configuration before the first error, in the order of time."""
    found = [kind for kind in observed.log_changes.get("restarts", []) if _when(kind) < _when(first)]
    return sorted(found, key=_when)


def _when(kind: LogKindFacts) -> tuple[str, str, int]:
    """Return what orders messages: their time to the second, then their line."""
    file, _, line = kind.get("place", "").rpartition(":")
    return kind.get("at", ""), file, int(line) if line.isdecimal() else 0


def _findings(observed: Observed, first: LogKindFacts) -> Iterator[Finding]:
    evidence_id = observed.ids.get("read_log_errors")
    if evidence_id is None:
        return
    cited = (evidence_id,)
    followers = observed.logs.get("followers", [])[:_NAMED]
    yield Finding(f"The first error of the burst is of {first.get('component')}, in {first.get('place')}.", cited)
    for kind in followers:
        yield Finding(f"Then {kind.get('component')} failed, {_where(kind)}: {_said(kind)}.", cited)
    for burst in observed.logs.get("bursts", [])[:1]:
        began = "" if _TIMELESS in str(burst.get("began")) else f"; it began at {burst.get('began')}"
        yield Finding(f"The burst has {burst.get('count')} errors{began}.", cited)
    for kind in observed.logs.get("warnings", [])[:_NAMED]:
        yield Finding(f"A warning before it, {_where(kind)}: {_said(kind)}.", cited)
    for kind in observed.logs.get("new", [])[:_NAMED]:
        if kind.get("level") not in ("error", "fatal", "warning") and kind.get("at", "") <= first.get("at", ""):
            yield Finding(f"New before it, {_where(kind)}: {_said(kind)}.", cited)
    named = {kind.get("template") for kind in (first, *followers)}
    for kind in observed.logs.get("kinds", [])[:_LISTED]:
        if kind.get("template") not in named:
            count = f"{kind.get('count')} times" if kind.get("count") != 1 else "once"
            yield Finding(f"Also {count}, first {_where(kind)}: {_said(kind)}.", cited)
    yield from _changes(observed, first)


def _changes(observed: Observed, first: LogKindFacts) -> Iterator[Finding]:
    evidence_id = observed.ids.get("compare_log_windows")
    if evidence_id is None:
        return
    for kind in _operations_before(observed, first)[-_NAMED:]:
        yield Finding(f"Before it, {_where(kind)}, {kind.get('component')} said {_said(kind)}.", (evidence_id,))
    yield from _common_changes(observed, evidence_id)


def _common_changes(observed: Observed, evidence_id: str) -> Iterator[Finding]:
    """Say what moves and what no longer follows, with errors and without."""
    for trend in observed.log_changes.get("trends", [])[:_NAMED]:
        yield Finding(f"In these logs {_moved(trend)}.", (evidence_id,))
    for kind in observed.log_changes.get("broken", [])[:_NAMED]:
        expected = one_line(kind.get("expected", ""), _MESSAGE_CHARS)
        follows = f"no longer comes “{expected}”" if expected else "the request no longer ends"
        yield Finding(f"In {kind.get('component')}, after {_said(kind)} {follows}.", (evidence_id,))


def _calm(observed: Observed) -> str:
    """Say that there are no errors, and the one thing that stands out nevertheless."""
    trends: Sequence[LogTrendFacts] = observed.log_changes.get("trends", [])
    warnings, rare = observed.logs.get("warnings", []), observed.logs.get("rare", [])
    if trends:
        return f"No errors in these logs, but {_moved(trends[0])}."
    if warnings:
        return (
            f"No errors in these logs; the most frequent warning is {_said(warnings[0])} ({warnings[0].get('place')})."
        )
    if rare:
        return f"No errors in these logs; what stands out is {_said(rare[0])} ({rare[0].get('place')})."
    return "No errors in these logs."


def _calm_findings(observed: Observed) -> Iterator[Finding]:
    errors, changes = observed.ids.get("read_log_errors"), observed.ids.get("compare_log_windows")
    if errors is not None:
        for label, kinds in (
            ("A warning", observed.logs.get("warnings", [])[:_NAMED]),
            ("Rare", observed.logs.get("rare", [])[:_NAMED]),
            ("Frequent", observed.logs.get("usual", [])[:_LISTED]),
        ):
            for kind in kinds:
                yield Finding(f"{label}, {_where(kind)}, of {kind.get('component')}: {_said(kind)}.", (errors,))
    if changes is not None:
        yield from _common_changes(observed, changes)
        for part in observed.log_changes.get("ranges", [])[:_NAMED]:
            between = f"lies between {part.get('low')} and {part.get('high')}"
            yield Finding(f"“{part.get('name')}” of {part.get('component')} {between}.", (changes,))


def _fixes(observed: Observed, first: LogKindFacts) -> Iterator[Fix]:
    target = observed.logs.get("elsewhere")
    if target:
        steps = (
            f"See whether {target} ran and accepted connections at {first.get('at')}, and what its own log says then.",
            f"Bring it back, and watch the errors of {first.get('component')} end.",
        )
        yield Fix(f"Look at {target}, not at {first.get('component')}", steps, Level.LOW, Level.LOW, 60)


def _moved(trend: LogTrendFacts) -> str:
    word = "grew" if float(trend.get("last", 0)) > float(trend.get("first", 0)) else "fell"
    return f"“{trend.get('name')}” of {trend.get('component')} {word} from {trend.get('first')} to {trend.get('last')}"


def _where(kind: LogKindFacts) -> str:
    return (
        f"in {kind.get('place')}" if _TIMELESS in kind.get("at", "") else f"at {kind.get('at')} ({kind.get('place')})"
    )


def _said(kind: LogKindFacts) -> str:
    return f"“{one_line(kind.get('message', ''), _MESSAGE_CHARS)}”"


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
