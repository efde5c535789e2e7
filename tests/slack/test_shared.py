"""A channel that becomes shared with another company while LogSense works: outsiders read nothing of what it finds."""

from __future__ import annotations

import pytest

from adapters.slack import channel as slack_channel
from core.domain.investigation import Status
from tests.slack.conftest import SlackHarness, is_report, text_of, until
from tests.slack.test_trouble import command


async def test_a_report_is_not_posted_where_outsiders_came_to_read_and_who_asked_is_told_once(
    harness: SlackHarness,
) -> None:
    acme, ada, incidents = await harness.install("Acme")
    own = acme.add_channel("own", ada)
    with harness.sentry.held("/events/"):
        await command(harness, ada, incidents, "investigate SHOP-1")
        await until(lambda: incidents.posts_of_bot())
        await command(harness, ada, own, "investigate SHOP-1")
        incidents.is_ext_shared = True
    await harness.report_in(own)
    await until(lambda: "nothing more is shown here" in text_of(incidents.posts_of_bot()[0]))
    told = await until(
        lambda: [it for it in harness.fake_slack.state.ephemerals if "shared with another company" in it.text]
    )
    await harness.fake_slack.settle()
    assert not any(map(is_report, incidents.posts_of_bot())) and len(incidents.posts_of_bot()) == 1
    assert not any(it.files for it in incidents.posts_of_bot())
    assert [it.user for it in told] == [ada.id]
    (investigation,) = await (await harness.store_of(acme)).investigations(9)
    assert investigation.status is Status.REPORTED


async def test_a_channel_that_became_shared_long_ago_is_not_remembered_as_our_own(
    harness: SlackHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slack_channel, "_SEEN_S", 0.0)
    _, ada, incidents = await harness.install("Acme")
    with harness.sentry.held("/events/"):
        await command(harness, ada, incidents, "investigate SHOP-1")
        await until(lambda: incidents.posts_of_bot())
        incidents.is_ext_shared = True
    await until(lambda: "nothing more is shown here" in text_of(incidents.posts_of_bot()[0]))
    assert len(incidents.posts_of_bot()) == 1
