"""What goes wrong is said, with what to do about it; nothing is lost, nothing leaks."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from core.domain.errors import ServiceUnavailable
from tests.fakes.teams import Message, Place
from tests.teams.conftest import TeamsHarness, is_report


def reports(place: Place) -> list[Message]:
    """Every report there."""
    return list(filter(is_report, place.posts()))


async def test_without_sentry_people_are_told_how_to_connect_it(harness: TeamsHarness) -> None:
    _, ada, incidents = await harness.install(with_sentry=False)
    await harness.fake_teams.say(ada, incidents, "investigate SHOP-1")
    assert "connect sentry" in (await harness.said_in(incidents, "Sentry is not connected yet")).text
    assert len(incidents.posts()) == 1


async def test_an_issue_that_does_not_exist_fails_in_its_thread_and_leaves_no_spinner(harness: TeamsHarness) -> None:
    _, ada, incidents = await harness.install()
    await harness.fake_teams.say(ada, incidents, "investigate NOPE-1")
    await harness.said_in(incidents, "did not work")
    await harness.fake_teams.until(lambda: "stop_investigation" not in incidents.posts()[0].verbs)


async def test_a_request_that_cannot_be_kept_is_to_be_delivered_again(
    harness: TeamsHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, ada, incidents = await harness.install()
    receive = type(harness.app.inbox).receive
    refused: list[Any] = []

    async def down_once(self: Any, event: Any) -> Any:
        if not refused:
            refused.append(event)
            raise ServiceUnavailable("the database", "The database cannot be reached.")
        return await receive(self, event)

    monkeypatch.setattr(type(harness.app.inbox), "receive", down_once)
    asked = await harness.fake_teams.say(ada, incidents, "investigate SHOP-1")
    assert asked.status == 503
    assert (await harness.fake_teams.deliver(asked.said)).status == 202
    await harness.report_in(incidents)


async def test_a_login_service_that_is_away_delays_and_loses_nothing(harness: TeamsHarness) -> None:
    _, ada, incidents = await harness.install()
    harness.fake_teams.tokens.clear()
    harness.fake_teams.fault("token", 500, times=2)
    await harness.fake_teams.say(ada, incidents, "investigate SHOP-1")
    await harness.report_in(incidents)


async def test_who_asked_is_told_in_their_own_chat_when_the_place_is_lost_meanwhile(harness: TeamsHarness) -> None:
    acme, ada, incidents = await harness.install()
    harness.fake_teams.fault("post", 403, code="BotNotInConversationRoster")
    await harness.fake_teams.say(ada, incidents, "investigate SHOP-1")
    await harness.said_in(harness.fake_teams.chat(ada), "Add it to the team")
    (investigation,) = await (await harness.store_of(acme)).investigations(9)
    assert investigation.failure is not None


async def test_a_report_too_large_for_teams_arrives_in_several_cards(harness: TeamsHarness) -> None:
    _, ada, incidents = await harness.install()
    harness.fake_teams.state.max_bytes = 12_000
    await harness.fake_teams.say(ada, incidents, "investigate SHOP-1")
    await harness.report_in(incidents)
    assert len(reports(incidents)) == 1 and len(incidents.posts()) >= 3


async def test_no_secret_is_logged_by_anything(harness: TeamsHarness, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    _, ada, incidents = await harness.install()
    await harness.fake_teams.say(ada, incidents, "investigate SHOP-1")
    await harness.report_in(incidents)
    secrets = [harness.fake_teams.app_password, harness.sentry.token, *harness.fake_teams.tokens]
    assert [secret for secret in secrets if secret in caplog.text] == []
    assert "eyJ" not in caplog.text, "no token of Teams' either"


async def test_activities_that_nobody_asked_for_are_answered_and_mean_nothing(harness: TeamsHarness) -> None:
    _, ada, incidents = await harness.install()
    for kind in ("conversationUpdate", "typing", "messageUpdate", "messageDelete", "endOfConversation", "event"):
        assert (await harness.fake_teams.deliver(harness.fake_teams.activity(kind, ada, incidents))).status == 202
    odd = harness.fake_teams.activity("invoke", ada, incidents) | {"name": "composeExtension/query", "value": {}}
    assert (await harness.fake_teams.deliver(odd)).status == 400
    assert incidents.posts() == []
