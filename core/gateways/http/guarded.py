"""HTTP to addresses that tenants give: checked when resolved, and the checked address is the one connected to."""

from __future__ import annotations

import re
import socket
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from core.domain.errors import Refusal
from core.gateways.http.public_hosts import is_literal, is_public, normal_host

if TYPE_CHECKING:
    from aiohttp.client_reqrep import ClientRequest
    from aiohttp.connector import Connection
    from aiohttp.tracing import Trace

_PORTS = {"http": 80, "https": 443}
_NEVER_IN_AN_ADDRESS = re.compile(r"[\x00-\x20\x7f\\]")


def open_guarded_session(allowed_hosts: frozenset[str], *, timeout_s: float = 10.0) -> aiohttp.ClientSession:
    """A session that connects to public addresses, and to whatever the operator's `allowed_hosts` name.

    The resolver that checks is the one that connects, so a name cannot change its mind in between.
    """
    resolver = _GuardedResolver(allowed_hosts)
    connector = _GuardedConnector(allowed_hosts, resolver=resolver, limit=50, ttl_dns_cache=30)
    timeout = aiohttp.ClientTimeout(total=timeout_s, connect=min(5.0, timeout_s))
    return aiohttp.ClientSession(connector=connector, timeout=timeout, trust_env=False)


def check_url(url: str, allowed_hosts: frozenset[str], *, what: str = "SENTRY_URL") -> str:
    """Return `url` with its host as clients will read it: https and not a private address, or an allowed host.

    Build requests from what is returned, so that no other reading of the host matters. `what` names the URL in what
    people are told.

    Raises:
        Refusal: names the host, and the setting by which an operator allows it.
    """
    try:
        if _NEVER_IN_AN_ADDRESS.search(url):
            raise ValueError("blanks or control characters")
        parts = urlsplit(url)
        host, given_port = _host_of(parts), parts.port
    except ValueError:
        raise Refusal(f"{what} is not a web address. It should look like https://sentry.io") from None
    port = given_port or _PORTS[parts.scheme]
    bracketed = f"[{host}]" if ":" in host else host
    normal = parts._replace(netloc=bracketed if given_port is None else f"{bracketed}:{given_port}").geturl()
    if _is_allowed(host, port, allowed_hosts):
        return normal
    if parts.scheme != "https":
        raise Refusal(
            f"{what} must use https, or its host must be allowed: LOGSENSE_ALLOWED_HOSTS={host}:{port} "
            f"(LOGSENSE_TENANT_HOSTS for organizations other than the operator's)"
        )
    if is_literal(host) and not is_public(host):
        raise _private(host)
    return normal


class _GuardedConnector(aiohttp.TCPConnector):
    """Judges addresses that stand in the URL itself, for which no resolver is asked."""

    def __init__(self, allowed_hosts: frozenset[str], *, resolver: AbstractResolver, limit: int, ttl_dns_cache: int):
        super().__init__(resolver=resolver, limit=limit, ttl_dns_cache=ttl_dns_cache)
        self._allowed_hosts = allowed_hosts

    async def connect(self, req: ClientRequest, traces: list[Trace], timeout: aiohttp.ClientTimeout) -> Connection:
        host = req.url.raw_host or ""
        if is_literal(host) and not _is_allowed(host, req.url.port, self._allowed_hosts) and not is_public(host):
            raise _private(host)
        return await super().connect(req, traces, timeout)


class _GuardedResolver(AbstractResolver):
    def __init__(self, allowed_hosts: frozenset[str]) -> None:
        self._allowed_hosts = allowed_hosts
        self._resolver = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family)
        if _is_allowed(host, port, self._allowed_hosts):
            return found
        if any(not is_public(address["host"]) for address in found):
            raise _private(host)
        return found

    async def close(self) -> None:
        await self._resolver.close()


def _host_of(parts: SplitResult) -> str:
    """The normal host of a web address. Raises ValueError when there is none, or a name and password before it."""
    host = normal_host(parts.hostname or "")
    if parts.scheme not in _PORTS or "@" in parts.netloc or host is None:
        raise ValueError("no web address")
    return host


def _is_allowed(host: str, port: int | None, allowed_hosts: frozenset[str]) -> bool:
    allowed = {name.lower() for name in allowed_hosts}
    return not allowed.isdisjoint({host, f"{host}:{port}", f"[{host}]:{port}"})


def _private(host: str) -> Refusal:
    return Refusal(
        f"{host} is a private or local address, so LogSense does not connect to it. "
        f"If it is meant, the operator can allow it: LOGSENSE_ALLOWED_HOSTS={host} "
        "(LOGSENSE_TENANT_HOSTS for organizations other than the operator's)"
    )
