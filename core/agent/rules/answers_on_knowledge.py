"""Answers on what the report concludes and how sure it is, and on past incidents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from core.agent.rules.answer_parts import Known, Part
from core.domain.report import Evidence

NO_REPORT = "There is no report yet."
_TOOL = "search_knowledge_base"


def cause(known: Known) -> Iterator[Part]:
    """The root cause, with the evidence in which its parts stand."""
    if known.report is None:
        yield Part(NO_REPORT)
        return
    sentence = known.report.root_cause
    yield Part(sentence, known.carriers(sentence) or known.id_of("get_stacktrace"))


def fix(known: Known) -> Iterator[Part]:
    """The ranked fixes; what fixed it before carries the evidence of that."""
    if known.report is None:
        yield Part(NO_REPORT)
        return
    for number, one in enumerate(known.report.fixes, 1):
        steps = "".join(f"\n   - {step}" for step in one.steps)
        said = " ".join((one.title, *one.steps))
        past = tuple(item.id for item in known.all_of(_TOOL) if any(_is_from(said, match) for match in _matches(item)))
        ids = past or known.carriers(said) or known.id_of("get_stacktrace")
        yield Part(f"{number}. {one.title} (risk {one.risk}, effort {one.effort}){steps}", ids)
    if not known.report.fixes:
        yield Part("The report has no fix.")


def _is_from(said: str, match: Mapping[str, Any]) -> bool:
    names = (str(match.get("fix", "")).rstrip("."), str(match.get("incident", "")))
    return any(name and name in said for name in names)


def confidence(known: Known) -> Iterator[Part]:
    """The computed confidence with its reasons, and the evidence on which the findings rest."""
    if known.report is None:
        yield Part(NO_REPORT)
        return
    reasons = "\n".join(f"- {reason}" for reason in known.report.confidence_reasons)
    ids = dict.fromkeys(id for finding in known.report.findings for id in finding.evidence)
    yield Part(f"Confidence is {known.report.confidence} %:\n{reasons}", tuple(ids))


def same(known: Known) -> Iterator[Part]:
    """The incidents that the question names, each compared with this one; else those that resemble it."""
    for name in known.named:
        yield _compared(name, known)
    if known.named:
        return
    found = False
    for item in known.all_of(_TOOL):
        if matches := _matches(item):
            found = True
            yield Part("\n".join(map(_told, matches)), (item.id,))
    if not found:
        yield Part("Nothing like it is known: no past incident resembles it.", known.id_of(_TOOL))


def _compared(name: str, known: Known) -> Part:
    """What is known of the incident of that name, and whether it resembles this one."""
    looked_up: tuple[str, ...] = ()
    best: tuple[Mapping[str, Any], str] | None = None
    for item in known.all_of(_TOOL):
        looked_up = (item.id,)
        for match in _matches(item):
            # A look-up by name says what it is; only a search for this error says what they have in common.
            if _is_called(match, name) and (best is None or not _is_look_up(match)):
                best = match, item.id
    if best is None:
        return Part(f"The knowledge base has no incident {name}, so nothing says whether it is the same.", looked_up)
    match, evidence = best
    if match.get("seen_before"):
        return Part(f"Yes, {name} is this very error.\n{_told(match)}", (evidence,))
    if _is_look_up(match):
        unlike = f"Nothing shows that it is the same as {name}: the search for this error did not find it."
        return Part(f"{unlike}\n{_told(match)}", (evidence,))
    return Part(f"It resembles {name}, but nothing shows that it is the same error.\n{_told(match)}", (evidence,))


def is_known(name: str, evidence: Sequence[Evidence]) -> bool:
    """Whether a search has brought the incident of that name already."""
    searches = (item for item in evidence if item.ok and item.tool == _TOOL)
    return any(_is_called(match, name) for item in searches for match in _matches(item))


def _is_called(match: Mapping[str, Any], name: str) -> bool:
    names = (str(match.get("incident", "")), *(_name_in(reason) for reason in match.get("reasons", [])))
    return name.casefold() in (each.casefold() for each in names)


def _name_in(reason: str) -> str:
    return reason.removeprefix("named ") if reason.startswith("named ") else ""


def _is_look_up(match: Mapping[str, Any]) -> bool:
    return any(_name_in(reason) for reason in match.get("reasons", []))


def _matches(item: Evidence) -> list[Mapping[str, Any]]:
    return list(item.facts.get("matches", []))


def _told(match: Mapping[str, Any]) -> str:
    if match.get("passage"):
        return f"Runbook {match.get('title')}, {match.get('heading', '')}: {match.get('root_cause')}"
    standing = match.get("status")
    if match.get("confirmed_by"):
        standing = f"confirmed by {match['confirmed_by']} on {match.get('confirmed_on')}"
    why = [reason for reason in match.get("reasons", []) if not _name_in(reason)]
    told = [
        f"{match.get('incident')} ({standing}), {match.get('title')}",
        f"- cause: {match.get('root_cause')}",
        *([f"- fix: {match['fix']}"] if match.get("fix") else []),
        *([f"- in common: {', '.join(why)}"] if why else []),
    ]
    return "\n".join(told)
