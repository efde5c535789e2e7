"""What goes wrong is said, with what to do about it; nothing is lost, nothing leaks."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
import time
from typing import Any

import aiohttp
import pytest

from core.domain.errors import ServiceUnavailable
from core.domain.tenancy import ChannelSettings, Platform, WorkspaceRef
from tests.fakes.slack import Channel, Outcome, User
from tests.slack.conftest import SlackHarness, is_report, text_of, until


def told(outcome: Outcome) -> str:
    """What a command's person was shown."""
    return "\n".join(str(response) for response in outcome.responses)


async def whispered(harness: SlackHarness, word: str) -> str:
    """What LogSense showed to one person alone, once it holds `word`."""

    def look() -> str | None:
        shown = (json.dumps(it.blocks) + it.text for it in harness.fake_slack.state.ephemerals)
        return next((text for text in shown if word in text), None)

    return await until(look)


async def command(harness: SlackHarness, person: User, channel: Channel, text: str) -> Outcome:
    """A command whose person was answered."""
    outcome = await harness.fake_slack.command(person, channel, "/logsense", text)
    assert outcome.status == 200
    return outcome


async def replied(outcome: Outcome) -> str:
    """What the person was shown, as soon as there is something."""
    return await until(lambda: told(outcome))


async def test_words_that_mean_nothing_are_answered_with_the_nearest_command(harness: SlackHarness) -> None:
    _, ada, incidents = await harness.install("Acme")
    assert "investigate" in await replied(await command(harness, ada, incidents, "investgate SHOP-1"))
    helped = await replied(await command(harness, ada, incidents, ""))
    assert "connect" in helped and "thread" in helped
    assert "SHOP-1A2" in await replied(await command(harness, ada, incidents, "investigate"))
    assert "Nothing is being investigated" in await replied(await command(harness, ada, incidents, "status"))
    assert "Nothing is running" in await replied(await command(harness, ada, incidents, "cancel"))


async def test_without_sentry_people_are_told_how_to_connect_it(harness: SlackHarness) -> None:
    _, ada, incidents = await harness.install("Acme", with_sentry=False)
    assert "/logsense connect" in await replied(await command(harness, ada, incidents, "investigate SHOP-1"))
    assert "not connected" in await replied(await command(harness, ada, incidents, "incidents"))


async def test_an_issue_of_another_organization_is_refused_with_its_name(harness: SlackHarness) -> None:
    _, ada, incidents = await harness.install("Acme")
    url = f"{harness.sentry.base_url}/organizations/other/issues/123/"
    assert "other" in await replied(await command(harness, ada, incidents, f"investigate {url}"))
    assert incidents.posts_of_bot() == []


async def test_an_issue_that_does_not_exist_fails_in_its_thread_and_leaves_no_spinner(harness: SlackHarness) -> None:
    _, ada, incidents = await harness.install("Acme")
    await command(harness, ada, incidents, "investigate NOPE-1")
    said = await until(lambda: next((it for it in incidents.posts_of_bot() if it.thread_ts), None))
    assert "NOPE-1" in text_of(said) and "did not work" in text_of(said)
    progress = incidents.posts_of_bot()[0]
    await until(lambda: "stop_investigation" not in text_of(progress))


async def test_a_public_channel_is_joined_and_a_private_one_says_how_to_invite(harness: SlackHarness) -> None:
    acme, ada, _ = await harness.install("Acme")
    public = acme.add_channel("general", ada, with_bot=False)
    await command(harness, ada, public, "investigate SHOP-1")
    await harness.report_in(public)
    secret = acme.add_channel("secret", ada, private=True, with_bot=False)
    assert "/invite @LogSense" in await replied(await command(harness, ada, secret, "investigate SHOP-2"))


async def test_who_asked_is_told_in_a_direct_message_when_the_channel_is_lost_meanwhile(harness: SlackHarness) -> None:
    acme, ada, incidents = await harness.install("Acme")
    harness.fake_slack.fail_next("chat.postMessage", error="is_archived")
    await command(harness, ada, incidents, "investigate SHOP-1")
    assert "Unarchive it" in await whispered(harness, "archived")
    (investigation,) = await (await harness.store_of(acme)).investigations(9)
    assert investigation.failure is not None


async def test_asking_for_a_running_issue_joins_it_with_a_link(harness: SlackHarness) -> None:
    _, ada, incidents = await harness.install("Acme")
    harness.fake_slack.delay("chat.update", 0.3)
    await command(harness, ada, incidents, "investigate SHOP-1")
    await until(lambda: incidents.posts_of_bot())
    outcome = await command(harness, ada, incidents, "investigate SHOP-1")
    said = told(outcome) or "joined too late"
    await harness.report_in(incidents)
    roots = [it for it in incidents.posts_of_bot() if it.thread_ts is None]
    assert len(roots) == 1 or "joined too late" in said


async def test_strangers_and_shared_channels_are_refused_until_an_admin_allows_the_channel(
    harness: SlackHarness,
) -> None:
    acme, ada, _ = await harness.install("Acme")
    globex = harness.fake_slack.add_workspace("Globex", installed=False)
    eve = globex.add_user("eve")
    shared = acme.add_channel("shared", ada, eve, is_ext_shared=True)
    assert "shared with another company" in await replied(await command(harness, ada, shared, "investigate SHOP-1"))
    store = await harness.store_of(acme)
    workspace = WorkspaceRef(Platform.SLACK, acme.id)
    await store.save_channel_settings(workspace, shared.id, ChannelSettings(shared_is_allowed=True))
    await command(harness, ada, shared, "investigate SHOP-1")
    report = await harness.report_in(shared)

    await harness.fake_slack.react(eve, report, "white_check_mark")
    await harness.fake_slack.say(eve, shared, "what happened?", thread_ts=report.thread_ts)
    await harness.fake_slack.say(eve, shared, f"{acme.mention} investigate SHOP-2")
    await whispered(harness, "Only members")
    await harness.fake_slack.settle()
    assert len([it for it in shared.posts_of_bot() if is_report(it)]) == 1
    (investigation,) = await store.investigations(9)
    assert investigation.resolved_by is None


async def test_reactions_on_other_messages_by_bots_or_by_others_than_who_resolved_do_nothing(
    harness: SlackHarness,
) -> None:
    acme, ada, incidents = await harness.install("Acme")
    bob = acme.add_user("bob")
    robot = acme.add_user("robot", is_bot=True)
    incidents.members |= {bob.id, robot.id}
    await command(harness, ada, incidents, "investigate SHOP-1")
    report = await harness.report_in(incidents)
    other = (await harness.fake_slack.say(ada, incidents, "lunch?")).message
    assert other is not None
    await harness.fake_slack.react(ada, other, "white_check_mark")
    await harness.fake_slack.react(robot, report, "white_check_mark")
    await harness.fake_slack.react(ada, report, "tada")
    store = await harness.store_of(acme)
    assert (await store.investigations(9))[0].resolved_by is None
    await harness.fake_slack.react(ada, report, "white_check_mark")
    await until(lambda: next((it for it in incidents.posts_of_bot() if "Resolved by" in it.text), None))
    await harness.fake_slack.react(bob, report, "white_check_mark")
    await harness.fake_slack.unreact(ada, report, "white_check_mark")
    await harness.fake_slack.settle()
    resolved_by = (await store.investigations(9))[0].resolved_by
    assert resolved_by is not None and resolved_by.name == "bob"


async def test_thumbs_and_looks_wrong_are_kept_as_judgement(harness: SlackHarness) -> None:
    acme, ada, incidents = await harness.install("Acme")
    bob = acme.add_user("bob")
    incidents.members.add(bob.id)
    await command(harness, ada, incidents, "investigate SHOP-1")
    report = await harness.report_in(incidents)
    store = await harness.store_of(acme)
    await harness.fake_slack.react(ada, report, "+1::skin-tone-3")
    await harness.fake_slack.click(bob, report, "report_feedback", f"bad:{(await store.investigations(9))[0].id}")
    await whispered(harness, "Noted as wrong")
    votes = {vote.actor.name: vote.helpful for vote in (await store.investigations(9))[0].votes}
    assert votes == {"ada": True, "bob": False}


async def test_a_signature_that_is_wrong_old_or_no_number_is_refused_without_a_trace_of_the_body(
    harness: SlackHarness, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    body = "token=planted-secret&command=/logsense&text=help"

    def signed(timestamp: str) -> dict[str, str]:
        base = f"v0:{timestamp}:{body}".encode()
        digest = hmac.new(harness.fake_slack.signing_secret.encode(), base, hashlib.sha256).hexdigest()
        return {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": f"v0={digest}"}

    now = int(time.time())
    wrong = signed(str(now)) | {"X-Slack-Signature": "v0=0000"}
    tries = [wrong, signed(str(now - 600)), signed("yesterday"), signed(""), {}]
    async with aiohttp.ClientSession() as session:
        for headers in tries:
            async with session.post(f"{harness.url}/slack/events", data=body, headers=headers) as answer:
                assert answer.status == 401
    assert "planted-secret" not in caplog.text


async def test_no_secret_is_logged_by_anything(harness: SlackHarness, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "logsense")
    acme, ada, incidents = await harness.install("Acme")
    await command(harness, ada, incidents, "investigate SHOP-1")
    await harness.report_in(incidents)
    secrets = [
        acme.bot_token,
        harness.fake_slack.client_secret,
        harness.fake_slack.signing_secret,
        harness.sentry.token,
    ]
    assert [secret for secret in secrets if secret in caplog.text] == []


async def test_an_event_that_nobody_asked_for_is_answered_with_ok(harness: SlackHarness) -> None:
    acme, *_ = await harness.install("Acme")
    for event in ({"type": "team_join", "user": {}}, {"type": "message"}, {"type": "reaction_added"}):
        assert (await harness.fake_slack.deliver(acme, event)).status == 200


async def test_uninstalling_cancels_what_runs_and_forgets_the_token(harness: SlackHarness) -> None:
    acme, ada, incidents = await harness.install("Acme")
    store = await harness.store_of(acme)
    harness.fake_slack.delay("chat.postMessage", 0.5)
    await command(harness, ada, incidents, "investigate SHOP-1")
    await until(lambda: harness.fake_slack.calls_of("chat.postMessage"))
    await harness.fake_slack.uninstall(acme)
    workspace = WorkspaceRef(Platform.SLACK, acme.id)
    assert await harness.app.stores.installations.find(workspace) is None

    async def ended() -> bool:
        return all(one.status.is_over for one in await store.investigations(9))

    async with asyncio.timeout(20):
        while not await ended():
            await asyncio.sleep(0.05)
    outcome = await harness.fake_slack.command(ada, incidents, "/logsense", "status")
    assert outcome.status == 200


async def test_health_is_told_to_orchestrators(harness: SlackHarness) -> None:
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{harness.url}/healthz") as answer:
            assert (answer.status, await answer.json()) == (200, {"status": "ok"})
        async with session.get(f"{harness.url}/readyz") as answer:
            ready: Any = await answer.json()
            assert (answer.status, ready) == (200, {"database": "ok", "disk": "ok", "work": "ok"})


async def test_words_without_anything_to_go_by_start_nothing_and_say_how(harness: SlackHarness) -> None:
    acme, ada, incidents = await harness.install("Acme")
    await harness.fake_slack.say(ada, incidents, f"{acme.mention} thanks a lot for your help with this yesterday")
    await whispered(harness, "Name an issue")
    assert incidents.posts_of_bot() == []
    assert await (await harness.store_of(acme)).investigations(9) == []


async def test_an_event_that_cannot_be_kept_is_delivered_again_by_slack_and_kept_then(
    harness: SlackHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme, ada, incidents = await harness.install("Acme")
    receive = type(harness.app.inbox).receive
    refused: list[Any] = []

    async def down_once(self: Any, event: Any) -> Any:
        if not refused:
            refused.append(event)
            raise ServiceUnavailable("the database", "The database cannot be reached.")
        return await receive(self, event)

    monkeypatch.setattr(type(harness.app.inbox), "receive", down_once)
    outcome = await harness.fake_slack.say(ada, incidents, f"{acme.mention} investigate SHOP-1")
    await harness.report_in(incidents)
    assert refused and 500 in [answer.status for answer in outcome.answers]
    assert len(await (await harness.store_of(acme)).investigations(9)) == 1
