"""Words that come again, are edited, or are said where others read along."""

from __future__ import annotations

import pytest

from core.domain.conversation import InboundEvent
from core.domain.errors import ServiceUnavailable
from core.domain.tenancy import ChannelSettings, Platform, WorkspaceRef
from core.ports import Receipt
from core.requests.handle_request import RequestHandler
from tests.fakes.slack import Channel, Message
from tests.slack.conftest import SlackHarness, text_of, until
from tests.slack.test_trouble import command, replied, whispered
from tests.slack.test_using import investigated, seen_by


async def test_an_edited_mention_starts_nothing_new_and_one_added_later_is_heard(harness: SlackHarness) -> None:
    acme, ada, incidents = await harness.install("Acme")
    asked = (await harness.fake_slack.say(ada, incidents, f"{acme.mention} investigate SHOP-1")).message
    assert asked is not None
    await harness.report_in(incidents)
    await until(lambda: any(it.files for it in incidents.posts_of_bot()))  # the chart comes last
    posts = len(incidents.posts_of_bot())
    await harness.fake_slack.edit(ada, asked, f"{acme.mention} investigate SHOP-1 please")
    await harness.fake_slack.edit(ada, asked, f"{acme.mention} now please")
    await harness.fake_slack.settle()
    store = await harness.store_of(acme)
    assert len(await store.investigations(9)) == 1 and len(incidents.posts_of_bot()) == posts
    forgot = (await harness.fake_slack.say(ada, incidents, "investigate SHOP-2")).message
    assert forgot is not None
    await harness.fake_slack.edit(ada, forgot, f"{acme.mention} investigate SHOP-2")
    await until(lambda: next((it for it in incidents.posts_of_bot() if it.thread_ts == forgot.ts), None))
    assert len(await store.investigations(9)) == 2


def answers(channel: Channel, report: Message) -> list[str]:
    """What LogSense said in the report's thread after the report."""
    return [text_of(it) for it in channel.posts_of_bot() if it.ts > report.ts and it.thread_ts == report.thread_ts]


async def test_an_edited_question_is_answered_once_more_only_when_its_words_changed(harness: SlackHarness) -> None:
    _, ada, incidents = await harness.install("Acme")
    report = await investigated(harness, ada, incidents)
    thread = report.thread_ts
    before = len(answers(incidents, report))
    asked = (await harness.fake_slack.say(ada, incidents, "who is affected?", thread_ts=thread)).message
    assert asked is not None
    await until(lambda: len(answers(incidents, report)) > before)
    await harness.fake_slack.edit(ada, asked, "who is affected?")
    await harness.fake_slack.settle()
    assert len(answers(incidents, report)) == before + 1
    await harness.fake_slack.edit(ada, asked, "since when?")
    await whispered(harness, "answered once more")
    await until(lambda: len(answers(incidents, report)) == before + 2)


async def test_a_channel_that_becomes_shared_falls_silent_and_says_so_once(harness: SlackHarness) -> None:
    acme, ada, incidents = await harness.install("Acme")
    report = await investigated(harness, ada, incidents)
    await until(lambda: any(it.files for it in incidents.posts_of_bot()))  # the chart comes last
    posts = len(incidents.posts_of_bot())
    incidents.is_ext_shared = True
    for words in ("who is affected?", "since when?", f"{acme.mention} incidents"):
        await harness.fake_slack.say(ada, incidents, words, thread_ts=report.thread_ts)
    await harness.fake_slack.react(ada, report, "white_check_mark")
    await whispered(harness, "shared with another company")
    await harness.fake_slack.settle()
    told = [it for it in harness.fake_slack.state.ephemerals if "shared with another company" in it.text]
    assert len(told) == 1 and len(incidents.posts_of_bot()) == posts
    assert "shared with another company" in await replied(await command(harness, ada, incidents, "incidents"))
    store = await harness.store_of(acme)
    await store.save_channel_settings(
        WorkspaceRef(Platform.SLACK, acme.id), incidents.id, ChannelSettings(shared_is_allowed=True)
    )
    await harness.fake_slack.say(ada, incidents, "who is affected?", thread_ts=report.thread_ts)
    await until(lambda: len(incidents.posts_of_bot()) > posts)


async def test_a_group_message_is_answered_like_a_channel(harness: SlackHarness) -> None:
    acme, ada, _ = await harness.install("Acme")
    group = acme.add_channel("mpdm-ada--bob-1", ada)
    group.kind = "mpim"
    await harness.fake_slack.say(ada, group, f"{acme.mention} investigate SHOP-1")
    report = await harness.report_in(group)
    before = len(group.posts_of_bot())
    await harness.fake_slack.say(ada, group, "who is affected?", thread_ts=report.thread_ts)
    await until(lambda: len(group.posts_of_bot()) > before)


async def test_one_failure_of_a_read_loses_no_command(harness: SlackHarness) -> None:
    _, ada, incidents = await harness.install("Acme")
    harness.fake_slack.fail_next("users.info", error="internal_error")
    harness.fake_slack.fail_next("conversations.info", error="ratelimited")
    await command(harness, ada, incidents, "investigate SHOP-1")
    await harness.report_in(incidents)


async def test_a_button_of_another_version_answers_in_words(harness: SlackHarness) -> None:
    _, ada, incidents = await harness.install("Acme")
    report = await investigated(harness, ada, incidents)
    old = {
        "type": "button",
        "action_id": "was_never_heard_of",
        "value": "x",
        "text": {"type": "plain_text", "text": "x"},
    }
    report.blocks.append({"type": "actions", "elements": [old]})
    await harness.fake_slack.click(ada, report, "was_never_heard_of")
    await whispered(harness, "another version of LogSense")


async def test_guests_are_refused_in_words(harness: SlackHarness) -> None:
    acme, _, incidents = await harness.install("Acme")
    guest = acme.add_user("gus")
    guest.is_restricted = True
    incidents.members.add(guest.id)
    assert "Guests cannot ask" in await replied(await command(harness, guest, incidents, "incidents"))


async def test_a_deleted_root_begins_a_new_one_that_everybody_sees(harness: SlackHarness) -> None:
    _, ada, incidents = await harness.install("Acme")
    with harness.sentry.held("/events/"):
        await command(harness, ada, incidents, "investigate SHOP-1")
        root = await until(lambda: next(iter(incidents.posts_of_bot()), None))
        await harness.fake_slack.delete(ada, root)
    report = await harness.report_in(incidents)
    seen = incidents.messages[report.thread_ts or report.ts]
    assert seen.thread_ts is None and seen is not root
    before = len(incidents.posts_of_bot())
    await harness.fake_slack.say(ada, incidents, "who is affected?", thread_ts=seen.ts)
    await until(lambda: len(incidents.posts_of_bot()) > before)


async def test_what_fixed_it_is_kept_before_the_form_closes_or_the_form_says_why_not(
    harness: SlackHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme, ada, incidents = await harness.install("Acme")
    report = await investigated(harness, ada, incidents)
    (investigation,) = await (await harness.store_of(acme)).investigations(9)
    await harness.fake_slack.click(ada, report, "resolve_investigation", investigation.id)
    asked = await until(lambda: next((it for it in incidents.posts_of_bot() if "fix_was_other" in text_of(it)), None))
    await harness.fake_slack.click(ada, asked, "fix_was_other", investigation.id)
    view = await until(lambda: seen_by(harness, ada))
    receive = RequestHandler.receive

    async def broken(self: RequestHandler, event: InboundEvent) -> Receipt:
        raise ServiceUnavailable("The database", "The database is away.")

    monkeypatch.setattr(RequestHandler, "receive", broken)
    outcome = await harness.fake_slack.submit_view(ada, view.id, {"fix": "Raised the pool"})
    assert outcome.view_errors and view.is_open
    monkeypatch.setattr(RequestHandler, "receive", receive)
    await harness.fake_slack.submit_view(ada, view.id, {"fix": "Raised the pool"})
    assert seen_by(harness, ada) is None
    (investigation,) = await (await harness.store_of(acme)).investigations(9)
    assert investigation.fixed_by == "Raised the pool"


async def test_who_joins_before_the_first_post_gets_its_link_once_it_stands(harness: SlackHarness) -> None:
    acme, ada, incidents = await harness.install("Acme")
    bob = acme.add_user("bob")
    incidents.members.add(bob.id)
    harness.fake_slack.delay("chat.postMessage", 0.6)
    await command(harness, ada, incidents, "investigate SHOP-1")
    said = await replied(await command(harness, bob, incidents, "investigate SHOP-1"))
    assert "Follow it here: https://" in said
    await harness.report_in(incidents)
