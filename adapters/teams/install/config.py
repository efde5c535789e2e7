"""How this installation is known to Microsoft Teams."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

OPENID_URL = "https://login.botframework.com/v1/.well-known/openidconfiguration"
SERVICES = frozenset({"https://smba.trafficmanager.net", "https://smba.infra.gcc.teams.microsoft.com"})
"""Where Teams' own services answer; no other address is ever sent our token."""


@dataclass(frozen=True, slots=True)
class TeamsConfig:
    """The Azure Bot: its app id and password, the tenant it is registered in, and where Teams' services are.

    With `is_local` nobody proves who they are and no token is sent: for the Agents Playground on this machine alone.
    `link_keys` sign the addresses of charts below `public_url`; the first signs, all verify.
    """

    app_id: str
    password: str = field(repr=False)
    tenant_id: str
    token_url: str
    openid_url: str = OPENID_URL
    services: frozenset[str] = SERVICES
    public_url: str | None = None
    link_keys: tuple[bytes, ...] = field(default=(), repr=False)
    is_local: bool = False


def origin_of(url: str) -> str:
    """`https://host:port` of an address; empty where it is none, or carries more than a path."""
    try:
        parts = urlsplit(url)
        plain = parts.scheme in ("https", "http") and parts.hostname and not (parts.query or parts.fragment)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc.lower()}" if plain else ""
