"""The report: what broke, how sure that is, where to look, what to do. Proofs are a press away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from adapters.chat.memory import ASK, asks, seen_before, similar_heading
from adapters.chat.source_lines import source_of
from adapters.chat.visible import cut, one_line
from adapters.chat.wording import (
    confidence_words,
    cost_words,
    duration_words,
    reasoner_words,
    reasons_against,
    strongest_reasons,
    time_words,
)
from adapters.teams.card import AROUND, Card, cards, fits
from adapters.teams.elements import (
    Element,
    box,
    button,
    code_blocks,
    folded,
    mention_entity,
    own,
    paragraphs,
    rich,
    sentences,
)
from adapters.teams.ids import Action
from adapters.teams.text import Run, prose, run
from adapters.teams.wording import Named, named, person
from core.domain.report import Finding, Fix, RootCauseReport, SimilarIncident
from core.domain.thread_view import ReportView

_TITLE = 150
_CULPRIT = 1_000
_SURE = 75
_HALF_SURE = 50


def report_cards(view: ReportView) -> tuple[Card, ...]:
    """All of the report, in as many cards as it needs; the first mentions who asked and has the buttons.

    Only the first says whether it is resolved, and what it has beside that does not depend on it, so that editing the
    first is enough. Proofs are folded where all fits into one card.
    """
    asked_by, title = named(view.asked_by), cut(one_line(view.title), _TITLE)
    told = [*_opening(view.report, asked_by, title), *_culprit(view), *_fixes(view.report.fixes)]
    findings = [element for finding in view.report.findings for element in _finding(finding)]
    similar = [element for past in view.report.similar for element in _similar(past)]
    proofs = [
        *_proofs("why", f"Why we think so ({len(view.report.findings)})", findings),
        *_proofs("similar", f"Similar incidents ({len(view.report.similar)})", similar),
    ]
    mentions = [mention_entity(asked_by.id, asked_by.name)] if asked_by.id is not None else []
    if not fits([*told, *proofs], AROUND + _MENTION):
        proofs = [*_listed("Why we think so", findings), *_listed("Similar incidents", similar)]
    return cards(
        [*told, *proofs],
        title,
        head=list(_resolution(view)),
        tail=[*_ask(view), _footer(view)],
        buttons=_buttons(view),
        mentions=mentions,
    )


_MENTION = 600
"""What a mention may weigh."""


def _opening(report: RootCauseReport, asked_by: Named, title: str) -> Iterator[Element]:
    yield rich(run(f"{title}: root cause", bold=True, size="Large"))
    name = f"<at>{asked_by.name}</at>" if asked_by.id is not None else asked_by.name
    yield own(f"Asked by {name}", isSubtle=True, size="Small", spacing="None")
    if (known := seen_before(report)) is not None:
        fix, vouched = known
        yield from sentences(fix.strip(), [run("🔁 Seen before. Fixed by: ", bold=True)], spacing="Small")
        yield rich(run(one_line(vouched), subtle=True, size="Small"), spacing="None")
    yield from sentences(report.root_cause.strip() or "No root cause was found.", spacing="Small")
    yield from _confidence(report)


def _confidence(report: RootCauseReport) -> Iterator[Element]:
    """What speaks against it stands out; of what speaks for it the strongest, all reasons stand with the evidence."""
    ground = "good" if report.confidence >= _SURE else "warning" if report.confidence >= _HALF_SURE else "attention"
    lines = [rich(run(f"{confidence_words(report.confidence)} ({report.confidence} %)", bold=True))]
    against = reasons_against(report.confidence_reasons)
    if report.partial:
        against.insert(0, "Partial: it ended before everything was looked at.")
    for reason in against:
        lines += paragraphs([run("⚠ "), *prose(reason)], spacing="None")
    shown, more = strongest_reasons(report.confidence_reasons)
    runs: list[Run] = []
    for reason in shown:
        runs += [run(" · ", size="Small")] if runs else []
        runs += prose(one_line(reason), size="Small")
    if more:
        runs.append(run(f" · {more} more in “Show evidence”", size="Small"))
    lines += paragraphs(runs, spacing="None")
    if fits(lines, AROUND):
        yield box(*lines, style=ground)
    else:
        yield from lines


def _culprit(view: ReportView) -> Iterator[Element]:
    if view.report.culprit is None:
        return
    yield own("**Look here first**", spacing="Medium")
    yield from paragraphs([run(cut(one_line(str(view.report.culprit)), _CULPRIT), code=True)], spacing="None")
    lines = source_of(view)
    if lines:
        failing = next((index for index, line in enumerate(lines) if line.fails), None)
        text = "\n".join(f"{'→' if line.fails else ' '} {one_line_of_code(line.text)}" for line in lines)
        yield from code_blocks(text, failing)


def one_line_of_code(text: str) -> str:
    """The line with its indentation."""
    indent = len(text) - len(text.lstrip(" \t"))
    return text[:indent].replace("\t", "    ") + one_line(text)


def _listed(title: str, rows: Sequence[Element]) -> list[Element]:
    return [own(f"**{title}**", spacing="Medium"), *rows] if rows else []


def _proofs(name: str, title: str, rows: Sequence[Element]) -> list[Element]:
    return folded(name, title, rows) if rows else []


def _fixes(fixes: Sequence[Fix]) -> list[Element]:
    rows = [element for number, fix in enumerate(fixes, 1) for element in _fix(number, fix)]
    return _listed("How to fix it, best first", rows)


def _fix(number: int, fix: Fix) -> Iterator[Element]:
    title = one_line(fix.title.replace("`", ""))
    cost = run(f"  risk {fix.risk}, effort {fix.effort}", subtle=True, size="Small")
    yield from paragraphs([*prose(f"{number}. {title}", bold=True), cost], spacing="Small")
    for step in fix.steps:
        yield from sentences(step.strip(), [run("\xa0\xa0\xa0• ")], spacing="None")


def _finding(finding: Finding) -> Iterator[Element]:
    cited = run(f"  {' '.join(map(one_line, finding.evidence))}", bold=True, size="Small", subtle=True)
    yield from sentences(finding.claim.strip(), [run("• ")], [cited], spacing="Small")


def _similar(past: SimilarIncident) -> Iterator[Element]:
    known = f"{one_line(similar_heading(past))}: "
    yield from sentences(past.root_cause.strip(), [run("• "), *prose(known, bold=True)], spacing="Small")
    if past.fix:
        yield from sentences(past.fix.strip(), [run("\xa0\xa0\xa0Fixed by: ")], spacing="None")


def _resolution(view: ReportView) -> Iterator[Element]:
    if view.resolved_by is not None:
        when = f" at {time_words(view.resolved_at)}" if view.resolved_at else ""
        yield box(rich(run("✅ Resolved ", bold=True), run(f"by {person(view.resolved_by)}{when}")), style="good")


def _ask(view: ReportView) -> Iterator[Element]:
    if asks(view.report, resolved=view.resolved_by is not None):
        yield own(ASK, isSubtle=True, size="Small", spacing="Medium")


def _buttons(view: ReportView) -> list[Element]:
    value = view.investigation_id
    if view.resolved_by is None:
        settle = button("Resolve", Action.RESOLVE, value, "positive")
    else:
        settle = button("Reopen", Action.REOPEN, value)
    return [
        settle,
        button("Looks wrong", Action.WRONG, value),
        button("Show evidence", Action.EVIDENCE, f"{value}:1"),
        button("Investigate again", Action.AGAIN, value),
        button("Copy as post-mortem", Action.POST_MORTEM, value, hides=True),
    ]


def _footer(view: ReportView) -> Element:
    parts = (
        cut(one_line(reasoner_words(view.report.reasoner)), 100),
        cost_words(view.usage),
        duration_words(view.seconds),
        f"investigation {one_line(view.investigation_id)}",
    )
    return rich(run(" · ".join(parts), subtle=True, size="Small"), separator=True, spacing="Medium")
