"""Draws our Teams cards with Microsoft's own renderer, light, dark and as narrow as a phone, for people to look at.

`make look-teams`, then open teams.html and look at the pictures beside it (tests/look/pictures.py).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from adapters.common.connections import Field
from adapters.teams.render.cards import cards_of, summary_of
from adapters.teams.render.evidence_card import evidence_card
from adapters.teams.render.forms_cards import model_card, saved_card, sentry_card
from adapters.teams.render.greeting_cards import Place, help_card, welcome_card
from adapters.teams.render.listing import incidents_card, status_card
from adapters.teams.render.post_mortem import post_mortem_messages
from core.domain.home_view import Incidents
from core.domain.investigation import Status
from core.domain.tenancy import Actor, SentryConnection
from core.domain.thread_view import ThreadView
from tests.adapters.slack import samples

HERE = Path(__file__).parent
LIBRARIES = ("adaptivecards/dist/adaptivecards.min.js", "markdown-it/dist/markdown-it.min.js")
ADA = Actor("29:1ada", "Ada Lovelace")


def page(modules: Path) -> str:
    """One column of everything in the light theme, one in the dark, one narrow."""
    return _page(modules, list(_shown()), [["light", "light"], ["dark", "dark"], ["light", "light narrow"]])


def narrow_page(modules: Path, views: Iterable[ThreadView], width: int) -> str:
    """The cards alone, in the light theme, as wide as that."""
    now = samples.RUNNING.started_at + timedelta(seconds=12)
    shown = [{"summary": "", "card": card, "open": False} for view in views for card in cards_of(view, now=now)]
    style = (
        f"<style>main.sized {{ flex: 0 0 {width - 24}px; padding: 4px 12px; }} article > p {{ display: none; }}</style>"
    )
    return _page(modules, shown, [["light", "light sized"]]) + style


def _page(modules: Path, shown: list[dict[str, Any]], columns: list[list[str]]) -> str:
    scripts = [(modules / "node_modules" / library).read_text(encoding="utf-8") for library in LIBRARIES]
    data = f"const page = {json.dumps(shown).replace('</', chr(60) + chr(92) + '/')};"
    data += f"const columns = {json.dumps(columns)};"
    scripts += [data, (HERE / "teams.js").read_text(encoding="utf-8")]
    style = (HERE / "teams.css").read_text(encoding="utf-8")
    return f"<!doctype html><meta charset=utf-8><style>{style}</style><body>" + "".join(
        f"<script>{script}</script>" for script in scripts
    )


def _shown() -> Iterable[dict[str, Any]]:
    for view, is_open in _views():
        now = samples.RUNNING.started_at + timedelta(seconds=12)
        for card in cards_of(view, now=now):
            yield {"summary": summary_of(view), "card": card, "open": is_open}
    for summary, card in _others():
        yield {"summary": summary, "card": card}
    yield {"summary": "Post-mortem", "html": post_mortem_messages(samples.RESOLVED)[0]["text"]}


def _views() -> Iterable[tuple[ThreadView, bool]]:
    """What is shown, and whether what is folded is opened."""
    asked = replace(samples.REPORT, asked_by=ADA)
    report = asked.report
    doubtful = replace(
        report,
        confidence=46,
        confidence_reasons=("-15 the code is minified, frames cannot be trusted", "+5 the issue was read (E1)"),
        partial=True,
        fixes=report.fixes[:1],
        findings=report.findings[:2],
        similar=(),
    )
    failed = replace(samples.RUNNING, status=Status.FAILED, ended_at=samples.FINISHED.ended_at)
    yield from ((view, False) for view in (samples.QUEUED, samples.RUNNING, samples.FINISHED, failed, asked))
    yield replace(samples.RESOLVED, asked_by=ADA), True
    yield replace(asked, report=doubtful, title="SHOP-13"), False
    yield replace(samples.KNOWN, asked_by=ADA), True
    yield samples.ASKING, False
    yield from ((view, False) for view in (replace(samples.ANSWER, asked_by=ADA), samples.NOTICE, samples.ERROR))
    yield from ((replace(samples.NOTICE, text=text), False) for text in samples.HOSTILE)


def _others() -> Iterable[tuple[str, Any]]:
    yield "Evidence", evidence_card(samples.REPORT, 1)
    yield "Evidence", evidence_card(samples.REPORT, 3)
    yield "Incidents", incidents_card(Incidents(samples.INCIDENT_ROWS), "is:unresolved")
    yield "Status", status_card(samples.HOME.running)
    yield "Help", help_card()
    yield "Welcome", welcome_card(Place.TEAM, connected=False)
    yield "Welcome", welcome_card(Place.PERSONAL, connected=True, sentry=False)
    yield "Connect Sentry", sentry_card(None)
    wrong: dict[str, str] = {Field.SENTRY_TOKEN: "It has no blanks or unusual characters; was something else pasted?"}
    yield "Connect Sentry", sentry_card(SentryConnection("https://sentry.io", "acme", ""), wrong)
    yield "Connect a model", model_card(None)
    yield "Saved", saved_card("Sentry answers: organization acme. Type incidents to see what is open.")


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(page(Path(sys.argv[1])), encoding="utf-8")
