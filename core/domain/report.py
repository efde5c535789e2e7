"""What an investigation finds out: evidence, what it proves, and the report that rests on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from core.domain.causes import Cause


class Level(StrEnum):
    """How much: of risk, of effort."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class Usage:
    """What reasoning cost; `usd` is None when a model's price is unknown."""

    model_calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    usd: float | None = 0.0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.model_calls + other.model_calls,
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            None if self.usd is None or other.usd is None else self.usd + other.usd,
        )

    @property
    def tokens(self) -> int:
        """Prompt and completion together."""
        return self.prompt_tokens + self.completion_tokens


NO_USAGE = Usage()


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a tool call brought: `text` is masked and fenced, at most 6,000 characters; not `ok` means unavailable.

    `facts` are the same observation as fields (core/domain/tool_facts.py), for rules; a model sees `text` alone.
    """

    id: str
    tool: str
    arguments: Mapping[str, Any]
    text: str
    ok: bool = True
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Finding:
    """A claim, and the ids of the evidence it rests on."""

    claim: str
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fix:
    """A remedy; fixes are listed best first. `confidence` is 0-100, where the rule that proposes it has one.

    A fix may name what does not exist yet; `evidence` are the ids of what shows the facts that it starts from.
    """

    title: str
    steps: tuple[str, ...]
    risk: Level
    effort: Level
    confidence: int | None = None
    evidence: tuple[str, ...] = ()


class Verdict(StrEnum):
    """What the evidence says of a hypothesis."""

    LIKELY = "likely"
    OPEN = "open"
    RULED_OUT = "ruled_out"

    @property
    def words(self) -> str:
        """As people read it."""
        return self.value.replace("_", " ")


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """Another explanation that was weighed, and the ids of the evidence that speaks for or against it."""

    claim: str
    verdict: Verdict
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Details:
    """What a conclusion says beside its root cause; every part may be missing.

    `why` is the mechanism, `trigger` what set it off, `origin` where the value that broke it came from, and `changed`
    what changed before. `mitigations` stop the damage now; fixes repair. `next_check` would decide what is open.
    """

    why: str = ""
    trigger: str = ""
    origin: str = ""
    changed: str = ""
    second_cause: Cause | None = None
    hypotheses: tuple[Hypothesis, ...] = ()
    open_questions: tuple[str, ...] = ()
    next_check: str = ""
    mitigations: tuple[str, ...] = ()


NO_DETAILS = Details()


@dataclass(frozen=True, slots=True)
class Culprit:
    """The frame a person should open first."""

    file: str | None = None
    function: str | None = None
    line: int | None = None
    module: str | None = None

    def __str__(self) -> str:
        place = self.file or self.module or ""
        if place and self.line is not None:
            place = f"{place}:{self.line}"
        name = f"{self.function}()" if self.function and self.function.replace("_", "a").isalnum() else self.function
        return " in ".join(part for part in (place, name) if part) or "unknown place"


SEEN_BEFORE = "seen before"


@dataclass(frozen=True, slots=True)
class SimilarIncident:
    """A past incident or passage of a runbook that resembles this one; `score` is 0..1, `confirmed_on` a day.

    `status` is `seen before` for the very same error when people confirmed it. `record` says how its fix did.
    """

    incident: str
    score: float
    root_cause: str
    fix: str
    status: str
    title: str = ""
    heading: str = ""
    confirmed_by: str = ""
    confirmed_on: str = ""
    record: str = ""
    is_passage: bool = False


COMMIT_CHARS, DIFF_LINES = 8, 12
"""How much of a suspect change people are shown: of its id, and of its diff."""


@dataclass(frozen=True, slots=True)
class SuspectChange:
    """The commit that touches the evidence most; `evidence` is the id that shows it, `at` is ISO 8601.

    Each of at most 12 lines of `diff` has its sign, or is `@@` with the place of those that follow. `known_by` are
    names of people who wrote the code around the failure.
    """

    commit: str
    subject: str
    evidence: str
    author: str = ""
    at: str = ""
    release: str = ""
    url: str | None = None
    why: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    diff: tuple[str, ...] = ()
    known_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Analysis:
    """What a reasoner submits at the end, before its citations are checked."""

    root_cause: str
    cause: Cause
    culprit: Culprit | None
    findings: tuple[Finding, ...]
    fixes: tuple[Fix, ...]
    own_confidence: int | None = None
    details: Details = NO_DETAILS


@dataclass(frozen=True, slots=True)
class Answer:
    """What a reasoner says to a follow-up, with the evidence it rests on."""

    text: str
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RootCauseReport:
    """The answer. Every finding cites evidence that exists; `confidence` (0-100) was computed, not claimed."""

    root_cause: str
    cause: Cause
    culprit: Culprit | None
    confidence: int
    confidence_reasons: tuple[str, ...]
    findings: tuple[Finding, ...]
    fixes: tuple[Fix, ...]
    similar: tuple[SimilarIncident, ...]
    reasoner: str
    partial: bool = False
    asks_confirmation: bool = False
    change: SuspectChange | None = None
    details: Details = NO_DETAILS

    @property
    def seen_before(self) -> SimilarIncident | None:
        """The same error, confirmed by people earlier, if there is one."""
        return next((past for past in self.similar if past.status == SEEN_BEFORE), None)

    @property
    def suggested_fix(self) -> str:
        """The best fix in one text; empty without any."""
        return " ".join([f"{self.fixes[0].title.rstrip('.')}.", *self.fixes[0].steps]) if self.fixes else ""
