"""What a channel does with a view: it stands where it says, shows the newest state, and is whole."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from core.delivery.live_message import LiveThread
from core.domain.errors import LeaseLost
from core.domain.thread_view import NoticeView
from tests.contracts.harness import Sender, until
from tests.contracts.views import ADA, LONG, LONG_PROGRESS, LONG_REPORT, STEPS, all_words, titled


async def test_a_post_says_where_it_stands_and_the_next_one_stands_below_it(sender: Sender) -> None:
    (message,) = await sender.channel.post(sender.here, titled("SHOP-1"), key="i1/progress")
    assert message.conversation.thread is not None
    assert sender.count("SHOP-1") == 1
    (below,) = await sender.channel.post(message.conversation, NoticeView("Said below it."), key="i1/said")
    assert below.conversation == message.conversation and below.message_id != message.message_id
    assert sender.text().index("SHOP-1") < sender.text().index("Said below it.")
    assert sender.threads() == 1


async def test_each_edit_takes_the_place_of_what_was_shown_before(sender: Sender) -> None:
    (message,) = await sender.channel.post(sender.here, titled("state-0"), key="i1/progress")
    for number in range(1, 5):
        await sender.channel.turn(message)
        await sender.channel.edit(message, titled(f"state-{number}"), final=number == 4)
        assert sender.count(f"state-{number}") == sender.count("state-") == 1


async def test_the_same_edit_twice_is_harmless(sender: Sender) -> None:
    (message,) = await sender.channel.post(sender.here, titled("SHOP-1"), key="i1/progress")
    for _ in range(2):
        await sender.channel.edit(message, titled("state-1"), final=True)
    assert sender.count("state-1") == 1 and sender.count("SHOP-1") == 0


async def test_the_last_edit_stays_though_one_before_it_was_slow_and_what_ends_it_stands_below(sender: Sender) -> None:
    (message,) = await sender.channel.post(sender.here, titled("state-0"), key="i1/progress")
    async with LiveThread(sender.channel, message.conversation, message=message) as live:
        await sender.slow_edit(lambda: live.show(lambda: titled("state-1")))
        live.show(lambda: titled("state-2"))
        await live.conclude(titled("state-3"), NoticeView("It is over."))
    assert sender.count("state-3") == sender.count("state-") == 1
    assert sender.text().index("state-3") < sender.text().index("It is over.")


async def test_of_states_that_come_faster_than_they_can_be_shown_the_newest_is_shown(sender: Sender) -> None:
    (message,) = await sender.channel.post(sender.here, titled("state-0"), key="i1/progress")
    async with LiveThread(sender.channel, message.conversation, message=message) as live:
        for number in range(1, 50):
            live.show(lambda number=number: titled(f"state-{number}"))  # type: ignore[misc]
        await until(lambda: sender.count("state-49") == 1)
    assert sender.count("state-") == 1


@pytest.mark.parametrize("kind", LONG)
async def test_an_over_long_text_arrives_whole_and_in_order(sender: Sender, kind: str) -> None:
    view = LONG[kind]
    posted = await sender.channel.post(sender.here, view, key="i1/long")
    shown = re.findall(r"\w+", sender.text())
    assert all_words(view) <= set(shown)
    firsts = [shown.index(f"{word}{number}") for word, number in _in_order(kind)]
    assert firsts == sorted(firsts)
    assert len({message.conversation for message in posted}) == sender.threads() == 1


def _in_order(kind: str) -> list[tuple[str, int]]:
    word, most = ("cause", 800) if kind == "report" else ("word", 4_000)
    return [(word, number) for number in range(0, most, 50)]


async def test_an_over_long_report_is_still_whole_when_its_first_message_was_edited(sender: Sender) -> None:
    first, *_ = await sender.channel.post(sender.here, LONG_REPORT, key="i1/report")
    await sender.channel.edit(first, replace(LONG_REPORT, resolved_by=ADA), final=True)
    assert all_words(LONG_REPORT) <= set(re.findall(r"\w+", sender.text()))


async def test_of_very_many_steps_each_is_shown_or_counted_among_those_that_are_not(sender: Sender) -> None:
    (message,) = await sender.channel.post(sender.here, titled("SHOP-1"), key="i1/progress")
    await sender.channel.edit(message, LONG_PROGRESS, final=True)
    await sender.channel.post(message.conversation, NoticeView("It is over."), key="i1/said")
    told = re.search(r"The first (\d+) steps are not shown here, but kept\.", sender.text())
    hidden = int(told[1]) if told else 0
    shown = set(re.findall(r"outcome\d+", sender.text()))
    assert shown == {f"outcome{step.n}" for step in STEPS[hidden:]}


async def test_a_run_that_is_lost_posts_nothing_more_of_a_text_in_several_messages(sender: Sender) -> None:
    whole = await sender.channel.post(sender.here, LONG_REPORT, key="i1/report")
    before = sender.text()
    asked = 0

    async def check() -> None:
        nonlocal asked
        asked += 1
        if asked == len(whole):
            raise LeaseLost("Another worker has the run.")

    with pytest.raises(LeaseLost):
        await sender.channel.post(sender.here, LONG_REPORT, key="i2/report", check=check)
    assert asked == len(whole)
    more = sender.text().removeprefix(before)
    assert not all_words(LONG_REPORT) <= set(re.findall(r"\w+", more))
