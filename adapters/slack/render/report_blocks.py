"""The report: five lines on what broke, how sure that is, where, and what to do now; all else is folded below."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from adapters.common.first_lines import FirstLines, Folded, first_lines, fixed_by, folded, issue_url
from adapters.common.lessons import ASK, asks, similar_heading
from adapters.common.source_lines import source_of
from adapters.common.wording import counted, masked_words, reasoned_by, time_words
from adapters.slack.inbound.ids import Action
from adapters.slack.render.elements import (
    actions,
    asides,
    button,
    containers,
    feedback,
    link_button,
    overflow,
    sections,
)
from adapters.slack.render.message import Block, Divided, Message, divided, messages, unfolded
from adapters.slack.render.mrkdwn import code, code_block, cut, escaped, link, prose
from adapters.slack.render.wording import person
from core.domain.report import Finding, Fix, SimilarIncident
from core.domain.thread_view import ReportView

_REST = "The rest is behind “Show evidence”."


def report_messages(view: ReportView) -> tuple[Message, ...]:
    """The report in at most five messages; the first mentions who asked and has all that is needed.

    Only the first says whether it is resolved, and which blocks the others have does not depend on it, so that
    editing the first is enough.
    """
    lines = first_lines(view)
    head = [*_opening(lines), *_resolution(view), *_buttons(view)]
    body = _divided(view)
    first, *others = body.parts
    text = f"{person(view.asked_by)} {cut(escaped(lines.issue), 300)}: {prose(lines.cause)} {_do_now(lines)}"
    (note,) = asides(_REST)
    return messages(text, Divided(((*head, *first), *others), body.rest), list(_footer(view)), note=note)


def rest_of_report(view: ReportView) -> tuple[Block, ...]:
    """What has no room in the messages of a report; nothing, as a rule."""
    rest = _divided(view).rest
    return unfolded(rest) or rest


def _divided(view: ReportView) -> Divided:
    reserved = [*_opening(first_lines(view)), *_buttons(view)]
    return divided(list(_folded(view)), reserved=reserved, has_tail=True)


# ---- the five lines -------------------------------------------------------------------------------------------------


def _opening(lines: FirstLines) -> Iterator[Block]:
    issue = link(lines.url, lines.issue) if lines.url else escaped(lines.issue)
    numbers = f" · {escaped(lines.numbers)}" if lines.numbers else ""
    yield from sections(f"*{issue}*{numbers}\n{prose(lines.cause)}", expand=True)
    sure = [f"*{lines.confidence}*", *(f"⚠ {prose(warning)}" for warning in lines.warnings)]
    again = [f"🔁 *Seen before.* {escaped(lines.vouched)}"] if lines.vouched else []
    place = [code(lines.place)] if lines.place else []
    yield from sections("\n".join([*sure, *place, *again, _do_now(lines)]), expand=True)


def _do_now(lines: FirstLines) -> str:
    return f"*Do now:* {prose(lines.do_now)} (risk {lines.risk})"


def _resolution(view: ReportView) -> Iterator[Block]:
    if view.resolved_by is not None:
        when = f" at {time_words(view.resolved_at)}" if view.resolved_at else ""
        yield from sections(f"✅ *Resolved* by {person(view.resolved_by)}{when}")


def _buttons(view: ReportView) -> Iterator[Block]:
    value, url = view.investigation_id, issue_url(view)
    if view.resolved_by is None:
        settle = button("Resolve", Action.RESOLVE, value, "primary")
    else:
        settle = button("Reopen", Action.REOPEN, value)
    yield actions(
        *([link_button("Open in Sentry", Action.OPEN, url)] if url else []),
        settle,
        button("Show evidence", Action.EVIDENCE, value),
        overflow(
            Action.MORE,
            ("Investigate again", f"{Action.AGAIN}:{value}"),
            ("Copy as post-mortem", f"{Action.POST_MORTEM}:{value}"),
        ),
    )
    yield feedback(Action.FEEDBACK, ("Helpful", f"good:{value}"), ("Looks wrong", f"bad:{value}"))


def _footer(view: ReportView) -> Iterator[Block]:
    """What the reader can do from here; further lines of small print go into the same list."""
    todo = ASK if asks(view.report, resolved=view.resolved_by is not None) else "Reply here to ask about it."
    masked = masked_words(view.masked)
    yield from asides("\n".join([f"For {person(view.asked_by)}. {todo}", *([masked] if masked else [])]))


# ---- what is folded -------------------------------------------------------------------------------------------------


def _folded(view: ReportView) -> Iterator[Block]:
    parts = folded(view)
    fixes = [_fix(number, fix) for number, fix in enumerate(parts.fixes, 1)]
    similar = [_similar(past, parts.fixes) for past in parts.similar]
    source = "\n".join(f"{'→' if line.fails else ' '} {line.text}" for line in source_of(view))
    yield from _fold(f"How to fix it ({len(fixes)})", fixes)
    yield from _fold(f"Why we think so ({counted(len(parts.findings), 'finding')})", list(_why(view, parts)))
    yield from _fold(f"Similar incidents ({len(similar)})", similar)
    yield from _fold("Source", [code_block(source)] if source else [])


def _fold(title: str, rows: Sequence[str]) -> Iterator[Block]:
    if rows:
        yield from containers(title, "\n".join(rows))


def _fix(number: int, fix: Fix) -> str:
    steps = "".join(f"\n    • {prose(step)}" for step in fix.steps)
    title = escaped(fix.title.replace("`", "").replace("\n", " ").strip())
    return f"*{number}. {title}*  _risk {fix.risk}, effort {fix.effort}_{steps}"


def _why(view: ReportView, parts: Folded) -> Iterator[str]:
    if parts.whole_cause:
        yield prose(parts.whole_cause)
    yield from (f"⚠ {prose(warning)}" for warning in parts.warnings)
    yield from map(_finding, parts.findings)
    yield f"_{escaped(reasoned_by(view.report.reasoner))}_"


def _finding(finding: Finding) -> str:
    cited = " ".join(code(evidence) for evidence in finding.evidence)
    return f"• {prose(finding.claim)} {cited}"


def _similar(past: SimilarIncident, fixes: Sequence[Fix]) -> str:
    known = f"• {escaped(similar_heading(past))}: {prose(past.root_cause)}"
    return f"{known}\n      Fixed by: {prose(fixed_by(past, fixes))}" if past.fix else known
