"""Slack itself, played on loopback: the far side of the network for tests.

    async with FakeSlack() as peer:
        acme = peer.add_workspace("Acme")                      # installed, unless installed=False
        maya = acme.add_user("maya", is_admin=True)
        incidents = acme.add_channel("incidents", maya)        # with the bot, unless with_bot=False
        peer.events_url = "http://127.0.0.1:3000/slack/events"
        outcome = await peer.command(maya, incidents, "/logsense", "investigate SHOP-1")

What the app is configured with: `peer.api_url` (ends in `/api/`), `peer.url` (where `/oauth/v2/authorize` is),
`peer.signing_secret`, `peer.client_id`, `peer.client_secret`, `peer.app_token` (Socket Mode), `workspace.bot_token`.

State (see state.py; all of it may be read and asserted on):
    peer.add_workspace(name, id=, enterprise=, installed=True, scopes=) -> Workspace
    peer.add_enterprise(name, id=, installed=False, scopes=) -> Enterprise
    workspace.add_user(name, id=, is_admin=, is_owner=, is_bot=) -> User
    workspace.add_channel(name, *members, id=, private=, with_bot=, is_ext_shared=) -> Channel
    workspace.direct_messages(user) -> Channel                 workspace.mention, .bot_user_id, .bot_token, .grant
    channel.messages[ts], channel.posts_of_bot()               message.versions (what it showed, and from when)
    message.text, .blocks, .metadata, .thread_ts, .reactions, .files, .replies()
    peer.state.files, .views, .homes[(team, user)], .ephemerals, .statuses
    peer.open_view(user) -> View                               the modal that person sees on top

What the app did:
    peer.calls: list[Call(method, workspace, args, at, error)] peer.calls_of(method) -> list[Call]
    peer.rate_limited (how many 429), peer.limited (a Counter by method)
    peer.responses: list[Response(user, channel, body)]        posts to response_url, also in Outcome.responses

People (each act is awaited and returns an Outcome: the app's `.answers`, of the last `.status` and `.body`;
`.message`, `.trigger_id`, `.event_ids`, `.responses`, `.view_errors`):
    say(user, channel, text, thread_ts=None, ts=None, **extra) mentions also send app_mention; extra joins the event
    edit(user, message, text), delete(user, message)
    command(user, channel, "/logsense", text)                  react(user, message, name), unreact(...)
    click(user, message_or_view, action_id, value=None)        shortcut(user, message, callback_id)
    submit_view(user, view_id, {block_id: value})              open_home(user)
    uninstall(workspace_or_enterprise), revoke_tokens(workspace_or_enterprise)
    deliver(workspace, event, channel=None)                    any other event, signed and in its envelope
    verify_url()                                               asks the app for its challenge
    signed(body, timestamp=None) -> headers                    for a request that a test sends (or spoils) itself
    install(install_url, workspace_or_enterprise, user, deny=False, same_browser=True) -> Installed(status, body, url)
    peer.redirect_url = "…/slack/oauth_redirect"               as configured at Slack, for apps that do not name theirs
    allow(authorize_url, owner, user, deny=False) -> str       that page alone: where it sends the browser with the code
    invite(channel), kick(channel)                             not awaited: the bot is in the channel, or is not
    settle()                                                   returns once every event under way was answered

Faults of the Web API:
    fail_next(method, error=, status=, retry_after_s=, times=1)   delay(method, seconds, times=None)
    drop_answer_of(method, times=1)                            the thing is done, the connection cut
Faults of delivery:
    duplicate_next(times=1), delay_next(seconds, times=1)      async with peer.reordered(): comes the last first
    Events (not commands nor clicks) are retried three times when the answer is no 2xx or takes over `answer_within_s`.
    refresh_sockets(), cut_sockets()                           Socket Mode: asks to reconnect, or just closes

Limits: sliding windows by method and workspace from the published tiers; `per_minute={"chat.update": 45}` overrides.
`posts_per_second` is for each channel, 1 and no burst: tests that post twice in real time set it high.
`clock` (seconds, monotonic) drives limits, triggers, `Version.at` and `Call.at`.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from aiohttp import web
from yarl import URL

from tests.fakes.slack import files
from tests.fakes.slack.calls import Call
from tests.fakes.slack.delivery import Delivery
from tests.fakes.slack.faults import Faults
from tests.fakes.slack.limits import Limits
from tests.fakes.slack.methods import all_methods
from tests.fakes.slack.methods_views import Views
from tests.fakes.slack.oauth import Browser, Installed, OAuth
from tests.fakes.slack.people import People
from tests.fakes.slack.responses import Response, Responses
from tests.fakes.slack.socket_mode import Sockets
from tests.fakes.slack.state import BOT_SCOPES, Enterprise, State, User, Workspace
from tests.fakes.slack.web_api import WebApi

_MOST_REDIRECTS = 5


class FakeSlack(People):
    """See the module."""

    client_id, client_secret = "111.222", "the app's client secret"
    signing_secret = "8f742231b10e8888abcd99yyyzzz85a5"
    app_token = "xapp-1-A0LOGSENSE-1-token"

    def __init__(
        self,
        *,
        per_minute: Mapping[str, int] | None = None,
        posts_per_second: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
        answer_within_s: float = 3.0,
        retry_waits_s: Sequence[float] = (0.0, 0.1, 0.3),
    ) -> None:
        """Serves from `async with` on. Slack retries at once, after a minute and after five: here sooner."""
        state = State(clock)
        self.sockets = Sockets()
        self._limits = Limits(clock, per_minute or {}, posts_per_second)
        self._faults = Faults()
        self._oauth = OAuth(state, self.client_id, self.client_secret)
        delivery = Delivery(
            self.sockets, self.signing_secret, answer_within_s=answer_within_s, retry_waits_s=retry_waits_s
        )
        super().__init__(state, delivery, Views(state), Responses(state), lambda: self.url)
        self._api = WebApi(
            state,
            all_methods(self._views, self._oauth),
            self._limits,
            self._faults,
            app_token=self.app_token,
            notify=self.notify,
            url=lambda: self.url,
            open_socket=lambda: f"{self.url.replace('http', 'ws', 1)}/link?ticket={self.sockets.ticket()}",
        )
        self.fail_next, self.delay = self._faults.fail_next, self._faults.delay
        self.drop_answer_of = self._faults.drop_answer_of
        self.duplicate_next, self.delay_next = delivery.duplicate_next, delivery.delay_next
        self.reordered, self.settle, self.signed = delivery.reordered, delivery.settle, delivery.signed
        self.refresh_sockets, self.cut_sockets = self.sockets.refresh, self.sockets.cut
        self.url = ""

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=2**26)
        app.router.add_route("*", "/api/{method}", self._api.answer)
        app.router.add_get("/oauth/v2/authorize", self._oauth.page)
        app.router.add_get("/link", self.sockets.serve)
        app.router.add_post("/response/{id}", self._responses.receive)
        app.router.add_post("/upload/v1/{id}", self._upload)
        app.router.add_get("/{kind:files-pri|files-pri-d}/{id}/{name}", self._file)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.delivery.close()
        await self.sockets.cut()
        await self._runner.cleanup()

    async def _upload(self, request: web.Request) -> web.Response:
        return await files.receive(self.state, request)

    async def _file(self, request: web.Request) -> web.Response:
        return await files.serve(self.state, request)

    def attached(self, workspace: Workspace, name: str, content: bytes, **more: Any) -> dict[str, Any]:
        """A file that somebody attaches: one of the `files` of `say`."""
        return files.attach(self.state, workspace.id, self.url, name, content, **more)

    # ---- what it is and what it saw ---------------------------------------------------------------------------------

    @property
    def api_url(self) -> str:
        """The SDK's `base_url`."""
        return f"{self.url}/api/"

    @property
    def events_url(self) -> str | None:
        """Where the app listens; None until a test says so."""
        return self.delivery.events_url

    @events_url.setter
    def events_url(self, url: str | None) -> None:
        self.delivery.events_url = url

    @property
    def redirect_url(self) -> str | None:
        """Where people may be sent after they decided; None until a test says so, then anywhere that the app names."""
        return self._oauth.redirect_url

    @redirect_url.setter
    def redirect_url(self, url: str | None) -> None:
        self._oauth.redirect_url = url

    @property
    def calls(self) -> list[Call]:
        """Every call that arrived, whatever became of it."""
        return self._api.calls

    def calls_of(self, method: str) -> list[Call]:
        """The calls of one method."""
        return [call for call in self.calls if call.method == method]

    @property
    def responses(self) -> list[Response]:
        """What came to response_urls."""
        return self._responses.received

    @property
    def limited(self) -> Counter[str]:
        """How many calls of each method got 429."""
        return self._limits.refused

    @property
    def rate_limited(self) -> int:
        """How many calls got 429."""
        return self.limited.total()

    # ---- setting up -------------------------------------------------------------------------------------------------

    def add_enterprise(
        self, name: str, *, id: str | None = None, installed: bool = False, scopes: str = BOT_SCOPES
    ) -> Enterprise:
        """A Grid organization; `installed` is an org-wide installation."""
        enterprise = Enterprise(id or self.state.new_id("E"), name, self.state)
        self.state.enterprises[enterprise.id] = enterprise
        if installed:
            self.state.install(enterprise, scopes)
        return enterprise

    def add_workspace(
        self,
        name: str,
        *,
        id: str | None = None,
        enterprise: Enterprise | None = None,
        installed: bool = True,
        scopes: str = BOT_SCOPES,
    ) -> Workspace:
        """A workspace; where its enterprise has the app org-wide, it has it by that."""
        workspace = Workspace(id or self.state.new_id("T"), name, self.state, enterprise)
        self.state.workspaces[workspace.id] = workspace
        if enterprise is not None:
            enterprise.workspaces.append(workspace)
        if enterprise is not None and enterprise.grant is not None:
            self.state.install(enterprise, ",".join(enterprise.grant.scopes))
        elif installed:
            self.state.install(workspace, scopes)
        return workspace

    async def install(
        self,
        install_url: str,
        owner: Workspace | Enterprise,
        user: User,
        *,
        deny: bool = False,
        same_browser: bool = True,
    ) -> Installed:
        """Where `user`'s browser ended that started at the app's install page and allowed (or denied) it for `owner`.

        Unless `same_browser`, Slack's page sent them on in a browser that has none of the app's cookies.
        """
        browser = Browser(self.delivery.session)
        status, body, asked = await browser.get(install_url)
        if asked is None and (link := re.search(r'href="([^"]*/oauth/v2/authorize[^"]*)"', body)):
            asked = link[1].replace("&amp;", "&")
        if asked is None:
            return Installed(status, body, install_url, browser.cookies_of(install_url))
        status, body, _ = await browser.get(asked)
        if status != 200 or not asked.startswith(f"{self.url}/oauth/v2/authorize?"):
            return Installed(status, body, asked, browser.cookies_of(install_url))
        if not same_browser:
            browser.forget()
        url: str | None = self.allow(asked, owner, user, deny=deny)
        for _ in range(_MOST_REDIRECTS):
            assert url is not None
            status, body, onward = await browser.get(url)
            if onward is None:
                return Installed(status, body, url, browser.cookies_of(url))
            url = onward
        raise RecursionError(f"redirected more than {_MOST_REDIRECTS} times")

    def allow(self, asked: str, owner: Workspace | Enterprise, user: User, *, deny: bool = False) -> str:
        """Where Slack sends the browser after `user` decided on the page `asked`."""
        return self._oauth.allow(URL(asked), owner, user, deny=deny)
