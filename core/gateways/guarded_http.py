"""HTTP to addresses that tenants give: checked when resolved, and the checked address is the one connected to."""

from __future__ import annotations

import ipaddress
import socket
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from core.domain.errors import Refusal

_PORTS = {"http": 80, "https": 443}


def open_guarded_session(allowed_hosts: frozenset[str], *, timeout_s: float = 10.0) -> aiohttp.ClientSession:
    """A session that connects to public addresses, and to whatever the operator's `allowed_hosts` name.

    The resolver that checks is the one that connects, so a name cannot change its mind in between.
    """
    connector = aiohttp.TCPConnector(resolver=_GuardedResolver(allowed_hosts), limit=50, ttl_dns_cache=30)
    timeout = aiohttp.ClientTimeout(total=timeout_s, connect=min(5.0, timeout_s))
    return aiohttp.ClientSession(connector=connector, timeout=timeout, trust_env=False)


def check_url(url: str, allowed_hosts: frozenset[str], *, what: str = "SENTRY_URL") -> None:
    """`url` may be asked for: https and not a private address, or a host that the operator allows.

    `what` names the URL in what people are told.

    Raises:
        Refusal: names the host, and the setting by which an operator allows it.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        host, port, parts = None, None, urlsplit("")
    if not host or parts.scheme not in _PORTS:
        raise Refusal(f"{what} is not a web address. It should look like https://sentry.io")
    if _is_allowed(host, port, allowed_hosts):
        return
    if parts.scheme != "https":
        raise Refusal(f"{what} must use https, or its host must be allowed: LOGSENSE_ALLOWED_HOSTS={host}:{port}")
    if _is_literal(host) and not _is_public(host):
        raise _private(host)


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
        if any(not _is_public(address["host"]) for address in found):
            raise _private(host)
        return found

    async def close(self) -> None:
        await self._resolver.close()


def _is_allowed(host: str, port: int | None, allowed_hosts: frozenset[str]) -> bool:
    return host in allowed_hosts or f"{host}:{port}" in allowed_hosts


def _is_literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        # Resolvers read 127.1, 0x7f000001 and 2130706433 as addresses too; a name never ends in a bare number.
        last = host.rstrip(".").rsplit(".", 1)[-1]
        return last.isdigit() or last.lower().startswith("0x")
    return True


def _is_public(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host.split("%", 1)[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        if address.sixtofour or address.teredo:
            return False
        address = address.ipv4_mapped or address
    return address.is_global and not address.is_multicast


def _private(host: str) -> Refusal:
    return Refusal(
        f"{host} is a private or local address, so LogSense does not connect to it. "
        f"If it is meant, the operator can allow it: LOGSENSE_ALLOWED_HOSTS={host}"
    )
