"""Links to Sentry issues in Slack: unfurled where that was opted into, for members, and never before outsiders."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.slack.install.config import SlackConfig
from bot.demo.local_sentry import LocalSentry
from core.domain.tenancy import SentryConnection
from tests.fakes.slack import Channel, FakeSlack, User
from tests.slack.conftest import SlackHarness, running, settings_for, until

ISSUE = "https://acme.sentry.io/issues/4711/"


@pytest.fixture
async def opted_in(tmp_path: Path, fake_slack: FakeSlack, sentry: LocalSentry) -> AsyncIterator[SlackHarness]:
    settings = settings_for(tmp_path / "home", fake_slack, sentry, LOGSENSE_SLACK_UNFURL="true")
    async with running(settings, fake_slack, sentry) as harness:
        yield harness


async def share(harness: SlackHarness, person: User, channel: Channel, *urls: str) -> None:
    """They posted the links."""
    await harness.fake_slack.share_links(person, channel, *urls)
    await harness.fake_slack.settle()


async def connect_cloud(harness: SlackHarness, workspace: object) -> None:
    """The organization's Sentry is `acme` on sentry.io."""
    store = await harness.store_of(workspace)  # type: ignore[arg-type]
    await store.save_sentry_connection(SentryConnection("https://sentry.io", "acme", "secret"))


async def test_a_link_to_an_issue_of_the_connected_organization_gets_a_button(opted_in: SlackHarness) -> None:
    acme, ada, incidents = await opted_in.install("Acme")
    await connect_cloud(opted_in, acme)
    foreign = "https://globex.sentry.io/issues/4712/"
    await share(opted_in, ada, incidents, ISSUE, foreign, "https://acme.sentry.io/settings/")
    unfurls = await until(lambda: opted_in.fake_slack.state.unfurls)
    assert [list(it) for it in unfurls] == [[ISSUE]]
    shown = str(unfurls[0])
    assert "investigate_issue" in shown and "'4711'" in shown


async def test_outsiders_and_shared_channels_get_no_unfurled_links(opted_in: SlackHarness) -> None:
    acme, ada, incidents = await opted_in.install("Acme")
    await connect_cloud(opted_in, acme)
    eve = opted_in.fake_slack.add_workspace("Globex", installed=False).add_user("eve")
    incidents.members.add(eve.id)
    await share(opted_in, eve, incidents, ISSUE)
    incidents.is_ext_shared = True
    await share(opted_in, ada, incidents, ISSUE)
    assert opted_in.fake_slack.state.unfurls == []


async def test_nothing_is_unfurled_unless_somebody_opted_in(harness: SlackHarness) -> None:
    acme, ada, incidents = await harness.install("Acme")
    await connect_cloud(harness, acme)
    await share(harness, ada, incidents, ISSUE)
    assert harness.fake_slack.state.unfurls == [] and not SlackConfig().unfurls
