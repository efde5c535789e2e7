"""Words that come again, are edited, or are said where others read along."""

from __future__ import annotations

import pytest

from core.domain.conversation import InboundEvent
from core.domain.errors import ServiceUnavailable
from core.domain.tenancy import ChannelSettings, Platform, WorkspaceRef
from core.ports import Receipt
from core.requests.handle_request import Dispatch
from tests.fakes.slack import Channel, Message
from tests.slack.conftest import Town, text_of, until
from tests.slack.test_trouble import command, replied, whispered
from tests.slack.test_using import investigated, seen_by


async def test_an_edited_mention_starts_nothing_new_and_one_added_later_is_heard(town: Town) -> None:
    acme, ada, incidents = await town.settle_in("Acme")
    asked = (await town.peer.say(ada, incidents, f"{acme.mention} investigate SHOP-1")).message
    assert asked is not None
    await town.report_in(incidents)
    await until(lambda: any(it.files for it in incidents.posts_of_bot()))  # the chart comes last
    posts = len(incidents.posts_of_bot())
    await town.peer.edit(ada, asked, f"{acme.mention} investigate SHOP-1 please")
    await town.peer.edit(ada, asked, f"{acme.mention} now please")
    await town.peer.settle()
    store = await town.store_of(acme)
    assert len(await store.investigations(9)) == 1 and len(incidents.posts_of_bot()) == posts
    forgot = (await town.peer.say(ada, incidents, "investigate SHOP-2")).message
    assert forgot is not None
    await town.peer.edit(ada, forgot, f"{acme.mention} investigate SHOP-2")
    await until(lambda: next((it for it in incidents.posts_of_bot() if it.thread_ts == forgot.ts), None))
    assert len(await store.investigations(9)) == 2


def answers(channel: Channel, report: Message) -> list[str]:
    """What LogSense said in the report's thread after the report."""
    return [text_of(it) for it in channel.posts_of_bot() if it.ts > report.ts and it.thread_ts == report.thread_ts]


async def test_an_edited_question_is_answered_once_more_only_when_its_words_changed(town: Town) -> None:
    _, ada, incidents = await town.settle_in("Acme")
    report = await investigated(town, ada, incidents)
    thread = report.thread_ts
    before = len(answers(incidents, report))
    asked = (await town.peer.say(ada, incidents, "who is affected?", thread_ts=thread)).message
    assert asked is not None
    await until(lambda: len(answers(incidents, report)) > before)
    await town.peer.edit(ada, asked, "who is affected?")
    await town.peer.settle()
    assert len(answers(incidents, report)) == before + 1
    await town.peer.edit(ada, asked, "since when?")
    await whispered(town, "answered once more")
    await until(lambda: len(answers(incidents, report)) == before + 2)


async def test_a_channel_that_becomes_shared_falls_silent_and_says_so_once(town: Town) -> None:
    acme, ada, incidents = await town.settle_in("Acme")
    report = await investigated(town, ada, incidents)
    await until(lambda: any(it.files for it in incidents.posts_of_bot()))  # the chart comes last
    posts = len(incidents.posts_of_bot())
    incidents.is_ext_shared = True
    for words in ("who is affected?", "since when?", f"{acme.mention} incidents"):
        await town.peer.say(ada, incidents, words, thread_ts=report.thread_ts)
    await town.peer.react(ada, report, "white_check_mark")
    await whispered(town, "shared with another company")
    await town.peer.settle()
    told = [it for it in town.peer.state.ephemerals if "shared with another company" in it.text]
    assert len(told) == 1 and len(incidents.posts_of_bot()) == posts
    assert "shared with another company" in await replied(await command(town, ada, incidents, "incidents"))
    store = await town.store_of(acme)
    await store.save_channel_settings(
        WorkspaceRef(Platform.SLACK, acme.id), incidents.id, ChannelSettings(shared_is_allowed=True)
    )
    await town.peer.say(ada, incidents, "who is affected?", thread_ts=report.thread_ts)
    await until(lambda: len(incidents.posts_of_bot()) > posts)


async def test_a_group_message_is_answered_like_a_channel(town: Town) -> None:
    acme, ada, _ = await town.settle_in("Acme")
    group = acme.add_channel("mpdm-ada--bob-1", ada)
    group.kind = "mpim"
    await town.peer.say(ada, group, f"{acme.mention} investigate SHOP-1")
    report = await town.report_in(group)
    before = len(group.posts_of_bot())
    await town.peer.say(ada, group, "who is affected?", thread_ts=report.thread_ts)
    await until(lambda: len(group.posts_of_bot()) > before)


async def test_one_failure_of_a_read_loses_no_command(town: Town) -> None:
    _, ada, incidents = await town.settle_in("Acme")
    town.peer.fail_next("users.info", error="internal_error")
    town.peer.fail_next("conversations.info", error="ratelimited")
    await command(town, ada, incidents, "investigate SHOP-1")
    await town.report_in(incidents)


async def test_a_button_of_another_version_answers_in_words(town: Town) -> None:
    _, ada, incidents = await town.settle_in("Acme")
    report = await investigated(town, ada, incidents)
    old = {
        "type": "button",
        "action_id": "was_never_heard_of",
        "value": "x",
        "text": {"type": "plain_text", "text": "x"},
    }
    report.blocks.append({"type": "actions", "elements": [old]})
    await town.peer.click(ada, report, "was_never_heard_of")
    await whispered(town, "another version of LogSense")


async def test_guests_are_refused_in_words(town: Town) -> None:
    acme, _, incidents = await town.settle_in("Acme")
    guest = acme.add_user("gus")
    guest.is_restricted = True
    incidents.members.add(guest.id)
    assert "Guests cannot ask" in await replied(await command(town, guest, incidents, "incidents"))


async def test_a_deleted_root_begins_a_new_one_that_everybody_sees(town: Town) -> None:
    _, ada, incidents = await town.settle_in("Acme")
    with town.sentry.held("/events/"):
        await command(town, ada, incidents, "investigate SHOP-1")
        root = await until(lambda: next(iter(incidents.posts_of_bot()), None))
        await town.peer.delete(ada, root)
    report = await town.report_in(incidents)
    seen = incidents.messages[report.thread_ts or report.ts]
    assert seen.thread_ts is None and seen is not root
    before = len(incidents.posts_of_bot())
    await town.peer.say(ada, incidents, "who is affected?", thread_ts=seen.ts)
    await until(lambda: len(incidents.posts_of_bot()) > before)


async def test_what_fixed_it_is_kept_before_the_form_closes_or_the_form_says_why_not(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme, ada, incidents = await town.settle_in("Acme")
    report = await investigated(town, ada, incidents)
    (investigation,) = await (await town.store_of(acme)).investigations(9)
    await town.peer.click(ada, report, "resolve_investigation", investigation.id)
    asked = await until(lambda: next((it for it in incidents.posts_of_bot() if "fix_was_other" in text_of(it)), None))
    await town.peer.click(ada, asked, "fix_was_other", investigation.id)
    view = await until(lambda: seen_by(town, ada))
    receive = Dispatch.receive

    async def broken(self: Dispatch, event: InboundEvent) -> Receipt:
        raise ServiceUnavailable("The database", "The database is away.")

    monkeypatch.setattr(Dispatch, "receive", broken)
    outcome = await town.peer.submit_view(ada, view.id, {"fix": "Raised the pool"})
    assert outcome.view_errors and view.is_open
    monkeypatch.setattr(Dispatch, "receive", receive)
    await town.peer.submit_view(ada, view.id, {"fix": "Raised the pool"})
    assert seen_by(town, ada) is None
    (investigation,) = await (await town.store_of(acme)).investigations(9)
    assert investigation.fixed_by == "Raised the pool"


async def test_who_joins_before_the_first_post_gets_its_link_once_it_stands(town: Town) -> None:
    acme, ada, incidents = await town.settle_in("Acme")
    bob = acme.add_user("bob")
    incidents.members.add(bob.id)
    town.peer.delay("chat.postMessage", 0.6)
    await command(town, ada, incidents, "investigate SHOP-1")
    said = await replied(await command(town, bob, incidents, "investigate SHOP-1"))
    assert "Follow it here: https://" in said
    await town.report_in(incidents)
