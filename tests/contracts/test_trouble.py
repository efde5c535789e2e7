"""What a channel does when the service between limits it, is away, loses an answer or has lost the message."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from core.delivery.threads import Thread
from core.domain.conversation import MessageRef
from core.domain.errors import LeaseLost, MessageGone, RateLimited, ServiceUnavailable
from core.domain.thread_view import NoticeView
from core.ports import Channel
from core.storage.database_stores import open_stores
from core.storage.schema import migrate
from tests.contracts.harness import Call, ChannelHarness, FarSender
from tests.contracts.views import titled
from tests.storage.samples import ACME, investigation


@pytest.mark.parametrize("call", ["post", "edit"])
async def test_a_limit_is_told_with_its_seconds_and_kept(far_sender: FarSender, call: Call) -> None:
    sender, loop = far_sender, asyncio.get_running_loop()
    (message,) = await sender.channel.post(sender.here, titled("SHOP-1"), key="i1/progress")

    async def write(title: str) -> None:
        if call == "edit":
            await sender.channel.edit(message, titled(title), final=True)
        else:
            await sender.channel.post(sender.here, titled(title), key=f"i1/{title}")

    sender.limit(call, 1)
    limited_at = loop.time()
    with pytest.raises(RateLimited) as limited:
        await write("too soon")
    assert limited.value.retry_after_s == 1
    await write("in time")
    assert loop.time() - limited_at >= 1
    assert sender.count("too soon") == 0 and sender.count("in time") == 1


async def test_who_lost_the_run_while_waiting_for_the_limit_does_not_post(far_sender: FarSender) -> None:
    sender, may_speak = far_sender, True

    async def check() -> None:
        if not may_speak:
            raise LeaseLost("Another worker has the run.")

    sender.limit("post", 1)
    with pytest.raises(RateLimited):
        await sender.channel.post(sender.here, titled("SHOP-1"), key="i1/progress", check=check)
    waiting = asyncio.create_task(sender.channel.post(sender.here, titled("SHOP-1"), key="i1/progress", check=check))
    await asyncio.sleep(0)
    may_speak = False
    with pytest.raises(LeaseLost):
        await waiting
    assert sender.count("SHOP-1") == 0


@pytest.mark.parametrize("call", ["post", "edit"])
async def test_a_service_that_is_down_is_one_to_try_again(far_sender: FarSender, call: Call) -> None:
    sender = far_sender
    (message,) = await sender.channel.post(sender.here, titled("SHOP-1"), key="i1/progress")
    sender.fail(call)
    with pytest.raises(ServiceUnavailable):
        if call == "edit":
            await sender.channel.edit(message, titled("again"), final=True)
        else:
            await sender.channel.post(sender.here, titled("again"), key="i2/progress")
    assert sender.count("again") == 0
    if call == "edit":
        await sender.channel.edit(message, titled("again"), final=True)
    else:
        await sender.channel.post(sender.here, titled("again"), key="i2/progress", again=True)
    assert sender.count("again") == 1


async def test_a_post_whose_answer_was_lost_is_found_by_its_key_or_where_none_can_look_posted_once_more(
    far_sender: FarSender, harness: ChannelHarness
) -> None:
    sender = far_sender
    sender.lose_answer("post")
    with pytest.raises(ServiceUnavailable):
        await sender.channel.post(sender.here, titled("SHOP-1"), key="i1/progress")
    assert sender.count("SHOP-1") == 1, "the service had taken it"
    (message,) = await sender.channel.post(sender.here, titled("SHOP-1"), key="i1/progress", again=True)
    assert sender.count("SHOP-1") == (1 if harness.finds_its_posts else 2)
    await sender.channel.edit(message, titled("state-1"), final=True)
    assert sender.count("state-1") == 1
    (other,) = await sender.channel.post(sender.here, titled("SHOP-2"), key="i2/progress", again=True)
    assert sender.count("SHOP-2") == 1 and other.message_id != message.message_id


async def test_an_edit_whose_answer_was_lost_may_be_made_again(far_sender: FarSender) -> None:
    sender = far_sender
    (message,) = await sender.channel.post(sender.here, titled("SHOP-1"), key="i1/progress")
    sender.lose_answer("edit")
    with pytest.raises(ServiceUnavailable):
        await sender.channel.edit(message, titled("state-1"), final=True)
    await sender.channel.edit(message, titled("state-1"), final=True)
    assert sender.count("state-1") == 1 and sender.count("SHOP-1") == 0


async def test_a_message_that_was_deleted_is_gone_and_nothing_else_is_touched(far_sender: FarSender) -> None:
    sender = far_sender
    (message,) = await sender.channel.post(sender.here, titled("SHOP-1"), key="i1/progress")
    (below,) = await sender.channel.post(message.conversation, NoticeView("Said below it."), key="i1/said")
    sender.delete(message)
    with pytest.raises(MessageGone):
        await sender.channel.edit(message, titled("state-1"), final=True)
    assert sender.count("state-1") == 0 and sender.count("Said below it.") == 1
    await sender.channel.edit(below, NoticeView("Said otherwise."), final=True)
    assert sender.count("Said otherwise.") == 1


async def test_a_message_of_ours_can_be_deleted_more_than_once(far_sender: FarSender) -> None:
    (message,) = await far_sender.channel.post(far_sender.here, titled("SHOP-1"), key="i1/progress")
    for _ in range(2):
        await far_sender.channel.delete(message)
    assert far_sender.count("SHOP-1") == 0


async def test_of_a_post_that_two_workers_made_the_first_to_be_noted_stays(
    far_sender: FarSender, tmp_path: Path
) -> None:
    sender = far_sender
    asked = replace(investigation(), conversation=sender.here)
    url = f"sqlite:///{tmp_path / 'posts.db'}"
    await migrate(url)
    async with open_stores(url, owner="worker", secret_keys=["key"]) as stores:
        store = stores.for_organization(ACME)
        await sender.channel.post(sender.here, titled("before"), key="i0/progress")
        # Neither of them has noted its message when the other looks whether one stands.
        channel = cast(Channel, HeldChannel(sender.channel, asyncio.Barrier(2)))
        both = [Thread(channel, store, asked, None) for _ in range(2)]
        await asyncio.gather(*(thread.say("report", NoticeView("It was the sku.")) for thread in both))
        (standing,) = await store.posted(asked.id, "report")
    assert sender.count("It was the sku.") == 1
    await sender.channel.edit(standing, NoticeView("It was the price."), final=True)
    assert sender.count("It was the price.") == 1


class HeldChannel:
    """The channel; who posted waits for the other to have posted, too."""

    def __init__(self, channel: Channel, together: asyncio.Barrier) -> None:
        self._channel, self._together = channel, together

    async def post(self, *where: Any, **how: Any) -> tuple[MessageRef, ...]:
        posted = await self._channel.post(*where, **how | {"again": False})
        await self._together.wait()
        return posted

    def __getattr__(self, name: str) -> Any:
        return getattr(self._channel, name)
