"""Sentry's Web API as an IncidentSource, in the dialect of whichever server answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import aiohttp

from core.domain.errors import AccessDenied, LogSenseError, NotFound, Refusal
from core.domain.incident import Commit, ErrorEvent, EventSeries, IssueDetails, IssueRef, Release, TagDistribution
from core.domain.tenancy import SentryConnection
from core.gateways.events.reading import read_body
from core.gateways.sentry.counts import (
    series_from_events,
    series_from_issue_stats,
    series_from_stats,
    tag_from_json,
    tags_by_key,
    users_in,
)
from core.gateways.sentry.dialects import Dialect
from core.gateways.sentry.http import ParameterRefused, ServerState
from core.gateways.sentry.links import issue_link
from core.gateways.sentry.payloads import issue_from_json
from core.gateways.sentry.reading_memory import ReadingMemory
from core.gateways.sentry.server import PAGE, SentryServer, next_cursor
from core.gateways.sentry.shares import question_of_others, shares_of_others
from core.gateways.sentry.values import listed, mapping, moment, string
from core.ports import IncidentSource

_MAX_COMMITS = 20
_MAX_PAGES_FOR_ID = 20
_NAMED_TAGS = ("release", "environment", "url", "browser", "server_name", "transaction")
_INTERVALS_H = {24: 3600, 168: 3 * 3600, 336: 6 * 3600, 720: 12 * 3600}


class SentryIncidents(IncidentSource):
    """One organization's server; an instance reads each thing once in two minutes, so use one for an investigation."""

    def __init__(
        self,
        connection: SentryConnection,
        session: aiohttp.ClientSession,
        allowed_hosts: frozenset[str],
        state: ServerState | None = None,
        read_event: Callable[[bytes], Awaitable[ErrorEvent]] | None = None,
    ) -> None:
        """Nothing is asked until a method is called; `state` is what others have learned of the same connection.

        `read_event` reads the JSON of an event, which may be large and hostile; by default that is done here.
        """
        self._read_event = read_event or _read_here
        self._connection = connection
        self._server = SentryServer(connection, session, allowed_hosts, state)
        self._memory = ReadingMemory()

    # ---- reading ----------------------------------------------------------------------------------------------------

    async def issue(self, ref: IssueRef) -> IssueDetails:
        """See the port."""
        payload = await self._issue_payload(ref)
        found = issue_from_json(payload)
        dialect = await self._server.dialect()
        details = replace(found, url=await self._link_to(found, dialect))
        if dialect.counts_users or details.users:
            return details
        try:
            return replace(details, users=users_in(await self._tags(details)))
        except LogSenseError:
            return replace(details, users=None)

    async def _link_to(self, issue: IssueDetails, dialect: Dialect) -> str:
        """Where people see the issue: the server's own link, or one at the address that LogSense uses."""
        base_url = self._connection.base_url
        if link := issue_link(issue.url, base_url):
            return link
        if issue.url and (link := issue_link(issue.url, base_url, await self._server.learn_public_origin())):
            return link
        page = dialect.issue_page(quote(self._server.slug, safe=""), quote(issue.id, safe=""))
        return f"{base_url.rstrip('/')}{page}"

    async def event(self, ref: IssueRef, which: str = "recommended") -> ErrorEvent:
        """See the port; servers without a recommended event give their latest."""
        return await self._memory.once(f"event {ref.id} {which}", lambda: self._get_event(ref, which))

    async def _get_event(self, ref: IssueRef, which: str) -> ErrorEvent:
        issue = issue_from_json(await self._issue_payload(ref))
        dialect = await self._server.dialect()
        named = dialect.events.get(which, which)
        for name in dict.fromkeys((named, "latest") if which == "recommended" else (named,)):
            path = f"{dialect.issue_path(self._server.organization, quote(issue.id, safe=''))}events/"
            try:
                raw = (await self._server.get_raw(f"{path}{quote(name, safe='')}/")).body
                return await self._read_event(raw or b"null")
            except (NotFound, ParameterRefused):
                continue
        raise NotFound(f"Issue {ref.id} has no event {which}; it may have been deleted by retention.")

    async def series(self, issue: IssueDetails, period_h: int) -> EventSeries | None:
        """See the port; `stats` of the issue stand in where the time-series endpoint is missing."""
        if (await self._server.dialect()).has_issue_stats:
            period = "24h" if period_h <= 24 else "14d"
            path = f"{self._server.organization}/issues-stats/"
            reply = await self._server.find("issues-stats", path, groups=issue.id, statsPeriod=period)
            return series_from_issue_stats(reply.body, issue.id, period, datetime.now(UTC)) if reply else None
        interval_s = _INTERVALS_H.get(period_h, 3600)
        try:
            reply = await self._server.find(
                "events-timeseries",
                f"{self._server.organization}/events-timeseries/",
                dataset="errors",
                yAxis="count()",
                query=f"issue:{issue.short_id or issue.id}",
                interval=interval_s,
                statsPeriod=f"{period_h}h",
                **await self._project_of(issue),
            )
        except Refusal:
            reply = None
        if reply and (series := series_from_events(reply.body, interval_s)):
            return series
        payload = await self._issue_payload(IssueRef(issue.id))
        return series_from_stats(mapping(payload).get("stats"), period_h)

    async def tag_values(self, issue: IssueDetails, key: str) -> TagDistribution | None:
        """See the port; all usual tags are read at once, where the server lists them."""
        tags = await self._tags(issue)
        if key in tags:
            return tag_from_json(tags[key], key)
        if "tags" not in self._server.state.absent and (key in _NAMED_TAGS or not self._lists_named()):
            return None
        reply = await self._of_issue(issue, f"tags/{quote(key, safe='')}/")
        return tag_from_json(reply, key)

    def _lists_named(self) -> bool:
        return self._server.state.dialect.names_tag_keys

    async def _tags(self, issue: IssueDetails) -> Mapping[str, Mapping[str, Any]]:
        return await self._memory.once(f"tags {issue.id}", lambda: self._read_tags(issue))

    async def _read_tags(self, issue: IssueDetails) -> Mapping[str, Mapping[str, Any]]:
        dialect = await self._server.dialect()
        named: dict[str, str | int | list[str]] = {"key": list(_NAMED_TAGS)} if dialect.names_tag_keys else {}
        path = f"{dialect.issue_path(self._server.organization, quote(issue.id, safe=''))}tags/"
        reply = await self._server.find("tags", path, **named)
        return tags_by_key(reply.body) if reply else {}

    async def usual_values(self, issue: IssueDetails, key: str) -> TagDistribution | None:
        """See the port; servers without tables of events, and tokens that may not read them, cannot tell."""
        question = question_of_others(issue, key)
        if question is None or not (await self._server.dialect()).has_event_tables:
            return None
        path = f"{self._server.organization}/events/"
        try:
            reply = await self._server.get(path, **question, **await self._project_of(issue))
        except (Refusal, AccessDenied):
            return None
        return None if next_cursor(reply) else shares_of_others(reply.body, key)

    async def suspect_commits(self, issue: IssueDetails, event: ErrorEvent) -> Sequence[Commit]:
        """See the port."""
        if not event.id or not issue.project or not (await self._server.dialect()).has_commits:
            return ()
        parts = ("projects", self._server.slug, issue.project, "events", event.id, "committers")
        path = "".join(f"{quote(part, safe='')}/" for part in parts)
        try:
            body = mapping((await self._server.get(path)).body)
        except Refusal:
            return ()
        return [
            _commit(commit, string(mapping(mapping(committer).get("author")).get("name")))
            for committer in listed(body.get("committers"))
            for commit in listed(mapping(committer).get("commits"))
        ][:_MAX_COMMITS]

    async def release(self, version: str) -> Release | None:
        """See the port."""
        return await self._memory.once(f"release {version}", lambda: self._read_release(version))

    async def _read_release(self, version: str) -> Release | None:
        path = f"{self._server.organization}/releases/{quote(version, safe='')}/"
        try:
            body = mapping((await self._server.get(path)).body)
        except Refusal:
            return None
        commits: list[Any] = []
        if (await self._server.dialect()).has_commits:
            try:
                commits = listed((await self._server.get(f"{path}commits/", per_page=_MAX_COMMITS)).body)
            except LogSenseError:
                # Commits need a scope of their own; a release without them is still worth showing.
                commits = []
        when = moment(body.get("dateReleased")) or moment(body.get("dateCreated"))
        return Release(version, when, tuple(_commit(commit) for commit in commits[:_MAX_COMMITS]))

    async def issues(self, query: str, limit: int) -> Sequence[IssueDetails]:
        """See the port; follows pages until `limit`."""
        found: list[IssueDetails] = []
        async with aclosing(self._server.list_issues(query, min(limit, PAGE))) as pages:
            async for page in pages:
                found += [issue_from_json(item) for item in page]
                if len(found) >= limit:
                    break
        return found[:limit]

    async def scopes(self) -> Sequence[str] | None:
        """See the port; the root of the API tells, but not on every server."""
        try:
            await self._server.dialect()
        except LogSenseError:
            return None
        return self._server.state.scopes

    # ---- writing ----------------------------------------------------------------------------------------------------

    async def set_resolved(self, ref: IssueRef, *, resolved: bool) -> None:
        """See the port."""
        self._check_writes()
        issue = await self.issue(ref)
        # The id stands in the path: without one, Sentry reads a status change as one of all issues.
        path = f"{self._server.organization}/issues/{quote(issue.id, safe='')}/"
        self._memory.forget()
        await self._server.write("PUT", path, {"status": "resolved" if resolved else "unresolved"})

    async def add_note(self, ref: IssueRef, text: str) -> None:
        """See the port."""
        self._check_writes()
        issue = await self.issue(ref)
        dialect = await self._server.dialect()
        path = dialect.issue_path(self._server.organization, quote(issue.id, safe=""))
        await self._server.write("POST", f"{path}{dialect.note_path}", dialect.note(text))

    def _check_writes(self) -> None:
        if not self._connection.writes_allowed:
            raise Refusal("Writing to Sentry is switched off. Set LOGSENSE_SENTRY_WRITES=true to allow it.")

    # ---- one issue, proved to be this organization's ----------------------------------------------------------------

    async def _issue_payload(self, ref: IssueRef) -> Mapping[str, Any]:
        """The issue as the server has it.

        Raises:
            NotFound: it does not exist, or belongs to another organization.
        """
        payload = await self._memory.once(f"issue {ref.id}", lambda: self._read_issue(ref))
        issue_id = string(payload.get("id")) or ""

        async def known() -> Mapping[str, Any]:
            return payload

        # The same issue is also asked for by its number.
        await self._memory.once(f"issue {issue_id}", known)
        return payload

    async def _read_issue(self, ref: IssueRef) -> Mapping[str, Any]:
        dialect = await self._server.dialect()
        if dialect.issues_below_organization and dialect.finds_short_ids:
            path = dialect.issue_path(self._server.organization, quote(ref.id, safe=""))
            try:
                body = mapping((await self._server.get(path)).body)
            except NotFound as missing:
                if not await self._turns_out_to_be_glitchtip():
                    await self._server.require_organization()
                    raise NotFound(self._no_such_issue(ref)) from missing
            else:
                # Issues live in the organization's region: whoever answers for one is it.
                self._server.state.is_region_known = True
                return self._existing(body, ref)
        return await self._read_listed(ref)

    async def _turns_out_to_be_glitchtip(self) -> bool:
        """Whether a server that was taken for Sentry refuses Sentry's sort word, which says what it is."""
        if self._server.state.has_proved_dialect:
            return False
        self._server.state.has_proved_dialect = True
        await self.issues("", 1)
        return not (await self._server.dialect()).finds_short_ids

    async def _read_listed(self, ref: IssueRef) -> Mapping[str, Any]:
        """The issue by its number, which the organization's own list has to hold: its path alone proves nothing."""
        listed_issue = await self._find_in_list(ref)
        dialect = await self._server.dialect()
        issue_id = string(listed_issue.get("id")) or ""
        try:
            body = mapping((await self._server.get(dialect.issue_path(self._server.organization, issue_id))).body)
        except NotFound:
            raise NotFound(self._no_such_issue(ref)) from None
        return self._existing(body, ref) if string(body.get("id")) == issue_id else self._existing({}, ref)

    async def _find_in_list(self, ref: IssueRef) -> Mapping[str, Any]:
        pages = 0
        by_number = ref.id if ref.id.isdigit() else None
        async with aclosing(self._server.list_issues("", PAGE, by_number)) as found:
            async for page in found:
                for item in map(mapping, page):
                    if ref.id.upper() in (string(item.get("id")), (string(item.get("shortId")) or "").upper()):
                        return item
                pages += 1
                if pages >= _MAX_PAGES_FOR_ID:
                    break
        raise NotFound(self._no_such_issue(ref))

    def _existing(self, body: Mapping[str, Any], ref: IssueRef) -> Mapping[str, Any]:
        if not string(body.get("id")):
            raise NotFound(self._no_such_issue(ref))
        return body

    async def _of_issue(self, issue: IssueDetails, rest: str) -> object:
        """A part of an issue; None when the server has no such part."""
        dialect = await self._server.dialect()
        path = dialect.issue_path(self._server.organization, quote(issue.id, safe=""))
        try:
            return (await self._server.get(f"{path}{rest}")).body
        except (NotFound, ParameterRefused):
            return None

    async def _project_of(self, issue: IssueDetails) -> dict[str, str]:
        """The project parameter of a question about one issue: without it, some servers see only joined projects."""
        try:
            payload = await self._issue_payload(IssueRef(issue.id))
        except LogSenseError:
            payload = {}
        project = string(mapping(payload.get("project")).get("id"))
        chosen = project or (await self._server.dialect()).all_projects
        return {"project": chosen} if chosen else {}

    def _no_such_issue(self, ref: IssueRef) -> str:
        return (
            f"Sentry has no issue {ref.id} in organization {self._server.slug}. "
            "Check the id, and that the token may see it."
        )


async def _read_here(raw: bytes) -> ErrorEvent:
    return read_body(raw)


def _commit(payload: object, author: str | None = None) -> Commit:
    body = mapping(payload)
    named = string(mapping(body.get("author")).get("name"))
    message = string(body.get("message")) or ""
    return Commit(string(body.get("id")) or "", message, author or named, moment(body.get("dateCreated")))
