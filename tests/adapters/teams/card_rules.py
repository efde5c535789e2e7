"""What Teams accepts, as far as it says so: the schema of Adaptive Cards 1.5, the size of a message, its own fields."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft6Validator  # type: ignore[import-untyped]

from adapters.common.text_limits import size

SCHEMAS = Path(__file__).parent / "schemas"
CARD = Draft6Validator(json.loads((SCHEMAS / "adaptive-card-1.5.json").read_bytes()))
MOST_BYTES = 31 * 1024
_FREE = {"text", "title", "label", "value", "placeholder", "errorMessage", "id"}
_AT = re.compile(r"<at>[^<>]+</at>")
_MARKUP = re.compile(r"[<>\[\]{}`~#|\\!&]|https?:|^\s*\d+[.)]", re.IGNORECASE)
_OURS = re.compile(r"https?://[A-Za-z0-9.:-]+/[A-Za-z0-9._~/-]*")
_COMPUTED = re.compile(r"\{\{(?:DATE|TIME)\(", re.IGNORECASE)


def parts_of(thing: Any) -> Iterator[Mapping[str, Any]]:
    """Every object in a card."""
    if isinstance(thing, Mapping):
        yield thing
        for value in thing.values():
            yield from parts_of(value)
    elif isinstance(thing, list | tuple):
        for item in thing:
            yield from parts_of(item)


def of_type(card: Any, *types: str) -> list[Mapping[str, Any]]:
    return [part for part in parts_of(card) if part.get("type") in types]


def buttons_of(card: Mapping[str, Any]) -> dict[str, str]:
    """What the buttons do and to what, by their verbs."""
    return {part["verb"]: part["data"]["value"] for part in of_type(card, "Action.Execute")}


def assert_card(card: Mapping[str, Any]) -> None:
    """A card that Teams takes, in which outside text does nothing."""
    assert size(json.dumps(card, ensure_ascii=False)) * 2 <= MOST_BYTES
    assert set(card["msteams"]) <= {"width", "entities"}
    plain = {name: value for name, value in card.items() if name != "msteams"}
    assert not _problems(json.dumps(_shape(plain), sort_keys=True))
    ids = [part["id"] for part in parts_of(plain) if "id" in part]
    assert len(ids) == len(set(ids))
    _assert_harmless(card)
    for press in of_type(card, "Action.Execute"):
        assert press["fallback"]["type"] == "Action.Submit"
        assert press["fallback"]["data"] == press["data"]
        assert press["data"]["logsense"] == press["verb"]


def _shape(thing: Any) -> Any:
    """The card with all free text alike and equal neighbours once: the schema sees no difference, and is slow."""
    if isinstance(thing, Mapping):
        return {name: "…" if name in _FREE and isinstance(each, str) else _shape(each) for name, each in thing.items()}
    if isinstance(thing, list):
        return list({json.dumps(each, sort_keys=True): each for each in map(_shape, thing)}.values())
    return thing


@cache
def _problems(shape: str) -> tuple[str, ...]:
    return tuple(error.message for error in CARD.iter_errors(json.loads(shape)))


def _assert_harmless(card: Mapping[str, Any]) -> None:
    """Text blocks, which are read as markup, hold words of ours; runs hold what can be seen; only people are called."""
    called = {entity["text"] for entity in card["msteams"].get("entities", ())}
    for block in of_type(card, "TextBlock"):
        assert set(_AT.findall(block["text"])) <= called
        assert not _MARKUP.search(_AT.sub("", block["text"])), block["text"]
    for run in of_type(card, "TextRun"):
        assert not _COMPUTED.search(run["text"])
        assert _OURS.fullmatch(run.get("selectAction", {}).get("url", "https://sentry.io/"))
        assert all(each == "\n" or unicodedata.category(each) not in ("Cc", "Cf", "Cs") for each in run["text"])
    assert all(_OURS.fullmatch(press["url"]) for press in of_type(card, "Action.OpenUrl"))
    assert not of_type(card, "Image", "FactSet")


def outline(card: Mapping[str, Any]) -> str:
    """The card as a person would read it out."""
    lines = [line.rstrip() for element in card["body"] for line in _lines(element)]
    buttons = " ".join(f"[{press['title']}]" for press in card.get("actions", ()))
    return "\n".join([*lines, buttons] if buttons else lines).replace("\xa0", " ")


def _lines(element: Mapping[str, Any]) -> Iterator[str]:
    hidden = "" if element.get("isVisible", True) else "(hidden) "
    match element["type"]:
        case "TextBlock":
            yield hidden + element["text"]
        case "RichTextBlock":
            yield from (hidden + line for line in "".join(run["text"] for run in element["inlines"]).split("\n"))
        case "Container":
            ground = f"{element['style']}: " if "style" in element else ""
            for item in element["items"]:
                yield from (f"{hidden}{ground}{line}" for line in _lines(item))
        case "ColumnSet":
            columns = ([line for item in column["items"] for line in _lines(item)] for column in element["columns"])
            yield " | ".join(" / ".join(lines) for lines in columns)
        case "ActionSet":
            yield " ".join(f"[{press['title']}]" for press in element["actions"])
        case "Input.Text":
            yield f"{element['label']}: [{element.get('value', '')}]"
        case "Input.ChoiceSet":
            chosen = element["value"].split(",")
            yield from (
                f"[{'x' if choice['value'] in chosen else ' '}] {choice['title']}" for choice in element["choices"]
            )
        case "Input.Toggle":
            yield f"[{'x' if element['value'] == 'true' else ' '}] {element['title']}"
