"""Finds the event in what was handed over: bare JSON, an array, a webhook's wrapping, or an envelope by its lengths."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from core.gateways.sentry.values import integer, listed, mapping

_OF_EVENTS = ("exception", "entries", "logentry", "message", "threads", "stacktrace", "spans", "occurrence", "csp")
_REPORTS = (
    "csp-report",
    "hpkp",
    "expectct",
    "expect_ct",
    "expectstaple",
    "nel",
    "status_reason",
    "monitor_slug",
    "comments",
)
_ITEMS = ("event", "transaction", "error", "feedback", "check_in", "user_report")
_MAX_ITEMS = 200


def json_event(text: str) -> Mapping[str, Any] | None:
    """Return the event in JSON or an envelope, an empty mapping for JSON without one, None for other text."""
    try:
        return _unwrapped(json.loads(text))
    except (ValueError, RecursionError):
        item = envelope_event(text.encode("utf-8", "surrogatepass"))
        return None if item is None else _unwrapped(json.loads(item))


def envelope_event(raw: bytes) -> str | None:
    """Return the JSON of the first event or transaction of an envelope; attachments before it are passed over."""
    position = raw.find(b"\n") + 1
    if not position or not raw.lstrip().startswith(b"{"):
        return None
    for _ in range(_MAX_ITEMS):
        end = raw.find(b"\n", position)
        header = _mapping_in(raw[position : end if end >= 0 else None])
        if end < 0 or header is None:
            return _by_lines(raw)
        length = integer(header.get("length"))
        stop = end + 1 + length if length is not None and length >= 0 else raw.find(b"\n", end + 1)
        stop = len(raw) if stop < 0 else stop
        payload = raw[end + 1 : stop]
        if header.get("type") in _ITEMS and _mapping_in(payload) is not None:
            return payload.decode("utf-8", "replace")
        position = stop
        while raw[position : position + 1] in (b"\n", b"\r"):
            position += 1
    return None


def _by_lines(raw: bytes) -> str | None:
    """Return the line below the header of an event, for envelopes whose lengths are wrong."""
    lines = [line for line in raw.split(b"\n") if line.strip()][:_MAX_ITEMS]
    for header, payload in pairwise(lines):
        if (found := _mapping_in(header)) and found.get("type") in _ITEMS and _mapping_in(payload) is not None:
            return payload.decode("utf-8", "replace")
    return None


def looks_like_event(body: Mapping[str, Any]) -> bool:
    """Whether anything in it says what happened."""
    is_browser_report = isinstance(body.get("body"), Mapping) and "user_agent" in body
    return is_browser_report or any(body.get(name) for name in (*_OF_EVENTS, *_REPORTS))


def what_it_is(text: str) -> str:
    """Return what JSON without an event is, for a refusal: its shape and its first names."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return "It is an envelope"
    if isinstance(found, list):
        return f"It is an array of {len(found)} items"
    if isinstance(found, Mapping):
        names = ", ".join(str(name)[:40] for name in list(found)[:5])
        return f"It is a JSON object with {names or 'nothing in it'}"
    return "It is a single JSON value"


def _mapping_in(raw: bytes) -> Mapping[str, Any] | None:
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, Mapping) else None


def _unwrapped(payload: object) -> Mapping[str, Any]:
    if isinstance(payload, list):
        return _first_of(payload)
    body = mapping(payload)
    for wrapped in (mapping(body.get("data")).get("event"), body.get("event")):
        if isinstance(wrapped, Mapping):
            around = body.get("occurrence") or mapping(body.get("data")).get("occurrence")
            if not around and (body.get("evidenceDisplay") or body.get("evidence_display")):
                around = {name: value for name, value in body.items() if name != "event"}
            return {"occurrence": around, **wrapped} if isinstance(around, Mapping) else wrapped
    if not looks_like_event(body) and looks_like_event(inner := mapping(body.get("data"))):
        return inner
    said = mapping(mapping(body.get("contexts")).get("feedback")).get("message")
    if isinstance(said, str) and not looks_like_event(body):
        return {**body, "message": f"User feedback: {said}"}
    if not looks_like_event(body) and (body.get("evidenceDisplay") or body.get("evidence_display")):
        return {**body, "occurrence": body}
    return body


def _first_of(items: list[Any]) -> Mapping[str, Any]:
    """Return the first event of an array, preferably one with an exception, and say so among its problems."""
    events = [body for item in items[:_MAX_ITEMS] if looks_like_event(body := _unwrapped(mapping(item)))]
    if not events:
        return {}
    chosen = next((body for body in events if body.get("exception")), events[0])
    said = f"The array holds {len(items)} events; one of them is read: the first with an exception."
    return {**chosen, "errors": [*listed(chosen.get("errors")), {"message": said}]}
