"""The report: five lines on what broke, how sure that is, where, and what to do now; all else is folded below."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from adapters.common.first_lines import FirstLines, Folded, first_lines, fixed_by, folded
from adapters.common.lessons import ASK, asks, similar_heading
from adapters.common.source_lines import source_of
from adapters.common.text_limits import one_line
from adapters.common.wording import counted, masked_words, reasoned_by, time_words
from adapters.teams.inbound.ids import Action
from adapters.teams.render.card import Card, Divided, cards, divided
from adapters.teams.render.elements import (
    Element,
    actions,
    box,
    button,
    code_blocks,
    fold,
    link_button,
    mention_entity,
    own,
    paragraphs,
    rich,
    sentences,
)
from adapters.teams.render.text import link, prose, run
from adapters.teams.render.wording import Named, named, person
from core.domain.report import Finding, Fix, SimilarIncident
from core.domain.thread_view import ReportView

_MENTION = 600
"""What a mention may weigh."""
_GROUNDS = {"High": "good", "Medium": "warning"}


def report_cards(view: ReportView) -> tuple[Card, ...]:
    """The report in at most five cards; the first mentions who asked and has all that is needed.

    Only the first says whether it is resolved, and what the others have does not depend on it, so that editing the
    first is enough.
    """
    asked_by, lines = named(view.asked_by), first_lines(view)
    mentions = [mention_entity(asked_by.id, asked_by.name)] if asked_by.id is not None else []
    head = [*_resolution(view), *_opening(lines), *_buttons(view, lines)]
    rest = own("The rest is behind “Show evidence”.", isSubtle=True, size="Small")
    return cards(
        _divided(view), lines.issue, head=head, tail=list(_footer(view, asked_by)), mentions=mentions, note=rest
    )


def rest_of_report(view: ReportView) -> tuple[Element, ...]:
    """What has no room in the cards of a report, unfolded; nothing, as a rule."""
    return tuple({**element, "isVisible": True} for element in _divided(view).rest)


def _divided(view: ReportView) -> Divided:
    # Always divided as it is before it is resolved, so that resolving moves nothing from card to card.
    view = replace(view, resolved_by=None, resolved_at=None)
    lines = first_lines(view)
    reserved = [*_opening(lines), *_buttons(view, lines)]
    return divided(list(_folded(view)), reserved=reserved, more=_MENTION)


# ---- the five lines -------------------------------------------------------------------------------------------------


def _opening(lines: FirstLines) -> Iterator[Element]:
    issue = run(lines.issue, bold=True, size="Large") if lines.url is None else link(lines.url, lines.issue)
    yield rich(issue, *([run(f"  ·  {lines.numbers}")] if lines.numbers else []))
    yield from paragraphs(list(prose(lines.cause)), spacing="Small")
    ground = _GROUNDS.get(lines.confidence.split(" ", 1)[0], "attention")
    told = [rich(run(lines.confidence, bold=True))]
    for warning in lines.warnings:
        told += paragraphs([run("⚠ "), *prose(warning)], spacing="None")
    yield box(*told, style=ground, spacing="Small")
    if lines.place:
        yield rich(run(lines.place, code=True), spacing="Small")
    if lines.vouched:
        yield rich(run("🔁 Seen before. ", bold=True), run(lines.vouched), spacing="Small")
    yield from paragraphs(
        [run("Do now: ", bold=True), *prose(lines.do_now), run(f" (risk {lines.risk})")], spacing="Small"
    )


def _resolution(view: ReportView) -> Iterator[Element]:
    if view.resolved_by is not None:
        when = f" at {time_words(view.resolved_at)}" if view.resolved_at else ""
        yield box(rich(run("✅ Resolved ", bold=True), run(f"by {person(view.resolved_by)}{when}")), style="good")


def _buttons(view: ReportView, lines: FirstLines) -> Iterator[Element]:
    value = view.investigation_id
    if view.resolved_by is None:
        settle = button("Resolve", Action.RESOLVE, value, "positive")
    else:
        settle = button("Reopen", Action.REOPEN, value)
    yield actions(
        *([link_button("Open in Sentry", lines.url)] if lines.url else []),
        settle,
        button("Show evidence", Action.EVIDENCE, f"{value}:1"),
        button("Looks wrong", Action.WRONG, value, hides=True),
        button("Investigate again", Action.AGAIN, value, hides=True),
        button("Copy as post-mortem", Action.POST_MORTEM, value, hides=True),
        spacing="Medium",
    )


def _footer(view: ReportView, asked_by: Named) -> Iterator[Element]:
    """What the reader can do from here; further small print follows it."""
    name = f"<at>{asked_by.name}</at>" if asked_by.id is not None else asked_by.name
    is_asking = asks(view.report, resolved=view.resolved_by is not None)
    todo = ASK if is_asking else "Reply here to ask about it."
    yield own(f"For {name}. {todo}", isSubtle=True, size="Small", spacing="Medium")
    if masked := masked_words(view.masked):
        yield own(masked, isSubtle=True, size="Small", spacing="None")


# ---- what is folded -------------------------------------------------------------------------------------------------


def _folded(view: ReportView) -> Iterator[Element]:
    """Each fold is two elements: the line to press, and what it shows."""
    parts = folded(view)
    fixes = [element for number, fix in enumerate(parts.fixes, 1) for element in _fix(number, fix)]
    similar = [element for past in parts.similar for element in _similar(past, parts.fixes)]
    yield from fold("fixes", f"How to fix it ({len(parts.fixes)})", fixes)
    yield from fold("why", f"Why we think so ({counted(len(parts.findings), 'finding')})", list(_why(view, parts)))
    yield from fold("similar", f"Similar incidents ({len(parts.similar)})", similar)
    yield from fold("source", "Source", list(_source(view)))


def _source(view: ReportView) -> Iterator[Element]:
    lines = source_of(view)
    if lines:
        failing = next((index for index, line in enumerate(lines) if line.fails), None)
        text = "\n".join(f"{'→' if line.fails else ' '} {one_line_of_code(line.text)}" for line in lines)
        yield from code_blocks(text, failing)


def one_line_of_code(text: str) -> str:
    """The line with its indentation."""
    indent = len(text) - len(text.lstrip(" \t"))
    return text[:indent].replace("\t", "    ") + one_line(text)


def _fix(number: int, fix: Fix) -> Iterator[Element]:
    title = one_line(fix.title.replace("`", ""))
    cost = run(f"  risk {fix.risk}, effort {fix.effort}", subtle=True, size="Small")
    yield from paragraphs([*prose(f"{number}. {title}", bold=True), cost], spacing="Small")
    for step in fix.steps:
        yield from sentences(step.strip(), [run("\xa0\xa0\xa0• ")], spacing="None")


def _why(view: ReportView, parts: Folded) -> Iterator[Element]:
    if parts.whole_cause:
        yield from sentences(parts.whole_cause, spacing="Small")
    for warning in parts.warnings:
        yield from paragraphs([run("⚠ "), *prose(warning)], spacing="None")
    for finding in parts.findings:
        yield from _finding(finding)
    yield rich(run(reasoned_by(one_line(view.report.reasoner)[:100]), subtle=True, size="Small"), spacing="Small")


def _finding(finding: Finding) -> Iterator[Element]:
    cited = run(f"  {' '.join(map(one_line, finding.evidence))}", bold=True, size="Small", subtle=True)
    yield from sentences(finding.claim.strip(), [run("• ")], [cited], spacing="Small")


def _similar(past: SimilarIncident, fixes: Sequence[Fix]) -> Iterator[Element]:
    known = f"{one_line(similar_heading(past))}: "
    yield from sentences(past.root_cause.strip(), [run("• "), *prose(known, bold=True)], spacing="Small")
    if past.fix:
        yield from sentences(fixed_by(past, fixes), [run("\xa0\xa0\xa0Fixed by: ")], spacing="None")
