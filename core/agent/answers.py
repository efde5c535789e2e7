"""Answers follow-ups without a language model: which topic is asked about, and what the evidence says on it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.domain.journal import Transcript
from core.domain.report import Answer, Evidence, RootCauseReport
from core.domain.untrusted_text import without_fences

EXCERPT_LINES = 14


@dataclass(frozen=True, slots=True)
class Topic:
    """A kind of question: the words that betray it, the tool that knows, and how its part of the report reads."""

    words: re.Pattern[str]
    tool: str
    thought: str
    from_report: Callable[[RootCauseReport], str]


def _nothing(report: RootCauseReport) -> str:
    return ""


def _fixes(report: RootCauseReport) -> str:
    lines = []
    for number, fix in enumerate(report.fixes, 1):
        steps = "".join(f"\n   - {step}" for step in fix.steps)
        lines.append(f"{number}. {fix.title} (risk {fix.risk}, effort {fix.effort}){steps}")
    return "\n".join(lines)


def _similar(report: RootCauseReport) -> str:
    return "\n".join(f"- {past.incident} ({past.status}): {past.root_cause} Fix: {past.fix}" for past in report.similar)


def _confidence(report: RootCauseReport) -> str:
    reasons = "\n".join(f"- {reason}" for reason in report.confidence_reasons)
    return f"Confidence is {report.confidence} %:\n{reasons}"


def _cause(report: RootCauseReport) -> str:
    return report.root_cause


_TOPICS = (
    Topic(
        re.compile(r"\b(fix|mend|repair|solve|solution|do about|roll ?back|patch|workaround|next step)", re.I),
        "get_stacktrace",
        "Read the failing code again.",
        _fixes,
    ),
    Topic(
        re.compile(r"\b(confiden|sure|certain|trust|believe)", re.I),
        "get_stacktrace",
        "Weigh the evidence.",
        _confidence,
    ),
    Topic(
        re.compile(
            r"\b(users?|customers?|affected|impact|severity|who|browsers?|environments?|urls?|regions?)\b", re.I
        ),
        "get_user_impact",
        "See whom it hits.",
        _nothing,
    ),
    Topic(
        re.compile(r"\b(when|since|start(ed)?|began|begin|often|frequen|trend|rising|spike|rate|how many)", re.I),
        "analyze_error_frequency",
        "See how often it happens, and since when.",
        _nothing,
    ),
    Topic(
        re.compile(r"\b(similar|before|past|previous(ly)?|again|known|last time|history)\b", re.I),
        "search_knowledge_base",
        "See whether it happened before.",
        _similar,
    ),
    Topic(
        re.compile(r"\b(release|deploy|version|commit|changed?|introduced|blame)\b", re.I),
        "get_sentry_issue_details",
        "See what changed.",
        _nothing,
    ),
    Topic(
        re.compile(r"\b(stack|trace|frame|line|file|function|where|code|variable|local|breadcrumb|request)s?\b", re.I),
        "get_stacktrace",
        "Read the stack.",
        _nothing,
    ),
    Topic(
        re.compile(r"\b(why|cause|reason|what happened|explain)\b", re.I), "get_stacktrace", "Read the stack.", _cause
    ),
)


def tools_for_question(question: str) -> tuple[str, tuple[str, ...]]:
    """Why, and the tools whose evidence the question needs; those already used are not called again."""
    topics = _topics_of(question)
    return (topics[0].thought, tuple(dict.fromkeys(topic.tool for topic in topics))) if topics else ("", ())


def answer_from(transcript: Transcript) -> Answer:
    """What report and evidence say on the question's topics; says plainly when it does not recognise any."""
    topics = _topics_of(transcript.question or "")
    evidence = {item.tool: item for item in transcript.evidence()}
    if not topics:
        return _orientation(transcript)
    parts: list[str] = []
    cited: list[str] = []
    for topic in topics:
        part = topic.from_report(transcript.report) if transcript.report else ""
        item = evidence.get(topic.tool)
        if item is not None:
            cited.append(item.id)
            part = part or _excerpt(item)
        if part and part not in parts:
            parts.append(part)
    return Answer("\n\n".join(parts) or "Nothing was found on that.", tuple(dict.fromkeys(cited)))


def _topics_of(question: str) -> Sequence[Topic]:
    return [topic for topic in _TOPICS if topic.words.search(question)][:2]


def _orientation(transcript: Transcript) -> Answer:
    cause = transcript.report.root_cause if transcript.report else "There is no report yet."
    text = (
        f"{cause}\n\nWithout a language model, LogSense answers questions about: the cause, fixes, who is affected, "
        "how often and since when, releases and commits, the stack, similar incidents, and confidence."
    )
    return Answer(text, tuple(item.id for item in transcript.evidence()[:1]))


def _excerpt(evidence: Evidence) -> str:
    """The first lines of what the tool said, without its fences, which are there for models."""
    lines = [line for line in without_fences(evidence.text).splitlines() if line.strip()]
    shown = "\n".join(lines[:EXCERPT_LINES])
    return shown if len(lines) <= EXCERPT_LINES else f"{shown}\n…"
