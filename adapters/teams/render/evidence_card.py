"""Every tool output behind a report, and what the report had no room for, in pages that a card can hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from adapters.common.text_limits import cut, one_line
from adapters.common.wording import counted, tool_words
from adapters.teams.inbound.ids import Action
from adapters.teams.render.card import COMMA, FRAME, LIMIT, Card, card
from adapters.teams.render.elements import Element, button, code_blocks, own, rich, sentences, weight
from adapters.teams.render.report_card import rest_of_report
from adapters.teams.render.text import run
from core.domain.report import Evidence
from core.domain.thread_view import ReportView

_ARGUMENTS = 300
_TITLE = 150
_ROUND_PAGES = 2_500
"""What the title, the buttons and the line on pages weigh at most."""


def evidence_card(view: ReportView, page: int) -> Card:
    """The page `page` of all evidence, from 1; a page that is not there gives the nearest.

    Buttons lead to the pages before and after (value `<investigation>:<page>`) and back to the report.
    """
    pages = [*_overview(view), *_rest(view), *(page for evidence in view.evidence for page in _pages_of(evidence))]
    if not pages:
        pages = [[own("No tool was called, so there is no evidence.")]]
    page = min(max(page, 1), len(pages))
    title = rich(run(f"{cut(one_line(view.title), _TITLE)}: evidence", bold=True, size="Large"))
    at = own(f"Page {page} of {len(pages)}", isSubtle=True, size="Small", spacing="Small")
    return card([title, *pages[page - 1], at], list(_turning(view.investigation_id, page, len(pages))))


def page_named(value: str) -> tuple[str, int]:
    """The investigation and the page that a button's value names; the first page when it names none."""
    investigation_id, _, page = value.partition(":")
    return investigation_id, int(page) if page.isascii() and page.isdigit() and len(page) < 6 else 1


def _overview(view: ReportView) -> Iterator[list[Element]]:
    report = view.report
    if not report.confidence_reasons:
        return
    rows = [own(f"**How {report.confidence} % confidence came about**")]
    for reason in report.confidence_reasons:
        rows += sentences(reason, [run("• ")], spacing="None")
    rows.append(own(f"**{counted(len(view.evidence), 'tool output')}**, on the next pages", spacing="Medium"))
    for item in view.evidence:
        state = run("" if item.ok else "  ⚠ unavailable", color="Warning")
        words = run(f"  {cut(one_line(tool_words(item.tool)), _TITLE)}")
        rows.append(rich(run(one_line(item.id), bold=True), words, state, spacing="None"))
    yield from _in_pages([], rows)


def _rest(view: ReportView) -> Iterator[list[Element]]:
    """What the report itself had no room for."""
    if rest := rest_of_report(view):
        yield from _in_pages([own("**The rest of the report**")], [row for row in rest if "selectAction" not in row])


def _pages_of(evidence: Evidence) -> Iterator[list[Element]]:
    arguments = ", ".join(f"{name}={value}" for name, value in evidence.arguments.items())
    asked = f"{cut(one_line(evidence.tool), _TITLE)}({cut(one_line(arguments), _ARGUMENTS)})"
    title = f"{one_line(evidence.id)} · {cut(one_line(tool_words(evidence.tool)), _TITLE)}"
    heading = [
        rich(run(title, bold=True), run("" if evidence.ok else "  ⚠ unavailable", color="Warning")),
        rich(run(asked, code=True, subtle=True, size="Small"), spacing="None"),
    ]
    yield from _in_pages(heading, list(code_blocks(evidence.text)))


def _in_pages(heading: list[Element], rows: Sequence[Element]) -> Iterator[list[Element]]:
    """The rows in as many pages as they need, each under the heading."""
    room = LIMIT - FRAME - _ROUND_PAGES - weight(heading)
    page: list[Element] = []
    left = room
    for row in rows:
        heavy = weight(row) + COMMA
        if page and heavy > left:
            yield [*heading, *page]
            page, left = [], room
        page.append(row)
        left -= heavy
    yield [*heading, *page]


def _turning(investigation_id: str, page: int, count: int) -> Iterator[Element]:
    for label, to in (("Previous", page - 1), ("Next", page + 1)):
        if 1 <= to <= count:
            yield button(label, Action.EVIDENCE, f"{investigation_id}:{to}")
    yield button("Back to the report", Action.REPORT, investigation_id)
