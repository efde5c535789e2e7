"""The source around the culprit, where a stack trace showed it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.domain.thread_view import ReportView


@dataclass(frozen=True, slots=True)
class SourceLine:
    """One line; `fails` marks the one that raised."""

    text: str
    fails: bool


def source_of(view: ReportView) -> tuple[SourceLine, ...]:
    """The lines, oldest first; none when no stack trace shows the culprit's own frame."""
    culprit = view.report.culprit
    stacks = (evidence.facts.get("frame") for evidence in view.evidence if evidence.tool == "get_stacktrace")
    frame: Mapping[str, Any] = next((each for each in stacks if isinstance(each, Mapping)), {})
    if culprit is None or frame.get("line") != culprit.line:
        return ()
    source = str(frame.get("source", "")).strip()
    lines = [str(line) for line in frame.get("context", ())]
    failing = next((index for index, line in enumerate(lines) if source and line.strip() == source), None)
    return tuple(SourceLine(line, index == failing) for index, line in enumerate(lines))
