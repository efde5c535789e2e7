"""What our own Slack takes and what it refuses, as Slack does."""

from __future__ import annotations

from typing import Any

import pytest
from slack_sdk.models.blocks import MarkdownBlock, PlanBlock, TaskCardBlock

from tests.fakes.acme import Acme, error_of, refusal

DIVIDER = {"type": "divider"}


def section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def button(**more: Any) -> dict[str, Any]:
    return {"type": "button", "action_id": "go", "text": {"type": "plain_text", "text": "Go"}, **more}


def task(**more: Any) -> dict[str, Any]:
    return {"type": "task_card", "task_id": "1", "title": "Look", "status": "complete", **more}


RICH = {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "x"}]}]}

ACCEPTED = [
    [DIVIDER] * 50,
    [section("a" * 3_000)],
    [{"type": "header", "text": {"type": "plain_text", "text": "a" * 150}}],
    [{"type": "markdown", "text": "a" * 12_000}],
    [{"type": "actions", "elements": [button(action_id=f"{n}") for n in range(25)]}],
    [{"type": "plan", "title": "Plan", "tasks": [task(output=RICH)]}],
    [PlanBlock(title="Plan", tasks=[TaskCardBlock(task_id="1", title="Look", status="error")])],
    [MarkdownBlock(text="**hi**")],
]
REFUSED = [
    ([DIVIDER] * 51, "no more than 50 items"),
    ([section("a" * 3_001)], "/blocks/0/text/text"),
    ([section("")], "more than 0 characters"),
    ([{"type": "header", "text": {"type": "plain_text", "text": "a" * 151}}], "less than 151"),
    ([{"type": "header", "text": {"type": "mrkdwn", "text": "a"}}], "plain_text"),
    ([{"type": "markdown", "text": "a" * 12_001}], "less than 12001"),
    ([{"type": "markdown", "text": "a" * 6_001}] * 2, "12001"),
    ([{"type": "context", "elements": [{"type": "mrkdwn", "text": "a"}] * 11}], "no more than 10"),
    ([{"type": "actions", "elements": [button(action_id=f"{n}") for n in range(26)]}], "no more than 25"),
    ([{"type": "actions", "elements": [button(), button()]}], "action_id already exists"),
    ([{"type": "actions", "elements": [button(text={"type": "plain_text", "text": "a" * 76})]}], "less than 76"),
    ([{"type": "actions", "elements": [button(value="a" * 2_001)]}], "less than 2001"),
    ([{"type": "plan", "title": "Plan", "tasks": [task(status="completed")]}], "/blocks/0/tasks/0/status"),
    ([{"type": "plan", "title": "Plan", "tasks": [task(output="text")]}], "must be a rich_text block"),
    ([{"type": "plan", "title": "Plan", "tasks": [task(details_text="x")]}], "no more fields allowed"),
    ([{"type": "plan", "title": "Plan", "tasks": [task(), task()]}], "task_id already exists"),
    ([{"type": "plan"}], "missing required field: title"),
    ([{"type": "nonsense"}], "unsupported type"),
    ([{**DIVIDER, "block_id": "a"}] * 2, "block_id already exists"),
]


@pytest.mark.parametrize("blocks", ACCEPTED)
async def test_blocks_within_the_limits_are_taken(acme: Acme, blocks: Any) -> None:
    await acme.post(blocks=blocks)


@pytest.mark.parametrize(("blocks", "complaint"), REFUSED)
async def test_blocks_beyond_the_limits_are_refused_with_a_reason(acme: Acme, blocks: Any, complaint: str) -> None:
    refused = await refusal(acme.post(blocks=blocks))

    assert refused["error"] == "invalid_blocks"
    assert complaint in refused["response_metadata"]["messages"][0]
    assert acme.channel.messages == {}


async def test_long_texts_are_refused_sooner_in_edits_than_in_posts(acme: Acme) -> None:
    ts = await acme.post(text="a" * 40_000)

    assert await error_of(acme.post(text="a" * 40_001)) == "msg_too_long"
    too_long = acme.client.chat_update(channel=acme.channel.id, ts=ts, text="a" * 4_001)
    assert await error_of(too_long) == "msg_too_long"
    await acme.client.chat_update(channel=acme.channel.id, ts=ts, text="a" * 4_000)


async def test_empty_messages_unknown_arguments_and_shapeless_metadata_are_refused(acme: Acme) -> None:
    call = acme.client.api_call
    where = {"channel": acme.channel.id}

    assert await error_of(call("chat.postMessage", json=where)) == "no_text"
    assert await error_of(call("chat.postMessage", json={**where, "text": "x", "colour": "red"})) == "invalid_arguments"
    assert await error_of(call("chat.update", json={**where, "text": "x"})) == "invalid_arguments"
    assert await error_of(acme.post(metadata={"key": "x"})) == "invalid_metadata_schema"
    assert await error_of(call("chat.shout", json=where)) == "unknown_method"
    assert acme.channel.messages == {}


async def test_arguments_are_read_from_json_forms_and_addresses(acme: Acme) -> None:
    call, args = acme.client.api_call, {"channel": acme.channel.id, "text": "hi", "blocks": '[{"type":"divider"}]'}

    for number, way in enumerate(("json", "data", "params")):
        acme.clock.now += 1
        sent: dict[str, Any] = {way: dict(args)}
        await call("chat.postMessage", **sent)
        assert acme.channel.posts_of_bot()[number].blocks == [DIVIDER]
