"""Installing: the page where people allow it, the code it gives away, and the token for the code."""

from __future__ import annotations

import secrets
from base64 import b64decode
from dataclasses import dataclass
from http.cookies import SimpleCookie
from urllib.parse import urlencode, urljoin

import aiohttp
from aiohttp import web
from yarl import URL

from tests.fakes.slack.calls import ApiCall
from tests.fakes.slack.shapes import APP_ID
from tests.fakes.slack.state import Enterprise, Json, State, User, Workspace
from tests.fakes.slack.validation import SlackError

_CODE_LIFE_S = 600.0


@dataclass(frozen=True)
class Installed:
    """Where a person's browser ended: the app's page."""

    status: int
    body: str
    url: str
    cookies: dict[str, str]


@dataclass(frozen=True)
class _Code:
    owner: Workspace | Enterprise
    user: User
    redirect_uri: str
    scopes: str
    at: float


class OAuth:
    """The far side of OAuth v2; `client_id` and `client_secret` are the app's.

    `redirect_url` is what the app configured at Slack: others must begin with it, and it stands in for none.
    """

    def __init__(self, state: State, client_id: str, client_secret: str) -> None:
        self._state = state
        self._client_id = client_id
        self._client_secret = client_secret
        self._codes: dict[str, _Code] = {}
        self.redirect_url: str | None = None

    async def page(self, request: web.Request) -> web.Response:
        """What a person is asked; refuses addresses that no app of ours would send anybody to."""
        asked = request.query
        if asked.get("client_id") != self._client_id:
            return web.Response(status=400, text="invalid client_id")
        if not asked.get("scope"):
            return web.Response(status=400, text="no scopes requested")
        if not self._is_ours(asked.get("redirect_uri", self.redirect_url)):
            return web.Response(status=400, text="redirect_uri did not match any configured URIs")
        return web.Response(text="Allow LogSense?", content_type="text/html")

    def _is_ours(self, redirect_uri: str | None) -> bool:
        return bool(redirect_uri) and (self.redirect_url is None or str(redirect_uri).startswith(self.redirect_url))

    def allow(self, asked: URL, owner: Workspace | Enterprise, user: User, *, deny: bool) -> str:
        """The address that the browser goes to after the person decided."""
        redirect_uri = asked.query.get("redirect_uri", "")
        landing = redirect_uri or self.redirect_url
        state = asked.query.get("state", "")
        if deny:
            return f"{landing}?{urlencode({'error': 'access_denied', 'state': state})}"
        code = secrets.token_hex(16)
        self._codes[code] = _Code(owner, user, redirect_uri, asked.query["scope"], self._state.clock())
        return f"{landing}?{urlencode({'code': code, 'state': state})}"

    def access(self, call: ApiCall) -> Json:
        """The installation, for a code that was not used before."""
        self._check_client(call.authorization, call.args)
        code = self._codes.pop(str(call.args.get("code")), None)
        if code is None:
            raise SlackError("invalid_code")
        if self._state.clock() - code.at > _CODE_LIFE_S:
            raise SlackError("code_expired")
        if str(call.args.get("redirect_uri", "")) != code.redirect_uri:
            raise SlackError("bad_redirect_uri")
        grant = self._state.install(code.owner, code.scopes)
        is_org_wide = isinstance(code.owner, Enterprise)
        enterprise = code.owner if isinstance(code.owner, Enterprise) else code.owner.enterprise
        return {
            "app_id": APP_ID,
            "access_token": grant.token,
            "token_type": "bot",
            "scope": code.scopes,
            "bot_user_id": grant.bot_user_id,
            "authed_user": {"id": code.user.id},
            "team": None if is_org_wide else {"id": code.owner.id, "name": code.owner.name},
            "enterprise": {"id": enterprise.id, "name": enterprise.name} if enterprise else None,
            "is_enterprise_install": is_org_wide,
        }

    def _check_client(self, authorization: str, args: Json) -> None:
        """Raises SlackError unless the app named itself rightly, in the header or the form."""
        named = (str(args.get("client_id", "")), str(args.get("client_secret", "")))
        if authorization.startswith("Basic "):
            id, _, secret = b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
            named = (id, secret)
        if named[0] != self._client_id:
            raise SlackError("invalid_client_id")
        if named[1] != self._client_secret:
            raise SlackError("bad_client_secret")


class Browser:
    """Walks redirects as a browser does; keeps secure cookies, too, though loopback speaks plain HTTP."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session
        self._cookies: dict[str, dict[str, str]] = {}

    async def get(self, url: str) -> tuple[int, str, str | None]:
        """Status, body, and where the page sends the browser."""
        host = URL(url).authority
        sent = "; ".join(f"{name}={value}" for name, value in self._cookies.get(host, {}).items())
        headers = {"Cookie": sent} if sent else {}
        async with self._session.get(url, headers=headers, allow_redirects=False) as response:
            for line in response.headers.getall("Set-Cookie", []):
                for name, morsel in SimpleCookie(line).items():
                    self._cookies.setdefault(host, {})[name] = morsel.value
            location = response.headers.get("Location")
            return response.status, await response.text(), urljoin(url, location) if location else None

    def cookies_of(self, url: str) -> dict[str, str]:
        """What the site of that address left in the browser."""
        return dict(self._cookies.get(URL(url).authority, {}))

    def forget(self) -> None:
        """No cookie is left, as in another browser."""
        self._cookies.clear()
