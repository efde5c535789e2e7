"""From a conclusion to a report: citations are checked, claims verified against what they cite, confidence computed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar, cast

from core.agent.confidence import Verification, confidence_in
from core.agent.rules.code_changes import suspect_change
from core.domain.journal import Transcript
from core.domain.report import (
    SEEN_BEFORE,
    Analysis,
    Answer,
    Culprit,
    Evidence,
    Finding,
    Fix,
    Hypothesis,
    RootCauseReport,
    SimilarIncident,
)
from core.domain.tool_facts import StackFacts

MAX_FIXES = 5

C = TypeVar("C", Fix, Hypothesis)


@dataclass(frozen=True, slots=True)
class _Checked:
    findings: tuple[Finding, ...]
    verification: Verification


def report_from(transcript: Transcript, analysis: Analysis, reasoner: str) -> RootCauseReport:
    """A report in which every finding cites evidence that says so; what cannot be shown was dropped."""
    evidence = transcript.evidence()
    checked = _check(analysis, evidence)
    stack = _newest_stack(evidence)
    similar = tuple(_similar(evidence))
    best = _match_kind(evidence)
    confidence, reasons = confidence_in(analysis, evidence, stack, checked.verification, match=best)
    return RootCauseReport(
        root_cause=analysis.root_cause,
        cause=analysis.cause,
        culprit=analysis.culprit if checked.verification.culprit_seen else None,
        confidence=confidence,
        confidence_reasons=reasons,
        findings=checked.findings,
        fixes=tuple(_citing(fix, evidence) for fix in analysis.fixes[:MAX_FIXES]),
        similar=similar,
        reasoner=reasoner,
        change=suspect_change(analysis, evidence),
        partial=not any(item.ok and item.tool == "get_stacktrace" for item in evidence),
        details=replace(
            analysis.details, hypotheses=tuple(_citing(each, evidence) for each in analysis.details.hypotheses)
        ),
    )


def checked_answer(transcript: Transcript, answer: Answer) -> Answer:
    """The answer, citing only evidence that exists."""
    known = {item.id for item in transcript.evidence()}
    return Answer(answer.text, tuple(cited for cited in answer.evidence if cited in known))


def _citing(thing: C, evidence: Sequence[Evidence]) -> C:
    """`thing` without citations of evidence that does not exist."""
    known = {item.id for item in evidence}
    return replace(thing, evidence=tuple(cited for cited in thing.evidence if cited in known))


# ---- claims against evidence ----------------------------------------------------------------------------------------

_QUOTED = re.compile(r"`([^`]*)`|“([^“”]*)”|\"([^\"]*)\"")
_NUMBER = re.compile(r"(?<![\w.])\d+(?:,\d{3})*(?:\.\d+)?(?![\w])")
_PLACE = re.compile(r"(?<![\w./-])[\w./-]{1,500}\.\w{1,5}:\d+")
_SAME = str.maketrans({"↵": " ", "“": None, "”": None, '"': None, "`": None, "\u2018": "'", "\u2019": "'", "\xa0": " "})
"""What the evidence spells differently from a claim that quotes it: line ends, quotation marks, blanks."""
_SMALL_NUMBERS = {"1", "2", "3"}


def quoted_parts(claim: str) -> tuple[str, ...]:
    """The parts of a claim that must stand in its evidence: quoted text, places, and numbers worth checking."""
    parts = [code or said or text for code, said, text in _QUOTED.findall(claim) if code or said or len(text) > 1]
    bare = _QUOTED.sub(" ", claim)
    parts += _PLACE.findall(bare)
    parts += [number for number in _NUMBER.findall(_PLACE.sub(" ", bare)) if number not in _SMALL_NUMBERS]
    return tuple(dict.fromkeys(parts))


def places_in(text: str) -> tuple[str, ...]:
    """The `file:line` places that a text names; other names in it may be general knowledge."""
    return tuple(dict.fromkeys(_PLACE.findall(text)))


def _cited(analysis: Analysis) -> Iterator[str]:
    for ids in (
        *(finding.evidence for finding in analysis.findings),
        *(fix.evidence for fix in analysis.fixes),
        *(hypothesis.evidence for hypothesis in analysis.details.hypotheses),
    ):
        yield from ids


def stands_in(part: str, text: str) -> bool:
    """Whether `part` is written in `text`, white space, case, cut ends and thousands separators aside."""
    needle = _folded(part).rstrip("…").strip()
    return needle in _folded(text)


def _folded(text: str) -> str:
    return re.sub(r"(?<=\d),(?=\d{3})", "", " ".join(text.translate(_SAME).split())).casefold()


def _check(analysis: Analysis, evidence: Sequence[Evidence]) -> _Checked:
    texts = {item.id: item.text for item in evidence if item.ok}
    kept = tuple(filter(None, (_verified(finding, texts) for finding in analysis.findings)))
    everything = "\n".join(texts.values())
    known = {item.id for item in evidence}
    verification = Verification(
        kept=len(kept),
        dropped=len(analysis.findings) - len(kept),
        culprit_seen=analysis.culprit is not None and _is_seen(analysis.culprit, everything),
        cause_supported=all(stands_in(place, everything) for place in places_in(analysis.root_cause)),
        false_citations=sum(cited not in known for cited in _cited(analysis)),
    )
    return _Checked(kept, verification)


def _verified(finding: Finding, texts: Mapping[str, str]) -> Finding | None:
    """The finding with citations that exist; evidence that holds an uncited part is added, else the claim falls."""
    cited = [evidence_id for evidence_id in finding.evidence if evidence_id in texts]
    if not cited:
        return None
    for part in quoted_parts(finding.claim):
        if any(stands_in(part, texts[evidence_id]) for evidence_id in cited):
            continue
        holder = next((evidence_id for evidence_id, text in texts.items() if stands_in(part, text)), None)
        if holder is None:
            return None
        cited.append(holder)
    return Finding(finding.claim, tuple(dict.fromkeys(cited)))


def _is_seen(culprit: Culprit, text: str) -> bool:
    names = [name for name in (culprit.file, culprit.function) if name]
    return bool(names) and all(stands_in(name, text) for name in names)


# ---- what the evidence brings along ---------------------------------------------------------------------------------


def _newest_stack(evidence: Sequence[Evidence]) -> StackFacts:
    stacks = [item.facts for item in evidence if item.ok and item.tool == "get_stacktrace" and item.facts]
    return cast(StackFacts, stacks[-1]) if stacks else {}


def _matches(evidence: Sequence[Evidence]) -> Iterator[Mapping[str, Any]]:
    for item in evidence:
        if item.ok and item.tool == "search_knowledge_base":
            yield from item.facts.get("matches", [])


def _record(match: Mapping[str, Any], evidence: Sequence[Evidence]) -> str:
    """How a past fix did; nothing where the tracker has seen this very error since the fix was confirmed."""
    record, confirmed_on = str(match.get("record", "")), str(match.get("confirmed_on", ""))
    if not match.get("seen_before") or record != "its fix held":
        return record
    seen = [str(item.facts.get("last_seen", "")) for item in evidence if item.ok]
    return "" if any(last[:10] >= confirmed_on for last in seen if last) else record


def _similar(evidence: Sequence[Evidence]) -> Iterator[SimilarIncident]:
    seen: set[str] = set()
    for match in _matches(evidence):
        incident = str(match.get("incident", ""))
        if incident not in seen:
            seen.add(incident)
            is_same = match.get("seen_before") and match.get("status") == "confirmed"
            yield SimilarIncident(
                incident,
                float(match.get("score", 0.0)),
                str(match.get("root_cause", "")),
                str(match.get("fix", "")),
                SEEN_BEFORE if is_same else str(match.get("status", "")),
                str(match.get("title", "")),
                str(match.get("heading", "")),
                str(match.get("confirmed_by", "")),
                str(match.get("confirmed_on", "")),
                _record(match, evidence),
                bool(match.get("passage")),
            )


def _match_kind(evidence: Sequence[Evidence]) -> str | None:
    confirmed = [
        match for match in _matches(evidence) if match.get("status") == "confirmed" and not match.get("passage")
    ]
    if not confirmed:
        return None
    return "seen before" if any(match.get("seen_before") for match in confirmed) else "similar"
