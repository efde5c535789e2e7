"""The address of an issue that people may open: the server's own, and nothing that leads elsewhere."""

from __future__ import annotations

import re
from urllib.parse import urlsplit, urlunsplit

_LONGEST = 500
_PATH = re.compile(r"/[A-Za-z0-9._~/-]*")
_HOSTED = "sentry.io"


def issue_link(permalink: str | None, base_url: str) -> str | None:
    """The permalink without query and fragment; None unless it leads by http or https to the connection's own server.

    sentry.io gives every organization and region a host below its own name, so these count as the same server.
    """
    if permalink is None or len(permalink) > _LONGEST:
        return None
    try:
        link, base = urlsplit(permalink), urlsplit(base_url)
        is_ours = _same_server(link.hostname, base.hostname) and link.port in (base.port, None)
    except ValueError:
        return None
    if link.scheme not in ("http", "https") or not is_ours or not _PATH.fullmatch(link.path):
        return None
    if link.username is not None or link.password is not None or not link.netloc.isascii():
        return None
    return urlunsplit((link.scheme, link.netloc, link.path, "", ""))


def _same_server(host: str | None, base: str | None) -> bool:
    if not host or not base:
        return False
    return host == base or (_is_hosted(host) and _is_hosted(base))


def _is_hosted(host: str) -> bool:
    return re.fullmatch(rf"(?:[a-z0-9-]+\.)*{re.escape(_HOSTED)}", host) is not None
