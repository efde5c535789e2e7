"""Rate limits and faults of our own Slack."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from tests.fakes.acme import Acme, error_of, refusal
from tests.fakes.slack import FakeSlack


async def test_edits_are_limited_in_a_sliding_minute(acme: Acme) -> None:
    ts = await acme.post()

    async def edit() -> Any:
        return await acme.client.chat_update(channel=acme.channel.id, ts=ts, text="x")

    for _ in range(50):
        await edit()
        acme.clock.now += 0.5

    refused = await refusal(edit())

    assert (refused.status_code, refused["error"], refused.headers["Retry-After"]) == (429, "ratelimited", "35")
    assert (acme.peer.rate_limited, acme.peer.limited["chat.update"]) == (1, 1)
    acme.clock.now += 35
    await edit()


async def test_posts_are_limited_to_one_a_second_in_each_channel(acme: Acme) -> None:
    quiet = acme.workspace.add_channel("quiet")
    await acme.post()

    refused = await refusal(acme.client.chat_postMessage(channel=acme.channel.id, text="x"))
    await acme.client.chat_postMessage(channel=quiet.id, text="x")

    assert refused.status_code == 429
    acme.clock.now += 1
    await acme.client.chat_postMessage(channel=acme.channel.id, text="x")


async def test_workspaces_have_limits_of_their_own_which_a_test_may_set() -> None:
    async with FakeSlack(per_minute={"auth.test": 1}) as peer, aiohttp.ClientSession() as session:
        for name in ("One", "Two"):
            token = peer.add_workspace(name).bot_token
            client = AsyncWebClient(token=token, base_url=peer.api_url, session=session, retry_handlers=[])
            await client.auth_test()
            assert (await refusal(client.auth_test())).status_code == 429


async def test_failures_happen_when_told_and_do_nothing(acme: Acme) -> None:
    acme.peer.fail_next("chat.postMessage", error="fatal_error", times=2)
    acme.peer.fail_next("chat.postMessage", status=503)
    acme.peer.fail_next("chat.postMessage", "ratelimited", 429, retry_after_s=7)

    seen = [await refusal(acme.post()) for _ in range(4)]

    assert [each["error"] for each in seen] == ["fatal_error", "fatal_error", "internal_error", "ratelimited"]
    assert [each.status_code for each in seen] == [200, 200, 503, 429]
    assert seen[3].headers["Retry-After"] == "7"
    assert acme.channel.messages == {}
    await acme.post()


async def test_a_dropped_answer_leaves_the_deed_done(acme: Acme) -> None:
    acme.peer.drop_answer_of("chat.postMessage")

    with pytest.raises(aiohttp.ClientError):
        await acme.post()

    assert len(acme.channel.posts_of_bot()) == 1
    await acme.post()


async def test_a_delayed_method_outlasts_an_impatient_caller(acme: Acme) -> None:
    acme.peer.delay("auth.test", 30, times=1)

    with pytest.raises(TimeoutError):
        await AsyncWebClient(token=acme.workspace.bot_token, base_url=acme.peer.api_url, timeout=0.05).auth_test()  # type: ignore[arg-type]

    await acme.client.auth_test()


async def test_calls_are_recorded_with_what_became_of_them(acme: Acme) -> None:
    acme.clock.now = 5_000
    await error_of(acme.client.chat_postMessage(channel="C404", text="hi"))

    (call,) = acme.peer.calls_of("chat.postMessage")

    assert (call.workspace, call.args["text"], call.at, call.error) == (
        acme.workspace.id,
        "hi",
        5_000,
        "channel_not_found",
    )
