"""Sentry's Web API as an IncidentSource; what older servers and GlitchTip lack is asked for another way or left out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit

import aiohttp

from core.domain.errors import AccessDenied, LogSenseError, NotFound, Refusal
from core.domain.incident import (
    Commit,
    ErrorEvent,
    EventSeries,
    IssueDetails,
    IssueRef,
    Release,
    TagDistribution,
)
from core.domain.tenancy import SentryConnection
from core.gateways.guarded_http import check_url
from core.gateways.sentry_http import Reply, SentryHttp
from core.gateways.sentry_payloads import event_from_json, issue_from_json
from core.gateways.sentry_shares import question_of_others, shares_of_others
from core.gateways.sentry_values import integer, listed, mapping, moment, string
from core.ports import IncidentSource

_PAGE = 100
_MAX_COMMITS = 20
_INTERVALS_H = {24: 3600, 168: 3 * 3600, 336: 6 * 3600, 720: 12 * 3600}
_LINK = re.compile(r"<([^>]*)>\s*;[^,<]*rel=\"next\"[^,<]*results=\"true\"")
_CURSOR = re.compile(r"[?&]cursor=([^&>\"']+)")


class SentryIncidents(IncidentSource):
    """One organization's Sentry."""

    def __init__(
        self, connection: SentryConnection, session: aiohttp.ClientSession, allowed_hosts: frozenset[str]
    ) -> None:
        """Nothing is asked until a method is called."""
        self._connection = connection
        self._allowed_hosts = allowed_hosts
        self._http = SentryHttp(connection, session, allowed_hosts)
        self._organization = f"organizations/{quote(connection.organization_slug, safe='')}"
        self._region_url: str | None = None

    # ---- reading ----------------------------------------------------------------------------------------------------

    async def issue(self, ref: IssueRef) -> IssueDetails:
        """See the port."""
        details = issue_from_json((await self._of_issue(ref, "")).body)
        if not details.id:
            raise NotFound(self._no_such_issue(ref))
        return details

    async def event(self, ref: IssueRef, which: str = "recommended") -> ErrorEvent:
        """See the port; servers without a recommended event give their latest."""
        wanted = [quote(which, safe="")] + (["latest"] if which == "recommended" else [])
        for name in wanted[:-1]:
            try:
                return event_from_json((await self._of_issue(ref, f"events/{name}/")).body)
            except NotFound:
                continue
        try:
            return event_from_json((await self._of_issue(ref, f"events/{wanted[-1]}/")).body)
        except NotFound:
            await self.issue(ref)
            raise NotFound(f"Issue {ref.id} has no event {which}; it may have been deleted by retention.") from None

    async def series(self, issue: IssueDetails, period_h: int) -> EventSeries | None:
        """See the port; `stats` of the issue stand in where the time-series endpoint is missing."""
        interval_s = _INTERVALS_H.get(period_h, 3600)
        try:
            reply = await self._get(
                f"{self._organization}/events-timeseries/",
                dataset="errors",
                yAxis="count()",
                query=f"issue:{issue.short_id or issue.id}",
                interval=interval_s,
                statsPeriod=f"{period_h}h",
            )
            if series := _series(reply.body, interval_s):
                return series
        except (NotFound, Refusal):
            pass
        return await self._series_from_stats(issue, period_h)

    async def tag_values(self, issue: IssueDetails, key: str) -> TagDistribution | None:
        """See the port."""
        try:
            reply = await self._of_issue(IssueRef(issue.id), f"tags/{quote(key, safe='')}/")
        except NotFound:
            return None
        body = mapping(reply.body)
        values = tuple(
            (name, count)
            for item in listed(body.get("topValues"))
            if (name := string(mapping(item).get("value") or mapping(item).get("name")))
            and (count := integer(mapping(item).get("count"))) is not None
        )
        total = integer(body.get("totalValues")) or sum(count for _, count in values)
        ordered = tuple(sorted(values, key=lambda item: -item[1]))
        return TagDistribution(key, total, ordered) if ordered else None

    async def usual_values(self, issue: IssueDetails, key: str) -> TagDistribution | None:
        """See the port; servers without tables of events, and tokens that may not read them, cannot tell."""
        question = question_of_others(issue, key)
        if question is None:
            return None
        try:
            reply = await self._get(f"{self._organization}/events/", **question)
        except (NotFound, Refusal, AccessDenied):
            return None
        return None if _next_cursor(reply) else shares_of_others(reply.body, key)

    async def suspect_commits(self, issue: IssueDetails, event: ErrorEvent) -> Sequence[Commit]:
        """See the port."""
        if not event.id or not issue.project:
            return ()
        slug, project = self._connection.organization_slug, issue.project
        path = (
            f"projects/{quote(slug, safe='')}/{quote(project, safe='')}/events/{quote(event.id, safe='')}/committers/"
        )
        try:
            body = mapping((await self._get(path)).body)
        except (NotFound, Refusal):
            return ()
        return [
            _commit(commit, string(mapping(mapping(committer).get("author")).get("name")))
            for committer in listed(body.get("committers"))
            for commit in listed(mapping(committer).get("commits"))
        ][:_MAX_COMMITS]

    async def release(self, version: str) -> Release | None:
        """See the port."""
        path = f"{self._organization}/releases/{quote(version, safe='')}/"
        try:
            body = mapping((await self._get(path)).body)
        except (NotFound, Refusal):
            return None
        try:
            commits = listed((await self._get(f"{path}commits/", per_page=_MAX_COMMITS)).body)
        except LogSenseError:
            # Commits need a scope of their own; a release without them is still worth showing.
            commits = []
        when = moment(body.get("dateReleased")) or moment(body.get("dateCreated"))
        return Release(version, when, tuple(_commit(commit) for commit in commits[:_MAX_COMMITS]))

    async def issues(self, query: str, limit: int) -> Sequence[IssueDetails]:
        """See the port; follows pages until `limit`."""
        found: list[IssueDetails] = []
        cursor: str | None = None
        while len(found) < limit:
            options = {"cursor": cursor} if cursor else {}
            reply = await self._get(
                f"{self._organization}/issues/", query=query, sort="date", limit=min(limit, _PAGE), **options
            )
            found += [issue_from_json(item) for item in listed(reply.body)]
            cursor = _next_cursor(reply)
            if cursor is None:
                break
        return found[:limit]

    async def scopes(self) -> Sequence[str] | None:
        """See the port; the root of the API tells, but not on every server."""
        try:
            body = mapping((await self._get("")).body)
        except LogSenseError:
            return None
        scopes = [scope for scope in map(string, listed(mapping(body.get("auth")).get("scopes"))) if scope]
        return scopes or None

    # ---- writing ----------------------------------------------------------------------------------------------------

    async def set_resolved(self, ref: IssueRef, *, resolved: bool) -> None:
        """See the port."""
        self._check_writes()
        issue = await self.issue(ref)
        # The id stands in the path: without one, Sentry reads a status change as one of all issues.
        path = f"{self._organization}/issues/{quote(issue.id, safe='')}/"
        await self._write("PUT", path, {"status": "resolved" if resolved else "unresolved"})

    async def add_note(self, ref: IssueRef, text: str) -> None:
        """See the port."""
        self._check_writes()
        issue = await self.issue(ref)
        await self._write("POST", f"{self._organization}/issues/{quote(issue.id, safe='')}/notes/", {"text": text})

    def _check_writes(self) -> None:
        if not self._connection.writes_allowed:
            raise Refusal("Writing to Sentry is switched off. Set LOGSENSE_SENTRY_WRITES=true to allow it.")

    # ---- paths and regions ------------------------------------------------------------------------------------------

    async def _of_issue(self, ref: IssueRef, rest: str) -> Reply:
        """A path below an issue: below its organization, or as older servers and GlitchTip have it."""
        issue_id = quote(ref.id, safe="")
        for path in (f"{self._organization}/issues/{issue_id}/{rest}", f"issues/{issue_id}/{rest}"):
            try:
                return await self._get(path)
            except NotFound:
                continue
        raise NotFound(self._no_such_issue(ref))

    async def _get(self, path: str, **query: str | int | list[str]) -> Reply:
        """A GET at the base URL; what is not there is looked for in the organization's region."""
        try:
            return await self._http.get(path, base_url=self._region_url, **query)
        except NotFound:
            if self._region_url is not None or not await self._learn_region():
                raise
            return await self._http.get(path, base_url=self._region_url, **query)

    async def _write(self, method: str, path: str, body: dict[str, Any]) -> None:
        await self._http.write(method, path, body, base_url=self._region_url)

    async def _learn_region(self) -> bool:
        """Whether the organization lives at another address of the same Sentry; remembered only when found."""
        try:
            reply = await self._http.get(f"{self._organization}/")
        except LogSenseError:
            return False
        region = string(mapping(mapping(reply.body).get("links")).get("regionUrl"))
        if region is None or region.rstrip("/") == self._connection.base_url:
            return False
        if not _same_family(region, self._connection.base_url):
            return False
        self._region_url = check_url(region, self._allowed_hosts).rstrip("/")
        return True

    def _no_such_issue(self, ref: IssueRef) -> str:
        organization = self._connection.organization_slug
        return (
            f"Sentry has no issue {ref.id} in organization {organization}. Check the id, and that the token may see it."
        )

    async def _series_from_stats(self, issue: IssueDetails, period_h: int) -> EventSeries | None:
        try:
            body = mapping((await self._of_issue(IssueRef(issue.id), "")).body)
        except NotFound:
            return None
        stats = mapping(body.get("stats"))
        points = _stats_points(stats.get("24h" if period_h <= 24 else "30d"))
        if not points:
            return None
        return EventSeries(
            3600 if period_h <= 24 else 24 * 3600, points[-max(1, period_h // 24) :] if period_h > 24 else points
        )


def _same_family(url: str, base_url: str) -> bool:
    """Whether two addresses belong together: the same host, or both below the same two last labels."""
    one, other = (urlsplit(address).hostname or "" for address in (url, base_url))
    return one == other or (
        one.count(".") >= 1 and one.split(".")[-2:] == other.split(".")[-2:] and not one[-1].isdigit()
    )


def _commit(payload: object, author: str | None = None) -> Commit:
    body = mapping(payload)
    named = string(mapping(body.get("author")).get("name"))
    message = string(body.get("message")) or ""
    return Commit(string(body.get("id")) or "", message, author or named, moment(body.get("dateCreated")))


def _series(body: object, interval_s: int) -> EventSeries | None:
    for series in listed(mapping(body).get("timeSeries")):
        points = [
            (datetime.fromtimestamp(at / 1000, UTC), round(float(count)))
            for value in listed(mapping(series).get("values"))
            if isinstance(at := mapping(value).get("timestamp"), int | float)
            and isinstance(count := mapping(value).get("value"), int | float)
        ]
        if points:
            interval_ms = mapping(mapping(series).get("meta")).get("interval")
            return EventSeries(int(interval_ms / 1000) if isinstance(interval_ms, int) else interval_s, tuple(points))
    return None


def _stats_points(stats: object) -> tuple[tuple[datetime, int], ...]:
    return tuple(
        (at, count)
        for pair in listed(stats)
        if isinstance(pair, list) and len(pair) == 2
        if (at := moment(pair[0])) is not None and (count := integer(pair[1])) is not None
    )


def _next_cursor(reply: Reply) -> str | None:
    """The next page's cursor; read by pattern, because GlitchTip's header is not well formed."""
    link = _LINK.search(reply.headers.get("Link", ""))
    found = _CURSOR.search(link[1]) if link else None
    return found[1] if found else None
