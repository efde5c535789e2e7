"""One chat-completions endpoint: bounded in time, retried where that is safe, errors as sentences."""

from __future__ import annotations

import asyncio
import email.utils
import json
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from httpx2 import AsyncClient, ConnectTimeout, create_ssl_context
from openai import (
    APIConnectionError,
    APIError,
    APIStatusError,
    APITimeoutError,
    AsyncOpenAI,
    DefaultAioHttpClient,
    Timeout,
)
from openai._vendor.httpx_aiohttp import AiohttpTransport

from core.domain.errors import AccessDenied, RateLimited, ServiceFailed, ServiceUnavailable
from core.gateways.http.guarded import check_url, open_guarded_session

SERVICE = "The model endpoint"
OPENAI = "https://api.openai.com/v1"
MAX_WAIT_S = 15.0
_CONNECT_S = 5.0
_TRIES = 3
_GUARDED_SESSION_S = 600.0

_certificates = cache(create_ssl_context)
"""Reading them takes 40 ms in which nothing else happens: once, and not for every organization."""


class EndpointRefused(ServiceFailed):
    """The endpoint understood the request and will not serve it as it is; `filtered` when for its content."""

    def __init__(self, message: str, *, filtered: bool = False) -> None:
        """Keep whether a content filter spoke."""
        super().__init__(SERVICE, message)
        self.filtered = filtered


def _guarded(only_hosts: frozenset[str]) -> AsyncClient:
    """A client whose every connection goes to a checked address. Redirects are not followed: they name new ones."""
    transport = AiohttpTransport(
        verify=_certificates(), client=lambda: open_guarded_session(only_hosts, timeout_s=_GUARDED_SESSION_S)
    )
    return AsyncClient(transport=transport, follow_redirects=False)


class ModelEndpoint:
    """Requests to one endpoint with one key for one model."""

    def __init__(
        self,
        *,
        api_key: str,
        base_url: str | None,
        model: str,
        timeout_s: float,
        only_hosts: frozenset[str] | None = None,
    ) -> None:
        """An attempt takes at most `timeout_s`, of which connecting at most five seconds.

        With `only_hosts` a tenant gave the address: private ones are refused but for these.
        """
        self._key = api_key
        self._model = model
        self._timeout_s = timeout_s
        self._url = base_url or OPENAI
        if only_hosts is not None:
            self._url = check_url(self._url, only_hosts, what="The address of the model endpoint")
        # Waiting is ours: the SDK would follow a Retry-After of two minutes.
        self._client = AsyncOpenAI(
            api_key=api_key,
            base_url=self._url,
            timeout=Timeout(timeout_s, connect=min(_CONNECT_S, timeout_s)),
            max_retries=0,
            # The default transport looks at every idle connection for each request: a third of all CPU at 50 at once.
            http_client=DefaultAioHttpClient() if only_hosts is None else _guarded(only_hosts),
        )
        self.host = urlsplit(self._url).netloc.rsplit("@", 1)[-1]

    async def close(self) -> None:
        """Connections are closed."""
        await self._client.close()

    async def complete(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """The decoded reply to one chat completion; failures that may pass were tried again, twice at most.

        Raises:
            AccessDenied, RateLimited, ServiceUnavailable, EndpointRefused
        """
        # `create` would recurse through typed parameters and build typed replies: four times the CPU of this form.
        request = {"model": self._model, **body}
        return await self._tried(lambda: self._client.post("/chat/completions", cast_to=str, body=request))

    async def listed_models(self) -> frozenset[str] | None:
        """The ids the endpoint lists; None when it has no such list. Raises like `complete`."""
        try:
            listed = await self._tried(lambda: self._client.get("/models", cast_to=str))
        except EndpointRefused:
            return None
        rows = listed.get("data")
        ids = [row.get("id") for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
        return frozenset(str(model) for model in ids)

    async def _tried(self, send: Callable[[], Awaitable[str]]) -> Mapping[str, Any]:
        for attempt in range(1, _TRIES + 1):
            try:
                return await self._once(send)
            except ServiceUnavailable:
                if attempt == _TRIES:
                    raise
                await asyncio.sleep(0.25 * 2**attempt * random.uniform(0.5, 1.0))
            except RateLimited as limit:
                if attempt == _TRIES or limit.retry_after_s > MAX_WAIT_S:
                    raise
                await asyncio.sleep(limit.retry_after_s)
        raise AssertionError("the loop returns or raises")

    async def _once(self, send: Callable[[], Awaitable[str]]) -> Mapping[str, Any]:
        try:
            # The read timeout starts again with every byte; this bounds the attempt.
            async with asyncio.timeout(self._timeout_s):
                return self._decoded(await send())
        except (TimeoutError, APITimeoutError) as error:
            # The SDK's aiohttp transport calls every failure to connect a timeout, also a refused connection.
            if isinstance(error.__cause__, ConnectTimeout):
                raise self._unreachable() from None
            raise ServiceUnavailable(
                SERVICE, f"{SERVICE} {self.host} did not answer within {self._timeout_s:g} s."
            ) from None
        except APIStatusError as error:
            raise self._failure(error) from None
        except APIConnectionError:
            raise self._unreachable() from None
        except APIError as error:
            raise ServiceUnavailable(SERVICE, f"{SERVICE} {self.host} failed ({type(error).__name__}).") from None

    def _unreachable(self) -> ServiceUnavailable:
        return ServiceUnavailable(
            SERVICE, f"{SERVICE} {self.host} cannot be reached, or broke off. Check OPENAI_BASE_URL."
        )

    def _decoded(self, text: str) -> Mapping[str, Any]:
        try:
            decoded = json.loads(text)
        except (ValueError, RecursionError):
            decoded = None
        if not isinstance(decoded, dict):
            raise EndpointRefused(
                f"{SERVICE} {self.host} sent something that is not a chat completion. Check OPENAI_BASE_URL; "
                "it usually ends in /v1."
            )
        return decoded

    def _failure(self, error: APIStatusError) -> ServiceFailed:
        where, status = f"{SERVICE} {self.host}", error.status_code
        match status:
            case 401:
                return AccessDenied(SERVICE, f"{where} refused the key; set OPENAI_API_KEY.")
            case 403:
                return AccessDenied(SERVICE, f"{where} does not let this key use {self._model}.")
            case 404:
                return EndpointRefused(
                    f"{where} does not know the model {self._model}; set LOGSENSE_MODEL or OPENAI_BASE_URL."
                )
            case 429:
                return self._limit(error, where)
            case _ if status in (408, 409) or status >= 500:
                return ServiceUnavailable(SERVICE, f"{where} failed with status {status}.")
        filtered = str(error.code) == "content_filter"
        return EndpointRefused(f"{where} refused the request (status {status}{self._said(error)}).", filtered=filtered)

    def _limit(self, error: APIStatusError, where: str) -> ServiceFailed:
        if str(error.code) == "insufficient_quota":
            return AccessDenied(SERVICE, f"{where} says the account's quota is spent.")
        wait_s = _retry_after_s(error.response.headers)
        return RateLimited(SERVICE, f"{where} limits the rate; wait {wait_s:.0f} s.", retry_after_s=wait_s)

    def _said(self, error: APIStatusError) -> str:
        body = error.body if isinstance(error.body, dict) else {}
        said = " ".join(str(body.get("message") or "").split())
        return f": {said.replace(self._key, '…')[:160]}" if said else ""


def _retry_after_s(headers: Mapping[str, str]) -> float:
    """Seconds to wait: what the server asks, else two."""
    for name, unit_s in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            return max(0.0, float(headers[name]) * unit_s)
        except (KeyError, ValueError):
            continue
    try:
        date = email.utils.parsedate_to_datetime(headers.get("retry-after", ""))
        return max(0.0, date.timestamp() - time.time())
    except (ValueError, OverflowError):
        return 2.0
