"""One connection's server as the gateway sees it: recognized once, its region and what it lacks remembered."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any
from urllib.parse import quote, urlsplit

import aiohttp

from core.domain.errors import AccessDenied, LogSenseError, NotFound, RateLimited, Refusal, ServiceUnavailable
from core.domain.tenancy import SentryConnection
from core.gateways.http.guarded import check_url
from core.gateways.sentry.dialects import GLITCHTIP, Dialect, recognized
from core.gateways.sentry.http import (
    SERVICE,
    ParameterRefused,
    Reply,
    SentryHttp,
    ServerState,
    WrongAddress,
    address_advice,
)
from core.gateways.sentry.links import agreed_origin
from core.gateways.sentry.values import listed, mapping, string

PAGE = 100
_PAGE_FOR_ORIGIN = 5
_LINK = re.compile(r"<([^<>]{0,2000})>\s{0,8};[^,<]{0,200}?rel=\"next\"[^,<]{0,200}?results=\"true\"")
_CURSOR = re.compile(r"[?&]cursor=([^&>\"']+)")


class SentryServer:
    """Paths of one organization's server, in its own dialect."""

    def __init__(
        self,
        connection: SentryConnection,
        session: aiohttp.ClientSession,
        allowed_hosts: frozenset[str],
        state: ServerState | None = None,
    ) -> None:
        """Share `state` between all that use the same connection: what one learns, the others know."""
        self.slug = connection.organization_slug
        self.organization = f"organizations/{quote(self.slug, safe='')}"
        self._connection = connection
        self._allowed_hosts = allowed_hosts
        self._http = SentryHttp(connection, session, allowed_hosts, state)
        self.state = self._http.state

    async def dialect(self) -> Dialect:
        """The server's dialect, which its root is asked for once.

        Raises:
            AccessDenied: the token is refused.
            WrongAddress: something else than Sentry's API answers.
        """
        if not self.state.is_recognized:
            async with self.state.learning:
                if not self.state.is_recognized:
                    await self._recognize()
        return self.state.dialect

    async def _recognize(self) -> None:
        try:
            reply = await self._http.get("")
        except (NotFound, Refusal):
            # Some proxies hide the root. What is asked next shows whether the API is there.
            self.state.is_recognized = True
            return
        found = recognized(reply.body)
        if found is not None:
            self.state.dialect = found
            scopes = listed(mapping(mapping(reply.body).get("auth")).get("scopes"))
            self.state.scopes = tuple(filter(None, map(string, scopes))) or None
        self.state.is_recognized = True

    async def get(self, path: str, **query: str | int | list[str]) -> Reply:
        """A GET at the base URL; what is not there is looked for in the organization's region."""
        return await self._get(lambda base_url: self._http.get(path, base_url=base_url, **query))

    async def get_raw(self, path: str) -> Reply:
        """The same with the bytes of the body."""
        return await self._get(lambda base_url: self._http.get_raw(path, base_url=base_url))

    async def _get(self, get: Callable[[str | None], Awaitable[Reply]]) -> Reply:
        await self.dialect()
        try:
            return await get(self.state.region_url)
        except NotFound:
            if self.state.is_region_known or not await self._learn_region():
                raise
            return await get(self.state.region_url)

    async def find(self, what: str, path: str, **query: str | int | list[str]) -> Reply | None:
        """A GET of something that the server may not have; None when it has not, and `what` is not asked for again."""
        if what in self.state.absent:
            return None
        try:
            return await self.get(path, **query)
        except (NotFound, ParameterRefused):
            self.state.absent.add(what)
            return None

    async def write(self, method: str, path: str, body: dict[str, Any]) -> None:
        """A PUT or POST, sent once."""
        await self.dialect()
        await self._http.write(method, path, body, base_url=self.state.region_url)

    async def list_issues(
        self, query: str, page_size: int, issue_id: str | None = None
    ) -> AsyncGenerator[list[Any], None]:
        """Pages of the organization's issues, newest activity first; with `issue_id` that one, where servers can tell.

        Raises:
            NotFound: there is no such organization, or it is not the token's; the text names the setting.
        """
        cursor: str | None = None
        while True:
            reply = await self._page_of_issues(_options(query, page_size, cursor, issue_id))
            yield listed(reply.body)
            cursor = next_cursor(reply)
            if cursor is None:
                return

    async def _page_of_issues(self, options: dict[str, str | int | list[str]]) -> Reply:
        dialect = await self.dialect()
        try:
            return await self._send_page(dialect, options)
        except ParameterRefused as refusal:
            if dialect is GLITCHTIP or "sort" not in str(refusal):
                raise
            # Its root did not show it, its words do.
            self.state.dialect = GLITCHTIP
            return await self._send_page(GLITCHTIP, options)
        except NotFound:
            await self.require_organization()
            raise

    async def _send_page(self, dialect: Dialect, options: dict[str, str | int | list[str]]) -> Reply:
        everywhere = {} if dialect.all_projects is None else {"project": dialect.all_projects}
        return await self.get(f"{self.organization}/issues/", **options, sort=dialect.sort_newest, **everywhere)

    async def learn_public_origin(self) -> str | None:
        """Where people reach this server, as the addresses of the organization's own issues say; asked once."""
        async with self.state.learning_origin:
            if not self.state.is_public_origin_known:
                try:
                    reply = await self._page_of_issues(_options("", _PAGE_FOR_ORIGIN, None, None))
                except LogSenseError:
                    return None
                addresses = [string(mapping(item).get("permalink")) for item in listed(reply.body)]
                self.state.public_origin = agreed_origin(addresses)
                self.state.is_public_origin_known = True
        return self.state.public_origin

    async def require_organization(self) -> None:
        """Return when the organization exists and the token may see it.

        Raises:
            NotFound: it does not; the text names SENTRY_ORG, or SENTRY_URL when the API itself is not there.
        """
        if "organization" not in self.state.absent:
            try:
                await self._http.get(f"{self.organization}/")
                return
            except NotFound:
                self.state.absent.add("organization")
            except (AccessDenied, RateLimited, ServiceUnavailable):
                return
        if not self.state.has_answered:
            advice = address_advice(self._connection.base_url) or "Check SENTRY_URL."
            raise WrongAddress(SERVICE, f"{self._http.host} has no Sentry API at this address. {advice}")
        raise NotFound(f"Sentry has no organization {self.slug} that this token may see. Check SENTRY_ORG.")

    async def _learn_region(self) -> bool:
        """Whether the organization lives at another address of the same Sentry; asked once, "no" is remembered."""
        async with self.state.learning:
            if not self.state.is_region_known:
                await self._ask_for_region()
        return self.state.region_url is not None

    async def _ask_for_region(self) -> None:
        try:
            reply = await self._http.get(f"{self.organization}/")
        except NotFound:
            self.state.absent.add("organization")
            self.state.is_region_known = True
            return
        except LogSenseError:
            return
        self.state.is_region_known = True
        region = string(mapping(mapping(reply.body).get("links")).get("regionUrl"))
        if region is None or region.rstrip("/") == self._connection.base_url.rstrip("/"):
            return
        if _same_family(region, self._connection.base_url):
            self.state.region_url = check_url(region, self._allowed_hosts).rstrip("/")


def _options(query: str, page_size: int, cursor: str | None, issue_id: str | None) -> dict[str, str | int | list[str]]:
    extra = {"cursor": cursor, "id": issue_id}
    return {"query": query, "limit": page_size, **{name: value for name, value in extra.items() if value}}


def next_cursor(reply: Reply) -> str | None:
    """The next page's cursor; read by pattern, because GlitchTip's header is not well formed."""
    link = _LINK.search(reply.headers.get("Link", ""))
    found = _CURSOR.search(link[1]) if link else None
    return found[1] if found else None


def _same_family(url: str, base_url: str) -> bool:
    """Whether two addresses belong together: the same host, or both below the same two last labels."""
    one, other = (urlsplit(address).hostname or "" for address in (url, base_url))
    return one == other or (
        one.count(".") >= 1 and one.split(".")[-2:] == other.split(".")[-2:] and not one[-1].isdigit()
    )
