"""Teams' part of the settings, checked before anything listens."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from adapters.teams.install.config import OPENID_URL, SERVICES, TeamsConfig, origin_of
from bot.app.data_directory import DataDirectory, derived_key
from bot.app.settings import Settings
from core.domain.errors import InvalidInput

TOKEN_URL = "https://login.microsoftonline.com/{}/oauth2/v2.0/token"
"""Where the tenant that the bot is registered in gives tokens."""


def teams_config(settings: Settings, link_keys: tuple[bytes, ...] = ()) -> TeamsConfig | None:
    """How to be in Teams; None when nothing of it is set. `link_keys` sign the addresses of charts.

    Raises:
        InvalidInput: settings that do not go together; the text says which is missing.
    """
    if settings.teams_playground is not None:
        return _playground(settings, settings.teams_playground, link_keys)
    password = settings.teams_app_password
    if settings.teams_app_id is None and password is None:
        return None
    if settings.teams_app_id is None or password is None or settings.teams_tenant_id is None:
        raise InvalidInput("Set TEAMS_APP_ID, TEAMS_APP_PASSWORD and TEAMS_TENANT_ID together: logsense connect teams")
    return TeamsConfig(
        app_id=settings.teams_app_id,
        password=password.get_secret_value(),
        tenant_id=settings.teams_tenant_id,
        token_url=settings.teams_token_url or TOKEN_URL.format(settings.teams_tenant_id),
        openid_url=settings.teams_openid_url or OPENID_URL,
        services=frozenset(map(_origin, settings.teams_services)) or SERVICES,
        public_url=settings.public_url,
        link_keys=link_keys,
    )


def link_keys(settings: Settings, directory: DataDirectory) -> tuple[bytes, ...]:
    """What signs the addresses of charts: equal for all replicas, and kept good while keys change."""
    secrets = settings.secrets or (directory.secret_key(),)
    return tuple(derived_key(secret, "charts").encode() for secret in secrets)


def _playground(settings: Settings, url: str, link_keys: tuple[bytes, ...]) -> TeamsConfig:
    """Nobody proves who they are there, so nothing but this machine may reach us."""
    if settings.teams_app_id is not None or settings.teams_app_password is not None:
        raise InvalidInput("LOGSENSE_TEAMS_PLAYGROUND asks nobody who they are: unset TEAMS_APP_ID and its password.")
    if not _is_loopback(settings.listen.rpartition(":")[0].strip("[]")):
        raise InvalidInput("LOGSENSE_TEAMS_PLAYGROUND asks nobody who they are: set LOGSENSE_LISTEN to 127.0.0.1.")
    return TeamsConfig(
        app_id="00000000-0000-0000-0000-000000000000",
        password="",
        tenant_id=settings.teams_tenant_id or "",
        token_url="",
        services=frozenset({_origin(url)}),
        public_url=settings.public_url,
        link_keys=link_keys,
        is_local=True,
    )


def _origin(url: str) -> str:
    origin = origin_of(url)
    host = urlsplit(origin).hostname or ""
    if not origin or not (origin.startswith("https://") or _is_loopback(host)):
        raise InvalidInput("Addresses of Teams' services begin with https://, but for those on this machine.")
    return origin


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
