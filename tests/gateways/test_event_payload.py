"""What people hand over is read by its shape, or refused in words that say what it is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from core.domain.errors import InvalidInput
from core.gateways.events.payload import envelope_event
from core.gateways.sentry.payloads import read_event

EXCEPTION = {"type": "ValueError", "value": "12x is no number", "stacktrace": {"frames": [{"filename": "qty.py"}]}}
EVENT = {"event_id": "e1", "exception": {"values": [EXCEPTION]}}


@pytest.mark.parametrize(
    "given",
    [
        {"exception": EXCEPTION},
        {"exception": [EXCEPTION]},
        {"exception": "ValueError: 12x is no number"},
        [EVENT],
        [2, "insert", {"event_id": "e1", "data": EVENT}],
        {"data": {"event": EVENT}},
        {"event": EVENT, "issueTitle": "monitor"},
    ],
    ids=["object", "list", "text", "array", "insert", "webhook", "occurrence"],
)
def test_an_exception_is_read_in_each_shape(given: object) -> None:
    [exception] = read_event(json.dumps(given)).exceptions
    assert (exception.type, exception.value) == ("ValueError", "12x is no number")


def test_an_array_is_said_to_be_one() -> None:
    assert "array holds 2 events" in " ".join(read_event(json.dumps([EVENT, EVENT])).problems)
    with pytest.raises(InvalidInput, match="an array of 2 items, not a Sentry event"):
        read_event("[1, 2]")


def test_an_occurrence_around_an_event_is_kept() -> None:
    around = {
        "issueTitle": "Monitor failure: tides",
        "evidenceDisplay": [{"name": "Failure reason", "value": "missed"}],
    }
    event = read_event(json.dumps({"event": {"event_id": "e1", "platform": "other"}, **around}))
    assert event.title == "Monitor failure: tides"
    assert event.evidence["Failure reason"] == "missed"


def test_an_envelope_is_read_by_the_lengths_of_its_items() -> None:
    picture = b"\x89PNG\n{\x00\xff\n"
    pretty = json.dumps(EVENT, indent=1).encode()
    raw = b"{}\n" + b"".join(
        json.dumps({"type": kind, "length": len(payload)}).encode() + b"\n" + payload + b"\n"
        for kind, payload in (("attachment", picture), ("event", pretty))
    )
    assert json.loads(envelope_event(raw) or "") == EVENT


def test_placeholders_of_a_message_are_filled() -> None:
    event = read_event(json.dumps({"title": "took %s", "logentry": {"message": "took %s", "params": ["9 s"]}}))
    assert (event.title, event.message) == ("took 9 s", "took 9 s")


@pytest.mark.parametrize("place", ["message", "logentry", "value", "breadcrumb"])
def test_a_trace_in_the_text_of_an_event_is_its_exception(place: str) -> None:
    trace = 'failed\nTraceback (most recent call last):\n  File "/srv/a.py", line 3, in run\n    go()\nOSError: gone'
    places: dict[str, dict[str, Any]] = {
        "message": {"message": trace},
        "logentry": {"logentry": {"formatted": trace}},
        "value": {"exception": {"values": [{"type": "Wrapped", "value": trace}]}},
        "breadcrumb": {"message": "failed", "breadcrumbs": {"values": [{"level": "error", "message": trace}]}},
    }
    event = read_event(json.dumps({"event_id": "e1", "platform": "python", **places[place]}))
    assert [(each.type, each.value, each.frames[0].line) for each in event.exceptions] == [("OSError", "gone", 3)]
