"""What Slack accepts, as far as it says so: limits of blocks and elements, and models of its SDK that check more."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from slack_sdk.models.blocks import Block as SdkBlock
from slack_sdk.models.views import View as SdkView

from adapters.common.text_limits import size
from adapters.slack.render.message import Message, weight

_OUR_MARKUP = re.compile(r"<@[UW][A-Z0-9]{2,}>|<#[CGD][A-Z0-9]{2,}>|<https?://[\w.:/~-]+\|[^<>|]+>")


def texts_in(thing: Any) -> Iterator[tuple[str, str]]:
    """Every text in a payload with how Slack reads it: mrkdwn, or anything else."""
    if isinstance(thing, Mapping):
        if isinstance(thing.get("text"), str):
            yield str(thing.get("type")), thing["text"]
        if isinstance(thing.get("title"), str):
            yield "plain", thing["title"]
        for value in thing.values():
            yield from texts_in(value)
    elif isinstance(thing, list | tuple):
        for item in thing:
            yield from texts_in(item)


def assert_harmless(text: str, kind: str) -> None:
    """Nothing in it calls anybody, links anywhere or cannot be seen."""
    ours = _OUR_MARKUP.sub("", text)
    if kind == "mrkdwn":
        assert "<" not in ours and ">" not in ours
        assert not re.search(r"&(?!(?:amp|lt|gt);)", ours)
    assert not re.search(r"<[@#!]|<https?:", ours)
    assert not re.search(r"@(?:here|channel|everyone|group)\b", ours, re.IGNORECASE)
    assert all(each == "\n" or unicodedata.category(each) not in ("Cc", "Cf", "Cs") for each in text)


def assert_blocks(blocks: Sequence[Mapping[str, Any]], limit: int) -> None:
    """The blocks are within Slack's limits, and valid where the SDK knows them."""
    inner = sum(len(block.get("tasks", ())) + len(block.get("child_blocks", ())) for block in blocks)
    assert 1 <= len(blocks) + inner <= limit
    for kind, text in texts_in(list(blocks)):
        assert_harmless(text, kind)
    for block in blocks:
        assert_block(block)


def assert_block(block: Mapping[str, Any]) -> None:
    parsed = SdkBlock.parse(dict(block))
    assert parsed is not None, block["type"]
    parsed.validate_json()
    match block["type"]:
        case "section":
            assert 1 <= size(block["text"]["text"].strip()) <= size(block["text"]["text"]) <= 3_000
        case "header":
            assert 1 <= size(block["text"]["text"]) <= 150
        case "context":
            assert 1 <= len(block["elements"]) <= 10
        case "actions":
            ids = [element["action_id"] for element in block["elements"]]
            assert len(set(ids)) == len(ids) <= 25
            assert all(len(element.get("value", "")) <= 2_000 for element in block["elements"])
        case "container":
            assert {child["type"] for child in block["child_blocks"]} <= {"section", "context"}
            assert 1 <= size(block["title"]["text"]) <= 150
            for child in block["child_blocks"]:
                assert_block(child)
        case "plan":
            assert block["tasks"]
            for task in block["tasks"]:
                assert_block(task)


def assert_message(message: Message) -> None:
    """One message that Slack takes."""
    assert 1 <= size(message.text) <= 3_000
    assert_harmless(message.text, "mrkdwn")
    for blocks in filter(None, (message.blocks, message.unfolded)):
        assert_blocks(blocks, 50)
        assert weight(blocks) <= 11_500
    kinds = {block["type"] for block in message.unfolded or message.blocks}
    assert not kinds & {"container", "context_actions"}


def assert_view(view: Mapping[str, Any]) -> None:
    """A modal that Slack takes."""
    SdkView(**view).validate_json()
    assert len(view["title"]["text"]) <= 24
    assert_blocks(view["blocks"], 100)


def outline(blocks: Sequence[Mapping[str, Any]]) -> str:
    """The blocks as a person would read them out: one block a paragraph."""
    return "\n".join(line.rstrip() for block in blocks for line in _lines(block))


def _lines(block: Mapping[str, Any]) -> Iterator[str]:
    match block["type"]:
        case "header":
            yield f"# {block['text']['text']}"
        case "section":
            yield block["text"]["text"] + (_button(block["accessory"]) if "accessory" in block else "")
        case "context":
            yield from (f"({element['text']})" for element in block["elements"])
        case "actions":
            yield "".join(map(_button, block["elements"])).strip()
        case "divider":
            yield "---"
        case "plan":
            yield f"{block['title']}:"
            for task in block["tasks"]:
                shown = [text for kind, text in texts_in([task.get("details"), task.get("output")])]
                yield f"  {task['status']}: {task['title']}" + "".join(f"\n    {text}" for text in shown)
        case "input":
            yield f"{block['label']['text']}: [{block['element'].get('initial_value', '')}]"
        case _:
            yield from _lines_of_newer(block)


def _lines_of_newer(block: Mapping[str, Any]) -> Iterator[str]:
    match block["type"]:
        case "context_actions":
            thumbs = block["elements"][0]
            yield f"[👍 {thumbs['positive_button']['text']['text']}] [👎 {thumbs['negative_button']['text']['text']}]"
        case "container":
            yield f"{'▸' if block['default_collapsed'] else '▾'} {block['title']['text']}"
            inside = "\n".join(line for child in block["child_blocks"] for line in _lines(child))
            yield from (f"  {line}" for line in inside.split("\n"))


def _button(element: Mapping[str, Any]) -> str:
    if element["type"] == "overflow":
        return f" [… {', '.join(option['text']['text'] for option in element['options'])}]"
    return f" [{element['text']['text']}]"
