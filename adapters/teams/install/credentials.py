"""The token that we prove ourselves to Teams with, fetched from Microsoft's login service and kept while it lasts."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable

import aiohttp

from adapters.teams.api_errors import SERVICE
from core.domain.errors import AccessDenied, ServiceFailed, ServiceUnavailable

_SCOPE = "https://api.botframework.com/.default"
_SPARE_S = 300.0
"""How long before its end a token is replaced."""
_TIMEOUT = aiohttp.ClientTimeout(total=10)


class BotCredentials:
    """The bot's own credentials."""

    def __init__(
        self, app_id: str, password: str, token_url: str, session: Callable[[], aiohttp.ClientSession]
    ) -> None:
        """Nothing is fetched yet."""
        self._form = {
            "grant_type": "client_credentials",
            "client_id": app_id,
            "client_secret": password,
            "scope": _SCOPE,
        }
        self._url = token_url
        self._session = session
        self._token = ""
        self._good_until = 0.0
        self._asking = asyncio.Lock()

    async def token(self) -> str:
        """A token that is good for a while.

        Raises:
            AccessDenied: Microsoft does not accept the password.
            ServiceUnavailable: the login service does not answer.
        """
        async with self._asking:
            if time.monotonic() > self._good_until:
                self._token, lasts_s = await self._fetched()
                self._good_until = time.monotonic() + max(lasts_s - _SPARE_S, lasts_s / 2)
            return self._token

    def forget(self) -> None:
        """The token was not accepted; the next is a new one."""
        self._good_until = 0.0

    async def _fetched(self) -> tuple[str, float]:
        try:
            async with self._session().post(
                self._url, data=self._form, timeout=_TIMEOUT, allow_redirects=False
            ) as answer:
                status, text = answer.status, await answer.text()
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
            raise ServiceUnavailable(SERVICE, "Microsoft's login service cannot be reached just now.") from None
        if status in (400, 401, 403):
            raise AccessDenied(
                SERVICE,
                "Microsoft refused the bot's password. Check TEAMS_APP_ID, TEAMS_APP_PASSWORD and TEAMS_TENANT_ID.",
            )
        if status != 200:
            raise ServiceUnavailable(SERVICE, f"Microsoft's login service failed ({status}).")
        try:
            given = json.loads(text)
            return str(given["access_token"]), float(given.get("expires_in", 3_600))
        except (ValueError, TypeError, KeyError):
            raise ServiceFailed(SERVICE, "Microsoft's login service gave no token.") from None
