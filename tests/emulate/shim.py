"""Lets the real Slack SDK talk to `emulate`, which reads the arguments of its Web API from POST bodies alone."""

from __future__ import annotations

from types import TracebackType

import aiohttp
from aiohttp import web

_FORM = "application/x-www-form-urlencoded"
_PASSED_ON = ("authorization", "content-type", "cookie")


class Shim:
    """A proxy on loopback: API calls become POSTs with their query as the body, everything else passes as it is."""

    def __init__(self, upstream: str) -> None:
        self._upstream = upstream
        self.url = ""

    async def __aenter__(self) -> Shim:
        self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        app = web.Application(client_max_size=2**24)
        app.router.add_route("*", "/{path:.*}", self._pass_on)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()
        await self._session.close()

    async def _pass_on(self, request: web.Request) -> web.Response:
        body = await request.read()
        headers = {name: value for name, value in request.headers.items() if name.lower() in _PASSED_ON}
        is_call = request.path.startswith("/api/")
        if is_call and not body:
            body, headers["Content-Type"] = request.query_string.encode(), _FORM
        method, path = ("POST", request.path) if is_call else (request.method, request.path_qs)
        async with self._session.request(
            method, self._upstream + path, data=body or None, headers=headers, allow_redirects=False
        ) as answer:
            kept = {name: answer.headers[name] for name in ("Location", "Content-Type") if name in answer.headers}
            return web.Response(status=answer.status, body=await answer.read(), headers=kept)
