"""Which hosts are public: the host as clients will read it, and the addresses that lead nowhere private. Pure."""

from __future__ import annotations

import ipaddress
import re
import unicodedata

import idna

_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9_](?:[a-z0-9_-]{0,62})(?:\.[a-z0-9_](?:[a-z0-9_-]{0,62}))*", re.ASCII)
_OTHER_DOTS = str.maketrans("。．｡", "...")  # noqa: RUF001 - these look-alikes are the point
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
"""Everything else is special: NAT64, SIIT, IPv4-compatible, site-local, unique local, link-local, multicast."""
_SPECIAL_IPV4 = tuple(
    map(ipaddress.IPv4Network, ("0.0.0.0/8", "100.64.0.0/10", "192.88.99.0/24", "198.18.0.0/15", "240.0.0.0/4"))
)


def normal_host(host: str) -> str | None:
    """The host as HTTP clients will read it: ASCII, lower case, no trailing dot; None when it is no host.

    IPv6 addresses come and go without brackets. Percent-encoding and zone ids are refused.
    """
    if len(host) > 1_000:
        return None
    if ":" in host:
        return _normal_ipv6(host)
    name = unicodedata.normalize("NFKC", host).translate(_OTHER_DOTS).lower().rstrip(".")
    if not name.isascii():
        try:
            name = idna.encode(name, uts46=True, std3_rules=True).decode("ascii")
        except UnicodeError:
            return None
    return name if _NAME.fullmatch(name) else None


def is_literal(host: str) -> bool:
    """Whether a normal host is an address instead of a name, in any form that a resolver reads as one."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        # Resolvers read 127.1, 0x7f000001 and 2130706433 as addresses too; a name never ends in a bare number.
        last = host.rstrip(".").rsplit(".", 1)[-1]
        return last.isdigit() or last.lower().startswith("0x")
    return True


def is_public(address: str) -> bool:
    """Whether everybody on the Internet reaches the same machine at that address; False for what is no address."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is None:
            return _is_public_ipv6(found)
        found = found.ipv4_mapped
    is_special = any(found in network for network in _SPECIAL_IPV4)
    return found.is_global and not found.is_multicast and not is_special


def _is_public_ipv6(address: ipaddress.IPv6Address) -> bool:
    # 6to4 and Teredo carry an IPv4 address that a relay on the way may deliver to.
    carries_ipv4 = address.sixtofour is not None or address.teredo is not None
    return address in _GLOBAL_UNICAST and address.is_global and not carries_ipv4


def _normal_ipv6(host: str) -> str | None:
    if "%" in host:
        return None
    try:
        return str(ipaddress.IPv6Address(host))
    except ValueError:
        return None
