"""A local Sentry: serves the recorded incidents at Sentry's own paths, so that the production path has a real peer.

It keeps what was resolved and noted in memory, checks the token, pages lists, counts rate limits, and can be told to
misbehave. Times are kept as offsets and served relative to its start.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any

from aiohttp import web

from bot.demo.recordings import Incident, recorded_incidents, shares_of
from bot.demo.stories import Story

ORGANIZATION = "acme"
PROJECT = "shop"
TOKEN = "sntryu_" + "d3m0" * 16
_HOUR = timedelta(hours=1)


@dataclass(slots=True)
class Fault:
    """How the next `times` requests whose path contains `path` go wrong: a status, `hang`, `drop` or `html`."""

    path: str
    kind: int | str
    times: int = 1
    headers: Mapping[str, str] = field(default_factory=dict)


class LocalSentry:
    """Use as an async context manager; port 0 takes a free one."""

    def __init__(self, port: int = 0, *, faults: list[Fault] | None = None) -> None:
        """Nothing listens yet."""
        self.organization_slug = ORGANIZATION
        self.token = TOKEN
        self.base_url = ""
        self.requests: list[tuple[str, str]] = []
        self.faults = faults if faults is not None else []
        self.notes: list[tuple[str, str]] = []
        self._port = port
        self._resolved: set[str] = set()
        self._now = datetime.now(UTC).replace(microsecond=0)
        self._by_id = {
            key: incident for incident in recorded_incidents() for key in (incident.issue_id, incident.short_id)
        }
        self._closing = asyncio.Event()
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> LocalSentry:
        app = web.Application(middlewares=[self._guard])
        app.add_routes(self._routes())
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=2.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        self.base_url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        if self._runner is not None:
            await self._runner.cleanup()

    def _routes(self) -> list[web.RouteDef]:
        organization, project = f"/api/0/organizations/{ORGANIZATION}", f"/api/0/projects/{ORGANIZATION}/{PROJECT}"
        routes = [
            web.get(f"{organization}/", self._show_organization),
            web.get(f"{organization}/issues/", self._list_issues),
            web.get(f"{organization}/shortids/{{issue}}/", self._show_short_id),
            web.get(f"{organization}/eventids/{{event}}/", self._show_event_id),
            web.get(f"{organization}/events-timeseries/", self._show_series),
            web.get(f"{organization}/releases/{{version}}/", self._show_release),
            web.get(f"{organization}/releases/{{version}}/commits/", self._list_commits),
            web.get(f"{project}/events/{{event}}/committers/", self._list_committers),
        ]
        for prefix in (f"{organization}/issues/{{issue}}", "/api/0/issues/{issue}"):
            routes += [
                web.get(f"{prefix}/", self._show_issue),
                web.put(f"{prefix}/", self._change_issue),
                web.get(f"{prefix}/events/", self._list_events),
                web.get(f"{prefix}/events/{{which}}/", self._show_event),
                web.get(f"{prefix}/tags/{{key}}/", self._show_tag),
                web.get(f"{prefix}/tags/{{key}}/values/", self._list_tag_values),
                web.post(f"{prefix}/notes/", self._add_note),
            ]
        return routes

    @web.middleware
    async def _guard(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Every request is remembered, authorised, perhaps failed, and told its rate limit."""
        self.requests.append((request.method, request.path))
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return web.json_response({"detail": "Invalid token"}, status=401)
        if fault := self._due_fault(request.path):
            return await self._misbehave(fault, request)
        try:
            response = await handler(request)
        except web.HTTPNotFound:
            response = web.json_response({"detail": "The requested resource does not exist"}, status=404)
        response.headers["X-Sentry-Rate-Limit-Limit"] = "40"
        response.headers["X-Sentry-Rate-Limit-Remaining"] = "39"
        response.headers["X-Sentry-Rate-Limit-Reset"] = str(int(time.time()) + 1)
        return response

    def _due_fault(self, path: str) -> Fault | None:
        for fault in self.faults:
            if fault.times > 0 and fault.path in path:
                fault.times -= 1
                return fault
        return None

    async def _misbehave(self, fault: Fault, request: web.Request) -> web.StreamResponse:
        match fault.kind:
            case "hang":
                await self._closing.wait()
            case "drop" if request.transport is not None:
                request.transport.close()
            case "html":
                return web.Response(text="<html>Please sign in</html>", content_type="text/html")
            case int(status):
                return web.json_response({"detail": "not now"}, status=status, headers=dict(fault.headers))
        return web.Response(status=500)

    # ---- issues -----------------------------------------------------------------------------------------------------

    async def _show_organization(self, request: web.Request) -> web.Response:
        links = {"organizationUrl": self.base_url, "regionUrl": self.base_url}
        return web.json_response({"slug": ORGANIZATION, "name": "Acme", "links": links})

    async def _list_issues(self, request: web.Request) -> web.Response:
        listed = list(recorded_incidents())
        query = request.query.get("query", "is:unresolved")
        if "is:unresolved" in query:
            listed = [incident for incident in listed if incident.issue_id not in self._resolved]
        words = [word for word in query.split() if ":" not in word]
        listed = [item for item in listed if all(word.lower() in item.title.lower() for word in words)]
        listed.sort(key=lambda incident: self._last_seen(incident), reverse=True)
        limit = min(int(request.query.get("limit", "25")), 100)
        start = int(request.query.get("cursor", "0:0").split(":")[1])
        more = "true" if start + limit < len(listed) else "false"
        cursor = f"0:{start + limit}"
        link = f'<{self.base_url}{request.path}?cursor={cursor}>; rel="next"; results="{more}"; cursor="{cursor}"'
        return web.json_response(
            [self._issue(incident) for incident in listed[start : start + limit]],
            headers={"Link": link, "X-Hits": str(len(listed))},
        )

    async def _show_issue(self, request: web.Request) -> web.Response:
        return web.json_response(self._issue(self._asked(request)))

    async def _change_issue(self, request: web.Request) -> web.Response:
        incident = self._asked(request)
        if (await request.json()).get("status") == "resolved":
            self._resolved.add(incident.issue_id)
        else:
            self._resolved.discard(incident.issue_id)
        return web.json_response(self._issue(incident))

    async def _add_note(self, request: web.Request) -> web.Response:
        incident = self._asked(request)
        self.notes.append((incident.short_id, str((await request.json()).get("text", ""))))
        return web.json_response({"id": str(len(self.notes))}, status=201)

    async def _show_short_id(self, request: web.Request) -> web.Response:
        incident = self._asked(request)
        found = {"organizationSlug": ORGANIZATION, "projectSlug": PROJECT, "groupId": incident.issue_id}
        return web.json_response(found | {"group": self._issue(incident), "shortId": incident.short_id})

    def _issue(self, incident: Incident) -> dict[str, Any]:
        story = incident.story
        exception = incident.event.get("title", "").split(": ", 1)
        release = {"version": story.release, "dateReleased": _iso(self._shipped_at(story))}
        return {
            "id": incident.issue_id,
            "shortId": story.short_id,
            "title": incident.title,
            "culprit": incident.event.get("culprit"),
            "level": story.title_level,
            "status": "resolved" if incident.issue_id in self._resolved else "unresolved",
            "substatus": "ongoing",
            "issueCategory": story.category,
            "issueType": "performance_n_plus_one_db_queries" if story.category == "performance" else "error",
            "platform": incident.event.get("platform"),
            "project": {"id": "1", "slug": PROJECT, "name": "Shop"},
            "type": incident.event.get("type"),
            "metadata": {"type": exception[0], "value": exception[-1]},
            "count": str(incident.events),
            "userCount": story.users,
            "firstSeen": _iso(self._first_seen(incident)),
            "lastSeen": _iso(self._last_seen(incident)),
            "firstRelease": release,
            "lastRelease": release,
            "assignedTo": None,
            "isUnhandled": False,
            "permalink": f"{self.base_url}/organizations/{ORGANIZATION}/issues/{incident.issue_id}/",
            "stats": {"24h": self._buckets(incident, 24, 3600), "30d": self._buckets(incident, 30 * 24, 24 * 3600)},
        }

    def _asked(self, request: web.Request) -> Incident:
        incident = self._by_id.get(request.match_info["issue"].upper())
        if incident is None:
            raise web.HTTPNotFound
        return incident

    # ---- events -----------------------------------------------------------------------------------------------------

    async def _show_event(self, request: web.Request) -> web.Response:
        incident = self._asked(request)
        if request.match_info["which"] not in ("latest", "recommended", "oldest", incident.event["id"]):
            raise web.HTTPNotFound
        return web.json_response(self._event(incident))

    async def _list_events(self, request: web.Request) -> web.Response:
        event = self._event(self._asked(request))
        if request.query.get("full") != "true":
            event.pop("entries")
        return web.json_response([event])

    async def _show_event_id(self, request: web.Request) -> web.Response:
        return web.json_response(
            {"groupId": self._by_event(request).issue_id, "event": self._event(self._by_event(request))}
        )

    def _event(self, incident: Incident) -> dict[str, Any]:
        return {**incident.event, "groupID": incident.issue_id, "dateCreated": _iso(self._last_seen(incident))}

    def _by_event(self, request: web.Request) -> Incident:
        wanted = request.match_info["event"]
        for incident in recorded_incidents():
            if incident.event["id"] == wanted:
                return incident
        raise web.HTTPNotFound

    # ---- counts -----------------------------------------------------------------------------------------------------

    async def _show_series(self, request: web.Request) -> web.Response:
        named = [
            part.removeprefix("issue:") for part in request.query.get("query", "").split() if part.startswith("issue:")
        ]
        incident = self._by_id.get(named[0].upper()) if named else None
        if incident is None:
            raise web.HTTPNotFound
        interval_s = int(request.query.get("interval", "3600"))
        buckets = self._buckets(incident, _hours(request.query.get("statsPeriod", "14d")), interval_s)
        values = [{"timestamp": at * 1000, "value": count, "incomplete": False} for at, count in buckets]
        series = {"yAxis": "count()", "values": values, "meta": {"interval": interval_s * 1000, "valueType": "integer"}}
        return web.json_response({"timeSeries": [series], "meta": {"dataset": "errors"}})

    def _buckets(self, incident: Incident, hours: int, interval_s: int) -> list[list[int]]:
        """[seconds, count] per interval over the last `hours`, oldest first, empty ones included."""
        end = int(self._now.timestamp())
        start = end - hours * 3600
        counts = dict.fromkeys(range(start - start % interval_s, end + 1, interval_s), 0)
        for position, count in enumerate(reversed(incident.story.hourly)):
            at = end - position * 3600
            if at >= start:
                counts[at - at % interval_s] += count
        return [[at, count] for at, count in counts.items()]

    async def _show_tag(self, request: web.Request) -> web.Response:
        incident, key = self._asked(request), request.match_info["key"]
        values = shares_of(incident, key)
        if not values:
            raise web.HTTPNotFound
        top = [{"value": value, "name": value, "count": count} for value, count in values]
        total = sum(count for _, count in values)
        return web.json_response(
            {"key": key, "name": key, "uniqueValues": len(values), "totalValues": total, "topValues": top}
        )

    async def _list_tag_values(self, request: web.Request) -> web.Response:
        values = shares_of(self._asked(request), request.match_info["key"])
        return web.json_response([{"value": value, "name": value, "count": count} for value, count in values])

    # ---- releases ---------------------------------------------------------------------------------------------------

    async def _show_release(self, request: web.Request) -> web.Response:
        story = self._shipped(request)
        shipped = _iso(self._shipped_at(story))
        return web.json_response(
            {
                "version": story.release,
                "dateCreated": shipped,
                "dateReleased": shipped,
                "commitCount": len(story.commits),
            }
        )

    async def _list_commits(self, request: web.Request) -> web.Response:
        story = self._shipped(request)
        return web.json_response([self._commit(story, commit) for commit in story.commits])

    async def _list_committers(self, request: web.Request) -> web.Response:
        story = self._by_event(request).story
        if not story.suspect:
            raise web.HTTPNotFound
        commit = self._commit(story, story.commits[0])
        return web.json_response({"committers": [{"author": commit["author"], "commits": [commit]}]})

    def _commit(self, story: Story, commit: tuple[str, str, str]) -> dict[str, Any]:
        created = _iso(self._shipped_at(story) - _HOUR)
        return {"id": commit[0], "message": commit[2], "author": {"name": commit[1]}, "dateCreated": created}

    def _shipped(self, request: web.Request) -> Story:
        for incident in recorded_incidents():
            if incident.story.release == request.match_info["version"]:
                return incident.story
        raise web.HTTPNotFound

    # ---- times ------------------------------------------------------------------------------------------------------

    def _shipped_at(self, story: Story) -> datetime:
        return self._now - story.shipped_h_ago * _HOUR

    def _first_seen(self, incident: Incident) -> datetime:
        busy = next(position for position, count in enumerate(incident.story.hourly) if count)
        return self._now - (len(incident.story.hourly) - busy) * _HOUR + timedelta(minutes=4)

    def _last_seen(self, incident: Incident) -> datetime:
        quiet = next(position for position, count in enumerate(reversed(incident.story.hourly)) if count)
        return self._now - quiet * _HOUR - timedelta(minutes=2)


def _hours(period: str) -> int:
    amount, unit = int(period[:-1]), period[-1]
    return amount * {"h": 1, "d": 24, "w": 168}.get(unit, 1)


def _iso(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
