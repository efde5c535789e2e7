"""A Sentry whose every event is hostile, and another one each time.

`python -m tests.benchmarks.hostile_sentry BYTES` serves it in a process of its own until standard input ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import sys
from collections.abc import AsyncIterator
from types import TracebackType

from aiohttp import web

REPEATED = ("sk-", " ", "password='", "a/", "http://a:", "a@", "at x (", 'File "', "\n  at a.b(c.js:1:1)", "Bearer ")
_VALUE_CHARS = 20_000


class HostileSentry:
    """Serves one issue, H-1, with events of `event_bytes` made of repeated short strings, while it is entered."""

    def __init__(self, event_bytes: int) -> None:
        self._values = event_bytes // _VALUE_CHARS
        self._numbers = itertools.count()
        application = web.Application()
        application.router.add_get("/api/0/", self._root)
        application.router.add_get("/api/0/organizations/globex/issues/H-1/", self._issue)
        application.router.add_get("/api/0/organizations/globex/issues/{id}/events/{event}/", self._event)
        self._runner = web.AppRunner(application)
        self.base_url = ""

    async def __aenter__(self) -> HostileSentry:
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.base_url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    async def _root(self, request: web.Request) -> web.Response:
        return web.json_response({"version": "0", "auth": {"scopes": ["event:read"]}, "user": None})

    async def _issue(self, request: web.Request) -> web.Response:
        return web.json_response({"id": "1", "shortId": "H-1", "title": "hostile", "project": {"id": "1", "slug": "h"}})

    async def _event(self, request: web.Request) -> web.Response:
        number = next(self._numbers)
        repeated = REPEATED[number % len(REPEATED)]
        value = json.dumps((repeated * _VALUE_CHARS)[:_VALUE_CHARS])
        values = ",".join([f'{{"type": "E{number}", "value": {value}}}'] * self._values)
        body = f'{{"eventID": "{number}", "exception": {{"values": [{values}]}}, "extra": {{"a": {value}}}}}'
        return web.Response(body=body.encode(), content_type="application/json")


@contextlib.asynccontextmanager
async def hostile_sentry(event_bytes: int) -> AsyncIterator[str]:
    """Serve it in a process of its own, so that making events takes nothing from who measures; yield its address."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.benchmarks.hostile_sentry", str(event_bytes)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin and process.stdout
    try:
        yield (await process.stdout.readline()).decode().strip()
    finally:
        process.stdin.close()
        await process.wait()


async def _serve(event_bytes: int) -> None:
    async with HostileSentry(event_bytes) as sentry:
        print(sentry.base_url, flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
