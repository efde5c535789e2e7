"""The address of an issue that people may open: the server's own, and nothing that leads elsewhere."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlsplit, urlunsplit

_LONGEST = 500
_PATH = re.compile(r"/[A-Za-z0-9._~/-]*")
_HOSTED = "sentry.io"
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,250}[a-z0-9])?")


def issue_link(permalink: str | None, base_url: str, public_origin: str | None = None) -> str | None:
    """The permalink without query and fragment; None unless it leads by http or https to the connection's own server.

    sentry.io gives every organization and region a host below its own name, so these count as the same server. People
    may reach a self-hosted one at a `public_origin` other than the address that LogSense uses.
    """
    if permalink is None or len(permalink) > _LONGEST:
        return None
    try:
        link, base = urlsplit(permalink), urlsplit(base_url)
        is_ours = _same_server(link.hostname, base.hostname) and link.port in (base.port, None)
        is_ours = is_ours or (public_origin is not None and origin_of(permalink) == public_origin)
    except ValueError:
        return None
    if link.scheme not in ("http", "https") or not is_ours or not _PATH.fullmatch(link.path):
        return None
    if link.username is not None or link.password is not None or not link.netloc.isascii():
        return None
    return urlunsplit((link.scheme, link.netloc, link.path, "", ""))


def origin_of(address: str | None) -> str | None:
    """The scheme, host and port of a web address; None for anything else, and for one with a user in it."""
    try:
        parts = urlsplit(address or "")
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or "@" in parts.netloc or not _HOST.fullmatch(parts.hostname or ""):
        return None
    return f"{parts.scheme}://{parts.hostname}" + ("" if port is None else f":{port}")


def agreed_origin(addresses: Sequence[str | None]) -> str | None:
    """The one origin of all those addresses; None when they have several, or one of them is no web address."""
    origins = {origin_of(address) for address in addresses}
    return origins.pop() if len(origins) == 1 else None


def _same_server(host: str | None, base: str | None) -> bool:
    if not host or not base:
        return False
    return host == base or (_is_hosted(host) and _is_hosted(base))


def _is_hosted(host: str) -> bool:
    return re.fullmatch(rf"(?:[a-z0-9-]+\.)*{re.escape(_HOSTED)}", host) is not None
