"""What an answer is made of: sentences, each with the ids of the evidence that carries it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from core.agent.report import quoted_parts, stands_in
from core.domain.code_facts import ChangesFacts
from core.domain.journal import Transcript
from core.domain.report import Evidence, RootCauseReport
from core.domain.tool_facts import FrequencyFacts, ImpactFacts, IssueFacts, StackFacts
from core.domain.untrusted_text import without_fences

EXCERPT_LINES = 14


@dataclass(frozen=True, slots=True)
class Part:
    """One or more lines, and the evidence that says so."""

    text: str
    evidence: tuple[str, ...] = ()

    def shown(self) -> str:
        """The text with its citations."""
        return f"{self.text} [{', '.join(self.evidence)}]" if self.evidence else self.text


@dataclass(frozen=True, slots=True)
class Known:
    """What was found about the subject of a question; `named` are the other incidents that the question names."""

    transcript: Transcript
    named: tuple[str, ...] = ()

    @property
    def report(self) -> RootCauseReport | None:
        """The report, if there is one."""
        return self.transcript.report

    def all_of(self, tool: str) -> Iterator[Evidence]:
        """What a tool could read of the subject, oldest first."""
        own = self.transcript.subject.issue_id
        for item in self.transcript.evidence():
            if item.ok and item.tool == tool and item.arguments.get("issue_id", own) == own:
                yield item

    def one_of(self, tool: str) -> Evidence | None:
        """The newest first page of what a tool says about the subject's whole life."""
        pages = [item for item in self.all_of(tool) if item.arguments.get("page", 1) == 1]
        whole = [item for item in pages if item.arguments.get("period", "14d") != "24h"]
        found = whole or pages
        return found[-1] if found else None

    def issue(self) -> tuple[IssueFacts, tuple[str, ...]]:
        """The facts of the issue, and their id."""
        return cast(IssueFacts, self._facts("get_sentry_issue_details")), self.id_of("get_sentry_issue_details")

    def stack(self) -> tuple[StackFacts, tuple[str, ...]]:
        """The facts of the stack, and their id."""
        return cast(StackFacts, self._facts("get_stacktrace")), self.id_of("get_stacktrace")

    def impact(self) -> tuple[ImpactFacts, tuple[str, ...]]:
        """The facts of the impact, and their id."""
        return cast(ImpactFacts, self._facts("get_user_impact")), self.id_of("get_user_impact")

    def frequency(self) -> tuple[FrequencyFacts, tuple[str, ...]]:
        """The facts of the frequency, and their id."""
        return cast(FrequencyFacts, self._facts("analyze_error_frequency")), self.id_of("analyze_error_frequency")

    def changes(self) -> tuple[ChangesFacts, tuple[str, ...]]:
        """The facts of what changed in the code, and their id."""
        return cast(ChangesFacts, self._facts("get_changes")), self.id_of("get_changes")

    def id_of(self, tool: str) -> tuple[str, ...]:
        """The id of what the tool says, if it says anything."""
        item = self.one_of(tool)
        return (item.id,) if item else ()

    def carriers(self, text: str) -> tuple[str, ...]:
        """The evidence in which the quoted parts, places and releases of `text` stand; each part by its first."""
        readable = [item for tool in _ORDER for item in self.all_of(tool)]
        parts = [*quoted_parts(text), *(name for name in self._names() if name in text)]
        found = (next((item.id for item in readable if stands_in(part, item.text)), None) for part in parts)
        return tuple(sorted(set(filter(None, found)), key=lambda id: int(id[1:])))

    def _names(self) -> Iterator[str]:
        issue, _ = self.issue()
        for commit in (*issue.get("suspects", []), *issue.get("release_commits", [])):
            yield commit.get("id", "")[:8] or "\0"
        yield issue.get("first_release", "") or "\0"

    def _facts(self, tool: str) -> Mapping[str, Any]:
        item = self.one_of(tool)
        return item.facts if item else {}


_ORDER = (
    "get_stacktrace",
    "get_sentry_issue_details",
    "get_changes",
    "get_source",
    "analyze_error_frequency",
    "get_user_impact",
    "search_knowledge_base",
)
"""Where a part of a sentence is looked for first."""


def excerpt(evidence: Evidence) -> Part:
    """The first lines of what the tool said, without its fences, which are there for models."""
    lines = [line for line in without_fences(evidence.text).splitlines() if line.strip()]
    shown = "\n".join(lines[:EXCERPT_LINES])
    return Part(shown if len(lines) <= EXCERPT_LINES else f"{shown}\n…", (evidence.id,))
