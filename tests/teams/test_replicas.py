"""Two replicas on one PostgreSQL: people in Teams do not notice which of them hears, works or says."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.demo.local_sentry import Fault, LocalSentry
from tests.fakes.teams import FakeTeams
from tests.postgres import DatabaseUrls
from tests.teams.conftest import TeamsHarness, is_report, is_spinning, root_of, running, settings_for

SECRET = "a secret that both replicas know"


@contextlib.asynccontextmanager
async def replica(
    home: Path, fake_teams: FakeTeams, sentry: LocalSentry, urls: DatabaseUrls
) -> AsyncIterator[TeamsHarness]:
    """One of them; Teams delivers to the one that came last."""
    shared = {"DATABASE_URL": urls.app, "LOGSENSE_SECRET_KEY": SECRET, "LOGSENSE_LEASE": 2}
    async with running(settings_for(home, fake_teams, sentry, **shared), fake_teams, sentry) as harness:
        yield harness


@pytest.fixture
async def both(
    tmp_path: Path, fake_teams: FakeTeams, sentry: LocalSentry, postgres_urls: DatabaseUrls
) -> AsyncIterator[tuple[TeamsHarness, TeamsHarness]]:
    async with (
        replica(tmp_path / "one", fake_teams, sentry, postgres_urls) as one,
        replica(tmp_path / "two", fake_teams, sentry, postgres_urls) as two,
    ):
        yield one, two


def deliver_to(harness: TeamsHarness) -> None:
    """Teams' next activities reach that replica."""
    harness.fake_teams.bot_url = f"{harness.url}/api/messages"


async def test_what_one_hears_another_goes_on_with_in_the_same_thread(both: tuple[TeamsHarness, TeamsHarness]) -> None:
    one, two = both
    deliver_to(one)
    _, ada, incidents = await one.install()
    await one.fake_teams.say(ada, incidents, "investigate SHOP-1")
    report = await one.report_in(incidents)
    deliver_to(two)
    await two.fake_teams.say(ada, incidents, "who is affected?", root=root_of(report))
    answer = await two.said_in(incidents, "who is affected?")
    assert root_of(answer) == root_of(report)
    await two.fake_teams.react(ada, incidents, report, added="2705_whiteheavycheckmark")
    await two.fake_teams.until(lambda: "reopen_investigation" in report.verbs)


async def test_an_activity_that_reaches_both_is_worked_on_once(both: tuple[TeamsHarness, TeamsHarness]) -> None:
    one, _ = both
    acme, ada, incidents = await one.install()
    asked = one.fake_teams.activity("message", ada, incidents)
    asked |= {"text": "<at>LogSense</at> investigate SHOP-1", "textFormat": "plain"}
    asked["entities"] = [{"type": "mention", "text": "<at>LogSense</at>", "mentioned": {"id": one.fake_teams.bot_id}}]
    for replica_asked in both:
        deliver_to(replica_asked)
        assert (await one.fake_teams.deliver(asked)).status == 202
    await one.report_in(incidents)
    await one.said_in(incidents, "Bar chart of events")
    assert len(await (await one.store_of(acme)).investigations(9)) == 1
    assert len(list(filter(is_report, incidents.posts()))) == 1 and len(incidents.posts()) == 3


async def test_what_runs_on_one_is_stopped_by_a_button_that_another_hears(
    both: tuple[TeamsHarness, TeamsHarness],
) -> None:
    one, two = both
    deliver_to(one)
    _, ada, incidents = await one.install()
    one.sentry.faults.append(Fault("/events/", "hang", times=99))
    await one.fake_teams.say(ada, incidents, "investigate SHOP-1")
    await one.fake_teams.until(lambda: any("/events/" in path for _, path in one.sentry.requests))
    card = await one.fake_teams.until(lambda: next(filter(is_spinning, incidents.posts()), None))
    deliver_to(two)
    await two.fake_teams.press(ada, incidents, card, "stop_investigation")
    await two.fake_teams.until(lambda: "ancelled" in card.text)
    assert not is_spinning(card)
