"""Both dialects and envelopes become one event; damage becomes emptiness, never an exception and never a lie."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.demo.recordings import recorded_incidents
from core.domain.errors import InvalidInput
from core.domain.incident import ErrorEvent
from core.gateways.sentry.payloads import MAX_EVENT_BYTES, event_from_json, issue_from_json, read_event

SHARED = Path(__file__).parents[3] / "shared" / "data" / "sentry"
FRAME_SDK = {
    "function": "total",
    "filename": "shop/cart.py",
    "lineno": 3,
    "in_app": True,
    "pre_context": ["a", "b"],
    "context_line": "c",
    "post_context": ["d"],
    "vars": {"item": {"sku": "'A'"}},
}
FRAME_API = {
    "function": "total",
    "filename": "shop/cart.py",
    "lineNo": 3,
    "inApp": True,
    "context": [[1, "a"], [2, "b"], [3, "c"], [4, "d"]],
    "vars": {"item": {"sku": "'A'"}},
}


def sdk(**parts: Any) -> dict[str, Any]:
    values = [{"type": "KeyError", "value": "'x'", "stacktrace": {"frames": [FRAME_SDK]}}]
    return {"event_id": "e1", "platform": "python", "exception": {"values": values}, **parts}


def api(**parts: Any) -> dict[str, Any]:
    values = [{"type": "KeyError", "value": "'x'", "stacktrace": {"frames": [FRAME_API]}}]
    return {
        "eventID": "e1",
        "platform": "python",
        "entries": [{"type": "exception", "data": {"values": values}}],
        **parts,
    }


def read(payload: object) -> ErrorEvent:
    return read_event(json.dumps(payload))


def test_both_dialects_give_the_same_event() -> None:
    assert read(sdk()) == read(api())
    frame = read(api()).exceptions[0].frames[0]
    assert frame.source == ((1, "a"), (2, "b"), (3, "c"), (4, "d"))
    assert frame.variables == {"item": "{sku: 'A'}"}


@pytest.mark.parametrize(
    "wrapped",
    [
        {"data": {"event": sdk()}, "action": "triggered"},
        {"event": sdk()},
        {"exception": sdk()["exception"]["values"], "event_id": "e1", "platform": "python"},
    ],
    ids=["webhook", "wrapped", "bare list"],
)
def test_wrapped_events_are_found(wrapped: dict[str, Any]) -> None:
    assert read(wrapped).exceptions == read(sdk()).exceptions


def test_an_envelope_gives_its_event() -> None:
    lines = [{"event_id": "e1"}, {"type": "session"}, {}, {"type": "event", "length": 3}, sdk()]
    assert read_event("\n".join(json.dumps(line) for line in lines)).exceptions == read(sdk()).exceptions


def test_frames_fall_back_to_the_raw_stack_when_there_is_no_other() -> None:
    value = {"type": "E", "stacktrace": None, "rawStacktrace": {"frames": [FRAME_API]}}
    assert read(api(entries=[{"type": "exception", "data": {"values": [value]}}])).exceptions[0].frames


def test_a_group_keeps_its_tree() -> None:
    values = [
        {"type": "ValueError", "mechanism": {"exception_id": 1, "parent_id": 0}},
        {"type": "ExceptionGroup", "mechanism": {"exception_id": 0, "is_exception_group": True}},
    ]
    found = read(sdk(exception={"values": values})).exceptions
    assert [(item.id, item.parent_id, item.is_group) for item in found] == [(1, 0, False), (0, None, True)]


@pytest.mark.parametrize(
    ("mechanism", "handled"), [(None, None), ({}, None), ({"handled": None}, None), ({"handled": False}, False)]
)
def test_not_said_to_be_handled_is_unknown_not_no(mechanism: object, handled: bool | None) -> None:
    assert read(sdk(exception={"values": [{"type": "E", "mechanism": mechanism}]})).exceptions[0].handled is handled


@pytest.mark.parametrize(
    ("parts", "message", "params"),
    [
        ({"logentry": "plain text"}, "plain text", ()),
        ({"logentry": {"message": "%s of %s", "params": [1, "b"], "formatted": "1 of b"}}, "1 of b", ("1", "b")),
        ({"message": "hello"}, "hello", ()),
        ({"logentry": {"message": "x %(k)s", "params": {"k": "v"}}}, "x v", ("v",)),
    ],
)
def test_messages_come_with_their_parameters(parts: dict[str, Any], message: str, params: tuple[str, ...]) -> None:
    event = read({"event_id": "e", **parts})
    assert (event.message, event.message_params) == (message, params)


def test_tags_are_read_in_every_way_they_are_written() -> None:
    expected = {"release": "1.2", "browser": "Chrome"}
    for tags in (
        {"release": "1.2", "browser": "Chrome"},
        [["release", "1.2"], ["browser", "Chrome"]],
        [{"key": "release", "value": "1.2"}, {"key": "browser", "value": "Chrome"}],
    ):
        event = read(sdk(tags=tags))
        assert event.tags == expected and event.release == "1.2"


def test_threads_requests_users_contexts_and_problems_are_read() -> None:
    event = read(
        sdk(
            threads={"values": [{"name": "main", "crashed": True, "stacktrace": {"frames": [FRAME_SDK]}}]},
            request={"method": "GET", "url": "https://x/y", "headers": [["Host", "x"]], "query": {"a": "1"}},
            user={"id": 7},
            contexts={"os": {"name": "Linux"}, "odd": None, "scalar": 3},
            errors=[{"type": "js_no_source", "message": "Source code was not found"}],
            release={"version": "1.0"},
            timestamp=1_700_000_000,
        )
    )
    assert event.threads[0].crashed and event.threads[0].frames
    assert (event.request_method, event.request_url, event.user_id) == ("GET", "https://x/y", "7")
    assert event.request_data == {"query a": "1", "header Host": "x"}
    assert event.contexts["os"] == {"name": "Linux"}
    assert event.problems == ("Source code was not found",)
    assert event.at == datetime.fromtimestamp(1_700_000_000, UTC)


def test_a_performance_issue_brings_its_evidence_and_spans() -> None:
    occurrence = {
        "issueTitle": "N+1 Query",
        "evidenceData": {"opCode": "db"},
        "evidenceDisplay": [{"name": "Repeating Spans", "value": "SELECT 1"}],
    }
    event = read({"event_id": "e", "type": "transaction", "occurrence": occurrence, "spans": [{"op": "db"}]})
    assert event.evidence == {"issue": "N+1 Query", "opCode": "db", "Repeating Spans": "SELECT 1"}
    assert event.spans[0].operation == "db"


def test_a_blocked_resource_is_evidence() -> None:
    event = read({"entries": [{"type": "csp", "data": {"blocked_uri": "https://x", "effective_directive": "img-src"}}]})
    assert event.evidence["effective_directive"] == "img-src"


def test_an_endless_stack_is_bounded() -> None:
    frames = [dict(FRAME_SDK, lineno=n) for n in range(5_000)]
    found = event_from_json(sdk(exception={"values": [{"type": "R", "stacktrace": {"frames": frames}}]}))
    assert len(found.exceptions[0].frames) == 500 and found.exceptions[0].frames[-1].line == 4_999


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "empty"),
        ("   \n", "empty"),
        ("\x00\x01binary", "not text"),
        ("{" + " " * MAX_EVENT_BYTES + "}", "larger than 1 MiB"),
        ("hello", "neither JSON nor"),
        ("[1, 2]", "not a Sentry event"),
        ('{"cart": 1}', "not a Sentry event"),
        ("[" * 100_000, "neither JSON nor"),
    ],
)
def test_what_is_no_event_is_refused_in_one_sentence(text: str, sentence: str) -> None:
    with pytest.raises(InvalidInput, match=sentence):
        read_event(text)


# ---- damage ---------------------------------------------------------------------------------------------------------

junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)
RECORDED = [dict(incident.event) for incident in recorded_incidents() if incident.short_id != "SHOP-12"]


def _places(value: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner: list[tuple[Any, ...]] = [path] if path else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in items:
        inner += _places(child, (*path, key))
    return inner


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_recorded_event_damaged_anywhere_is_still_read(data: st.DataObject) -> None:
    event = copy.deepcopy(data.draw(st.sampled_from(RECORDED)))
    for _ in range(data.draw(st.integers(1, 4))):
        places = _places(event)
        path = data.draw(st.sampled_from(places))
        holder: Any = event
        for key in path[:-1]:
            holder = holder[key]
        holder[path[-1]] = data.draw(junk)
    found = event_from_json(event)
    assert all(isinstance(frame.line, int | None) for item in found.exceptions for frame in item.frames)
    assert issue_from_json(event) is not None


@given(junk)
def test_any_json_gives_an_event_and_an_issue(payload: object) -> None:
    event_from_json(payload)
    issue_from_json(payload)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared payloads are not beside this checkout")
@pytest.mark.parametrize("path", sorted(SHARED.glob("*.json")) if SHARED.is_dir() else [], ids=lambda path: path.stem)
def test_every_shared_payload_has_its_exceptions_and_a_title(path: Path) -> None:
    event = read_event(path.read_text(encoding="utf-8"))
    assert event.title and event.exceptions
