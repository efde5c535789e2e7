"""Reads of one server that take one request each; what a server lacks or forbids is None or empty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.domain.errors import AccessDenied, NotFound, Refusal
from core.domain.incident import IssueDetails, Release, TagDistribution
from core.gateways.sentry_releases import releases_in
from core.gateways.sentry_server import PAGE, SentryServer, next_cursor
from core.gateways.sentry_shares import question_of_traffic, shares_of_traffic

_NEARLY_ALL = 0.9


async def list_releases(server: SentryServer, project: Mapping[str, str]) -> Sequence[Release]:
    """The newest releases of a project, without their commits."""
    reply = await server.find("releases", f"{server.organization}/releases/", per_page=PAGE, **project)
    return releases_in(reply.body) if reply else ()


async def read_traffic(
    server: SentryServer, issue: IssueDetails, transactions: TagDistribution | None, project: Mapping[str, str]
) -> Mapping[str, TagDistribution] | None:
    """How the traffic of the issue's one transaction, or else of its project, shares the compared tags."""
    if not (await server.dialect()).has_event_tables:
        return None
    name, count = transactions.values[0] if transactions else (None, 0)
    is_one = transactions is not None and count >= _NEARLY_ALL * transactions.total
    question = question_of_traffic(issue, name if is_one else None)
    if question is None:
        return None
    try:
        reply = await server.get(f"{server.organization}/events/", **question, **project)
    except (Refusal, AccessDenied, NotFound):
        return None
    return None if next_cursor(reply) else shares_of_traffic(reply.body)
