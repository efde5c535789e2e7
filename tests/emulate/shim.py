"""Between the Slack SDK and emulate, where emulate differs from Slack in ways that are not worth a test.

The SDK sends the arguments of reading methods in the query of a GET, as Slack allows; emulate reads them from the body
of a POST alone. For a method that it does not serve, emulate answers 404 in a form of its own, Slack `unknown_method`.
Everything else passes as it is, and no answer of emulate's is changed.
"""

from __future__ import annotations

from collections import Counter
from types import TracebackType

import aiohttp
from aiohttp import web

_FORM = "application/x-www-form-urlencoded"
_PASSED_ON = ("Authorization", "Content-Type")
_PASSED_BACK = ("Content-Type", "Location")
_MOST_BYTES = 2**26


class Shim:
    """Listens on loopback while entered, and needs `upstream` (emulate's own address) from the first request on.

    `calls` counts the Web API methods that were called, `unserved` are those among them that emulate does not know.
    """

    def __init__(self) -> None:
        self.upstream = ""
        self.url = ""
        self.calls: Counter[str] = Counter()
        self.unserved: set[str] = set()

    async def __aenter__(self) -> Shim:
        # Node closes idle connections without a word, so none is used twice.
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True))
        app = web.Application(client_max_size=_MOST_BYTES)
        app.router.add_route("*", "/api/{method}", self._call)
        app.router.add_route("*", "/{path:.*}", self._pass)
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

    async def _call(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        self.calls[method] += 1
        body, headers = await request.read(), _kept(request)
        if request.query_string and not body:
            body, headers["Content-Type"] = request.query_string.encode(), _FORM
        answer = await self._ask("POST", request.path, body, headers)
        if answer.status != 404:
            return answer
        self.unserved.add(method)
        return web.json_response({"ok": False, "error": "unknown_method"})

    async def _pass(self, request: web.Request) -> web.Response:
        return await self._ask(request.method, request.path_qs, await request.read(), _kept(request))

    async def _ask(self, verb: str, path: str, body: bytes, headers: dict[str, str]) -> web.Response:
        asked = self._session.request(
            verb, self.upstream + path, data=body or None, headers=headers, allow_redirects=False
        )
        async with asked as answer:
            kept = {name: answer.headers[name] for name in _PASSED_BACK if name in answer.headers}
            return web.Response(status=answer.status, body=await answer.read(), headers=kept)


def _kept(request: web.Request) -> dict[str, str]:
    return {name: request.headers[name] for name in _PASSED_ON if name in request.headers}
