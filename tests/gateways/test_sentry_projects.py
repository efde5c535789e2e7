"""Issues of projects that the token's user has not joined: sentry.io leaves them out unless told which to read."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from core.domain.incident import IssueRef
from core.domain.tenancy import SentryConnection
from core.gateways.http.guarded import open_guarded_session
from core.gateways.sentry.incidents import SentryIncidents
from tests.fakes.joined_projects import OTHER, TwoProjects

OTHERS_ISSUE = "SHOP-2"


@pytest.fixture
async def sentry() -> AsyncIterator[TwoProjects]:
    served = TwoProjects(OTHERS_ISSUE)
    async with served:
        yield served


@pytest.fixture
async def incidents(sentry: TwoProjects) -> AsyncIterator[SentryIncidents]:
    allowed = frozenset({"127.0.0.1"})
    connection = SentryConnection(sentry.base_url, sentry.organization_slug, sentry.token)
    async with open_guarded_session(allowed, timeout_s=2.0) as session:
        yield SentryIncidents(connection, session, allowed)


async def test_lists_hold_the_issues_of_every_project(incidents: SentryIncidents, sentry: TwoProjects) -> None:
    found = await incidents.issues("is:unresolved", 25)
    assert OTHERS_ISSUE in {issue.short_id for issue in found} and len(found) > 1
    assert set(sentry.projects_sent("/issues/")) == {"-1"}


async def test_an_issue_of_another_teams_project_is_found_with_its_series_in_that_project(
    incidents: SentryIncidents, sentry: TwoProjects
) -> None:
    issue = await incidents.issue(IssueRef(OTHERS_ISSUE))
    series = await incidents.series(issue, 336)
    assert issue.project == "billing"
    assert series is not None and sum(count for _, count in series.points) == issue.events
    assert await incidents.usual_values(issue, "release") is not None
    assert set(sentry.projects_sent("/events-timeseries/")) == {OTHER}
    assert set(sentry.projects_sent("/events/")) == {OTHER}
