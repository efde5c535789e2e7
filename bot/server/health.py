"""What orchestrators ask: whether the process lives, and whether it can do its work."""

from __future__ import annotations

import time

from aiohttp import web

from bot.app.bootstrap import App
from core.domain.errors import LogSenseError, OperatorNeeded
from core.domain.system_errors import write_problem

_REMEMBERED_S = 5.0


class Health:
    """`/healthz` while the process answers at all; `/readyz` when database, disk and worker are fine."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._asked_at = 0.0
        self._answer: dict[str, str] = {}

    def routes(self) -> list[web.RouteDef]:
        """Both, as GET."""
        return [web.get("/healthz", self._alive), web.get("/readyz", self._ready)]

    async def _alive(self, request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def _ready(self, request: web.Request) -> web.Response:
        if time.monotonic() - self._asked_at > _REMEMBERED_S:
            self._answer = {"database": await self._database(), "disk": self._disk(), "work": self._work()}
            self._asked_at = time.monotonic()
        is_ready = set(self._answer.values()) == {"ok"}
        return web.json_response(self._answer, status=200 if is_ready else 503)

    async def _database(self) -> str:
        try:
            await self._app.stores.directory.organization_of(self._app.workspace)
        except OperatorNeeded as needed:
            # Whoever reaches this page may read it: paths are for the log.
            return needed.problem
        except LogSenseError as error:
            return str(error)
        return "ok"

    def _disk(self) -> str:
        """Whether the data directory takes a page: reading goes on when its disk is full."""
        needed = write_problem(self._app.directory.path)
        return needed.problem if needed else "ok"

    def _work(self) -> str:
        if self._app.tools is None:
            return "starting"
        trouble = self._app.worker.trouble if self._app.worker else None
        return f"waiting: {trouble.problem}" if trouble else "ok"
