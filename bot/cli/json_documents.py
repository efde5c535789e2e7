"""The JSON documents that `--json` prints; their keys are a promise to scripts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from core.domain.investigation import Investigation, Question, Subject
from core.domain.journal import JournalEntry, Transcript, TurnTaken, steps_of
from core.domain.report import NO_DETAILS, NO_USAGE, Details, RootCauseReport, Usage


def investigation_document(investigation: Investigation, entries: Sequence[JournalEntry]) -> dict[str, Any]:
    """Everything about one investigation."""
    transcript = Transcript(investigation.subject, tuple(entries))
    turns = [entry for entry in entries if isinstance(entry, TurnTaken)]
    document: dict[str, Any] = {
        "id": investigation.id,
        "issue": investigation.subject.label,
        "status": str(investigation.status),
        "reasoner": turns[-1].reasoner if turns else None,
        **report_document(investigation.report),
        "evidence": {
            item.id: {"tool": item.tool, "arguments": dict(item.arguments), "text": item.text}
            for item in transcript.evidence()
        },
        "steps": [
            {
                "n": step.n,
                "thought": step.thought,
                "tool": step.tool,
                "arguments": dict(step.arguments),
                "ok": step.ok,
                "duration_ms": step.duration_ms,
            }
            for step in steps_of(entries)
        ],
        "usage": usage_document(transcript.usage()),
        "created_at": _time(investigation.created_at),
        "ended_at": _time(investigation.ended_at),
    }
    if investigation.failure:
        document["error"] = investigation.failure
    if investigation.resolved_by:
        document["resolved_by"] = investigation.resolved_by.name
        document["resolved_at"] = _time(investigation.resolved_at)
        document["fixed_by"] = investigation.fixed_by
    return document


def report_document(report: RootCauseReport | None) -> dict[str, Any]:
    """What a report says; empty fields where there is none."""
    if report is None:
        empty: dict[str, Any] = {"root_cause": None, "cause": None, "culprit": None, "confidence": None}
        lists: dict[str, Any] = {"confidence_reasons": [], "findings": [], "fixes": [], "similar": [], "change": None}
        return empty | lists | details_document(NO_DETAILS)
    return {
        "root_cause": report.root_cause,
        "cause": str(report.cause),
        "culprit": asdict(report.culprit) if report.culprit else None,
        "confidence": report.confidence,
        "confidence_reasons": list(report.confidence_reasons),
        "findings": [{"claim": finding.claim, "evidence": list(finding.evidence)} for finding in report.findings],
        "fixes": [
            {
                "title": fix.title,
                "steps": list(fix.steps),
                "risk": str(fix.risk),
                "effort": str(fix.effort),
                "confidence": fix.confidence,
                "evidence": list(fix.evidence),
            }
            for fix in report.fixes
        ],
        "similar": [asdict(past) for past in report.similar],
        "change": asdict(report.change) if report.change else None,
        **details_document(report.details),
    }


def details_document(details: Details) -> dict[str, Any]:
    """What a report says beside its root cause; parts that are missing are empty."""
    return {
        "why": details.why,
        "trigger": details.trigger,
        "origin": details.origin,
        "changed": details.changed,
        "second_cause": str(details.second_cause) if details.second_cause else None,
        "hypotheses": [
            {"claim": each.claim, "verdict": str(each.verdict), "evidence": list(each.evidence)}
            for each in details.hypotheses
        ],
        "open_questions": list(details.open_questions),
        "next_check": details.next_check,
        "mitigate_now": list(details.mitigations),
    }


def summary_document(investigation: Investigation) -> dict[str, Any]:
    """One line of a list of investigations."""
    report = investigation.report
    return {
        "id": investigation.id,
        "issue": investigation.subject.label,
        "status": str(investigation.status),
        "root_cause": report.root_cause if report else None,
        "confidence": report.confidence if report else None,
        "asked_by": investigation.asked_by.name,
        "created_at": _time(investigation.created_at),
    }


def answer_document(question: Question, subject: Subject, entries: Sequence[JournalEntry]) -> dict[str, Any]:
    """The answer to a follow-up, or why there is none."""
    usage = sum((entry.usage for entry in entries if isinstance(entry, TurnTaken)), NO_USAGE)
    document: dict[str, Any] = {
        "id": question.id,
        "investigation": question.investigation_id,
        "issue": subject.label,
        "question": question.text,
        "answer": question.answer.text if question.answer else None,
        "evidence": list(question.answer.evidence) if question.answer else [],
        "usage": usage_document(usage),
    }
    if question.failure:
        document["error"] = question.failure
    return document


def usage_document(usage: Usage) -> dict[str, Any]:
    """What reasoning cost; `usd` is null when the model's price is unknown."""
    usd = None if usage.usd is None else round(usage.usd, 6)
    return asdict(usage) | {"usd": usd}


def format_time(at: datetime) -> str:
    """A time for people, with its zone."""
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _time(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds") if at else None
