"""What stands before the replicas: the next that is up gets the request; Slack tries again when that fails."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp import web

_PASSED_ON = ("Content-Type", "X-Slack-Request-Timestamp", "X-Slack-Signature", "X-Slack-Retry-Num")
_WITHIN_S = 2.8
_AGAIN_AFTER_S = 4.0


class Front:
    """Passes events on, round robin; `addresses` says who can be reached now. Knows nothing of who is paused."""

    def __init__(self, addresses: Callable[[], Sequence[str]]) -> None:
        """Listens from `async with` on."""
        self.url = ""
        self.duplicated = 0
        self.refused = 0
        self._addresses = addresses
        self._turn = 0
        self._duplicates = 0
        self._later: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=2**22)
        app.router.add_post("/slack/events", self._receive)
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_WITHIN_S))
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._later:
            task.cancel()
        await asyncio.gather(*self._later, return_exceptions=True)
        await self._runner.cleanup()
        await self._session.close()

    def duplicate_next(self, times: int) -> None:
        """The next mentions come to two replicas at once, and again some seconds later."""
        self._duplicates += times

    async def _receive(self, request: web.Request) -> web.Response:
        body = await request.read()
        headers = {name: request.headers[name] for name in _PASSED_ON if name in request.headers}
        if self._duplicates and b'"app_mention"' in body:
            self._duplicates -= 1
            self.duplicated += 1
            self._start(self._pass_on(body, headers, after_s=_AGAIN_AFTER_S))
            self._start(self._pass_on(body, headers, after_s=0.0))
        status = await self._sent(body, headers)
        self.refused += status >= 500
        return web.Response(status=status)

    def _start(self, coroutine: object) -> None:
        assert asyncio.iscoroutine(coroutine)
        task = asyncio.create_task(coroutine)
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    async def _pass_on(self, body: bytes, headers: dict[str, str], *, after_s: float) -> None:
        await asyncio.sleep(after_s)
        await self._sent(body, headers)

    async def _sent(self, body: bytes, headers: dict[str, str]) -> int:
        addresses = self._addresses()
        if not addresses:
            return 503
        self._turn += 1
        url = f"{addresses[self._turn % len(addresses)]}/slack/events"
        try:
            async with self._session.post(url, data=body, headers=headers) as response:
                await response.read()
                return response.status
        except (TimeoutError, aiohttp.ClientError, OSError):
            return 502
