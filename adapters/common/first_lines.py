"""The five lines that every report begins with, and what is folded below them: the same on every channel. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from adapters.common.lessons import seen_before
from adapters.common.short_sentences import (
    one_sentence,
    without_place,
    without_places_in,
    without_records,
    without_release,
)
from adapters.common.text_limits import cut, one_line
from adapters.common.wording import confidence_line, counted, reasons_against
from core.domain.report import Finding, Fix, Level, RootCauseReport, SimilarIncident
from core.domain.thread_view import ReportView

PARTIAL = "Partial: it ended before everything was looked at."
NO_CAUSE = "No root cause was found."
NO_FIX = "Read the evidence before you change anything"

MAX_STEP = 200

_MOST_WARNINGS = 2
_RELEASE, _PLACE, _TITLE, _WARNING, _VOUCHED = 60, 160, 150, 160, 200
_SURE_ENOUGH = 50
_URL = re.compile(r"https?://[A-Za-z0-9.:\[\]-]{1,300}/[A-Za-z0-9._~/-]{0,600}")
_MITIGATION = re.compile(r"(?:roll(?:ing)? ?back|revert|disable|turn off|switch off|fail ?over)\b", re.IGNORECASE)
_TRENDS = {"too_thin": "", "spike": "in a spike"}
_ORDINARY = re.compile(r"[a-z]+ ")
_WORD = re.compile(r"\w{4,}")


@dataclass(frozen=True, slots=True)
class FirstLines:
    """What broke, how sure that is, where, and what to do now. All of it is outside text: escape it.

    `numbers` are users, events, trend, since when and release, as far as they are known. `vouched` says who confirmed
    that `do_now` fixed the same error before.
    """

    issue: str
    url: str | None
    numbers: str
    cause: str
    confidence: str
    warnings: tuple[str, ...]
    place: str
    do_now: str
    risk: Level
    vouched: str = ""


@dataclass(frozen=True, slots=True)
class Folded:
    """What stands behind the five lines. `whole_cause` is empty where the first lines and findings say all of it."""

    fixes: tuple[Fix, ...]
    whole_cause: str
    warnings: tuple[str, ...]
    findings: tuple[Finding, ...]
    similar: tuple[SimilarIncident, ...]


def first_lines(view: ReportView) -> FirstLines:
    """The five lines of a report."""
    report = view.report
    issue, course = _facts(view, "get_sentry_issue_details"), _facts(view, "analyze_error_frequency")
    release = _release(issue, course)
    cause = _cause(report, release)
    do_now, risk, vouched = _do_now(report)
    return FirstLines(
        issue=cut(one_line(view.title), _TITLE) or "an issue",
        url=issue_url(view),
        numbers=_numbers(issue, course, _facts(view, "get_user_impact"), release),
        cause=cause,
        confidence=confidence_line(report.confidence),
        warnings=_warnings(report)[:_MOST_WARNINGS],
        place=_place(report),
        do_now=cut(without_places_in(do_now, cause), MAX_STEP),
        risk=risk,
        vouched=cut(one_line(vouched), _VOUCHED),
    )


def folded(view: ReportView) -> Folded:
    """The rest of a report, in which what the first lines or another part say is not said again."""
    report = view.report
    findings = tuple(finding for finding in report.findings if not _tells_past(finding, report.similar))
    fixes = tuple(report.fixes)
    told = " ".join(
        [
            *(getattr(first_lines(view), name) for name in ("numbers", "cause", "place", "do_now")),
            *(finding.claim for finding in findings),
            *(part for fix in fixes for part in (fix.title, *fix.steps)),
        ]
    )
    is_told = set(_WORD.findall(report.root_cause)) <= set(_WORD.findall(told))
    return Folded(
        fixes,
        "" if is_told else report.root_cause.strip(),
        _warnings(report)[_MOST_WARNINGS:],
        findings,
        tuple(report.similar),
    )


def issue_url(view: ReportView) -> str | None:
    """The issue's page in the tracker, if it gave one that is safe to open."""
    urls = (str(item.facts.get("url", "")) for item in view.evidence if item.tool == "get_sentry_issue_details")
    return next(filter(is_safe, urls), None)


def is_safe(url: str) -> bool:
    """Whether the address can be shown as a link as it is: by http or https, and nothing in it means anything else."""
    return _URL.fullmatch(url) is not None


def fixed_by(past: SimilarIncident, fixes: Sequence[Fix]) -> str:
    """What fixed a past incident, in words; only the number of the fix above that repeats it."""
    said = one_line(past.fix)
    number = next((number for number, fix in enumerate(fixes, 1) if said in map(one_line, fix.steps)), None)
    return past.fix.strip() if number is None else f"fix {number} above"


# ---- the lines ------------------------------------------------------------------------------------------------------


def _facts(view: ReportView, tool: str) -> Mapping[str, Any]:
    return next((item.facts for item in view.evidence if item.tool == tool and item.ok and item.facts), {})


def _numbers(
    issue: Mapping[str, Any], course: Mapping[str, Any], impact: Mapping[str, Any], release: str | None
) -> str:
    if issue.get("single_event"):
        known = ["one pasted event"]
    else:
        counts = ((name, issue.get(name) or impact.get(name)) for name in ("users", "events"))
        known = [counted(count, name[:-1]) for name, count in counts if isinstance(count, int) and count > 0]
        known += filter(None, [_course(issue, course)])
    return ", ".join(known) + (f" ({release})" if release else "")


def _course(issue: Mapping[str, Any], course: Mapping[str, Any]) -> str:
    trend = str(course.get("trend", ""))[:30]
    began = _moment(course.get("onset")) or _moment(issue.get("first_seen")) or _moment(course.get("first_seen"))
    latest = _moment(issue.get("last_seen")) or _moment(course.get("last_seen"))
    since = f"since {_when(began, latest)}" if began else ""
    return " ".join(filter(None, (_TRENDS.get(trend, trend), since)))


def _when(at: datetime, latest: datetime | None) -> str:
    """The time alone on the day of the newest event, else with the day."""
    is_same_day = latest is not None and at.date() == latest.date()
    return f"{at:%H:%M} UTC" if is_same_day else f"{at.day} {at:%b %H:%M} UTC"


def _moment(value: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(value)).astimezone(UTC) if value else None
    except (ValueError, OverflowError):
        return None


def _release(issue: Mapping[str, Any], course: Mapping[str, Any]) -> str | None:
    known = (course.get("onset_release"), issue.get("first_release"), issue.get("release"))
    return next((cut(one_line(str(release)), _RELEASE) for release in known if release), None)


def _cause(report: RootCauseReport, release: str | None) -> str:
    bare = without_place(without_release(one_line(report.root_cause)[:5_000], release), report.culprit)
    said = one_sentence(bare) or one_sentence(report.root_cause)
    # Only an ordinary word gets a capital: names of code and hosts stay as they are.
    return said[0].upper() + said[1:] if _ORDINARY.match(said) else said or NO_CAUSE


def _warnings(report: RootCauseReport) -> tuple[str, ...]:
    against = [cut(one_line(reason), _WARNING) for reason in reasons_against(report.confidence_reasons)]
    return (*([PARTIAL] if report.partial else []), *against)


def _place(report: RootCauseReport) -> str:
    """`shop/pricing.py:9 line_total()`; empty when no frame is to blame."""
    culprit = report.culprit
    if culprit is None:
        return ""
    place = culprit.file or culprit.module or ""
    if place and culprit.line is not None:
        place = f"{place}:{culprit.line}"
    name = culprit.function or ""
    if name.replace("_", "a").isalnum():
        name = f"{name}()"
    return cut(one_line(" ".join(filter(None, (place, name)))), _PLACE)


def _do_now(report: RootCauseReport) -> tuple[str, Level, str]:
    """The best first step, its risk, and who vouches for it.

    What fixed the same error before comes first. Then what stops the damage: it is quicker than a mend and can be
    undone; unless the cause is a mere guess.
    """
    best = report.fixes[0] if report.fixes else None
    risk = best.risk if best else Level.LOW
    if (known := seen_before(report)) is not None and report.seen_before and report.seen_before.fix.strip():
        return one_sentence(known[0]).rstrip("."), risk, known[1]
    if report.confidence >= _SURE_ENOUGH:
        best = next((fix for fix in report.fixes if _MITIGATION.match(fix.title.strip("*` "))), best)
    if best is None:
        return NO_FIX, risk, ""
    title = without_records(without_place(one_line(best.title.replace("`", "")), report.culprit))
    return title.strip().rstrip(".") or NO_FIX, best.risk, ""


def _tells_past(finding: Finding, similar: Sequence[SimilarIncident]) -> bool:
    """Whether the finding only says what the list of similar incidents says."""
    claim = one_line(finding.claim)
    return any(
        past.incident in claim and one_line(past.root_cause) in claim and one_line(past.fix) in claim
        for past in similar
        if past.incident and past.root_cause and not past.is_passage
    )


def cited_ids(view: ReportView) -> Iterator[str]:
    """The ids of all evidence that the findings rest on, in the order of the evidence."""
    cited = {evidence_id for finding in view.report.findings for evidence_id in finding.evidence}
    yield from (item.id for item in view.evidence if item.id in cited)
