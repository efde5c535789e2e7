"""Whether a request comes from Teams: the Bot Connector signs each with a token, which is checked against its keys."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
import jwt

from adapters.teams.api_errors import SERVICE
from adapters.teams.inbound.ids import workspace_of
from adapters.teams.install.config import origin_of
from core.domain.errors import ServiceUnavailable

logger = logging.getLogger("logsense.teams")

_TOKEN = re.compile(r"[\w-]+\.[\w-]+\.[\w-]*", re.ASCII)
_LEEWAY_S = 300
_KEPT_S = 24 * 3_600.0
_ASKED_AGAIN_S = 60.0
"""How often strangers with made-up key ids can make us ask for the keys."""
_PAUSE_S = 1.0
"""How long nobody asks again for keys that could not be had."""
_TIMEOUT = aiohttp.ClientTimeout(total=10)
_MOST_BYTES = 2**20


class TokenRefused(Exception):
    """The caller is not who they should be; `status` is what they are answered, the text is for our log alone."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


@dataclass(frozen=True, slots=True)
class _Keys:
    issuer: str
    by_id: Mapping[str, tuple[jwt.PyJWK, frozenset[str]]]
    """Each key with the channels it may speak for."""


class InboundTokens:
    """Checks tokens of requests. The keys are fetched when first needed, daily, and for a key that is not known yet."""

    def __init__(
        self,
        app_id: str,
        openid_url: str,
        session: Callable[[], aiohttp.ClientSession],
        *,
        asked_again_s: float = _ASKED_AGAIN_S,
    ) -> None:
        """Nothing is fetched yet."""
        self._app_id = app_id
        self._openid_url = openid_url
        self._session = session
        self._asked_again_s = asked_again_s
        self._keys: _Keys | None = None
        self._asked_at = float("-inf")
        self._asking = asyncio.Lock()

    async def check(self, authorization: str | None, activity: Mapping[str, Any]) -> None:
        """Returns when the token is the Bot Connector's, for us, and for this activity's service, channel and tenant.

        Only some tokens name a tenant (`tid`); one that does is good for activities of that tenant alone.

        Raises:
            TokenRefused: it is not.
            ServiceUnavailable: the keys cannot be had, so nobody can tell.
        """
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not _TOKEN.fullmatch(token):
            raise TokenRefused(401, "no bearer token")
        keys, key, channels = await self._key_of(token)
        claims = self._claims_of(token, key, keys.issuer)
        if claims.get("serviceurl") != activity.get("serviceUrl"):
            raise TokenRefused(401, "the token is for another service URL")
        channel = activity.get("channelId")
        if not isinstance(channel, str) or channel not in channels:
            raise TokenRefused(403, "the key is not endorsed for the channel")
        named, workspace = claims.get("tid"), workspace_of(activity)
        if named is not None and workspace is not None and str(named).lower() != workspace.key:
            raise TokenRefused(403, "the token is for another tenant")

    async def _key_of(self, token: str) -> tuple[_Keys, jwt.PyJWK, frozenset[str]]:
        try:
            header = jwt.get_unverified_header(token)
        except (jwt.PyJWTError, ValueError, RecursionError) as error:
            raise TokenRefused(401, f"no readable token: {type(error).__name__}") from None
        if header.get("alg") != "RS256":
            raise TokenRefused(403, "not signed with RS256")
        named = str(header.get("kid"))
        keys = await self._known(named)
        if named not in keys.by_id:
            raise TokenRefused(403, "signed with an unknown key")
        return keys, *keys.by_id[named]

    def _claims_of(self, token: str, key: jwt.PyJWK, issuer: str) -> dict[str, Any]:
        try:
            return jwt.decode(
                token,
                key,
                algorithms=["RS256"],
                audience=self._app_id,
                issuer=issuer,
                leeway=_LEEWAY_S,
                options={"require": ["exp", "iss", "aud"], "strict_aud": True},
            )
        except (jwt.InvalidAudienceError, jwt.InvalidIssuerError, jwt.MissingRequiredClaimError) as error:
            raise TokenRefused(401, type(error).__name__) from None
        except jwt.PyJWTError as error:
            raise TokenRefused(403, type(error).__name__) from None

    # ---- keys -------------------------------------------------------------------------------------------------------

    async def _known(self, named: str) -> _Keys:
        """The keys, asked for again when they are old or lack that one."""
        if (keys := self._good(named)) is not None:
            return keys
        async with self._asking:
            if (keys := self._good(named)) is not None:
                return keys
            if self._keys is None and time.monotonic() - self._asked_at < _PAUSE_S:
                raise ServiceUnavailable(SERVICE, "The keys of the Bot Connector cannot be fetched.")
            try:
                self._keys = await self._fetched()
            except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
                logger.warning("the keys of the Bot Connector cannot be fetched: %s", type(error).__name__)
                if self._keys is None:
                    raise ServiceUnavailable(SERVICE, "The keys of the Bot Connector cannot be fetched.") from None
            finally:
                self._asked_at = time.monotonic()
            return self._keys

    def _good(self, named: str) -> _Keys | None:
        asked_ago_s = time.monotonic() - self._asked_at
        if self._keys is None or asked_ago_s > _KEPT_S:
            return None
        return self._keys if named in self._keys.by_id or asked_ago_s < self._asked_again_s else None

    async def _fetched(self) -> _Keys:
        about = await self._document(self._openid_url)
        address = str(about.get("jwks_uri"))
        if not (address.startswith("https://") or origin_of(address) == origin_of(self._openid_url)):
            raise ValueError("keys come by https")
        listed = (await self._document(address)).get("keys")
        rsa = [key for key in listed if isinstance(key, dict) and key.get("kty") == "RSA"] if listed else []
        by_id = {str(key.get("kid")): (jwt.PyJWK(key), _endorsed(key)) for key in rsa}
        return _Keys(str(about.get("issuer")), by_id)

    async def _document(self, url: str) -> dict[str, Any]:
        async with self._session().get(url, timeout=_TIMEOUT, allow_redirects=False) as answer:
            if answer.status != 200:
                raise ValueError(f"status {answer.status}")
            read = json.loads(await answer.content.read(_MOST_BYTES))
        if not isinstance(read, dict):
            raise ValueError("no document")
        return read


def _endorsed(key: Mapping[str, Any]) -> frozenset[str]:
    named = key.get("endorsements")
    return frozenset(map(str, named)) if isinstance(named, list) else frozenset()
