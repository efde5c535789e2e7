"""The local Sentry's HTTP contract, over loopback: as Sentry's own, and as faulty as it is told to be."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest

from bot.demo.local_sentry import Fault, LocalSentry
from bot.demo.recordings import recorded_incidents
from core.domain.errors import AccessDenied, NotFound, RateLimited, ServiceUnavailable
from core.domain.incident import IssueRef
from core.domain.tenancy import SentryConnection
from core.gateways.sentry.incidents import SentryIncidents

ALL_IDS = [incident.short_id for incident in recorded_incidents()]
BY_ID = {incident.short_id: incident for incident in recorded_incidents()}


class Caller:
    """Calls the local Sentry as a client with its token would."""

    def __init__(self, sentry: LocalSentry, session: aiohttp.ClientSession) -> None:
        self.sentry = sentry
        self._session = session

    async def send(
        self, method: str, path: str, *, token: str | None = None, body: object = None, **query: str
    ) -> tuple[int, Any, Mapping[str, str]]:
        headers = {"Authorization": f"Bearer {token if token is not None else self.sentry.token}"}
        url = f"{self.sentry.base_url}/api/0/{path}"
        async with self._session.request(
            method, url, headers=headers if token != "" else {}, json=body, params=query
        ) as response:
            is_json = "json" in response.headers.get("Content-Type", "")
            return response.status, await response.json() if is_json else await response.text(), response.headers

    async def get(self, path: str, **query: str) -> Any:
        status, body, _ = await self.send("GET", path, **query)
        assert status == 200, body
        return body


@pytest.fixture
async def sentry() -> AsyncIterator[LocalSentry]:
    async with LocalSentry() as served:
        yield served


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


@pytest.fixture
def caller(sentry: LocalSentry, session: aiohttp.ClientSession) -> Caller:
    return Caller(sentry, session)


@pytest.fixture
def gateway(sentry: LocalSentry, session: aiohttp.ClientSession) -> SentryIncidents:
    connection = SentryConnection(sentry.base_url, sentry.organization_slug, sentry.token, writes_allowed=True)
    return SentryIncidents(connection, session, frozenset({sentry.base_url.removeprefix("http://")}))


def next_cursor(headers: Mapping[str, str]) -> str | None:
    found = re.search(r'rel="next"; results="true"; cursor="([^"]+)"', headers["Link"])
    return found[1] if found else None


# ---- who may ask ----------------------------------------------------------------------------------------------------


async def test_without_a_token_it_answers_401_as_sentry_does(caller: Caller) -> None:
    status, body, _ = await caller.send("GET", "organizations/acme/issues/", token="")
    assert (status, body) == (401, {"detail": "Authentication credentials were not provided."})


async def test_with_a_wrong_token_it_answers_401_as_sentry_does(caller: Caller) -> None:
    status, body, _ = await caller.send("GET", "organizations/acme/issues/", token="sntryu_wrong")
    assert (status, body) == (401, {"detail": "Invalid token"})


async def test_every_answer_states_its_rate_limit(caller: Caller) -> None:
    for path, token in (("organizations/acme/", None), ("nowhere/", None), ("organizations/acme/", "wrong")):
        _, _, headers = await caller.send("GET", path, token=token)
        assert int(headers["X-Sentry-Rate-Limit-Remaining"]) < int(headers["X-Sentry-Rate-Limit-Limit"])
        assert int(headers["X-Sentry-Rate-Limit-Reset"]) >= int(time.time())


@pytest.mark.parametrize(
    "path",
    [
        "organizations/other/issues/",
        "organizations/acme/issues/SHOP-999/",
        "organizations/acme/issues/SHOP-1/events/0123/",
        "organizations/acme/issues/SHOP-1/tags/unheard-of/",
        "organizations/acme/shortids/SHOP-999/",
        "organizations/acme/eventids/0123/",
        "organizations/acme/releases/shop%400.0.0/",
        "projects/acme/shop/events/0123/committers/",
        "issues/1/",
    ],
)
async def test_what_is_not_there_is_a_404_as_sentry_says_it(caller: Caller, path: str) -> None:
    status, body, _ = await caller.send("GET", path)
    assert (status, body) == (404, {"detail": "The requested resource does not exist"})


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("issues/", {"limit": "many"}),
        ("issues/", {"limit": "0"}),
        ("issues/", {"cursor": "here"}),
        ("events-timeseries/", {"query": "issue:SHOP-1", "statsPeriod": "soon"}),
        ("events-timeseries/", {"query": "issue:SHOP-1", "interval": "0"}),
    ],
)
async def test_a_parameter_that_makes_no_sense_is_a_400(caller: Caller, path: str, query: dict[str, str]) -> None:
    status, body, _ = await caller.send("GET", f"organizations/acme/{path}", **query)
    assert status == 400
    assert body["detail"].startswith("Invalid")


async def test_it_remembers_what_was_asked(caller: Caller) -> None:
    await caller.get("organizations/acme/")
    assert caller.sentry.requests == [("GET", "/api/0/organizations/acme/")]


# ---- issues ---------------------------------------------------------------------------------------------------------


async def test_the_organization_names_its_region(caller: Caller) -> None:
    assert (await caller.get("organizations/acme/"))["links"]["regionUrl"] == caller.sentry.base_url


async def test_pages_of_issues_show_every_issue_once(caller: Caller) -> None:
    seen: list[str] = []
    cursor: str | None = "0:0:0"
    while cursor is not None:
        status, body, headers = await caller.send("GET", "organizations/acme/issues/", limit="5", cursor=cursor)
        assert status == 200
        assert headers["X-Hits"] == str(len(ALL_IDS))
        assert len(body) <= 5
        seen += [issue["shortId"] for issue in body]
        cursor = next_cursor(headers)
    assert sorted(seen) == sorted(ALL_IDS)


async def test_the_first_page_has_a_next_and_no_previous(caller: Caller) -> None:
    _, _, headers = await caller.send("GET", "organizations/acme/issues/", limit="5")
    links = re.findall(r'<([^>]+)>; rel="(\w+)"; results="(\w+)"', headers["Link"])
    assert [(name, has_results) for _, name, has_results in links] == [("previous", "false"), ("next", "true")]
    assert all(url.startswith(f"{caller.sentry.base_url}/api/0/organizations/acme/issues/?") for url, _, _ in links)


async def test_a_page_that_holds_exactly_everything_has_no_next(caller: Caller) -> None:
    _, body, headers = await caller.send("GET", "organizations/acme/issues/", limit=str(len(ALL_IDS)))
    assert len(body) == len(ALL_IDS)
    assert next_cursor(headers) is None


async def test_the_newest_activity_comes_first(caller: Caller) -> None:
    listed = await caller.get("organizations/acme/issues/", limit="100")
    assert [issue["lastSeen"] for issue in listed] == sorted((issue["lastSeen"] for issue in listed), reverse=True)


async def test_words_of_a_query_search_the_titles(caller: Caller) -> None:
    found = await caller.get("organizations/acme/issues/", query="is:unresolved POOL exhausted")
    assert [issue["shortId"] for issue in found] == ["SHOP-2"]


async def test_an_issue_is_the_same_by_number_and_by_short_id_on_both_paths(caller: Caller) -> None:
    by_short_id = await caller.get("organizations/acme/issues/SHOP-1/")
    for path in ("organizations/acme/issues/shop-1/", "organizations/acme/issues/4000001/", "issues/4000001/"):
        assert await caller.get(path) == by_short_id
    assert (await caller.get("organizations/acme/shortids/SHOP-1/"))["groupId"] == "4000001"


async def test_a_resolved_issue_leaves_the_default_list_until_it_is_reopened(caller: Caller) -> None:
    path = "organizations/acme/issues/SHOP-2/"
    status, body, _ = await caller.send("PUT", path, body={"status": "resolved"})
    assert (status, body["status"]) == (200, "resolved")
    assert (await caller.get(path))["status"] == "resolved"

    async def listed(**query: str) -> list[str]:
        return [issue["shortId"] for issue in await caller.get("organizations/acme/issues/", limit="100", **query)]

    assert "SHOP-2" not in await listed()
    assert "SHOP-2" in await listed(query="")
    assert await listed(query="is:resolved") == ["SHOP-2"]
    await caller.send("PUT", path, body={"status": "unresolved"})
    assert "SHOP-2" in await listed()


async def test_another_local_sentry_knows_nothing_of_what_was_resolved(caller: Caller) -> None:
    await caller.send("PUT", "organizations/acme/issues/SHOP-2/", body={"status": "resolved"})
    async with LocalSentry() as other, aiohttp.ClientSession() as session:
        assert (await Caller(other, session).get("organizations/acme/issues/SHOP-2/"))["status"] == "unresolved"


async def test_a_note_is_kept_and_an_empty_one_refused(caller: Caller) -> None:
    status, _, _ = await caller.send("POST", "organizations/acme/issues/4000001/notes/", body={"text": "found it"})
    assert (status, caller.sentry.notes) == (201, [("SHOP-1", "found it")])
    status, _, _ = await caller.send("POST", "organizations/acme/issues/4000001/notes/", body={})
    assert (status, len(caller.sentry.notes)) == (400, 1)


async def test_what_a_person_would_answer_is_never_served(caller: Caller) -> None:
    for incident in recorded_incidents():
        sentence = incident.expected["root_cause"]
        for rest in ("", "events/latest/", "tags/release/", "hashes/"):
            _, body, _ = await caller.send("GET", f"organizations/acme/issues/{incident.short_id}/{rest}")
            assert sentence not in str(body)


# ---- events and counts ----------------------------------------------------------------------------------------------


async def test_an_event_answers_to_all_its_names(caller: Caller) -> None:
    latest = await caller.get("organizations/acme/issues/SHOP-1/events/latest/")
    for which in ("oldest", "recommended", latest["eventID"]):
        assert await caller.get(f"organizations/acme/issues/4000001/events/{which}/") == latest
    found = await caller.get(f"organizations/acme/eventids/{latest['eventID']}/")
    assert (found["groupId"], found["event"]) == ("4000001", latest)


async def test_a_list_of_events_is_short_unless_asked_in_full(caller: Caller) -> None:
    [short] = await caller.get("organizations/acme/issues/SHOP-1/events/")
    [full] = await caller.get("organizations/acme/issues/SHOP-1/events/", full="true")
    assert "entries" not in short
    assert full["entries"]


async def test_times_are_recent_and_breadcrumbs_lead_up_to_the_event(caller: Caller) -> None:
    event = await caller.get("organizations/acme/issues/SHOP-1/events/latest/")
    issue = await caller.get("organizations/acme/issues/SHOP-1/")
    happened = datetime.fromisoformat(event["dateCreated"])
    assert timedelta(0) < datetime.now(UTC) - happened < timedelta(minutes=10)
    assert timedelta(hours=2) < datetime.now(UTC) - datetime.fromisoformat(issue["firstSeen"]) < timedelta(hours=3.1)
    crumbs = next(entry for entry in event["entries"] if entry["type"] == "breadcrumbs")["data"]["values"]
    times = [datetime.fromisoformat(crumb["timestamp"]) for crumb in crumbs]
    assert times == sorted(times)
    assert times[-1] < happened


@pytest.mark.parametrize("short_id", ALL_IDS)
async def test_every_series_sums_to_the_count(caller: Caller, short_id: str) -> None:
    issue = await caller.get(f"organizations/acme/issues/{short_id}/")
    assert sum(count for _, count in issue["stats"]["30d"]) == int(issue["count"])
    for interval in ("3600", "21600", "86400"):
        body = await caller.get(
            "organizations/acme/events-timeseries/",
            query=f"issue:{short_id}",
            dataset="errors",
            yAxis="count()",
            interval=interval,
            statsPeriod="14d",
        )
        [series] = body["timeSeries"]
        times = [value["timestamp"] for value in series["values"]]
        assert sum(value["value"] for value in series["values"]) == int(issue["count"])
        assert {later - earlier for earlier, later in pairwise(times)} == {int(interval) * 1000}


async def test_a_day_of_the_series_equals_the_issues_own_stats(caller: Caller) -> None:
    issue = await caller.get("organizations/acme/issues/SHOP-4/")
    body = await caller.get(
        "organizations/acme/events-timeseries/", query="issue:SHOP-4", interval="3600", statsPeriod="24h"
    )
    points = [[value["timestamp"] // 1000, value["value"]] for value in body["timeSeries"][0]["values"]]
    assert points == issue["stats"]["24h"]
    assert 0 < sum(count for _, count in points) < int(issue["count"])


async def test_totals_count_events_and_users(caller: Caller) -> None:
    path = "organizations/acme/events/?field=count()&field=count_unique(user)&field=unheard_of()&query=issue:SHOP-1"
    [row] = (await caller.get(path))["data"]
    issue = await caller.get("organizations/acme/issues/SHOP-1/")
    assert row == {"count()": int(issue["count"]), "count_unique(user)": issue["userCount"]}


async def test_a_table_counts_the_events_of_all_issues_but_one(caller: Caller) -> None:
    path = "organizations/acme/events/"
    asked = {"query": "!issue:SHOP-1 has:release", "start": "2020-01-01T00:00:00", "end": "2100-01-01T00:00:00"}
    rows = (await caller.get(path, **asked, field="release"))["data"]
    counts = {row["release"]: row["count()"] for row in rows}
    assert "shop@4.2.0" not in counts
    assert counts["orders@1.18.2"] == BY_ID["SHOP-3"].events
    assert list(counts.values()) == sorted(counts.values(), reverse=True)
    status, _, _ = await caller.send("GET", f"{path}?field=release&query=!issue:SHOP-1&start=soon")
    assert status == 400


async def test_the_first_event_lies_in_the_first_interval_that_counts_one(caller: Caller) -> None:
    issue = await caller.get("organizations/acme/issues/SHOP-1/")
    first = datetime.fromisoformat(issue["firstSeen"]).timestamp()
    start = next(at for at, count in issue["stats"]["24h"] if count)
    assert start <= first < start + 3600


async def test_values_of_a_tag_sum_to_its_total(caller: Caller) -> None:
    tag = await caller.get("organizations/acme/issues/SHOP-1/tags/browser/")
    values = await caller.get("organizations/acme/issues/SHOP-1/tags/browser/values/")
    assert tag["topValues"] == values
    assert sum(value["count"] for value in values) == tag["totalValues"] == BY_ID["SHOP-1"].events


async def test_the_user_tag_counts_users_and_lists_only_the_known_one(caller: Caller) -> None:
    tag = await caller.get("organizations/acme/issues/SHOP-1/tags/user/")
    assert tag["uniqueValues"] == BY_ID["SHOP-1"].issue["users"]
    assert [value["value"] for value in tag["topValues"]] == ["id:u-1042"]
    assert tag["topValues"][0]["count"] < tag["totalValues"]


async def test_the_suspect_commit_stands_in_the_release_that_came_before_the_first_event(caller: Caller) -> None:
    issue = await caller.get("organizations/acme/issues/SHOP-5/")
    version = quote(issue["firstRelease"]["version"], safe="")
    release = await caller.get(f"organizations/acme/releases/{version}/")
    commits = await caller.get(f"organizations/acme/releases/{version}/commits/")
    suspected = await caller.get(f"projects/acme/shop/events/{BY_ID['SHOP-5'].event['id']}/committers/")
    assert release["dateReleased"] < issue["firstSeen"]
    assert len(commits) == release["commitCount"]
    assert suspected["committers"][0]["commits"][0]["id"] in [commit["id"] for commit in commits]


async def test_where_nothing_is_suspected_there_are_no_committers(caller: Caller) -> None:
    status, _, _ = await caller.send("GET", f"projects/acme/shop/events/{BY_ID['SHOP-2'].event['id']}/committers/")
    assert status == 404


# ---- faults ---------------------------------------------------------------------------------------------------------


async def test_a_fault_hits_its_path_as_often_as_told(caller: Caller) -> None:
    caller.sentry.faults.append(Fault("/issues/SHOP-1/", 500, times=2))
    assert (await caller.send("GET", "organizations/acme/issues/SHOP-2/"))[0] == 200
    statuses = [(await caller.send("GET", "organizations/acme/issues/SHOP-1/"))[0] for _ in range(3)]
    assert statuses == [500, 500, 200]


async def test_a_rate_limited_caller_is_told_when_to_come_back(caller: Caller) -> None:
    caller.sentry.faults.append(Fault("/issues/", 429))
    status, body, headers = await caller.send("GET", "organizations/acme/issues/")
    assert status == 429
    assert "too frequently" in body["detail"]
    assert headers["X-Sentry-Rate-Limit-Remaining"] == "0"
    assert 0 <= int(headers["X-Sentry-Rate-Limit-Reset"]) - int(time.time()) <= 2


async def test_a_reset_of_ones_own_is_kept(caller: Caller) -> None:
    far = str(int(time.time()) + 900)
    caller.sentry.faults.append(Fault("/issues/", 429, headers={"X-Sentry-Rate-Limit-Reset": far}))
    _, _, headers = await caller.send("GET", "organizations/acme/issues/")
    assert headers["X-Sentry-Rate-Limit-Reset"] == far


async def test_it_can_answer_with_a_page_instead_of_json(caller: Caller) -> None:
    caller.sentry.faults.append(Fault("/issues/", "html"))
    _, body, headers = await caller.send("GET", "organizations/acme/issues/")
    assert headers["Content-Type"].startswith("text/html")
    assert body.startswith("<html>")


async def test_it_can_drop_the_connection(caller: Caller) -> None:
    # Twice, because the client itself repeats a GET once on a connection that was closed under it.
    caller.sentry.faults.append(Fault("/issues/", "drop", times=2))
    with pytest.raises(aiohttp.ClientError):
        await caller.send("GET", "organizations/acme/issues/")


async def test_it_can_hang_and_still_be_stopped(session: aiohttp.ClientSession) -> None:
    async with LocalSentry(faults=[Fault("/issues/", "hang")]) as sentry:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(Caller(sentry, session).send("GET", "organizations/acme/issues/"), timeout=0.2)


# ---- the production gateway against it ------------------------------------------------------------------------------


@pytest.mark.parametrize("short_id", ALL_IDS)
async def test_the_gateway_reads_every_incident(gateway: SentryIncidents, short_id: str) -> None:
    issue = await gateway.issue(IssueRef(short_id))
    event = await gateway.event(IssueRef(short_id))
    series = await gateway.series(issue, 336)
    release = await gateway.release(issue.first_release or "")
    assert (issue.short_id, issue.events, issue.title) == (short_id, BY_ID[short_id].events, BY_ID[short_id].title)
    assert event.release == issue.first_release
    assert series is not None and sum(count for _, count in series.points) == issue.events
    assert release is not None and release.commits
    assert bool(await gateway.suspect_commits(issue, event)) == BY_ID[short_id].release.suspect


async def test_the_gateway_lists_resolves_and_notes(gateway: SentryIncidents, sentry: LocalSentry) -> None:
    assert len(await gateway.issues("is:unresolved", 100)) == len(ALL_IDS)
    await gateway.set_resolved(IssueRef("SHOP-1"), resolved=True)
    await gateway.add_note(IssueRef("SHOP-1"), "seen before")
    assert len(await gateway.issues("is:unresolved", 100)) == len(ALL_IDS) - 1
    assert sentry.notes == [("SHOP-1", "seen before")]


async def test_the_gateway_gets_past_two_failures(gateway: SentryIncidents, sentry: LocalSentry) -> None:
    sentry.faults += [Fault("/issues/SHOP-1/", 502), Fault("/issues/SHOP-1/", "drop")]
    assert (await gateway.issue(IssueRef("SHOP-1"))).short_id == "SHOP-1"


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault("/issues/", 500, times=9), ServiceUnavailable),
        (Fault("/issues/", "html", times=9), ServiceUnavailable),
        (Fault("/issues/", 403, times=9), AccessDenied),
        (Fault("/issues/", 429, times=9, headers={"X-Sentry-Rate-Limit-Reset": "99999999999"}), RateLimited),
        (Fault("/issues/", 404, times=9), NotFound),
    ],
    ids=lambda value: str(value.kind) if isinstance(value, Fault) else "",
)
async def test_the_gateway_names_what_went_wrong(
    gateway: SentryIncidents, sentry: LocalSentry, fault: Fault, error: type[Exception]
) -> None:
    sentry.faults.append(Fault(fault.path, fault.kind, fault.times, fault.headers))
    with pytest.raises(error):
        await gateway.issue(IssueRef("SHOP-1"))
