"""A local Sentry: serves the recorded incidents at Sentry's own paths, so that the production path has a real peer.

It keeps what was resolved and noted in memory, checks the token, pages lists, states rate limits, and can be told to
misbehave. Times are kept as offsets and served relative to its start.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, TypeVar

from aiohttp import web

from bot.demo.asked import answers_query, body_of, hours, moment, place_of, whole
from bot.demo.recordings import Incident, Release, recorded_incidents
from bot.demo.sentry_answers import ORGANIZATION, PROJECT, SentryAnswers
from bot.demo.surroundings import listed_releases, platform_incidents

__all__ = ["ORGANIZATION", "PROJECT", "TOKEN", "Fault", "LocalSentry", "recorded_incidents"]

TOKEN = "sntryu_" + "d3m0" * 16
SCOPES = ("event:read", "event:write", "org:read", "project:read", "project:releases")
_T = TypeVar("_T")
_RATE_LIMIT = 40
_MAX_PAGE = 100
_REASONS = {
    403: "You do not have permission to perform this action.",
    404: "The requested resource does not exist",
    405: "Method not allowed",
    429: f"You are attempting to use this endpoint too frequently. Limit is {_RATE_LIMIT} requests in 1 seconds",
}


@dataclass(slots=True)
class Fault:
    """How the next `times` requests whose path contains `path` go wrong: a status, `hang`, `drop` or `html`.

    A 429 tells to wait one second unless `headers` say otherwise.
    """

    path: str
    kind: int | str
    times: int = 1
    headers: Mapping[str, str] = field(default_factory=dict)


class LocalSentry:
    """Use as an async context manager; port 0 takes a free one.

    `requests` are the (method, path) seen, `heard` when (seconds since 1970) each came, with its query, and `notes` the
    (short id, text) left; `scopes` of the token may be changed and `faults` added to at any time.
    """

    def __init__(self, port: int = 0, *, faults: list[Fault] | None = None, also: Iterable[Incident] = ()) -> None:
        """Nothing listens yet; incidents `also` given are served by their ids, and not listed."""
        self.organization_slug = ORGANIZATION
        self.token = TOKEN
        self.base_url = ""
        self.requests: list[tuple[str, str]] = []
        self.heard: list[tuple[float, str]] = []
        self.faults = faults if faults is not None else []
        self.notes: list[tuple[str, str]] = []
        self.scopes: tuple[str, ...] = SCOPES
        self._port = port
        self._resolved: set[str] = set()
        self._answers = SentryAnswers(datetime.now(UTC).replace(microsecond=0), "")
        served = (*recorded_incidents(), *platform_incidents(), *also)
        self._by_id = {name: item for item in served for name in (item.issue_id, item.short_id)}
        self._by_event = {str(item.event["id"]): item for item in recorded_incidents()}
        self._releases = {item.release.version: item.release for item in recorded_incidents()}
        self._closing = asyncio.Event()
        self._held: list[tuple[str, asyncio.Event]] = []
        self._runner: web.AppRunner | None = None

    @contextlib.contextmanager
    def held(self, path: str) -> Iterator[None]:
        """Requests whose path contains `path` are answered when the block ends."""
        held = (path, asyncio.Event())
        self._held.append(held)
        try:
            yield
        finally:
            self._held.remove(held)
            held[1].set()

    def incidents(self) -> tuple[tuple[str, str], ...]:
        """What it serves, as (short id, title)."""
        return tuple((incident.short_id, incident.title) for incident in recorded_incidents())

    async def __aenter__(self) -> LocalSentry:
        app = web.Application(middlewares=[self._guard])
        app.add_routes(self._routes())
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=2.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        self.base_url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        self._answers = SentryAnswers(datetime.now(UTC).replace(microsecond=0), self.base_url)
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
            web.get("/api/0/", self._show_token),
            web.get(f"{organization}/", self._show_organization),
            web.get(f"{organization}/issues/", self._list_issues),
            web.get(f"{organization}/shortids/{{issue}}/", self._show_short_id),
            web.get(f"{organization}/eventids/{{event}}/", self._show_event_id),
            web.get(f"{organization}/events/", self._show_totals),
            web.get(f"{organization}/events-timeseries/", self._show_series),
            web.get(f"{organization}/releases/", self._list_releases),
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
                web.get(f"{prefix}/tags/", self._list_tags),
                web.get(f"{prefix}/tags/{{key}}/", self._show_tag),
                web.get(f"{prefix}/tags/{{key}}/values/", self._list_tag_values),
                web.get(f"{prefix}/hashes/", self._list_hashes),
                web.post(f"{prefix}/notes/", self._add_note),
            ]
        return routes

    async def _show_token(self, request: web.Request) -> web.Response:
        return web.json_response({"version": "0", "auth": {"scopes": list(self.scopes)}, "user": None})

    @web.middleware
    async def _guard(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Every request is remembered, authorised, perhaps failed, and told its rate limit."""
        self.requests.append((request.method, request.path))
        self.heard.append((time.time(), request.path_qs))
        for path, released in list(self._held):
            if path in request.path:
                await released.wait()
        response: web.StreamResponse
        if (given := request.headers.get("Authorization")) != f"Bearer {self.token}":
            detail = "Invalid token" if given else "Authentication credentials were not provided."
            response = web.json_response({"detail": detail}, status=401)
        elif fault := self._due_fault(request.path):
            response = await self._misbehave(fault, request)
        else:
            try:
                response = await handler(request)
            except web.HTTPException as refusal:
                detail = _REASONS.get(refusal.status, refusal.reason)
                response = web.json_response({"detail": detail}, status=refusal.status)
        remaining = 0 if response.status == 429 else _RATE_LIMIT - 1
        response.headers.setdefault("X-Sentry-Rate-Limit-Limit", str(_RATE_LIMIT))
        response.headers.setdefault("X-Sentry-Rate-Limit-Remaining", str(remaining))
        response.headers.setdefault("X-Sentry-Rate-Limit-Reset", str(int(time.time()) + 1))
        response.headers.setdefault("X-Sentry-Rate-Limit-ConcurrentLimit", "25")
        response.headers.setdefault("X-Sentry-Rate-Limit-ConcurrentRemaining", "24")
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
                detail = _REASONS.get(status, "Internal Error")
                return web.json_response({"detail": detail}, status=status, headers=dict(fault.headers))
        return web.Response(status=500)

    # ---- issues -----------------------------------------------------------------------------------------------------

    async def _show_organization(self, request: web.Request) -> web.Response:
        return web.json_response(self._answers.organization())

    async def _list_issues(self, request: web.Request) -> web.Response:
        words = request.query.get("query", "is:unresolved").lower().split()
        everywhere = platform_incidents() if request.query.get("project") == "-1" else ()
        listed = [incident for incident in (*recorded_incidents(), *everywhere) if self._matches(incident, words)]
        listed.sort(key=self._answers.last_seen, reverse=True)
        return self._page(request, listed, self._issue)

    def _matches(self, incident: Incident, words: list[str]) -> bool:
        return answers_query(incident, words, is_resolved=incident.issue_id in self._resolved)

    async def _show_issue(self, request: web.Request) -> web.Response:
        return web.json_response(self._issue(self._asked(request)))

    async def _change_issue(self, request: web.Request) -> web.Response:
        incident = self._asked(request)
        match (await body_of(request)).get("status"):
            case "resolved" | "resolvedInNextRelease":
                self._resolved.add(incident.issue_id)
            case "unresolved":
                self._resolved.discard(incident.issue_id)
            case None:
                pass
            case _:
                return web.json_response({"status": ["Invalid status."]}, status=400)
        return web.json_response(self._issue(incident))

    async def _add_note(self, request: web.Request) -> web.Response:
        incident, text = self._asked(request), (await body_of(request)).get("text")
        if not text:
            return web.json_response({"text": ["This field is required."]}, status=400)
        self.notes.append((incident.short_id, str(text)))
        note = {"id": str(len(self.notes)), "type": "note", "data": {"text": str(text)}}
        return web.json_response(note, status=201)

    async def _show_short_id(self, request: web.Request) -> web.Response:
        incident = self._asked(request)
        found = {"organizationSlug": ORGANIZATION, "projectSlug": PROJECT, "groupId": incident.issue_id}
        return web.json_response(found | {"group": self._issue(incident), "shortId": incident.short_id})

    def _issue(self, incident: Incident) -> dict[str, Any]:
        return self._answers.issue(incident, resolved=incident.issue_id in self._resolved)

    def _asked(self, request: web.Request) -> Incident:
        return _found(self._by_id.get(request.match_info["issue"].upper()))

    # ---- events -----------------------------------------------------------------------------------------------------

    async def _show_event(self, request: web.Request) -> web.Response:
        incident, which = self._asked(request), request.match_info["which"]
        if which not in ("latest", "recommended", "oldest", incident.event["id"]):
            raise web.HTTPNotFound
        return web.json_response(self._answers.event(incident))

    async def _list_events(self, request: web.Request) -> web.Response:
        """The recorded event alone, unless so many are asked for; short unless asked for in full."""
        heavy = () if request.query.get("full") == "true" else ("entries", "contexts", "occurrence")
        events = self._answers.events(self._asked(request), min(_MAX_PAGE, whole(request, "per_page", 1)))
        return self._page(request, events, lambda event: {k: v for k, v in event.items() if k not in heavy})

    async def _show_event_id(self, request: web.Request) -> web.Response:
        incident = self._of_event(request)
        found = {"organizationSlug": ORGANIZATION, "projectSlug": PROJECT, "groupId": incident.issue_id}
        return web.json_response(
            found | {"eventId": incident.event["id"], "event": self._answers.event(incident)},
        )

    async def _list_hashes(self, request: web.Request) -> web.Response:
        return self._page(request, self._answers.hashes(self._asked(request)), dict)

    def _of_event(self, request: web.Request) -> Incident:
        return _found(self._by_event.get(request.match_info["event"]))

    # ---- counts -----------------------------------------------------------------------------------------------------

    async def _show_series(self, request: web.Request) -> web.Response:
        period_h, interval_s = hours(request.query.get("statsPeriod", "14d")), whole(request, "interval", 3600)
        return web.json_response(self._answers.series(self._queried(request), period_h, interval_s))

    async def _show_totals(self, request: web.Request) -> web.Response:
        """The totals of one issue; or, of transactions, how many requests have each combination of tags."""
        fields = request.query.getall("field", [])
        if request.query.get("dataset") != "transactions":
            return web.json_response(self._answers.totals(self._queried(request), fields))
        moment(request, "start"), moment(request, "end")
        named = re.search(r'transaction:"([^"]*)"', request.query.get("query", ""))
        asked = [one for one in recorded_incidents() if not named or one.event["culprit"] == named[1]]
        return web.json_response(self._answers.traffic(asked, fields))

    def _queried(self, request: web.Request) -> Incident:
        """The issue that a search such as `issue:SHOP-1` names."""
        words = request.query.get("query", "").split()
        named = [word.removeprefix("issue:").upper() for word in words if word.startswith("issue:")]
        return _found(self._by_id.get(named[0]) if named else None)

    async def _show_tag(self, request: web.Request) -> web.Response:
        return web.json_response(_found(self._answers.tag(self._asked(request), request.match_info["key"])))

    async def _list_tags(self, request: web.Request) -> web.Response:
        named = (self._answers.tag(self._asked(request), key) for key in request.query.getall("key", []))
        return web.json_response([tag for tag in named if tag])

    async def _list_tag_values(self, request: web.Request) -> web.Response:
        return self._page(request, self._answers.tag_values(self._asked(request), request.match_info["key"]), dict)

    # ---- releases ---------------------------------------------------------------------------------------------------

    async def _list_releases(self, request: web.Request) -> web.Response:
        """Every release, those before the recorded ones too; `per_page` and `cursor` divide the list."""
        return self._page(request, listed_releases(self._releases.values()), self._answers.listed_release)

    async def _show_release(self, request: web.Request) -> web.Response:
        return web.json_response(self._answers.release(self._shipped(request)))

    async def _list_commits(self, request: web.Request) -> web.Response:
        return self._page(request, self._answers.commits(self._shipped(request)), dict)

    async def _list_committers(self, request: web.Request) -> web.Response:
        return web.json_response(_found(self._answers.committers(self._of_event(request))))

    def _shipped(self, request: web.Request) -> Release:
        return _found(self._releases.get(request.match_info["version"]))

    # ---- pages ------------------------------------------------------------------------------------------------------

    def _page(self, request: web.Request, items: Sequence[_T], shown: Callable[[_T], Any]) -> web.Response:
        """One page of a list, with the links to its neighbours in Sentry's form."""
        asked = whole(request, "limit", whole(request, "per_page", 25))
        limit = min(asked, _MAX_PAGE)
        start = place_of(request.query.get("cursor", "0:0:0"))
        neighbours = (
            ("previous", max(0, start - limit), start > 0),
            ("next", start + limit, start + limit < len(items)),
        )
        links = []
        for name, position, has_results in neighbours:
            cursor = f"0:{position}:{int(name == 'previous')}"
            url = f"{self.base_url}{request.path}?{request.rel_url.update_query(cursor=cursor).query_string}"
            links.append(f'<{url}>; rel="{name}"; results="{str(has_results).lower()}"; cursor="{cursor}"')
        headers = {"Link": ", ".join(links), "X-Hits": str(len(items)), "X-Max-Hits": "1000"}
        return web.json_response([shown(item) for item in items[start : start + limit]], headers=headers)


def _found(thing: _T | None) -> _T:
    if thing is None:
        raise web.HTTPNotFound
    return thing
