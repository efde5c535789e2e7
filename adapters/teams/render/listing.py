"""The tracker's incidents and what is being investigated, as cards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from adapters.common.text_limits import cut, one_line
from adapters.common.wording import minute_words, status_words
from adapters.teams.inbound.ids import Action
from adapters.teams.render.card import Card, card
from adapters.teams.render.elements import Element, actions, button, columns, own, rich
from adapters.teams.render.text import run
from adapters.teams.render.wording import person
from core.domain.home_view import Incidents
from core.domain.investigation import Investigation

ROWS = 10
_ID = 150
_LINE = 250
_BUTTON_VALUE = 200


def incidents_card(incidents: Incidents, query: str = "") -> Card:
    """What `incidents` found, each with a button that investigates it."""
    about = cut(one_line(query), _LINE)
    body = [own("**Incidents**", size="Large")]
    if about:
        body.append(rich(run(about, code=True, subtle=True, size="Small"), spacing="None"))
    if incidents.problem is not None:
        body.append(rich(run("⚠ They could not be read: "), run(cut(one_line(incidents.problem), _LINE))))
    elif not incidents.rows:
        body.append(own("Nothing matches." if about else "No unresolved incidents. 🎉"))
    return card([*body, *map(_incident, incidents.rows[:ROWS]), *_left_out(len(incidents.rows))])


def _incident(row: Mapping[str, Any]) -> Element:
    short_id = str(row.get("short_id") or "")
    counts = [f"{row[name]:,} {name}" for name in ("events", "users") if isinstance(row.get(name), int)]
    facts = [
        str(row.get("culprit") or ""),
        *counts,
        f"last seen {minute_words(str(row['last_seen']))}" if row.get("last_seen") else "",
    ]
    small = " · ".join(cut(one_line(fact), _ID) for fact in facts if fact)
    text = [
        rich(
            run(cut(one_line(short_id), _ID), bold=True), run(f"  {cut(one_line(str(row.get('title') or '')), _LINE)}")
        ),
        rich(run(small or " ", subtle=True, size="Small"), spacing="None"),
    ]
    if not short_id or len(short_id) > _BUTTON_VALUE:
        return columns(("stretch", text), separator=True)
    press = actions(button("Investigate", Action.INVESTIGATE, short_id))
    return columns(("stretch", text), ("auto", [press]), separator=True)


def status_card(investigations: Sequence[Investigation]) -> Card:
    """What is queued or running, each with a button that stops it."""
    body = [own("**Under way**", size="Large")]
    if not investigations:
        body.append(own("Nothing is being investigated."))
    return card([*body, *map(_investigation, investigations[:ROWS]), *_left_out(len(investigations))])


def _investigation(investigation: Investigation) -> Element:
    about = f"{status_words(investigation.status)} · asked by {person(investigation.asked_by)} · {investigation.id}"
    text = [
        rich(run(cut(one_line(investigation.subject.label), _LINE), bold=True)),
        rich(run(about, subtle=True, size="Small"), spacing="None"),
    ]
    press = actions(button("Stop", Action.STOP, investigation.id, "destructive"))
    return columns(("stretch", text), ("auto", [press]), separator=True)


def _left_out(count: int) -> Iterator[Element]:
    if count > ROWS:
        yield own(f"and {count - ROWS:,} more", isSubtle=True, size="Small")
