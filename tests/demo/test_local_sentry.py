"""The local Sentry behaves as Sentry's Web API does where LogSense, or anybody's client, relies on it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from bot.demo.local_sentry import Fault, LocalSentry
from bot.demo.recordings import Incident, recorded_incidents


@pytest.fixture
async def sentry() -> AsyncIterator[LocalSentry]:
    async with LocalSentry() as served:
        yield served


@pytest.fixture
async def client(sentry: LocalSentry) -> AsyncIterator[aiohttp.ClientSession]:
    headers = {"Authorization": f"Bearer {sentry.token}"}
    async with aiohttp.ClientSession(f"{sentry.base_url}/api/0/", headers=headers) as session:
        yield session


async def get(client: aiohttp.ClientSession, path: str, **query: str) -> Any:
    async with client.get(path, params=query) as response:
        assert response.status == 200, await response.text()
        return await response.json()


async def test_without_the_right_token_everything_is_refused(sentry: LocalSentry) -> None:
    async with aiohttp.ClientSession() as session:
        for headers in ({}, {"Authorization": "Bearer wrong"}):
            async with session.get(f"{sentry.base_url}/api/0/organizations/acme/issues/", headers=headers) as response:
                assert response.status == 401
                assert await response.json() == {"detail": "Invalid token"}


@pytest.mark.parametrize("incident", recorded_incidents(), ids=lambda incident: incident.short_id)
async def test_an_issue_is_the_same_by_short_id_and_by_number(
    client: aiohttp.ClientSession, incident: Incident
) -> None:
    by_short_id = await get(client, f"organizations/acme/issues/{incident.short_id}/")
    by_number = await get(client, f"organizations/acme/issues/{incident.issue_id}/")
    assert by_short_id == by_number
    assert by_short_id["count"] == str(incident.events)
    assert by_short_id["firstSeen"] < by_short_id["lastSeen"]


@pytest.mark.parametrize("incident", recorded_incidents(), ids=lambda incident: incident.short_id)
async def test_the_series_and_every_tag_count_the_same_events(
    client: aiohttp.ClientSession, incident: Incident
) -> None:
    for period, interval in (("336h", "21600"), ("168h", "3600")):
        found = await get(
            client,
            "organizations/acme/events-timeseries/",
            query=f"issue:{incident.short_id}",
            statsPeriod=period,
            interval=interval,
        )
        assert sum(point["value"] for point in found["timeSeries"][0]["values"]) == incident.events
    for key in incident.story.shares:
        tag = await get(client, f"organizations/acme/issues/{incident.short_id}/tags/{key}/")
        assert sum(value["count"] for value in tag["topValues"]) == tag["totalValues"] == incident.events


async def test_pages_hold_every_issue_once(client: aiohttp.ClientSession) -> None:
    listed: list[str] = []
    cursor = "0:0"
    while True:
        async with client.get("organizations/acme/issues/", params={"limit": "5", "cursor": cursor}) as response:
            listed += [issue["shortId"] for issue in await response.json()]
            link = response.headers["Link"]
        cursor = link.split('cursor="')[1].split('"')[0]
        if 'results="false"' in link:
            break
    assert sorted(listed) == sorted(incident.short_id for incident in recorded_incidents())


async def test_what_is_resolved_leaves_the_list_until_it_is_reopened(client: aiohttp.ClientSession) -> None:
    for status, shown in (("resolved", False), ("unresolved", True)):
        async with client.put("organizations/acme/issues/SHOP-3/", json={"status": status}) as response:
            assert (await response.json())["status"] == status
        listed = await get(client, "organizations/acme/issues/", limit="100")
        assert ("SHOP-3" in [issue["shortId"] for issue in listed]) is shown


async def test_what_does_not_exist_is_404_in_sentrys_words(client: aiohttp.ClientSession) -> None:
    for path in ("issues/SHOP-99/", "issues/SHOP-1/tags/moon/", "releases/none/", "issues/SHOP-1/events/nope/"):
        async with client.get(f"organizations/acme/{path}") as response:
            assert response.status == 404
            assert await response.json() == {"detail": "The requested resource does not exist"}


async def test_faults_happen_as_often_as_told(sentry: LocalSentry, client: aiohttp.ClientSession) -> None:
    sentry.faults.append(Fault("issues/SHOP-1/", 500, times=2))
    statuses = []
    for _ in range(3):
        async with client.get("organizations/acme/issues/SHOP-1/") as response:
            statuses.append(response.status)
    assert statuses == [500, 500, 200]
