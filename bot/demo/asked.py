"""What a request to the local Sentry asks for, or the 400 with which Sentry would answer it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from bot.demo.recordings import Incident


async def body_of(request: web.Request) -> Mapping[str, Any]:
    """The JSON object sent."""
    try:
        body = await request.json()
    except json.JSONDecodeError:
        raise web.HTTPBadRequest(reason="JSON parse error") from None
    if not isinstance(body, dict):
        raise web.HTTPBadRequest(reason="Invalid data. Expected a dictionary.")
    return body


def whole(request: web.Request, name: str, otherwise: int) -> int:
    """A parameter that is a whole number above zero."""
    text = request.query.get(name, str(otherwise))
    if not text.isascii() or not text.isdigit() or text.strip("0") == "":
        raise web.HTTPBadRequest(reason=f"Invalid {name}")
    return int(text)


def moment(request: web.Request, name: str) -> datetime:
    """A parameter that is a moment; one without a zone is in UTC."""
    try:
        found = datetime.fromisoformat(request.query.get(name, ""))
    except ValueError:
        raise web.HTTPBadRequest(reason=f"Invalid {name}") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def place_of(cursor: str) -> int:
    """Where in a list a cursor points to."""
    parts = cursor.split(":")
    if len(parts) != 3 or not parts[1].isdigit():
        raise web.HTTPBadRequest(reason="Invalid cursor parameter.")
    return int(parts[1])


def hours(period: str) -> int:
    """The hours of a period such as `14d`."""
    amount, unit = period[:-1], period[-1:]
    if not amount.isdigit() or unit not in ("h", "d", "w"):
        raise web.HTTPBadRequest(reason="Invalid statsPeriod")
    return max(1, int(amount) * {"h": 1, "d": 24, "w": 168}[unit])


def answers_query(incident: Incident, words: Sequence[str], *, is_resolved: bool) -> bool:
    """Whether an issue answers a query of states (`is:`), levels and words of its title; other filters are open."""
    state = "archived" if incident.issue.get("archived") else "resolved" if is_resolved else "unresolved"
    for word in words:
        name, colon, value = word.partition(":")
        if name == "is" and value in ("resolved", "unresolved", "archived") and value != state:
            return False
        if name == "level" and value != incident.issue["level"]:
            return False
        if not colon and word not in incident.title.lower():
            return False
    return True
