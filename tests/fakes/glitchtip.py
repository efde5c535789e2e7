"""A compact GlitchTip over the recorded incidents; answers are shaped like those of the backend of December 2025."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from types import TracebackType
from typing import Any
from uuid import UUID

from aiohttp import web

from bot.demo.asked import place_of
from bot.demo.local_sentry import TOKEN
from bot.demo.recordings import Incident, recorded_incidents
from bot.demo.sentry_answers import SentryAnswers

SORTS = ("last_seen", "first_seen", "count", "priority")
_PAGE_WORDS = ("/issues", "/projects", "/releases", "/settings", "/performance")
FOREIGN_ID = "3"
"""An issue of the organization `other`, which the token's user belongs to as well."""


class GlitchTip:
    """Use as an async context manager. It has the organizations `acme` and `other`; `requests` are (method, path)."""

    def __init__(self) -> None:
        self.organization_slug, self.token, self.base_url = "acme", TOKEN, ""
        self.requests: list[tuple[str, str]] = []
        self.notes: list[tuple[str, str]] = []
        self.scopes = ["event:read", "event:write", "org:read", "project:read", "project:releases"]
        self._resolved: set[str] = set()
        self._by_id = {incident.issue_id: incident for incident in recorded_incidents()}

    async def __aenter__(self) -> GlitchTip:
        app = web.Application(middlewares=[self._answer_as_it_does])
        api, organization = "/api/0", "/api/0/organizations/{org:acme|other}"
        app.add_routes(
            [
                web.get(f"{api}/", self._root),
                web.get(f"{organization}/", self._organization),
                web.get(f"{organization}/issues/", self._list),
                web.put(f"{organization}/issues/{{issue:\\d+}}/", self._change),
                web.get(f"{organization}/issues-stats/", self._stats),
                web.get(f"{organization}/releases/{{version}}/", self._release),
                web.get(f"{api}/issues/{{issue:\\d+}}/", self._show),
                web.get(f"{api}/issues/{{issue:\\d+}}/events/{{event}}/", self._event),
                web.get(f"{api}/issues/{{issue:\\d+}}/tags/", self._tags),
                web.post(f"{api}/issues/{{issue:\\d+}}/comments/", self._comment),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.base_url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        self._answers = SentryAnswers(datetime.now(UTC).replace(microsecond=0), self.base_url)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    @web.middleware
    async def _answer_as_it_does(self, request: web.Request, handler: Any) -> web.StreamResponse:
        self.requests.append((request.method, request.path))
        if request.headers.get("Authorization") != f"Bearer {self.token}" and request.path != "/api/0/":
            return web.json_response({"detail": "Unauthorized"}, status=401)
        try:
            response: web.StreamResponse = await handler(request)
        except web.HTTPMethodNotAllowed:
            return web.Response(status=405, text="Method not allowed", content_type="text/html")
        except web.HTTPNotFound:
            if request.match_info.route.resource is None and any(word in request.path for word in _PAGE_WORDS):
                status = 200 if request.method == "GET" else 403
                return web.Response(status=status, text="<html>app</html>", content_type="text/html")
            return web.json_response({"detail": "Not Found"}, status=404)
        return response

    async def _root(self, request: web.Request) -> web.Response:
        auth = {"id": 1, "label": "bot", "scopes": self.scopes, "token": self.token, "created": "2026-11-28T03:53:52Z"}
        user = {"id": "1", "username": "a@example.org", "isSuperuser": False, "identities": []}
        return web.json_response({"version": "0", "user": user, "auth": auth})

    async def _organization(self, request: web.Request) -> web.Response:
        return web.json_response({"id": "1", "slug": request.match_info["org"], "name": "Acme"})

    async def _list(self, request: web.Request) -> web.Response:
        sort = request.query.get("sort", "-last_seen")
        if sort.removeprefix("-") not in SORTS:
            return _refused("query", "sort", f"Input should be {', '.join(SORTS)}")
        items = list(self._by_id.values()) if request.match_info["org"] == "acme" else []
        items.sort(key=self._answers.last_seen, reverse=True)
        if wanted := request.query.getall("id", []):
            items = [item for item in items if item.issue_id in wanted]
        if projects := request.query.getall("project", []):
            items = [item for item in items if "1" in projects]
        query = request.query.get("query", "")
        words = [word for word in query.split() if ":" not in word]
        items = [item for item in items if all(word.lower() in item.title.lower() for word in words)]
        if "is:unresolved" in query:
            items = [item for item in items if item.issue_id not in self._resolved]
        start, limit = place_of(request.query.get("cursor", "0:0:0")), int(request.query.get("limit", 50))
        more = start + limit < len(items)
        url = request.url.update_query(cursor=f"0:{start + limit}:0")
        link = {f'<{self.base_url}{url.path_qs}>; rel="next"; results="{str(more).lower()}"'}
        shown = [self._issue(item) for item in items[start : start + limit]]
        return web.json_response(shown, headers={"Link": str(link)})

    async def _show(self, request: web.Request) -> web.Response:
        if request.match_info["issue"] == FOREIGN_ID:
            project = {"id": "2", "slug": "bank", "name": "bank"}
            foreign = self._issue(next(iter(self._by_id.values())))
            return web.json_response(foreign | {"id": FOREIGN_ID, "shortId": "BANK-1", "project": project})
        return web.json_response(self._issue(self._asked(request)))

    async def _event(self, request: web.Request) -> web.Response:
        which = request.match_info["event"]
        incident = self._asked(request)
        if which != "latest":
            try:
                UUID(which)
            except ValueError:
                return _refused("path", "event_id", "Input should be a valid UUID")
            if which != incident.event["id"]:
                raise web.HTTPNotFound
        return web.json_response(_without_ids(self._answers.event(incident)))

    async def _tags(self, request: web.Request) -> web.Response:
        incident = self._asked(request)
        keys = dict.fromkeys([*(tag["key"] for tag in incident.event["tags"]), *incident.shares])
        tags = [tag for key in keys if (tag := self._answers.tag(incident, key))]
        users = {"key": "user.id", "name": "user.id", "uniqueValues": incident.issue["users"], "totalValues": 1}
        wanted = request.query.get("key")
        return web.json_response(
            [tag for tag in [*tags, users | {"topValues": []}] if not wanted or tag["key"] == wanted]
        )

    async def _stats(self, request: web.Request) -> web.Response:
        period = request.query.get("statsPeriod", "24h")
        hours, interval_s = (24, 3600) if period == "24h" else (14 * 24, 24 * 3600)
        found = [self._by_id[group] for group in request.query.getall("groups") if group in self._by_id]
        return web.json_response(
            [
                {
                    "id": item.issue_id,
                    "stats": {period: [pair for pair in self._answers.counts(item, hours, interval_s) if pair[1]]},
                }
                for item in found
            ]
        )

    async def _release(self, request: web.Request) -> web.Response:
        known = {item.release.version: item.release for item in self._by_id.values()}
        if request.match_info["version"] not in known:
            raise web.HTTPNotFound
        return web.json_response(self._answers.release(known[request.match_info["version"]]) | {"dateReleased": None})

    async def _change(self, request: web.Request) -> web.Response:
        incident = self._asked(request)
        resolved = (await request.json())["status"] == "resolved"
        (self._resolved.add if resolved else self._resolved.discard)(incident.issue_id)
        return web.json_response(self._issue(incident))

    async def _comment(self, request: web.Request) -> web.Response:
        body = await request.json()
        if not isinstance(body.get("data"), dict):
            return _refused("body", "data", "Field required")
        self.notes.append((self._asked(request).short_id, body["data"]["text"]))
        return web.json_response({"id": 1, "data": body["data"]}, status=201)

    def _asked(self, request: web.Request) -> Incident:
        incident = self._by_id.get(request.match_info["issue"])
        if incident is None:
            raise web.HTTPNotFound
        return incident

    def _issue(self, incident: Incident) -> dict[str, Any]:
        """An issue without what GlitchTip does not know: users, releases, handled, counts over time."""
        issue = self._answers.issue(incident, resolved=incident.issue_id in self._resolved)
        lacking = ("firstRelease", "lastRelease", "isUnhandled", "substatus", "issueCategory", "issueType")
        kept = {name: value for name, value in issue.items() if name not in lacking}
        permalink = f"{self.base_url}/shop/issues/{incident.issue_id}"
        return kept | {"userCount": 0, "stats": {"24h": []}, "permalink": permalink}


def _refused(*place: str) -> web.Response:
    """A 422 that names the parameter; the last of `place` is the complaint."""
    detail = [{"type": "literal_error", "loc": list(place[:-1]), "msg": place[-1]}]
    return web.json_response({"detail": detail}, status=422)


def _without_ids(event: dict[str, Any]) -> Any:
    """The event as GlitchTip's schema keeps it: its mechanism has no `exception_id`."""
    return json.loads(
        json.dumps(event),
        object_hook=lambda found: {name: value for name, value in found.items() if name != "exception_id"},
    )
