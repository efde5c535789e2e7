"""Brings events and interactions to the app, over signed HTTP or a socket, with the faults a test asks for."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import aiohttp

from tests.fakes.slack.socket_mode import Sockets
from tests.fakes.slack.state import Json, Message

FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Answer:
    """What the app said to one delivery; `failure` says why there is no status: http_timeout, connection_failed."""

    status: int | None
    body: str = ""
    failure: str | None = None

    @property
    def is_ok(self) -> bool:
        """Whether Slack is content."""
        return self.status is not None and 200 <= self.status < 300

    def json(self) -> Any:
        """The body, read."""
        return json.loads(self.body)


@dataclass
class Outcome:
    """What became of something that a person did; `answers` and `responses` may still grow."""

    answers: list[Answer] = field(default_factory=list)
    message: Message | None = None
    trigger_id: str | None = None
    event_ids: list[str] = field(default_factory=list)
    responses: list[Json] = field(default_factory=list)
    """What the app answered a command with: at once, and later at its response_url."""
    view_errors: dict[str, str] = field(default_factory=dict)
    """What the app found wrong in a form."""

    @property
    def status(self) -> int | None:
        """The last answer's status; None when nothing was delivered or nothing answered."""
        return self.answers[-1].status if self.answers else None

    @property
    def body(self) -> str:
        """The last answer's body."""
        return self.answers[-1].body if self.answers else ""


class Delivery:
    """`events_url` may be set any time; while a socket is connected everything goes there instead, as in Slack."""

    def __init__(
        self, sockets: Sockets, signing_secret: str, *, answer_within_s: float, retry_waits_s: Sequence[float]
    ) -> None:
        self.events_url: str | None = None
        self._sockets = sockets
        self._secret = signing_secret
        self._within_s = answer_within_s
        self._retry_waits_s = tuple(retry_waits_s)
        self._session: aiohttp.ClientSession | None = None
        self._under_way: set[asyncio.Task[None]] = set()
        self._held: list[Callable[[], Coroutine[Any, Any, None]]] | None = None
        self._duplicates = 0
        self._delays: list[float] = []

    @property
    def session(self) -> aiohttp.ClientSession:
        """The connections to the app."""
        if self._session is None:
            self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        return self._session

    # ---- faults -----------------------------------------------------------------------------------------------------

    def duplicate_next(self, times: int = 1) -> None:
        """The next deliveries come twice each, with the same ids and no sign that one is a copy."""
        self._duplicates += times

    def delay_next(self, seconds: float, times: int = 1) -> None:
        """The next deliveries come so much later; who caused them does not wait for them."""
        self._delays += [seconds] * times

    @asynccontextmanager
    async def reordered(self) -> AsyncIterator[None]:
        """What is delivered meanwhile comes at the end, the last first."""
        held = self._held = []
        try:
            yield
        finally:
            self._held = None
            for deliver in reversed(held):
                await deliver()

    # ---- delivering -------------------------------------------------------------------------------------------------

    async def event(self, body: Json, outcome: Outcome) -> None:
        """The event was delivered, again where the app did not take it; answers are in the outcome."""
        outcome.event_ids.append(str(body["event_id"]))
        await self._schedule(lambda: self._with_retries(body, outcome))

    async def challenge(self, body: Json, outcome: Outcome) -> None:
        """The app was asked, once, whether the address is its own."""
        outcome.answers.append(await self._send("events_api", body, json.dumps(body), "application/json"))

    async def interaction(self, kind: str, payload: Json, outcome: Outcome) -> None:
        """The command (`slash_commands`) or other act (`interactive`) was delivered; Slack never retries those."""
        form = payload if kind == "slash_commands" else {"payload": json.dumps(payload)}

        async def once() -> None:
            outcome.answers.append(await self._send(kind, payload, urlencode(form), FORM))

        await self._schedule(once)

    def start(self, delivering: Coroutine[Any, Any, None]) -> None:
        """Delivers in the background."""
        task = asyncio.create_task(delivering)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def settle(self) -> None:
        """Every delivery that is under way, and what they cause, was answered."""
        while self._under_way:
            await asyncio.gather(*self._under_way)

    async def close(self) -> None:
        """Nothing is delivered any more."""
        for task in list(self._under_way):
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    async def _schedule(self, deliver: Callable[[], Coroutine[Any, Any, None]]) -> None:
        if self.events_url is None and not self._sockets.opened:
            return
        copies = 1
        if self._duplicates:
            self._duplicates -= 1
            copies = 2

        async def all_copies() -> None:
            for _ in range(copies):
                await deliver()

        if self._held is not None:
            self._held.append(all_copies)
        elif self._delays:
            self.start(_later(self._delays.pop(0), all_copies))
        else:
            await all_copies()

    async def _with_retries(self, body: Json, outcome: Outcome) -> None:
        text, reason = json.dumps(body), ""
        for attempt, wait_s in enumerate((0.0, *self._retry_waits_s)):
            await asyncio.sleep(wait_s)
            headers = {"X-Slack-Retry-Num": str(attempt), "X-Slack-Retry-Reason": reason} if attempt else {}
            answer = await self._send(
                "events_api", body, text, "application/json", headers=headers, attempt=attempt, reason=reason
            )
            outcome.answers.append(answer)
            if answer.is_ok:
                return
            reason = answer.failure or "http_error"

    async def _send(
        self,
        kind: str,
        payload: Json,
        text: str,
        content_type: str,
        *,
        headers: dict[str, str] | None = None,
        attempt: int = 0,
        reason: str = "",
    ) -> Answer:
        try:
            if self._sockets.is_connected:
                body = await self._sockets.send(
                    kind, payload, attempt=attempt, reason=reason.removeprefix("http_"), within_s=self._within_s
                )
                return Answer(200, body if isinstance(body, str) else json.dumps(body))
            return await self._post(text, {"Content-Type": content_type, **(headers or {})})
        except TimeoutError:
            return Answer(None, failure="http_timeout")
        except (OSError, aiohttp.ClientError):
            return Answer(None, failure="connection_failed")

    def signed(self, body: str, timestamp: str | None = None) -> dict[str, str]:
        """The headers that prove a body to come from Slack, for a test that sends one itself."""
        timestamp = timestamp or str(int(time.time()))
        basis = f"v0:{timestamp}:{body}".encode()
        signature = "v0=" + hmac.new(self._secret.encode(), basis, hashlib.sha256).hexdigest()
        return {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": signature}

    async def _post(self, text: str, headers: dict[str, str]) -> Answer:
        if self.events_url is None:
            raise ConnectionError("the app has no address")
        headers |= self.signed(text)
        timeout = aiohttp.ClientTimeout(total=self._within_s)
        async with self.session.post(self.events_url, data=text.encode(), headers=headers, timeout=timeout) as response:
            return Answer(response.status, await response.text())


async def _later(seconds: float, deliver: Callable[[], Coroutine[Any, Any, None]]) -> None:
    await asyncio.sleep(seconds)
    await deliver()
