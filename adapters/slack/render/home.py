"""A person's home page: what is connected, what is broken, what is being done about it, what it costs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from adapters.common.wording import cost_words, minute_words, status_words
from adapters.slack.inbound.ids import Action
from adapters.slack.render.elements import actions, asides, button, divider, header, section
from adapters.slack.render.message import Block
from adapters.slack.render.mrkdwn import cut, escaped, prose
from adapters.slack.render.wording import person, place
from core.domain.home_view import HomeView, Incidents
from core.domain.investigation import Investigation

LIMIT = 100
_ROWS = 20
_NAME = 150
_LINE = 400
_BUTTON_VALUE = 2_000


def home_blocks(view: HomeView) -> tuple[Block, ...]:
    """The blocks of the home tab."""
    return (
        header(f"LogSense for {view.organization}"),
        *_connections(view),
        *_incidents(view),
        *_investigations("Running now", view.running, "Nothing is being investigated."),
        *_investigations(
            "Finished", view.finished, "Nothing yet. Type `/logsense investigate SHOP-1` in any channel to begin."
        ),
        divider(),
        section(f"*{escaped(view.month)}*\n{cost_words(view.usage)}"),
    )


def _connections(view: HomeView) -> Iterator[Block]:
    ask = "" if view.may_administer else " Ask an admin of this workspace to connect it here."
    yield section(
        f"✅ *Sentry* {_shortened(view.sentry, _LINE)}"
        if view.sentry
        else f"⚠ *Sentry is not connected yet*, so nothing can be investigated.{ask}"
    )
    yield section(
        f"✅ *Model* {_shortened(view.model, _LINE)}"
        if view.model
        else "*No language model is connected*: rules investigate, at no cost."
    )
    if view.may_administer:
        sentry = ("Change Sentry", None) if view.sentry else ("Connect Sentry", "primary")
        yield actions(
            button(sentry[0], Action.CONNECT_SENTRY, "home", sentry[1]),
            button("Change the model" if view.model else "Connect a model", Action.CONNECT_MODEL, "home"),
            button("What is masked", Action.MASKING, "home"),
        )
        yield from asides("What a channel is about: type `/logsense connect channel` in it.")


def _incidents(view: HomeView) -> Iterator[Block]:
    yield header("Incidents")
    yield from _incident_rows(view.incidents, connected=view.sentry is not None)


def _incident_rows(incidents: Incidents, *, connected: bool) -> Iterator[Block]:
    if not connected:
        yield section("They appear here once Sentry is connected.")
    elif incidents.problem is not None:
        yield section(f"⚠ They could not be read: {_shortened(incidents.problem, _LINE)}")
    elif not incidents.rows:
        yield section("No unresolved incidents. 🎉")
    for row in incidents.rows[:_ROWS]:
        yield _incident(row)
    yield from _left_out(len(incidents.rows))


def _incident(row: Mapping[str, Any]) -> Block:
    short_id = str(row.get("short_id", ""))
    counts = [f"{row[name]:,} {name}" for name in ("events", "users") if isinstance(row.get(name), int)]
    facts = [
        str(row.get("culprit") or ""),
        *counts,
        f"last seen {minute_words(str(row['last_seen']))}" if row.get("last_seen") else "",
    ]
    small = " · ".join(_shortened(fact, _NAME) for fact in facts if fact)
    text = f"*{_shortened(short_id, _NAME)}* {_shortened(str(row.get('title', '')), _LINE)}\n{small}"
    if not short_id or len(short_id) > _BUTTON_VALUE:
        return section(text)
    return section(text, button("Investigate", Action.INVESTIGATE, short_id))


def _investigations(title: str, investigations: Sequence[Investigation], empty: str) -> Iterator[Block]:
    yield header(title)
    if not investigations:
        yield section(empty)
    for investigation in investigations[:_ROWS]:
        yield section(_investigation(investigation))
    yield from _left_out(len(investigations))


def _investigation(investigation: Investigation) -> str:
    where = place(investigation.conversation.channel)
    about = [status_words(investigation.status), f"asked by {person(investigation.asked_by)}"]
    if investigation.report is not None:
        about.insert(1, f"{investigation.report.confidence} %")
    if investigation.status.is_over and investigation.resolved_by is not None:
        about.append(f"resolved by {person(investigation.resolved_by)}")
    said = investigation.report.root_cause if investigation.report else investigation.failure or ""
    found = f"\n{cut(prose(said).replace(chr(10), ' '), _LINE)}" if said else ""
    headline = (
        f"*{_shortened(investigation.subject.label, _NAME)}* {' · '.join(about)}{f' in {where}' if where else ''}"
    )
    return headline + found


def _left_out(count: int) -> Iterator[Block]:
    if count > _ROWS:
        yield from asides(f"and {count - _ROWS} more")


def _shortened(text: str | None, limit: int) -> str:
    return cut(escaped(text or "").replace("\n", " "), limit)
