"""The Sentry gateway over real HTTP: what it reads, what it retries, what it refuses, and where its token goes."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from bot.demo.local_sentry import Fault, LocalSentry
from core.domain.errors import AccessDenied, NotFound, RateLimited, Refusal, ServiceUnavailable
from core.domain.incident import IssueRef, TagDistribution
from core.domain.tenancy import SentryConnection
from core.gateways.http.guarded import open_guarded_session
from core.gateways.sentry.incidents import SentryIncidents
from core.gateways.sentry.shares import shares_of_others

SHOP_1 = IssueRef("SHOP-1")


@pytest.fixture
async def sentry() -> AsyncIterator[LocalSentry]:
    async with LocalSentry() as served:
        yield served


def connection(sentry: LocalSentry) -> SentryConnection:
    return SentryConnection(sentry.base_url, sentry.organization_slug, sentry.token, writes_allowed=True)


@pytest.fixture
async def incidents(sentry: LocalSentry) -> AsyncIterator[SentryIncidents]:
    allowed = frozenset({"127.0.0.1"})
    async with open_guarded_session(allowed, timeout_s=2.0) as session:
        yield SentryIncidents(connection(sentry), session, allowed)


async def test_an_issue_with_its_event_series_tags_release_and_suspects(incidents: SentryIncidents) -> None:
    issue = await incidents.issue(SHOP_1)
    event = await incidents.event(SHOP_1)
    series = await incidents.series(issue, 336)
    browsers = await incidents.tag_values(issue, "browser")
    release = await incidents.release("shop@4.2.0")
    suspects = await incidents.suspect_commits(issue, event)
    assert (issue.short_id, issue.events, issue.users, issue.first_release) == ("SHOP-1", 127, 83, "shop@4.2.0")
    assert event.exceptions[0].type == "KeyError"
    assert series is not None and sum(count for _, count in series.points) == 127
    assert browsers is not None and browsers.values[0][0] == "Chrome" and browsers.total == 127
    assert release is not None and len(release.commits) == 2
    assert [commit.message for commit in suspects] == ["pricing: bundles carry a price of their own"]


async def test_the_projects_other_events_share_a_tag_without_those_of_the_issue(incidents: SentryIncidents) -> None:
    issue = await incidents.issue(SHOP_1)
    usual = await incidents.usual_values(issue, "release")
    assert usual is not None and usual.total > 500
    assert usual.total == sum(count for _, count in usual.values)
    assert "storefront@7.9.0" in dict(usual.values)
    assert "shop@4.2.0" not in dict(usual.values)


async def test_other_events_are_those_of_the_issues_own_time(incidents: SentryIncidents) -> None:
    issue = await incidents.issue(SHOP_1)
    assert issue.first_seen is not None and issue.last_seen is not None
    month = replace(issue, first_seen=issue.first_seen - timedelta(days=40))
    day, whole = await incidents.usual_values(issue, "release"), await incidents.usual_values(month, "release")
    assert day is not None and whole is not None and day.total < whole.total
    before = replace(issue, first_seen=None, last_seen=issue.last_seen - timedelta(days=60))
    assert await incidents.usual_values(before, "release") == TagDistribution("release", 0, ())


@pytest.mark.parametrize("status", [400, 403, 404])
async def test_a_tracker_that_has_or_gives_no_table_of_events_cannot_tell(
    incidents: SentryIncidents, sentry: LocalSentry, status: int
) -> None:
    issue = await incidents.issue(SHOP_1)
    sentry.faults.append(Fault("organizations/acme/events/", status))
    assert await incidents.usual_values(issue, "release") is None
    assert await incidents.usual_values(replace(issue, last_seen=None), "release") is None


async def test_of_a_tag_with_more_values_than_a_page_no_shares_are_claimed(incidents: SentryIncidents) -> None:
    asked: list[dict[str, str]] = []

    async def table(request: web.Request) -> web.Response:
        asked.append(dict(request.query))
        more = {"Link": '<http://x/?cursor=0:100:0>; rel="next"; results="true"; cursor="0:100:0"'}
        headers = more if request.query.get("field") == "url" else {}
        return web.json_response({"data": [{request.query["field"]: "a", "count()": 7}]}, headers=headers)

    issue = await incidents.issue(SHOP_1)
    app = web.Application()
    app.router.add_get("/api/0/organizations/acme/events/", table)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    allowed = frozenset({"127.0.0.1"})
    try:
        async with open_guarded_session(allowed) as session:
            peer = SentryConnection(f"http://127.0.0.1:{runner.addresses[0][1]}", "acme", "token")
            source = SentryIncidents(peer, session, allowed)
            assert await source.usual_values(issue, "release") == TagDistribution("release", 7, (("a", 7),))
            assert await source.usual_values(issue, "url") is None
    finally:
        await runner.cleanup()
    assert asked[0]["query"] == "project:shop !issue:SHOP-1 has:release"
    assert asked[0]["start"] < asked[0]["end"]


_anything = st.none() | st.integers() | st.text(max_size=5) | st.lists(st.integers(), max_size=2)
_rows = st.lists(_anything | st.fixed_dictionaries({"release": _anything, "count()": _anything}), max_size=5)


@given(_anything | st.fixed_dictionaries({"data": _anything | _rows}))
def test_whatever_a_table_of_events_holds_its_shares_are_of_its_total(body: object) -> None:
    found = shares_of_others(body, "release")
    assert found is None or all(0 < count <= found.total for _, count in found.values)


async def test_lists_follow_pages_up_to_the_limit(incidents: SentryIncidents, sentry: LocalSentry) -> None:
    assert len(await incidents.issues("is:unresolved", 14)) == 14
    assert len(await incidents.issues("is:unresolved", 3)) == 3
    assert [issue.short_id for issue in await incidents.issues("PoolTimeout", 5)] == ["SHOP-2"]


async def test_resolving_reopening_and_noting(incidents: SentryIncidents, sentry: LocalSentry) -> None:
    await incidents.set_resolved(SHOP_1, resolved=True)
    assert (await incidents.issue(SHOP_1)).status == "resolved"
    await incidents.set_resolved(SHOP_1, resolved=False)
    assert (await incidents.issue(SHOP_1)).status == "unresolved"
    await incidents.add_note(SHOP_1, "hello")
    assert sentry.notes == [("SHOP-1", "hello")]


async def test_without_leave_nothing_is_written(sentry: LocalSentry) -> None:
    allowed = frozenset({"127.0.0.1"})
    async with open_guarded_session(allowed) as session:
        reading_only = SentryIncidents(replace(connection(sentry), writes_allowed=False), session, allowed)
        with pytest.raises(Refusal, match="LOGSENSE_SENTRY_WRITES"):
            await reading_only.set_resolved(SHOP_1, resolved=True)
        with pytest.raises(Refusal):
            await reading_only.add_note(SHOP_1, "x")
    assert sentry.requests == []


async def test_failures_that_pass_are_tried_again(incidents: SentryIncidents, sentry: LocalSentry) -> None:
    sentry.faults += [Fault("issues/SHOP-1/", 503), Fault("issues/SHOP-1/", "drop")]
    assert (await incidents.issue(SHOP_1)).short_id == "SHOP-1"


async def test_a_server_that_keeps_failing_is_named(incidents: SentryIncidents, sentry: LocalSentry) -> None:
    sentry.faults.append(Fault("issues/SHOP-1/", 500, times=9))
    with pytest.raises(ServiceUnavailable, match=r"127\.0\.0\.1.*HTTP 500"):
        await incidents.issue(SHOP_1)


async def test_a_write_is_never_sent_twice(incidents: SentryIncidents, sentry: LocalSentry) -> None:
    sentry.faults.append(Fault("/notes/", 500, times=9))
    with pytest.raises(ServiceUnavailable):
        await incidents.add_note(SHOP_1, "once")
    assert [method for method, path in sentry.requests if "/notes/" in path] == ["POST"]


async def test_a_rate_limit_is_waited_for_until_its_reset(incidents: SentryIncidents, sentry: LocalSentry) -> None:
    headers = {"X-Sentry-Rate-Limit-Reset": str(time.time() + 0.3)}
    sentry.faults.append(Fault("issues/SHOP-1/", 429, headers=headers))
    assert (await incidents.issue(SHOP_1)).short_id == "SHOP-1"


async def test_a_long_rate_limit_is_told_not_slept_through(incidents: SentryIncidents, sentry: LocalSentry) -> None:
    headers = {"X-Sentry-Rate-Limit-Reset": str(time.time() + 300)}
    sentry.faults.append(Fault("issues/SHOP-1/", 429, headers=headers))
    with pytest.raises(RateLimited, match="wait"):
        await incidents.issue(SHOP_1)


async def test_a_sign_in_page_instead_of_json_names_the_setting(
    incidents: SentryIncidents, sentry: LocalSentry
) -> None:
    sentry.faults.append(Fault("issues/SHOP-1/", "html", times=9))
    with pytest.raises(ServiceUnavailable, match="SENTRY_URL"):
        await incidents.issue(SHOP_1)


@pytest.mark.parametrize(("status", "sentence"), [(401, "SENTRY_TOKEN"), (403, "event:read")])
async def test_a_refused_token_says_what_to_change(
    incidents: SentryIncidents, sentry: LocalSentry, status: int, sentence: str
) -> None:
    sentry.faults.append(Fault("issues/SHOP-1/", status))
    with pytest.raises(AccessDenied, match=sentence):
        await incidents.issue(SHOP_1)


async def test_what_does_not_exist_is_said_in_words(incidents: SentryIncidents) -> None:
    with pytest.raises(NotFound, match="no issue SHOP-77 in organization acme"):
        await incidents.issue(IssueRef("SHOP-77"))
    with pytest.raises(NotFound, match="no event"):
        await incidents.event(SHOP_1, "0" * 32)
    issue = await incidents.issue(SHOP_1)
    assert await incidents.tag_values(issue, "moon") is None
    assert await incidents.release("none@1") is None


async def test_counts_come_from_the_issue_where_time_series_are_missing(
    incidents: SentryIncidents, sentry: LocalSentry
) -> None:
    sentry.faults.append(Fault("events-timeseries", 404, times=9))
    series = await incidents.series(await incidents.issue(SHOP_1), 336)
    assert series is not None and series.interval_s == 86_400
    assert sum(count for _, count in series.points) == 127


async def test_a_server_that_hangs_is_given_up(incidents: SentryIncidents, sentry: LocalSentry) -> None:
    sentry.faults.append(Fault("issues/SHOP-1/", "hang", times=9))
    with pytest.raises(ServiceUnavailable, match="did not answer in time"):
        await incidents.issue(SHOP_1)


async def test_the_token_does_not_follow_a_redirect() -> None:
    seen: list[str | None] = []

    async def elsewhere(request: web.Request) -> web.Response:
        seen.append(request.headers.get("Authorization"))
        return web.json_response({})

    async def redirect(request: web.Request) -> web.Response:
        raise web.HTTPFound(f"http://127.0.0.1:{ports[0]}/stolen")

    ports: list[int] = []
    runners = []
    for handler in (elsewhere, redirect):
        app = web.Application()
        app.router.add_get("/{path:.*}", handler)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        ports.append(runner.addresses[0][1])
        runners.append(runner)
    allowed = frozenset({"127.0.0.1"})
    try:
        async with open_guarded_session(allowed) as session:
            stranger = SentryConnection(f"http://127.0.0.1:{ports[1]}", "acme", "secret-token")
            with pytest.raises(ServiceUnavailable, match="redirects elsewhere"):
                await SentryIncidents(stranger, session, allowed).issue(SHOP_1)
    finally:
        for runner in runners:
            await runner.cleanup()
    assert seen == []
