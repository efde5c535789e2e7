"""What traces add to a diagnosis: the span that failed first, and the service that takes longer than usual."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from core.agent.rules.diagnosis import Observed
from core.agent.rules.template_values import one_line
from core.domain.report import Analysis, Finding
from core.domain.tool_facts import SpanFacts

_MESSAGE_CHARS = 160
_NAMED = 3


def told_by_traces(observed: Observed, analysis: Analysis) -> Analysis:
    """Return the analysis with what the spans show; an error in logs stays the cause, spans support it."""
    evidence_id = observed.ids.get("read_trace_spans")
    if evidence_id is None or not observed.traces.get("spans"):
        return analysis
    findings = (*_findings(observed, evidence_id), *analysis.findings)
    if observed.logs.get("errors"):
        return replace(analysis, findings=findings)
    failure, slow = observed.traces.get("failure"), observed.traces.get("slow", [])
    if failure:
        root_cause = f"{_failed(failure)}{_reason(failure)}."
    elif slow:
        root_cause = f"Nothing failed; {_slower(slow[0])}."
    else:
        root_cause = "No span of these traces failed or took longer than usual."
    return replace(analysis, root_cause=root_cause, findings=findings, fixes=())


def _findings(observed: Observed, evidence_id: str) -> Iterator[Finding]:
    if failure := observed.traces.get("failure"):
        yield Finding(f"{_failed(failure)}{_reason(failure)}.", (evidence_id,))
    for each in observed.traces.get("slow", [])[:_NAMED]:
        slower = _slower(each)
        yield Finding(f"{slower[0].upper()}{slower[1:]}.", (evidence_id,))


def _failed(span: SpanFacts) -> str:
    return f"{span.get('operation')} of {span.get('service')} failed first, at {span.get('at')} ({span.get('place')})"


def _reason(span: SpanFacts) -> str:
    message = one_line(span.get("message", ""), _MESSAGE_CHARS)
    return f": “{message}”" if message else ""


def _slower(span: SpanFacts) -> str:
    took = f"{span.get('operation')} takes {span.get('now_ms')} ms of its own, usually {span.get('usual_ms')} ms"
    return f"{span.get('service')} is slower than usual: {took}"
