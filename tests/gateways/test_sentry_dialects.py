"""IncidentSource behavior over every server that LogSense works with: Sentry today, Sentry 23.x, GlitchTip."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from email.utils import formatdate
from pathlib import Path
from time import time
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiohttp import web
from mcp import Client

from bot.demo.local_sentry import Fault, LocalSentry
from bot.demo.recordings import Incident
from bot.demo.sentry_answers import SentryAnswers
from core.domain.errors import NotFound, RateLimited, Refusal, ServiceUnavailable
from core.domain.incident import IssueRef
from core.domain.tenancy import OrganizationId, SentryConnection
from core.gateways.http.guarded import open_guarded_session
from core.gateways.qdrant.connection import KnowledgeEngine, KnowledgeSettings
from core.gateways.sentry.http import ServerState
from core.gateways.sentry.incidents import SentryIncidents
from core.gateways.sentry.payloads import event_from_json
from core.mcp_server.frames import roles
from core.mcp_server.masking import Masker
from core.mcp_server.server import build_server
from core.mcp_server.tenancy import Tenant, fixed_tenancy
from core.mcp_server.tenant_context import TenantToolContext
from tests.fakes.glitchtip import FOREIGN_ID, GlitchTip

Server = LocalSentry | GlitchTip
ALLOWED = frozenset({"127.0.0.1"})
SHOP_1 = IssueRef("SHOP-1")
MOST_REQUESTS = 12


def old_sentry() -> LocalSentry:
    """Self-hosted 23.x: no time series, and no recommended event."""
    gone = ("events-timeseries", "events/recommended")
    return LocalSentry(faults=[Fault(path, 404, times=99) for path in gone])


@pytest.fixture(params=[LocalSentry, old_sentry, GlitchTip], ids=["sentry.io", "self-hosted 23.x", "glitchtip"])
async def server(request: pytest.FixtureRequest) -> AsyncIterator[Server]:
    async with request.param() as served:
        yield served


@pytest.fixture
async def incidents(server: Server) -> AsyncIterator[SentryIncidents]:
    async with open_guarded_session(ALLOWED) as session:
        yield SentryIncidents(connection(server), session, ALLOWED)


def connection(server: Server, organization: str = "acme") -> SentryConnection:
    return SentryConnection(server.base_url, organization, server.token, writes_allowed=True)


async def test_an_issue_is_found_by_its_short_id_and_by_its_number(incidents: SentryIncidents) -> None:
    issue = await incidents.issue(SHOP_1)
    assert (issue.short_id, issue.users, issue.events) == ("SHOP-1", 83, 127)
    assert (await incidents.issue(IssueRef(issue.id))).short_id == "SHOP-1"
    assert (await incidents.event(SHOP_1)).exceptions[0].type == "KeyError"


async def test_lists_series_tags_and_releases_are_read(incidents: SentryIncidents) -> None:
    issue = await incidents.issue(SHOP_1)
    assert len(await incidents.issues("is:unresolved", 3)) == 3
    series = await incidents.series(issue, 336)
    assert series is not None and sum(count for _, count in series.points) == 127
    browsers = await incidents.tag_values(issue, "browser")
    assert browsers is not None and browsers.values[0][0] == "Chrome"
    assert await incidents.tag_values(issue, "moon") is None
    assert await incidents.release("shop@4.2.0") is not None


async def test_resolving_and_noting_really_changes_the_server(incidents: SentryIncidents, server: Server) -> None:
    await incidents.set_resolved(SHOP_1, resolved=True)
    assert (await incidents.issue(SHOP_1)).status == "resolved"
    await incidents.add_note(SHOP_1, "hello")
    assert server.notes == [("SHOP-1", "hello")]


async def test_what_is_not_there_is_told_without_blaming_the_address(incidents: SentryIncidents) -> None:
    with pytest.raises(NotFound, match="no issue SHOP-999 in organization acme"):
        await incidents.issue(IssueRef("SHOP-999"))
    with pytest.raises(NotFound, match="no event"):
        await incidents.event(SHOP_1, "0" * 32)


async def test_a_misspelled_organization_names_the_setting(server: Server) -> None:
    async with open_guarded_session(ALLOWED) as session:
        stranger = SentryIncidents(connection(server, "acmee"), session, ALLOWED)
        with pytest.raises(NotFound, match=r"no organization acmee .* Check SENTRY_ORG"):
            await stranger.issues("", 1)
        with pytest.raises(NotFound, match="SENTRY_ORG"):
            await stranger.issue(SHOP_1)


PUBLIC = "https://errors.acme.example"


def show_links_at(monkeypatch: pytest.MonkeyPatch, *origins: str) -> None:
    """Let the server write addresses of issues with those origins, in turn."""
    issue, turns = SentryAnswers.issue, itertools.cycle(origins)

    def shown(answers: SentryAnswers, incident: Incident, *, resolved: bool) -> dict[str, Any]:
        written = issue(answers, incident, resolved=resolved)
        return written | {"permalink": f"{next(turns)}{urlsplit(written['permalink']).path}"}

    monkeypatch.setattr(SentryAnswers, "issue", shown)


async def test_a_server_that_people_reach_under_another_name_links_there_and_is_asked_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    show_links_at(monkeypatch, PUBLIC)
    async with LocalSentry() as server, open_guarded_session(ALLOWED) as session:
        state = ServerState()
        for number in ("SHOP-1", "SHOP-2"):
            incidents = SentryIncidents(connection(server), session, ALLOWED, state)
            issue = await incidents.issue(IssueRef(number))
            assert issue.url == f"{PUBLIC}/organizations/acme/issues/{issue.id}/"
        lists = [path for _, path in server.requests if path.split("?")[0].endswith("/acme/issues/")]
        assert len(lists) == 1


async def test_links_that_agree_on_no_other_name_are_built_from_the_address_of_the_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    show_links_at(monkeypatch, PUBLIC, "https://evil.example")
    async with LocalSentry() as server, open_guarded_session(ALLOWED) as session:
        issue = await SentryIncidents(connection(server), session, ALLOWED).issue(SHOP_1)
        assert issue.url == f"{server.base_url}/organizations/acme/issues/{issue.id}/"


async def test_every_issue_has_an_address_on_its_server(incidents: SentryIncidents, server: Server) -> None:
    issue = await incidents.issue(SHOP_1)
    assert issue.url is not None and issue.url.startswith(f"{server.base_url}/") and issue.id in issue.url


async def test_api_0_in_the_address_is_named(server: Server) -> None:
    async with open_guarded_session(ALLOWED) as session:
        wrong = SentryConnection(f"{server.base_url}/api/0", "acme", server.token)
        with pytest.raises((ServiceUnavailable, Refusal), match="Leave /api/0 out of SENTRY_URL"):
            await SentryIncidents(wrong, session, ALLOWED).issues("", 1)


async def test_an_investigation_takes_at_most_twelve_requests(server: Server, tmp_path: Path) -> None:
    async with open_guarded_session(ALLOWED) as session:
        doors = TenantToolContext(session, ALLOWED, KnowledgeEngine(KnowledgeSettings(tmp_path)))
        tenant = Tenant(OrganizationId("acme"), connection(server), investigation_id="i1")
        tools = build_server(doors, Masker("k"), fixed_tenancy(tenant), with_host_tools=False)
        async with Client(tools) as client:
            for tool in (
                "get_sentry_issue_details",
                "get_stacktrace",
                "analyze_error_frequency",
                "get_user_impact",
            ):
                assert not (await client.call_tool(tool, {"issue_id": "SHOP-1"})).is_error
    assert len(server.requests) <= MOST_REQUESTS, server.requests


async def test_an_issue_of_another_organization_is_never_read() -> None:
    async with GlitchTip() as server, open_guarded_session(ALLOWED) as session:
        for organization, issue in (("acme", FOREIGN_ID), ("other", "4211"), ("other", "SHOP-1")):
            source = SentryIncidents(connection(server, organization), session, ALLOWED)
            with pytest.raises(NotFound, match=f"in organization {organization}"):
                await source.issue(IssueRef(issue))
            with pytest.raises(NotFound):
                await source.event(IssueRef(issue))
            with pytest.raises(NotFound):
                await source.add_note(IssueRef(issue), "x")
        assert server.notes == []
        assert not [path for _, path in server.requests if path.startswith("/api/0/issues/")]


def test_members_of_a_group_stay_siblings_where_the_server_drops_ids() -> None:
    def value(kind: str, **mechanism: object) -> dict[str, object]:
        return {"type": kind, "value": "x", "mechanism": {"type": "chained", **mechanism}}

    members = [
        value("ValueError", parent_id=0, source="exceptions[1]"),
        value("KeyError", parent_id=0, source="exceptions[0]"),
    ]
    event = event_from_json({"exception": {"values": [*members, value("ExceptionGroup", is_exception_group=True)]}})
    found = {exception.type: role for exception, role in roles(event.exceptions)}
    assert found == {"KeyError": "root", "ValueError": "sibling", "ExceptionGroup": "wrapper"}


async def answering(handler: object) -> tuple[web.AppRunner, str]:
    app = web.Application()
    app.router.add_get("/{path:.*}", handler)  # type: ignore[arg-type]
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner, f"http://127.0.0.1:{runner.addresses[0][1]}"


async def failure(response: web.Response) -> BaseException:
    async def handler(request: web.Request) -> web.StreamResponse:
        if request.path == "/api/0/" and response.status not in (302, 429):
            return web.json_response({"version": "0", "auth": None, "user": None})
        return web.Response(status=response.status, body=response.body, headers=response.headers)

    runner, url = await answering(handler)
    try:
        async with open_guarded_session(ALLOWED) as session:
            with pytest.raises(Exception) as caught:
                await SentryIncidents(SentryConnection(url, "acme", "t"), session, ALLOWED).issues("", 1)
            return caught.value
    finally:
        await runner.cleanup()


async def test_the_servers_own_reason_reaches_the_person_masked_and_short() -> None:
    secret = "sntryu_" + "a1" * 30
    detail = {"detail": [{"loc": ["query", "limit"], "msg": f"too large {secret} " + "y " * 400}]}
    text = str(await failure(web.json_response(detail, status=422)))
    assert "It says: limit: too large" in text and secret not in text and len(text) < 300


async def test_a_redirect_to_a_login_page_is_a_wrong_address() -> None:
    error = await failure(web.Response(status=302, headers={"Location": "/auth/login/acme/"}))
    assert isinstance(error, ServiceUnavailable) and "login page" in str(error) and "SENTRY_URL" in str(error)


async def test_retry_after_may_be_a_date() -> None:
    error = await failure(web.Response(status=429, headers={"Retry-After": formatdate(time() + 90, usegmt=True)}))
    assert isinstance(error, RateLimited) and 60 < error.retry_after_s <= 90
