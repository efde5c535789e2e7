"""A local Sentry with two projects, one of which the token's user has not joined, read as sentry.io reads `project`."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web
from yarl import URL

from bot.demo.local_sentry import LocalSentry
from bot.demo.recordings import Incident

JOINED, OTHER = "1", "2"


class TwoProjects(LocalSentry):
    """The issues named in `elsewhere` belong to a project of another team.

    Without `project` only joined projects answer, with `-1` all that the token may read, else those that are named.
    """

    def __init__(self, *elsewhere: str) -> None:
        """Nothing listens yet."""
        super().__init__()
        self._elsewhere = frozenset(elsewhere)

    def projects_sent(self, path: str) -> list[str | None]:
        """The `project` of every request to a path that ends so; None where it had none."""
        asked = (URL(query) for _, query in self.heard)
        return [url.query.get("project") for url in asked if url.path.endswith(path)]

    def _issue(self, incident: Incident) -> dict[str, Any]:
        shown = super()._issue(incident)
        if incident.short_id in self._elsewhere:
            shown["project"] |= {"id": OTHER, "slug": "billing", "name": "Billing"}
        return shown

    async def _list_issues(self, request: web.Request) -> web.Response:
        answer = await super()._list_issues(request)
        shown = [item for item in json.loads(answer.text or "[]") if _reads(request, item["project"]["id"])]
        return web.json_response(shown)

    async def _show_series(self, request: web.Request) -> web.Response:
        answer = await super()._show_series(request)
        if _reads(request, self._issue(self._queried(request))["project"]["id"]):
            return answer
        body = json.loads(answer.text or "{}")
        for series in body["timeSeries"]:
            for point in series["values"]:
                point["value"] = 0
        return web.json_response(body)


def _reads(request: web.Request, project: str) -> bool:
    asked = request.query.getall("project", [])
    return "-1" in asked or project in (asked or [JOINED])
