"""How sure a report may be: computed from what was read, what failed, and what could be verified. Never claimed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from core.domain.causes import Cause
from core.domain.report import Analysis, Evidence
from core.domain.tool_facts import StackFacts

FLOOR, CEILING = 5, 95
BASE = 25
UNKNOWN_CAUSE_CEILING = 35
NO_STACK_CEILING = 45
DOUBTFUL_OWN_CONFIDENCE = 40
_SEVERAL = 2
_MOST_FALSE = 3


_SURFACED = frozenset(
    {
        Cause.TIMEOUT,
        Cause.CONNECTION_REFUSED,
        Cause.POOL_EXHAUSTED,
        Cause.UPSTREAM_FAILURE,
        Cause.DISK_FULL,
        Cause.OUT_OF_MEMORY,
        Cause.ABORTED_TRANSACTION,
        Cause.LATENCY_REGRESSION,
    }
)
"""Causes of which a stack shows where they came to light, while their own reason lies elsewhere."""


@dataclass(frozen=True, slots=True)
class Verification:
    """How the conclusion stood up to its evidence: claims kept and dropped, and whether the culprit was seen.

    `cause_supported` is whether the places that the root cause names were seen: other names may be general knowledge.
    `false_citations` count ids of evidence that does not exist.
    """

    kept: int
    dropped: int
    culprit_seen: bool
    cause_supported: bool
    false_citations: int = 0


@dataclass(frozen=True, slots=True)
class _Weight:
    points: int
    reason: str


def confidence_in(
    analysis: Analysis,
    evidence: Sequence[Evidence],
    stack: StackFacts,
    verification: Verification,
    *,
    match: str | None,
) -> tuple[int, tuple[str, ...]]:
    """0-100, and the reasons with their points; `match` is `seen before` or `similar` when a past incident fits."""
    weights = [
        *_coverage(evidence),
        *_stack_quality(stack),
        *_support(analysis, verification),
        *_memory(match),
    ]
    total = BASE + sum(weight.points for weight in weights)
    ceiling, why = _ceiling(analysis, evidence)
    reasons = [f"{weight.points:+d} {weight.reason}" for weight in weights]
    if total > ceiling and why:
        reasons.append(why)
    return max(FLOOR, min(total, ceiling)), tuple(reasons)


_COVERAGE = {
    "get_sentry_issue_details": (5, "the issue was read"),
    "get_stacktrace": (10, "the stack of an event was read"),
    "analyze_error_frequency": (5, "its course over time was read"),
    "get_user_impact": (3, "whom it hits was read"),
    "search_knowledge_base": (2, "past incidents were searched"),
    "read_log_errors": (10, "the logs were read"),
}


_TELLING_FACTS = {
    "get_stacktrace": ("frame", "exceptions", "message", "spans", "evidence"),
    "analyze_error_frequency": ("total",),
    "get_user_impact": ("users", "shares"),
    "read_log_errors": ("first",),
}
"""Of which facts at least one has to be there for a tool's answer to count: a call may succeed and tell nothing."""


def _coverage(evidence: Sequence[Evidence]) -> Iterator[_Weight]:
    answered = {item.tool for item in evidence if item.ok}
    read = {item.tool: item.id for item in evidence if item.ok and _tells(item)}
    for tool, (points, reason) in _COVERAGE.items():
        if tool in read:
            yield _Weight(points, f"{reason} ({read[tool]})")
    for item in evidence:
        if not item.ok and item.tool not in answered:
            yield _Weight(-8, f"{item.tool} was unavailable ({item.id})")


def _tells(item: Evidence) -> bool:
    telling = _TELLING_FACTS.get(item.tool)
    return telling is None or any(item.facts.get(fact) not in (None, {}, [], "") for fact in telling)


def _stack_quality(stack: StackFacts) -> Iterator[_Weight]:
    frame = stack.get("frame", {})
    if stack.get("minified"):
        yield _Weight(-15, "the code is minified, frames cannot be trusted")
        return
    match stack.get("frame_basis"):
        case "in_app":
            yield _Weight(12, "the failing frame is in the application's own code")
        case "not_library":
            yield _Weight(6, "the failing frame was found, though not marked as the application's own")
        case "last":
            yield _Weight(2, "only frames of libraries were recorded")
        case _:
            yield _Weight(-10, "no failing frame was recorded")
    if frame and not frame.get("file") and frame.get("line") is None:
        yield _Weight(-10, "that frame names neither a file nor a line")
    if sum(exception.get("role") == "sibling" for exception in stack.get("exceptions", [])) >= _SEVERAL:
        yield _Weight(-10, "several errors were raised together, and one of them is explained")
    if frame.get("source"):
        yield _Weight(6, "the failing line is shown")
    if frame.get("variables"):
        yield _Weight(6, "the values of its variables are shown")
    if stack.get("problems"):
        yield _Weight(-5, "the tracker reports problems with this event")


def _support(analysis: Analysis, verification: Verification) -> Iterator[_Weight]:
    if analysis.cause is not Cause.UNKNOWN:
        yield _Weight(8, f"the error fits a known kind of cause ({analysis.cause})")
    if analysis.cause in _SURFACED:
        yield _Weight(-12, "the stack shows where it came to light; why it came so far lies elsewhere")
    if verification.kept and not verification.dropped:
        yield _Weight(8, f"all {verification.kept} findings stand in the evidence they cite")
    if verification.dropped:
        many = "claim was" if verification.dropped == 1 else "claims were"
        yield _Weight(-8 * verification.dropped, f"{verification.dropped} {many} dropped: not in the evidence")
    if analysis.culprit is not None and not verification.culprit_seen:
        yield _Weight(-12, "the named culprit stands in no evidence")
    if not verification.cause_supported:
        yield _Weight(-12, "the root cause names a place that stands in no evidence")
    if verification.false_citations:
        number = min(_MOST_FALSE, verification.false_citations)
        yield _Weight(-8 * number, "evidence is cited that does not exist")
    if analysis.own_confidence is not None and analysis.own_confidence < DOUBTFUL_OWN_CONFIDENCE:
        yield _Weight(-10, f"the model itself is in doubt ({analysis.own_confidence} %)")


def _memory(match: str | None) -> Iterator[_Weight]:
    if match == "seen before":
        yield _Weight(12, "the same incident was confirmed before")
    elif match == "similar":
        yield _Weight(4, "a confirmed past incident is similar")


def _ceiling(analysis: Analysis, evidence: Sequence[Evidence]) -> tuple[int, str]:
    if not any(item.ok and item.tool == "get_stacktrace" for item in evidence):
        return NO_STACK_CEILING, f"at most {NO_STACK_CEILING}: no stack could be read"
    if analysis.cause is Cause.UNKNOWN:
        return UNKNOWN_CAUSE_CEILING, f"at most {UNKNOWN_CAUSE_CEILING}: the kind of cause is unknown"
    return CEILING, f"at most {CEILING}: nobody has confirmed it yet"
