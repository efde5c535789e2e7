"""What the contract has shown: short views with words to look for, and views longer than any platform's message."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

from core.domain.causes import Cause
from core.domain.investigation import Status
from core.domain.journal import Step
from core.domain.report import NO_USAGE, Finding, Fix, Level, RootCauseReport
from core.domain.tenancy import Actor
from core.domain.thread_view import AnswerView, NoticeView, ProgressView, ReportView, ThreadView

ADA = Actor("U07ADA", "Ada")
_STARTED_AT = datetime(2026, 11, 23, tzinfo=UTC)


def titled(title: str) -> ProgressView:
    """Progress under that title."""
    return ProgressView("i1", title, Status.RUNNING, (), None, (), NO_USAGE, _STARTED_AT)


def words(name: str, count: int) -> str:
    """So many words, each of which stands nowhere else."""
    return " ".join(f"{name}{number}" for number in range(count))


def all_words(view: ThreadView) -> set[str]:
    """Every word of the view that was made by `words`."""
    return set(re.findall(r"\b(?:word|cause|claim|fix|step)\d+(?:x\d+)?\b", repr(view)))


_REPORT = RootCauseReport(
    root_cause=words("cause", 800),
    cause=Cause.UNKNOWN,
    culprit=None,
    confidence=60,
    confidence_reasons=("+10 the stack names the line",),
    findings=tuple(Finding(words(f"claim{number}x", 200), (f"E{number}",)) for number in range(1, 6)),
    fixes=tuple(
        Fix(f"fix{number}", (words(f"step{number}x", 300),), Level.LOW, Level.LOW, 50) for number in range(1, 6)
    ),
    similar=(),
    reasoner="rules",
)
LONG_REPORT = ReportView("i1", "SHOP-1", _REPORT, (), NO_USAGE, 1.0, ADA)
LONG: dict[str, ThreadView] = {
    "notice": NoticeView(words("word", 4_000)),
    "failure": NoticeView(words("word", 4_000), error=True),
    "answer": AnswerView("i1", "why?", words("word", 4_000), ("E1",), NO_USAGE, ADA),
    "report": LONG_REPORT,
}
STEPS = tuple(
    Step(number, words(f"thought{number}x", 25), "get_stacktrace", {}, True, f"outcome{number}", f"E{number}", 100)
    for number in range(1, 101)
)
LONG_PROGRESS = replace(titled("SHOP-1"), steps=STEPS)
