"""GET, PUT and POST to one Sentry: authorised, bounded, retried where that is safe, errors as sentences.

What a status means differs between servers: the dialect says which ones mean that a path is not there.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from core.domain.errors import AccessDenied, LogSenseError, NotFound, RateLimited, Refusal, ServiceUnavailable
from core.domain.tenancy import SentryConnection
from core.gateways.http.guarded import check_url
from core.gateways.sentry.dialects import SENTRY, Dialect
from core.gateways.sentry.values import mapping, string

SERVICE = "Sentry"
MAX_BODY_BYTES = 2 * 1024 * 1024
"""Of what is decoded here, while the event loop waits: 100 issues with all their fields have about 300 KiB."""
MAX_EVENT_BODY_BYTES = 10 * 1024 * 1024
MAX_WAIT_S = 10.0
_TRIES = 3
_IN_FLIGHT = 3
_REASON_CHARS = 200
_MAX_REASON_BYTES = 64 * 1024
_LOGIN = re.compile(r"(?i)/(?:[\w-]*(?:login|log-in|signin|sign-in|sso|auth|oauth2?))\b")
_SECRET = re.compile(r"(?i)bearer\s+\S+|\b[A-Za-z0-9_+/=-]{24,}")

outages: ContextVar[list[str] | None] = ContextVar("outages", default=None)
"""Collects, for one tool call, that the server went away: the caller may wait and call again."""


class ParameterRefused(Refusal):
    """The server did not accept a parameter (HTTP 400 or 422); the text quotes its reason."""


class WrongAddress(ServiceUnavailable):
    """Something answers at the address, but not Sentry's API."""


class ServerDown(ServiceUnavailable):
    """Nothing answers, or a proxy says that nobody does: the server may be restarting."""


@dataclass(slots=True)
class ServerState:
    """What is known of one connection's server, "no" included; `absent` are kinds of paths that it lacks."""

    dialect: Dialect = SENTRY
    is_recognized: bool = False
    has_proved_dialect: bool = False
    has_answered: bool = False
    region_url: str | None = None
    is_region_known: bool = False
    scopes: tuple[str, ...] | None = None
    public_origin: str | None = None
    is_public_origin_known: bool = False
    absent: set[str] = field(default_factory=set)
    learning: asyncio.Lock = field(default_factory=asyncio.Lock)
    learning_origin: asyncio.Lock = field(default_factory=asyncio.Lock)
    slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_IN_FLIGHT))


@dataclass(frozen=True, slots=True)
class Reply:
    """A decoded JSON body and its headers."""

    body: Any
    headers: Mapping[str, str]


class SentryHttp:
    """Requests to the connection's own host, or to its region; the token goes nowhere else."""

    def __init__(
        self,
        connection: SentryConnection,
        session: aiohttp.ClientSession,
        allowed_hosts: frozenset[str],
        state: ServerState | None = None,
    ) -> None:
        """At most three requests of those that share `state` are under way at once."""
        self.state = state or ServerState()
        self._connection = connection
        self._session = session
        self._allowed_hosts = allowed_hosts
        self.host = urlsplit(connection.base_url).netloc

    async def get(self, path: str, *, base_url: str | None = None, **query: str | int | list[str]) -> Reply:
        """The reply to a GET; failures that may pass are tried again.

        Raises:
            NotFound, AccessDenied, RateLimited, ServiceUnavailable, Refusal
        """
        return await self._get(path, base_url, json.loads, params=_parameters(query))

    async def get_raw(self, path: str, *, base_url: str | None = None) -> Reply:
        """The same with the bytes of the body, which may be larger, since nothing here decodes it."""
        return await self._get(path, base_url, bytes)

    async def _get(self, path: str, base_url: str | None, decode: Callable[[bytes], Any], **options: Any) -> Reply:
        for attempt in range(1, _TRIES + 1):
            try:
                return await self._send("GET", path, base_url, decode, **options)
            except WrongAddress:
                raise
            except ServiceUnavailable as failure:
                if attempt == _TRIES:
                    self._note_outage(failure)
                    raise
                await asyncio.sleep(0.2 * 2**attempt * random.uniform(0.5, 1.0))
            except RateLimited as limit:
                if attempt == _TRIES or limit.retry_after_s > MAX_WAIT_S:
                    raise
                await asyncio.sleep(limit.retry_after_s)
        raise AssertionError("the loop returns or raises")

    def _note_outage(self, failure: ServiceUnavailable) -> None:
        """Only a server that answered before is waited for: of another, the address may be wrong."""
        noted = outages.get()
        if isinstance(failure, ServerDown) and self.state.has_answered and noted is not None:
            noted.append(str(failure))

    async def write(self, method: str, path: str, body: Mapping[str, Any], *, base_url: str | None = None) -> Reply:
        """The reply to a PUT or POST; never tried again, since it may have been done."""
        return await self._send(method, path, base_url, json.loads, json=body)

    async def _send(
        self, method: str, path: str, base_url: str | None, decode: Callable[[bytes], Any], **options: Any
    ) -> Reply:
        base = check_url(base_url or self._connection.base_url, self._allowed_hosts)
        headers = {"Authorization": f"Bearer {self._connection.token}", "Accept": "application/json"}
        try:
            async with (
                self.state.slots,
                self._session.request(
                    method, f"{base}/api/0/{path}", headers=headers, allow_redirects=False, **options
                ) as response,
            ):
                reply = await self._reply(response, path, decode)
                self.state.has_answered = True
                return reply
        except TimeoutError:
            raise ServiceUnavailable(SERVICE, f"Sentry at {self.host} did not answer in time. Try again.") from None
        except aiohttp.ClientError:
            raise ServerDown(
                SERVICE, f"Sentry at {self.host} cannot be reached. Check SENTRY_URL, and whether it is up."
            ) from None

    async def _reply(self, response: aiohttp.ClientResponse, path: str, decode: Callable[[bytes], Any]) -> Reply:
        if not 200 <= response.status < 300:
            raise await self._failure(response, path)
        if response.status != 204 and "json" not in response.headers.get("Content-Type", ""):
            if self.state.dialect.html_is_absent and path:
                raise NotFound(f"{self.state.dialect.name} has nothing at {path}.")
            raise WrongAddress(SERVICE, self._not_the_api())
        most = MAX_BODY_BYTES if decode is json.loads else MAX_EVENT_BODY_BYTES
        raw = bytearray()
        async for chunk in response.content.iter_any():
            raw += chunk
            if len(raw) > most:
                raise ServiceUnavailable(SERVICE, f"Sentry's answer is larger than {most >> 20} MiB.")
        try:
            return Reply(decode(bytes(raw)) if raw.strip() else None, response.headers)
        except (ValueError, RecursionError):
            raise ServiceUnavailable(SERVICE, f"Sentry at {self.host} sent an answer that is not JSON.") from None

    def _not_the_api(self) -> str:
        advice = address_advice(self._connection.base_url) or "Check that SENTRY_URL is Sentry's own address."
        return f"{self.host} did not answer as Sentry's API does. {advice}"

    async def _failure(self, response: aiohttp.ClientResponse, path: str) -> LogSenseError:
        """What a status means here, as the error to raise."""
        status = response.status
        is_page = "html" in response.headers.get("Content-Type", "")
        is_absent = status in self.state.dialect.absent | {404, 405}
        if is_absent or (is_page and status == 403 and self.state.dialect.html_is_absent):
            return NotFound(
                f"{self.state.dialect.name} has nothing at {path}.{await _reason(response, quote=status == 422)}"
            )
        match status:
            case 401:
                return AccessDenied(
                    SERVICE, f"Sentry at {self.host} refused the token. Set SENTRY_TOKEN to a valid one."
                )
            case 403:
                scopes = _scopes_for(response.method, path)
                text = f"The Sentry token may not do this. It needs the scopes {scopes}."
                return AccessDenied(SERVICE, f"{text}{await _reason(response)}")
            case 429:
                wait_s = _wait_s(response.headers)
                text = f"Sentry asks LogSense to wait {wait_s:.0f} s: its rate limit is reached."
                return RateLimited(SERVICE, text, retry_after_s=wait_s)
            case _ if 300 <= status < 400:
                return WrongAddress(SERVICE, self._redirected(response.headers.get("Location", "")))
            case 502 | 503 | 504:
                return ServerDown(SERVICE, f"Sentry at {self.host} failed (HTTP {status}). Try again.")
            case _ if status >= 500:
                return ServiceUnavailable(SERVICE, f"Sentry at {self.host} failed (HTTP {status}). Try again.")
            case 400 | 422:
                return ParameterRefused(f"Sentry did not accept the request (HTTP {status}).{await _reason(response)}")
            case _:
                return Refusal(f"Sentry did not accept the request (HTTP {status}).{await _reason(response)}")

    def _redirected(self, location: str) -> str:
        if _LOGIN.search(urlsplit(location).path):
            return (
                f"{self.host} sends API requests to a login page, so SENTRY_URL is the wrong address: "
                "set it to the one at which the API answers without signing in."
            )
        return f"{self.host} redirects elsewhere, which is not followed. Set SENTRY_URL to the final address."


def address_advice(base_url: str) -> str:
    """What is wrong with the path of the address; empty when it has none."""
    path = urlsplit(base_url).path.rstrip("/")
    if re.search(r"/api(?:/0)?$", path):
        return f"Leave {re.search(r'/api(?:/0)?$', path)[0]} out of SENTRY_URL; LogSense adds it."  # type: ignore[index]
    return f"Leave {path[:80]} out of SENTRY_URL." if path else ""


async def _reason(response: aiohttp.ClientResponse, *, quote: bool = True) -> str:
    """The server's own words on what is wrong, beginning with a space: at most 200 characters, secrets masked."""
    if not quote or "json" not in response.headers.get("Content-Type", ""):
        return ""
    try:
        text = _words(json.loads(await response.content.read(_MAX_REASON_BYTES)))
    except (ValueError, RecursionError, aiohttp.ClientError):
        return ""
    shown = " ".join(_SECRET.sub("[masked]", text[:2000]).split())
    return f" It says: {shown[:_REASON_CHARS]}" if shown else ""


def _words(body: object) -> str:
    """`detail` of an error, which is a text, a list of complaints, or complaints by parameter."""
    detail = mapping(body).get("detail", body)
    if isinstance(detail, Mapping):
        return "; ".join(f"{name}: {_words(value)}" for name, value in list(detail.items())[:5] if _words(value))
    if isinstance(detail, list):
        return "; ".join(filter(None, (_complaint(item) for item in detail[:5])))
    return string(detail) or ""


def _complaint(item: object) -> str:
    """A complaint of a validator: where the parameter stands, and what it may be."""
    found = mapping(item)
    if not found:
        return string(item) or ""
    place = found.get("loc")
    named = str(place[-1]) if isinstance(place, list) and place else ""
    return ": ".join(filter(None, (named, string(found.get("msg")) or string(found.get("message")))))


def _parameters(query: Mapping[str, str | int | list[str]]) -> list[tuple[str, str]]:
    return [
        (name, str(item)) for name, value in query.items() for item in (value if isinstance(value, list) else [value])
    ]


def _scopes_for(method: str, path: str) -> str:
    if method != "GET":
        return "event:write"
    return "project:releases" if "releases/" in path else "event:read, org:read and project:read"


def _wait_s(headers: Mapping[str, str]) -> float:
    """How long Sentry wants us to wait: until its window resets, or as `Retry-After` says in seconds or as a date."""
    try:
        if reset := headers.get("X-Sentry-Rate-Limit-Reset"):
            return max(0.1, float(reset) - time.time())
        return max(0.1, float(headers.get("Retry-After", "1")))
    except ValueError:
        pass
    try:
        return max(0.1, parsedate_to_datetime(headers.get("Retry-After", "")).timestamp() - time.time())
    except (ValueError, OverflowError):
        return 1.0
