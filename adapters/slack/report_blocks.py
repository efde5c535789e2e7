"""The report: what broke, how sure that is, where to look, what to do. Details stand behind buttons."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from adapters.chat.memory import ASK, asks, seen_before, similar_heading
from adapters.chat.source_lines import source_of
from adapters.chat.wording import (
    confidence_words,
    cost_words,
    duration_words,
    reasoner_words,
    reasons_against,
    strongest_reasons,
    time_words,
)
from adapters.slack.elements import actions, asides, button, divider, header, sections
from adapters.slack.ids import Action
from adapters.slack.message import Block, Message, messages
from adapters.slack.mrkdwn import code, code_block, cut, escaped, prose
from adapters.slack.wording import person
from core.domain.report import Finding, Fix, RootCauseReport, SimilarIncident
from core.domain.thread_view import ReportView


def report_messages(view: ReportView) -> tuple[Message, ...]:
    """All of the report, in as many messages as it needs; the first mentions who asked and has the buttons.

    Only the first says whether it is resolved, and which blocks it has beside that does not depend on it, so that
    editing the first is enough.
    """
    body = [
        *_opening(view),
        *_culprit(view),
        *_listed("How to fix it, best first", [_fix(number, fix) for number, fix in enumerate(view.report.fixes, 1)]),
        *_listed("Why we think so", [_finding(finding) for finding in view.report.findings]),
        *_listed("Similar incidents", [_similar(past) for past in view.report.similar]),
    ]
    tail = [divider(), *_resolution(view), _buttons(view), *_footer(view)]
    title = cut(escaped(view.title), 300)
    return messages(f"{person(view.asked_by)} {title}: {prose(view.report.root_cause)}", body, tail)


def _opening(view: ReportView) -> Iterator[Block]:
    report = view.report
    yield header(f"{view.title}: root cause")
    if (known := seen_before(report)) is not None:
        fix, vouched = known
        yield from sections(f"🔁 *Seen before.* Fixed by: {prose(fix)}\n_{escaped(vouched)}_")
    yield from sections(f"{person(view.asked_by)} {prose(report.root_cause).strip() or 'No root cause was found.'}")
    yield from _confidence(report)


def _confidence(report: RootCauseReport) -> Iterator[Block]:
    """What speaks against it stands out; of what speaks for it the strongest, all reasons stand with the evidence."""
    lines = [f"*{confidence_words(report.confidence)}* ({report.confidence} %)"]
    if report.partial:
        lines.append("⚠ Partial: it ended before everything was looked at.")
    yield from sections(
        "\n".join([*lines, *(f"⚠ {prose(reason)}" for reason in reasons_against(report.confidence_reasons))])
    )
    strongest, more = strongest_reasons(report.confidence_reasons)
    shown = [prose(reason) for reason in strongest]
    if more:
        shown.append(f"{more} more in “Show evidence”")
    yield from asides(" · ".join(shown))


def _culprit(view: ReportView) -> Iterator[Block]:
    if view.report.culprit is None:
        return
    yield from sections(f"*Look here first*\n{code(str(view.report.culprit))}")
    source = "\n".join(f"{'→' if line.fails else ' '} {line.text}" for line in source_of(view))
    if source:
        yield from sections(code_block(source))


def _listed(title: str, rows: Sequence[str]) -> Iterator[Block]:
    """Rows under a title; as many as fit share a section, so that Slack does not fold each of them."""
    if rows:
        yield from sections("\n".join([f"*{title}*", *rows]))


def _fix(number: int, fix: Fix) -> str:
    steps = "".join(f"\n    • {prose(step)}" for step in fix.steps)
    title = escaped(fix.title.replace("`", "").replace("\n", " ").strip())
    return f"*{number}. {title}*  _risk {fix.risk}, effort {fix.effort}_{steps}"


def _finding(finding: Finding) -> str:
    cited = " ".join(code(evidence) for evidence in finding.evidence)
    return f"• {prose(finding.claim)} {cited}"


def _similar(past: SimilarIncident) -> str:
    known = f"• {escaped(similar_heading(past))}: {prose(past.root_cause)}"
    return f"{known}\n      Fixed by: {prose(past.fix)}" if past.fix else known


def _resolution(view: ReportView) -> Iterator[Block]:
    if view.resolved_by is not None:
        when = f" at {time_words(view.resolved_at)}" if view.resolved_at else ""
        yield from sections(f"✅ *Resolved* by {person(view.resolved_by)}{when}")
    elif asks(view.report, resolved=False):
        yield from asides(ASK)


def _buttons(view: ReportView) -> Block:
    value = view.investigation_id
    if view.resolved_by is None:
        settle = button("Resolve", Action.RESOLVE, value, "primary")
    else:
        settle = button("Reopen", Action.REOPEN, value)
    return actions(
        settle,
        button("Looks wrong", Action.WRONG, value),
        button("Investigate again", Action.AGAIN, value),
        button("Show evidence", Action.EVIDENCE, value),
        button("Copy as post-mortem", Action.POST_MORTEM, value),
    )


def _footer(view: ReportView) -> Iterator[Block]:
    parts = (
        escaped(reasoner_words(view.report.reasoner)),
        cost_words(view.usage),
        duration_words(view.seconds),
        f"investigation {escaped(view.investigation_id)}",
    )
    yield from asides(" · ".join(parts))
