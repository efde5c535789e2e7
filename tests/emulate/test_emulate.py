"""The way from install to ✅ in a Slack that we did not write: `make test-emulate`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from tests.emulate.conftest import CHANNEL, Emulated

T = TypeVar("T")


async def until(look: Callable[[], Awaitable[T | None]]) -> T:
    """What `look` sees once it sees something."""
    async with asyncio.timeout(40):
        while (seen := await look()) is None:
            await asyncio.sleep(0.1)
    return seen


def said(message: dict[str, Any]) -> str:
    """Everything a message shows."""
    return json.dumps(message, ensure_ascii=False)


async def test_from_install_to_a_resolved_investigation(emulated: Emulated) -> None:
    await emulated.command("investigate SHOP-1")

    async def progress() -> dict[str, Any] | None:
        return next((it for it in await emulated.posts() if "LogSense investigates SHOP-1" in said(it)), None)

    root = str((await until(progress))["ts"])

    async def holding(words: str) -> dict[str, Any] | None:
        return next((it for it in (await emulated.thread(root))[1:] if words in said(it)), None)

    report = await until(lambda: holding("root cause"))
    assert f"<@{emulated.person}>" in said(report)
    assert report["metadata"]["event_payload"]["key"].endswith("/report/1")

    async def at_rest() -> dict[str, Any] | None:
        shown = await progress()
        return shown if shown and "Finished" in said(shown) else None

    finished = await until(at_rest)
    assert "plan" in [block["type"] for block in finished["blocks"]], "the plan block was kept through the edits"
    assert "stop_investigation" not in said(finished)

    question = await emulated.client.chat_postMessage(channel=CHANNEL, thread_ts=root, text="who is affected?")
    await emulated.event(
        type="message",
        channel=CHANNEL,
        channel_type="channel",
        user=emulated.person,
        text="who is affected?",
        ts=question["ts"],
        thread_ts=root,
    )
    await until(lambda: holding("who is affected?"))

    await emulated.client.reactions_add(channel=CHANNEL, timestamp=report["ts"], name="white_check_mark")
    item = {"type": "message", "channel": CHANNEL, "ts": report["ts"]}
    await emulated.event(type="reaction_added", user=emulated.person, reaction="white_check_mark", item=item)
    await until(lambda: holding("Resolved by"))
    reports = [it for it in await emulated.thread(root) if it.get("metadata", {}).get("event_payload", {}).get("key")]
    assert len({it["metadata"]["event_payload"]["key"] for it in reports}) == len(reports), "nothing was posted twice"
