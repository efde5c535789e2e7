"""Who asks over HTTP without proving who they are, and how often each address may."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address

from aiohttp import web

_MOST_ADDRESSES = 10_000
_UNKNOWN = "unknown"


def client_address(request: web.Request) -> str:
    """The address that a request came from; of IPv6 the network of 64 bits, since one host has all of it.

    `X-Forwarded-For` is read only where the other side is private, as a reverse proxy's address is, and there only its
    last part, which that proxy wrote itself.
    """
    peer = _normal(request.remote or "")
    forwarded = request.headers.getall("X-Forwarded-For", [])
    if forwarded and (peer == _UNKNOWN or ip_address(peer.removesuffix("/64")).is_private):
        claimed = _normal(forwarded[-1].rpartition(",")[2].strip())
        return peer if claimed == _UNKNOWN else claimed
    return peer


def _normal(text: str) -> str:
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return _UNKNOWN
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        network = int(address) >> 64 << 64
        return f"{IPv6Address(network)}/64"
    return str(address)


class AddressLimit:
    """Lets each address do something `burst` times at once and `per_minute` times a minute from then on."""

    def __init__(self, *, per_minute: float, burst: int, clock_s: Callable[[], float] = time.monotonic) -> None:
        """Remember at most 10,000 addresses; the one that asked longest ago is forgotten first."""
        self._per_s = per_minute / 60
        self._burst = burst
        self._clock_s = clock_s
        self._known: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_s(self, address: str) -> float:
        """Count one attempt: 0 when it is allowed, else the seconds until the next one is."""
        now = self._clock_s()
        saved, counted_at = self._known.pop(address, (float(self._burst), now))
        saved = min(self._burst, saved + (now - counted_at) * self._per_s)
        is_allowed = saved >= 1
        self._known[address] = (saved - 1 if is_allowed else saved, now)
        if len(self._known) > _MOST_ADDRESSES:
            self._known.popitem(last=False)
        return 0.0 if is_allowed else (1 - saved) / self._per_s
