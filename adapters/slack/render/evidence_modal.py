"""Every tool output behind a report, and what the report had no room for, in pages that a modal can hold."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from adapters.common.wording import counted, tool_words
from adapters.slack.inbound.ids import Action, Callback
from adapters.slack.render.elements import actions, asides, button, plain_text, section
from adapters.slack.render.message import Block
from adapters.slack.render.mrkdwn import code, code_block, cut, escaped, pieces, prose
from adapters.slack.render.report_blocks import rest_of_report
from core.domain.report import Evidence
from core.domain.thread_view import ReportView

TITLE_LIMIT = 24
_PIECE = 3_000
_PIECES_A_PAGE = 4
_ARGUMENTS = 300


def evidence_modal(view: ReportView, page: int) -> Block:
    """The page `page` of all evidence, from 1; a page that is not there gives the nearest.

    Its private metadata is `{"investigation": …, "page": …}`; each button's value is `<investigation>:<page>`.
    """
    pages = [
        *_confidence_page(view),
        *_in_pages(rest_of_report(view)),
        *(page for evidence in view.evidence for page in _pages_of(evidence)),
    ]
    if not pages:
        pages = [[section("No tool was called, so there is no evidence.")]]
    page = min(max(page, 1), len(pages))
    return {
        "type": "modal",
        "callback_id": str(Callback.EVIDENCE),
        "title": plain_text("Evidence", TITLE_LIMIT),
        "close": plain_text("Close", TITLE_LIMIT),
        "private_metadata": json.dumps({"investigation": view.investigation_id, "page": page}),
        "blocks": [*pages[page - 1], *_turning(view.investigation_id, page, len(pages))],
    }


def page_named(value: str) -> tuple[str, int]:
    """The investigation and the page that a button's value names; the first page when it names none."""
    investigation_id, _, page = value.partition(":")
    return investigation_id, int(page) if page.isascii() and page.isdigit() and len(page) < 6 else 1


def _confidence_page(view: ReportView) -> Iterator[list[Block]]:
    report = view.report
    if report.confidence_reasons:
        overview = "".join(
            f"\n• {code(item.id)} {escaped(tool_words(item.tool))}{'' if item.ok else ' (unavailable)'}"
            for item in view.evidence
        )
        reasons = "\n".join(f"• {prose(reason)}" for reason in report.confidence_reasons)
        found = f"\n\n*{counted(len(view.evidence), 'tool output')}*, on the next pages{overview}"
        text = f"*How {report.confidence} % confidence came about*\n{reasons}{found}"
        yield from _in_pages([section(piece) for piece in pieces(text, _PIECE)])


def _pages_of(evidence: Evidence) -> Iterator[list[Block]]:
    arguments = ", ".join(f"{name}={value}" for name, value in evidence.arguments.items())
    asked = f"\n{escaped(evidence.tool)}({cut(escaped(arguments), _ARGUMENTS)})"
    state = "" if evidence.ok else "  ⚠ unavailable"
    heading = section(f"*{escaped(evidence.id)} · {escaped(tool_words(evidence.tool))}*{state}{asked}")
    for page in _in_pages([section(piece) for piece in pieces(code_block(evidence.text), _PIECE)]):
        yield [heading, *page]


def _in_pages(blocks: Sequence[Block]) -> Iterator[list[Block]]:
    for start in range(0, len(blocks), _PIECES_A_PAGE):
        yield list(blocks[start : start + _PIECES_A_PAGE])


def _turning(investigation_id: str, page: int, count: int) -> Iterator[Block]:
    """The ids of two buttons in a row must differ, so the way stands behind a colon."""
    if count == 1:
        return
    yield from asides(f"Page {page} of {count}")
    ways = [("Previous", "previous", page - 1), ("Next", "next", page + 1)]
    yield actions(
        *(
            button(label, f"{Action.EVIDENCE_PAGE}:{way}", f"{investigation_id}:{to}")
            for label, way, to in ways
            if 1 <= to <= count
        )
    )
