"""A report as a post-mortem in markdown, ready for a canvas or a wiki."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC

from adapters.common.source_lines import source_of
from adapters.common.text_limits import visible
from adapters.common.wording import (
    confidence_words,
    cost_words,
    duration_words,
    masked_words,
    minute_words,
    reasoner_words,
    tool_words,
)
from core.domain.journal import Step
from core.domain.report import Fix
from core.domain.thread_view import ReportView

_MARKUP = re.compile(r"[\\`*\[\]<>|~#!]|(?<![^\W_])_|_(?![^\W_])|:(?=//)|(?<=www)\.")
_CALLS = re.compile(r"@(?=(?:here|channel|everyone|group)\b)|<(?=[@#!]|[a-z][a-z0-9+.-]*:)", re.IGNORECASE)
_CODE_SPAN = re.compile(r"`([^`\n]+)`")
_BACKTICK_LIKE = "\u02cb"
_BACKTICKS = re.compile(r"`{3,}")
_MOMENTS = (
    ("first_release_at", "Release {first_release} shipped"),
    ("first_seen", "First seen"),
    ("onset", "It began, or got worse"),
    ("peak_at", "Peak: {peak_count} events"),
    ("last_seen", "Last seen before the investigation"),
)


def post_mortem(view: ReportView, steps: Sequence[Step] = ()) -> str:
    """The whole report as markdown; outside text can bring neither markup nor links nor mentions into it."""
    parts = [
        f"# Post-mortem: {_line(view.title)}",
        _summary(view),
        *_section("Timeline", _timeline(view)),
        *_section("Root cause", [_prose(view.report.root_cause), *_source(view)], "\n\n"),
        *_section("What shows it", [_claim(one.claim, one.evidence) for one in view.report.findings]),
        *_section("Action items", [line for fix in view.report.fixes for line in _fix(fix)]),
        *_section("Similar incidents", _similar(view)),
        *_section("How it was found", [_step(step) for step in steps]),
        *_section("Evidence", list(_evidence(view)), "\n\n"),
    ]
    return "\n\n".join(parts) + "\n"


def _section(title: str, rows: Sequence[str], divider: str = "\n") -> Iterator[str]:
    if rows:
        yield f"## {title}\n\n{divider.join(rows)}"


def _summary(view: ReportView) -> str:
    report = view.report
    rows = [
        f"- Confidence: {confidence_words(report.confidence)} ({report.confidence} %)",
        *(f"    - {_line(reason)}" for reason in report.confidence_reasons),
        f"- Investigated for {_line(view.asked_by.name)} in {duration_words(view.seconds)}, "
        f"{_line(reasoner_words(report.reasoner))}, {cost_words(view.usage)}",
        f"- Investigation {_line(view.investigation_id)}",
        *([f"- {masked}"] if (masked := masked_words(view.masked)) else []),
    ]
    if view.resolved_by is not None:
        rows.append(f"- Resolved by {_line(view.resolved_by.name)}")
    return "\n".join(rows)


def _timeline(view: ReportView) -> list[str]:
    """What the tools dated, in order of time; one line a moment."""
    facts = {key: value for item in view.evidence for key, value in item.facts.items()}
    moments = {
        (str(facts[key]), _line(words.format_map({name: facts.get(name, "?") for name in _named(words)})))
        for key, words in _MOMENTS
        if facts.get(key)
    }
    if view.resolved_at is not None:
        moments.add((f"{view.resolved_at.astimezone(UTC):%Y-%m-%dT%H:%MZ}", "Marked as resolved"))
    return [f"- {_line(minute_words(at))} {words}" for at, words in sorted(moments)]


def _named(words: str) -> list[str]:
    return re.findall(r"\{(\w+)\}", words)


def _source(view: ReportView) -> Iterator[str]:
    if view.report.culprit is not None:
        yield f"Look first at {_code(str(view.report.culprit))}"
    if lines := source_of(view):
        yield _fenced("\n".join(f"{'→' if line.fails else ' '} {line.text}" for line in lines))


def _claim(claim: str, evidence: Sequence[str]) -> str:
    return f"- {_prose(claim)} ({', '.join(_line(one) for one in evidence)})"


def _fix(fix: Fix) -> Iterator[str]:
    yield f"- [ ] **{_line(fix.title.replace('`', ''))}** (risk {fix.risk}, effort {fix.effort})"
    for step in fix.steps:
        yield f"    - [ ] {_prose(step)}"


def _similar(view: ReportView) -> list[str]:
    return [
        f"- {_line(past.incident)} ({_line(past.status)}): {_prose(past.root_cause)} Fixed by: {_prose(past.fix)}"
        for past in view.report.similar
    ]


def _step(step: Step) -> str:
    cited = f" ({_line(step.evidence_id)})" if step.evidence_id else ""
    thought = f"{_line(step.thought)} " if step.thought else ""
    return f"{step.n}. {thought}{_line(tool_words(step.tool))}: {_line(step.outcome) or 'not finished'}{cited}"


def _evidence(view: ReportView) -> Iterator[str]:
    for item in view.evidence:
        state = "" if item.ok else " (unavailable)"
        yield f"### {_line(item.id)} {_line(tool_words(item.tool))}{state}"
        yield _fenced(item.text)


# ---- markdown -------------------------------------------------------------------------------------------------------


def _quiet(text: str) -> str:
    """What can be seen of it, calling nobody and leading nowhere wherever it is pasted, code included."""
    return _CALLS.sub(lambda found: "\uff20" if found[0] == "@" else "\u2039", visible(text))


def _line(text: str) -> str:
    """Outside text on one line that means nothing to markdown."""
    return _MARKUP.sub(lambda found: "\\" + found[0], _quiet(text).replace("\n", " "))


def _prose(text: str) -> str:
    """A reasoner's sentence: what it set in backticks stays code."""
    parts = _CODE_SPAN.split(_quiet(text).replace("\n", " "))
    return "".join(_code(part) if index % 2 else _line(part) for index, part in enumerate(parts))


def _code(text: str) -> str:
    return f"`{_quiet(text).replace(chr(10), ' ').replace('`', _BACKTICK_LIKE)}`"


def _fenced(text: str) -> str:
    """A block of code whose fence nothing in it can close."""
    longest = max((len(run) for run in _BACKTICKS.findall(text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}\n{_quiet(text)}\n{fence}"
