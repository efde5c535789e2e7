"""Reads of one server that take one request each; what a server lacks or forbids is None or empty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from core.domain.errors import AccessDenied, LogSenseError, NotFound, Refusal
from core.domain.incident import Commit, ErrorEvent, IssueDetails, Release, TagDistribution
from core.gateways.sentry.releases import commit_from, release_from, releases_in
from core.gateways.sentry.server import PAGE, SentryServer, next_cursor
from core.gateways.sentry.shares import question_of_traffic, shares_of_traffic
from core.gateways.sentry.values import listed, mapping, string

_NEARLY_ALL = 0.9
_MAX_COMMITS = 20


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


async def read_release(server: SentryServer, version: str, known: Sequence[Release]) -> Release | None:
    """A release with its commits; one of `known` is not asked for again. None when the server refuses its name."""
    path = f"{server.organization}/releases/{quote(version, safe='')}/"
    release = next((each for each in known if each.version == version and each.released_at is not None), None)
    if release is None:
        try:
            release = release_from(version, mapping((await server.get(path)).body))
        except Refusal:
            return None
    commits: list[Any] = []
    if (await server.dialect()).has_commits:
        try:
            commits = listed((await server.get(f"{path}commits/", per_page=_MAX_COMMITS)).body)
        except LogSenseError:
            # Commits need a scope of their own; a release without them is still worth showing.
            commits = []
    return replace(release, commits=tuple(commit_from(commit) for commit in commits[:_MAX_COMMITS]))


async def read_suspects(server: SentryServer, issue: IssueDetails, event: ErrorEvent) -> Sequence[Commit]:
    """The commits that the server suspects for an event; empty where it has no idea."""
    if not event.id or not issue.project or not (await server.dialect()).has_commits:
        return ()
    parts = ("projects", server.slug, issue.project, "events", event.id, "committers")
    try:
        body = mapping((await server.get("".join(f"{quote(part, safe='')}/" for part in parts))).body)
    except Refusal:
        return ()
    return [
        commit_from(commit, string(mapping(mapping(committer).get("author")).get("name")))
        for committer in listed(body.get("committers"))
        for commit in listed(mapping(committer).get("commits"))
    ][:_MAX_COMMITS]
