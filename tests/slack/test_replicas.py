"""Two replicas on one PostgreSQL: people do not notice which of them hears, works or says."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.demo.local_sentry import Fault, LocalSentry
from core.domain.errors import Refusal
from tests.fakes.slack import FakeSlack
from tests.postgres import DatabaseUrls
from tests.slack.conftest import SlackHarness, is_report, is_spinning, running, settings_for, text_of, until
from tests.slack.test_trouble import command, replied

SECRET = "a secret that both replicas know"


@contextlib.asynccontextmanager
async def replica(
    home: Path, fake_slack: FakeSlack, sentry: LocalSentry, urls: DatabaseUrls, **changes: Any
) -> AsyncIterator[SlackHarness]:
    """One of them; Slack's events go to the one that came last."""
    settings = settings_for(
        home, fake_slack, sentry, DATABASE_URL=urls.app, LOGSENSE_SECRET_KEY=SECRET, LOGSENSE_LEASE=2, **changes
    )
    async with running(settings, fake_slack, sentry) as harness:
        yield harness


async def test_what_one_hears_another_goes_on_with_in_the_same_thread(
    tmp_path: Path, fake_slack: FakeSlack, sentry: LocalSentry, postgres_urls: DatabaseUrls
) -> None:
    async with replica(tmp_path / "one", fake_slack, sentry, postgres_urls) as one:
        acme, ada, incidents = await one.install("Acme")
        await command(one, ada, incidents, "investigate SHOP-1")
        report = await one.report_in(incidents)
        async with replica(tmp_path / "two", fake_slack, sentry, postgres_urls) as two:
            await two.fake_slack.say(ada, incidents, f"{acme.mention} who is affected?", thread_ts=report.thread_ts)
            await until(lambda: next((it for it in incidents.posts_of_bot() if "affected?" in text_of(it)), None))
            await two.fake_slack.react(ada, report, "white_check_mark")
            await until(lambda: next((it for it in incidents.posts_of_bot() if "Resolved by" in it.text), None))


async def test_one_replica_keeps_the_socket_and_another_takes_it_over(
    tmp_path: Path, fake_slack: FakeSlack, sentry: LocalSentry, postgres_urls: DatabaseUrls
) -> None:
    acme = fake_slack.add_workspace("Acme")
    ada = acme.add_user("ada")
    incidents = acme.add_channel("incidents", ada)
    operator = {
        "SLACK_APP_TOKEN": fake_slack.app_token,
        "SLACK_BOT_TOKEN": acme.bot_token,
        "SLACK_SIGNING_SECRET": None,
        "SLACK_CLIENT_ID": None,
        "SENTRY_URL": sentry.base_url,
        "SENTRY_ORG": sentry.organization_slug,
        "SENTRY_TOKEN": sentry.token,
    }
    async with contextlib.AsyncExitStack() as both:
        one = contextlib.AsyncExitStack()
        await one.enter_async_context(replica(tmp_path / "one", fake_slack, sentry, postgres_urls, **operator))
        await fake_slack.sockets.connected()
        harness = await both.enter_async_context(
            replica(tmp_path / "two", fake_slack, sentry, postgres_urls, **operator)
        )
        assert fake_slack.sockets.opened == 1, "the second stands by"
        await one.aclose()
        await until(lambda: fake_slack.sockets.opened == 2)
        await fake_slack.sockets.connected()
        await command(harness, ada, incidents, "investigate SHOP-2")
        assert "SHOP-2" in text_of(await harness.report_in(incidents))


async def test_a_role_that_could_see_everything_does_not_serve(
    tmp_path: Path, fake_slack: FakeSlack, sentry: LocalSentry, postgres_urls: DatabaseUrls
) -> None:
    owner = DatabaseUrls(postgres_urls.owner, postgres_urls.owner, postgres_urls.root)
    with pytest.raises(Refusal, match="owns the tables"):
        async with replica(tmp_path / "one", fake_slack, sentry, owner):
            pytest.fail("it served")


async def test_what_runs_on_one_is_stopped_by_another_within_a_second(
    tmp_path: Path, fake_slack: FakeSlack, sentry: LocalSentry, postgres_urls: DatabaseUrls
) -> None:
    async with replica(tmp_path / "one", fake_slack, sentry, postgres_urls) as one:
        _, ada, incidents = await one.install("Acme")
        sentry.faults.append(Fault("/events/", "hang", times=99))
        await command(one, ada, incidents, "investigate SHOP-1")
        await until(lambda: any("/events/" in path for _, path in sentry.requests))
        async with replica(tmp_path / "two", fake_slack, sentry, postgres_urls, LOGSENSE_WORKER_SLOTS=1) as two:
            await command(two, ada, incidents, "cancel")
            (progress,) = incidents.posts_of_bot()
            await until(lambda: "ancelled" in text_of(progress), timeout_s=10)
            assert not is_spinning(progress)


async def test_asked_in_two_channels_at_once_one_investigation_reports_to_both(harness: SlackHarness) -> None:
    acme, ada, incidents = await harness.install("Acme")
    backend = acme.add_channel("backend", ada)
    with harness.sentry.held("/events/"):
        await command(harness, ada, incidents, "investigate SHOP-1")
        await until(lambda: incidents.posts_of_bot())
        said = await replied(await command(harness, ada, backend, "investigate SHOP-1"))
    assert "already being investigated" in said and "comes here, too" in said
    for channel in (incidents, backend):
        await harness.report_in(channel)
        assert len([it for it in channel.posts_of_bot() if is_report(it)]) == 1
    assert len(await (await harness.store_of(acme)).investigations(9)) == 1
    (followed, *_) = backend.posts_of_bot()
    await harness.fake_slack.say(ada, backend, f"{acme.mention} who is affected?", thread_ts=followed.ts)
    await until(lambda: next((it for it in backend.posts_of_bot() if "affected?" in text_of(it)), None))
