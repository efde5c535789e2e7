"""Turns what the tools saw into an analysis: cause, culprit, the value that broke it, what changed, and what to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from core.agent.rules.causes import CauseEntry, catalogue, classify
from core.agent.rules.code_changes import came_with, named_commit, suspect_claim
from core.agent.rules.code_reasons import told_by_code
from core.agent.rules.devices import device_of
from core.agent.rules.further import first_elsewhere
from core.agent.rules.issue_kinds import recognize
from core.agent.rules.root_cause import about_one_member, fill, group_members, root_cause
from core.agent.rules.template_values import culprit_of, frame_of, one_line, template_values, without_frames
from core.domain.causes import Cause
from core.domain.code_facts import ChangesFacts, FoundCodeFacts, SourceFacts
from core.domain.report import Analysis, Finding, Fix, Level
from core.domain.tool_facts import (
    ExceptionFacts,
    FrequencyFacts,
    ImpactFacts,
    IssueFacts,
    KnowledgeFacts,
    LogChangeFacts,
    LogFacts,
    MatchFacts,
    RelatedFacts,
    StackFacts,
    TraceFacts,
)

_NEARLY_ALL = 0.8
_TELLING = 0.15


@dataclass(frozen=True, slots=True)
class Observed:
    """The facts of each tool, and by tool the id and the headline of the evidence they stand in."""

    issue: IssueFacts
    stack: StackFacts
    frequency: FrequencyFacts
    impact: ImpactFacts
    knowledge: KnowledgeFacts
    ids: Mapping[str, str]
    headlines: Mapping[str, str]
    logs: LogFacts = field(default_factory=LogFacts)
    log_changes: LogChangeFacts = field(default_factory=LogChangeFacts)
    traces: TraceFacts = field(default_factory=TraceFacts)
    changes: ChangesFacts = field(default_factory=ChangesFacts)
    source: SourceFacts = field(default_factory=SourceFacts)
    found_code: FoundCodeFacts = field(default_factory=FoundCodeFacts)
    related: RelatedFacts = field(default_factory=RelatedFacts)


def diagnose(observed: Observed) -> Analysis:
    """An analysis in which every name and number stands in the evidence that its finding cites."""
    cause = classify(observed.stack, observed.issue)
    observed = replace(observed, stack=about_one_member(observed.stack, cause))
    entry = catalogue()[cause]
    words = template_values(cause, observed.issue, observed.stack, observed.frequency)
    if kind := recognize(observed.stack, observed.issue, cause):
        entry, words = kind.entry, {**words, **kind.words}
    if commit := named_commit(observed.changes):
        words = {**words, "commit": commit}
    sentence = root_cause(entry, words, observed.stack, observed.issue, observed.related, is_exception=kind is None)
    in_code = told_by_code(cause, observed.source, observed.found_code)
    return Analysis(
        root_cause=" ".join(filter(None, (sentence, in_code, came_with(observed.changes, sentence, in_code)))),
        cause=entry.cause,
        culprit=culprit_of(observed.stack),
        findings=tuple(_findings(entry, words, observed)),
        fixes=tuple(_fixes(entry, words, observed)),
    )


# ---- sentences ------------------------------------------------------------------------------------------------------


def _findings(entry: CauseEntry, words: Mapping[str, str], observed: Observed) -> Iterator[Finding]:
    ids = observed.ids
    if (stack_id := ids.get("get_stacktrace")) and observed.stack:
        yield from (Finding(claim, (stack_id,)) for claim in _seen_in_the_stack(entry, words, observed))
    if (details_id := ids.get("get_sentry_issue_details")) and (changed := _what_changed(words, observed)):
        yield Finding(changed, tuple(filter(None, (details_id, ids.get("analyze_error_frequency")))))
    yield from _found_in_code(entry, observed)
    if (frequency_id := ids.get("analyze_error_frequency")) and observed.frequency.get("total"):
        course = observed.headlines["analyze_error_frequency"].replace(": ", ", ", 1)
        yield Finding(f"Over time: {course}.", (frequency_id,))
    if (impact_id := ids.get("get_user_impact")) and (reason := observed.impact.get("reason")):
        yield Finding(f"Severity {observed.impact.get('severity', 'unknown')}: {reason}.", (impact_id,))
        if concentrated := _concentrated(observed.impact):
            yield Finding(concentrated, (impact_id,))
    if (related_id := ids.get("find_related")) and (first := first_elsewhere(observed.related)):
        yield Finding(f"{first}.", (related_id,))
    if knowledge_id := ids.get("search_knowledge_base"):
        yield from _known(observed, knowledge_id)


def _found_in_code(entry: CauseEntry, observed: Observed) -> Iterator[Finding]:
    ids = observed.ids
    if (changes_id := ids.get("get_changes")) and (claim := suspect_claim(observed.changes)):
        yield Finding(claim, (changes_id,))
    if claim := told_by_code(entry.cause, observed.source, observed.found_code):
        yield Finding(claim, tuple(filter(None, (ids.get("get_source"), ids.get("search_code")))))


def _seen_in_the_stack(entry: CauseEntry, words: Mapping[str, str], observed: Observed) -> Iterator[str]:
    yield _what_failed(entry, words, observed)
    if members := group_members(observed.stack):
        named = "; ".join(_named(member, 100) for member in members)
        yield f"{len(members)} errors were raised together: {named}."
    if chain := _chain(observed.stack):
        yield chain
    if place := _where_to_look(words, observed.stack):
        yield place
    if (variable := words.get("variable")) and (value := words.get("value")):
        came = f", from `{words['origin']}`" if "origin" in words else ""
        yield f"`{variable}` was {one_line(value)}{came}."


def _known(observed: Observed, knowledge_id: str) -> Iterator[Finding]:
    if match := _best_match(observed):
        yield Finding(_remembered(match), (knowledge_id,))
    if passage := _best_match(observed, passage=True):
        place = ", ".join(filter(None, (passage.get("title"), passage.get("heading"))))
        yield Finding(f"A runbook speaks of it: {one_line(place)}.", (knowledge_id,))


def _what_failed(entry: CauseEntry, words: Mapping[str, str], observed: Observed) -> str:
    what = f"{one_line(words.get('what', 'An error without type and message'))} ({entry.label})"
    if "where" not in words:
        missing = "its frame has no name and no place" if observed.stack.get("frame") else "no frame was recorded"
        return f"{what}; {missing}."
    source = one_line(frame_of(observed.stack).get("source", ""), 160)
    shown = "" if not source else f": “{source}”" if "`" in source else f": `{source}`"
    return f"{what} at {words['where']}{shown}."


def _where_to_look(words: Mapping[str, str], stack: StackFacts) -> str | None:
    """How far to trust the place that is named, and where to look next."""
    trust = stack.get("trust")
    if not trust or "place" not in words:
        return None
    then = " and ".join(stack.get("next_places", []))
    look = f"; then look at {then}" if then else ""
    return f"Trust in this place: {trust}{look}."


def _chain(stack: StackFacts) -> str | None:
    """What was wrapped in what; of a group, which has no one innermost cause, nothing."""
    exceptions = stack.get("exceptions", [])
    wrappers = [exception for exception in exceptions if exception.get("role") == "wrapper"]
    if not wrappers or any(exception.get("role") == "sibling" for exception in exceptions):
        return None
    named = ", then ".join(_named(wrapper, 80) for wrapper in wrappers)
    return f"The innermost cause is {_named(exceptions[0], 80)}; it was wrapped in {named}."


def _named(exception: ExceptionFacts, limit: int) -> str:
    value = one_line(without_frames(exception.get("value", "")), limit).replace("“", "").replace("”", "")
    kind = one_line(exception.get("type", "")).replace("“", "").replace("”", "")
    return " ".join(part for part in (kind, f"“{value}”" if value else "") if part)


def _what_changed(words: Mapping[str, str], observed: Observed) -> str | None:
    release = words.get("release") or observed.issue.get("first_release")
    if release is None:
        return None
    commit = ""
    if (named := words.get("commit")) and not observed.changes.get("suspect"):
        is_suspect = bool(observed.issue.get("suspects"))
        commit = f"; the suspect commit is {named}" if is_suspect else f"; its commit {named} names this code"
    shipped, onset = observed.issue.get("first_release_at"), observed.frequency.get("onset")
    if "release" in words or not shipped or not onset or shipped > onset:
        return f"It was first seen in release {release}{commit}."
    return (
        f"It was first seen in release {release}, out since {shipped}{commit}. It began only at {onset}, "
        "so look also at what changed beside the code: data, load, another service."
    )


def _concentrated(impact: ImpactFacts) -> str | None:
    """Where nearly all events come from, though the traffic does not."""
    shares = impact.get("shares", {})
    heads = [(key, shares[key][0]) for key in ("server_name", "browser", "environment") if shares.get(key)]
    telling = [
        (head["share"] - head["usual"], key, head)
        for key, head in heads
        if "usual" in head and head["share"] >= _NEARLY_ALL and head["share"] - head["usual"] >= _TELLING
    ]
    if not telling:
        return None
    _, key, head = max(telling, key=lambda one: one[0])
    return f"{head['share']:.0%} of its events come from {key} {head['value']} (of the traffic, {head['usual']:.0%})."


def _best_match(observed: Observed, *, passage: bool = False) -> MatchFacts | None:
    """The best past incident, or passage of a runbook."""
    matches = observed.knowledge.get("matches", [])
    return next((match for match in matches if bool(match.get("passage")) is passage), None)


def _remembered(match: MatchFacts) -> str:
    known = "The same incident happened before" if match.get("seen_before") else "A similar incident is known"
    cause, fix = one_line(match.get("root_cause", "")), one_line(match.get("fix", ""))
    ending = f"It was fixed by: {fix}" if fix else "Nobody said what fixed it."
    return f"{known} ({match.get('incident')}, {match.get('status')}): {cause} {ending}"


# ---- fixes ----------------------------------------------------------------------------------------------------------


def _fixes(entry: CauseEntry, words: Mapping[str, str], observed: Observed) -> Iterator[Fix]:
    match = _best_match(observed)
    known = match if match and match.get("status") == "confirmed" and match.get("fix") else None
    if known and known.get("seen_before"):
        yield _again(known, "Do again what fixed it last time", 90)
    device = device_of(observed.stack, observed.issue)
    templates = [*(fix for on, fix in entry.fixes_on if on == device), *entry.fixes]
    own = next((fix for template in templates if (fix := _filled_fix(template, words))), None)
    if observed.stack.get("minified") and "file" in words:
        yield _upload_source_maps(words["file"])
    if own:
        yield own
    if "release" in words and entry.cause is not Cause.UNKNOWN:
        yield _roll_back(words)
    if known and not known.get("seen_before"):
        yield _again(known, f"Try what fixed {known.get('incident')}, which was similar", 40)


def _again(match: MatchFacts, title: str, confidence: int) -> Fix:
    check = f"Check first that the cause is the same as in {match.get('incident')}."
    return Fix(title, (check, one_line(match.get("fix", ""))), Level.LOW, Level.LOW, confidence)


def _filled_fix(template: Fix, words: Mapping[str, str]) -> Fix | None:
    title = fill(template.title, words)
    steps = [fill(step, words) for step in template.steps]
    if title is None or any(step is None for step in steps):
        return None
    return replace(template, title=title, steps=tuple(filter(None, steps)))


def _roll_back(words: Mapping[str, str]) -> Fix:
    release = words["release"]
    first = f"Revert commit {words['commit']}." if "commit" in words else f"Go back to the release before {release}."
    steps = (first, "Deploy, and watch the event rate fall.", "Fix it properly, with a test, before shipping again.")
    return Fix(f"Roll back release {release}", steps, Level.MEDIUM, Level.LOW, 65)


def _upload_source_maps(file: str) -> Fix:
    steps = (
        f"Build the source map of {file} with the bundle, and upload it with each release.",
        "Read the next event: it will name the function and the line.",
    )
    return Fix(f"Upload the source map of {file}", steps, Level.LOW, Level.LOW, 75)
