"""The other events of an issue, and the other issues and releases of an organization: one request each."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from typing import Any
from urllib.parse import quote

from core.domain.errors import LogSenseError
from core.domain.incident import ErrorEvent, IssueDetails, NearbyIssue, Release
from core.domain.reading_limits import DECODED, TextBudget
from core.gateways.sentry.counts import series_from_stats
from core.gateways.sentry.payloads import event_from_json, issue_from_json
from core.gateways.sentry.reads import list_releases
from core.gateways.sentry.server import PAGE, SentryServer
from core.gateways.sentry.values import listed, mapping

_DAY_H = 24


async def list_events(server: SentryServer, issue: IssueDetails, limit: int, *, whole: bool) -> Sequence[ErrorEvent]:
    """The newest events of an issue; `whole` ones come with frames and locals, others with tags and users."""
    dialect = await server.dialect()
    path = f"{dialect.issue_path(server.organization, quote(issue.id, safe=''))}events/"
    options: dict[str, str | int | list[str]] = {"per_page": limit, **({"full": "true"} if whole else {})}
    reply = await server.find("issue-events", path, **options)
    return await asyncio.to_thread(_events_in, reply.body, limit) if reply else ()


def _events_in(body: object, limit: int) -> tuple[ErrorEvent, ...]:
    budget = TextBudget(DECODED)
    return tuple(event_from_json(budget.limited(item)) for item in listed(body)[:limit] if isinstance(item, Mapping))


async def nearby_issues(server: SentryServer) -> Sequence[NearbyIssue]:
    """The issues of all projects with the newest activity, with their counts of the last day where there are some."""
    async with aclosing(server.list_issues("", PAGE)) as pages:
        async for page in pages:
            return [_nearby(item) for item in page]
    return ()


def _nearby(item: Any) -> NearbyIssue:
    return NearbyIssue(issue_from_json(item), series_from_stats(mapping(item).get("stats"), _DAY_H))


async def releases_everywhere(server: SentryServer) -> Sequence[Release]:
    """The newest releases of all projects; empty where the server does not list them."""
    everywhere = (await server.dialect()).all_projects
    try:
        return await list_releases(server, {"project": everywhere} if everywhere else {})
    except LogSenseError:
        return ()
