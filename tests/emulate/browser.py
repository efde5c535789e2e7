"""A person's browser, as far as installing needs one: it keeps what it is given, and presses the person's button."""

from __future__ import annotations

from dataclasses import dataclass
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from types import TracebackType
from urllib.parse import urljoin

import aiohttp


@dataclass(frozen=True)
class Page:
    """Where the browser is."""

    url: str
    status: int
    body: str
    location: str = ""


class Browser:
    """Cookies are kept by hand: LogSense's is for https only, and here is none."""

    def __init__(self) -> None:
        self._cookies: dict[str, str] = {}

    async def __aenter__(self) -> Browser:
        self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def goes_to(self, url: str) -> Page:
        """The page, and where it sends on to, which is not followed."""
        return await self._ask("GET", url)

    async def presses(self, page: Page, user_id: str) -> Page:
        """The form of emulate's page that signs in as that user was sent."""
        found = _Forms()
        found.feed(page.body)
        action, fields = next(form for form in found.forms if form[1].get("user_id") == user_id)
        return await self._ask("POST", urljoin(page.url, action), fields)

    async def _ask(self, verb: str, url: str, form: dict[str, str] | None = None) -> Page:
        cookies = {"Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())}
        asked = self._session.request(verb, url, data=form, headers=cookies, allow_redirects=False)
        async with asked as answer:
            for line in answer.headers.getall("Set-Cookie", []):
                self._cookies |= {name: it.value for name, it in SimpleCookie(line).items()}
            return Page(url, answer.status, await answer.text(), answer.headers.get("Location", ""))


class _Forms(HTMLParser):
    """The forms of a page: where they go, and their fields."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[tuple[str, dict[str, str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append((given["action"], {}))
        elif tag == "input" and self.forms:
            self.forms[-1][1][given["name"]] = given["value"]
