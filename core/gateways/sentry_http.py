"""GET, PUT and POST to one Sentry: authorised, bounded, retried where that is safe, errors as sentences."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from core.domain.errors import AccessDenied, NotFound, RateLimited, Refusal, ServiceUnavailable
from core.domain.tenancy import SentryConnection
from core.gateways.guarded_http import check_url

SERVICE = "Sentry"
MAX_BODY_BYTES = 10 * 1024 * 1024
MAX_WAIT_S = 10.0
_TRIES = 3
_IN_FLIGHT = 3


@dataclass(frozen=True, slots=True)
class Reply:
    """A decoded JSON body and its headers."""

    body: Any
    headers: Mapping[str, str]


class SentryHttp:
    """Requests to the connection's own host, or to its region; the token goes nowhere else."""

    def __init__(
        self, connection: SentryConnection, session: aiohttp.ClientSession, allowed_hosts: frozenset[str]
    ) -> None:
        """At most three requests of this instance are under way at once."""
        self._connection = connection
        self._session = session
        self._allowed_hosts = allowed_hosts
        self._slots = asyncio.Semaphore(_IN_FLIGHT)
        self.host = urlsplit(connection.base_url).netloc

    async def get(self, path: str, *, base_url: str | None = None, **query: str | int | list[str]) -> Reply:
        """The reply to a GET; failures that may pass are tried again.

        Raises:
            NotFound, AccessDenied, RateLimited, ServiceUnavailable, Refusal
        """
        for attempt in range(1, _TRIES + 1):
            try:
                return await self._send("GET", path, base_url, params=_parameters(query))
            except ServiceUnavailable:
                if attempt == _TRIES:
                    raise
                await asyncio.sleep(0.2 * 2**attempt * random.uniform(0.5, 1.0))
            except RateLimited as limit:
                if attempt == _TRIES or limit.retry_after_s > MAX_WAIT_S:
                    raise
                await asyncio.sleep(limit.retry_after_s)
        raise AssertionError("the loop returns or raises")

    async def write(self, method: str, path: str, body: Mapping[str, Any], *, base_url: str | None = None) -> Reply:
        """The reply to a PUT or POST; never tried again, since it may have been done."""
        return await self._send(method, path, base_url, json=body)

    async def _send(self, method: str, path: str, base_url: str | None, **options: Any) -> Reply:
        base = check_url(base_url or self._connection.base_url, self._allowed_hosts)
        headers = {"Authorization": f"Bearer {self._connection.token}", "Accept": "application/json"}
        try:
            async with (
                self._slots,
                self._session.request(
                    method, f"{base}/api/0/{path}", headers=headers, allow_redirects=False, **options
                ) as response,
            ):
                return await self._reply(response, path)
        except TimeoutError:
            raise ServiceUnavailable(SERVICE, f"Sentry at {self.host} did not answer in time. Try again.") from None
        except aiohttp.ClientError:
            raise ServiceUnavailable(
                SERVICE, f"Sentry at {self.host} cannot be reached. Check SENTRY_URL, and whether it is up."
            ) from None

    async def _reply(self, response: aiohttp.ClientResponse, path: str) -> Reply:
        self._raise_for_status(response, path)
        if "json" not in response.headers.get("Content-Type", ""):
            raise ServiceUnavailable(
                SERVICE,
                f"{self.host} did not answer as Sentry's API does. Check that SENTRY_URL is Sentry's own address.",
            )
        raw = await response.content.read(MAX_BODY_BYTES + 1)
        while len(raw) <= MAX_BODY_BYTES and not response.content.at_eof():
            raw += await response.content.read(MAX_BODY_BYTES + 1 - len(raw))
        if len(raw) > MAX_BODY_BYTES:
            raise ServiceUnavailable(SERVICE, f"Sentry's answer is larger than {MAX_BODY_BYTES >> 20} MiB.")
        try:
            return Reply(json.loads(raw) if raw.strip() else None, response.headers)
        except (ValueError, RecursionError):
            raise ServiceUnavailable(SERVICE, f"Sentry at {self.host} sent an answer that is not JSON.") from None

    def _raise_for_status(self, response: aiohttp.ClientResponse, path: str) -> None:
        match response.status:
            case 200 | 201 | 202 | 204:
                return
            case 401:
                raise AccessDenied(
                    SERVICE, f"Sentry at {self.host} refused the token. Set SENTRY_TOKEN to a valid one."
                )
            case 403:
                raise AccessDenied(
                    SERVICE,
                    f"The Sentry token may not do this. It needs the scopes {_scopes_for(response.method, path)}.",
                )
            case 404:
                raise NotFound(f"Sentry has nothing at {path}.")
            case 429:
                wait_s = _wait_s(response.headers)
                text = f"Sentry asks LogSense to wait {wait_s:.0f} s: its rate limit is reached."
                raise RateLimited(SERVICE, text, retry_after_s=wait_s)
            case status if 300 <= status < 400:
                raise ServiceUnavailable(
                    SERVICE,
                    f"{self.host} redirects elsewhere, which is not followed. Set SENTRY_URL to the final address.",
                )
            case status if status >= 500:
                raise ServiceUnavailable(SERVICE, f"Sentry at {self.host} failed (HTTP {status}). Try again.")
            case status:
                raise Refusal(f"Sentry did not accept the request (HTTP {status}).")


def _parameters(query: Mapping[str, str | int | list[str]]) -> list[tuple[str, str]]:
    return [
        (name, str(item)) for name, value in query.items() for item in (value if isinstance(value, list) else [value])
    ]


def _scopes_for(method: str, path: str) -> str:
    if method != "GET":
        return "event:write"
    return "project:releases" if "releases/" in path else "event:read, org:read and project:read"


def _wait_s(headers: Mapping[str, str]) -> float:
    """How long Sentry wants us to wait: until its window resets, or as `Retry-After` says."""
    try:
        if reset := headers.get("X-Sentry-Rate-Limit-Reset"):
            return max(0.1, float(reset) - time.time())
        return max(0.1, float(headers.get("Retry-After", "1")))
    except ValueError:
        return 1.0
