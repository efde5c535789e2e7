"""Hundreds of malformed requests, unsigned and signed: none is a server error, none leaves a traceback in the log."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import hmac
import io
import json
import logging
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote_plus, urlencode

import aiohttp
import pytest

from core.domain.tenancy import Platform, WorkspaceRef
from tests.fakes.slack import Channel, User, Workspace
from tests.slack.conftest import SlackHarness

JSON, FORM = "application/json", "application/x-www-form-urlencoded"
ODD: list[Any] = [None, 7, True, "", "x", "../x", "None", [], [7], [None], {}, {"id": 7}, {"id": []}, "\ud800"]
BODIES = [b"", b"{", b"[]", b"null", b"7", b'"x"', b"\xff\xfe", b"payload=", b"payload=%7B", b"payload=[]", b"a=1"]
BODIES += [b"[" * 100_000, b'{"a":' * 50_000, b"payload=%FF", b"\x00", b"{}", b'{"type": "\\ud800"}', b"&" * 5_000]
BODIES += ["{}".encode("utf-16"), b"payload=" + b"%5B" * 50_000, b'{"n": ' + b"9" * 5_000 + b"}", b"x" * 2_000_000]
TYPES = [JSON, FORM, "application/json; charset=klingon", "text/plain; charset=\x7f", "", "multipart/form-data"]
TIMESTAMPS = ["", "0", "-1", "yesterday", "9" * 400, "9" * 12, "1e9", "١٢٣", "²", "1 2", "99999999999999"]
SIGNATURES = ["", "v0=", "v0=0", "v1=" + "0" * 64, "v0=" + "0" * 64, "v0=" + "A" * 64, "v0=" + "é" * 64, "\udcff"]

Request = tuple[bytes, dict[str, str]]


def signed(secret: str, body: bytes, content_type: str = JSON) -> Request:
    """The body with headers that prove it to come from Slack."""
    timestamp = str(int(time.time()))
    digest = hmac.new(secret.encode(), b"v0:" + timestamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    headers = {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": f"v0={digest}"}
    return body, headers | {"Content-Type": content_type}


def unsigned_requests(secret: str) -> Iterator[Request]:
    """Requests of strangers."""
    good, headers = signed(secret, b'{"type": "url_verification", "challenge": "x"}')
    for name, values in (("X-Slack-Request-Timestamp", TIMESTAMPS), ("X-Slack-Signature", SIGNATURES)):
        yield good, {key: value for key, value in headers.items() if key != name}
        for value in values:
            yield good, headers | {name: value}
    for body in BODIES:
        for content_type in TYPES:
            now = {"X-Slack-Request-Timestamp": str(int(time.time())), "X-Slack-Signature": "v0=" + "0" * 64}
            yield body, now | {"Content-Type": content_type}
    for encoding in ("gzip", "deflate", "br", "zstd", "klingon"):
        yield gzip.compress(good)[:-4], headers | {"Content-Encoding": encoding}


def payloads(workspace: Workspace, ada: User, channel: Channel) -> Iterator[dict[str, Any]]:
    """What Slack sends, whole."""
    about = {"team": {"id": workspace.id}, "user": {"id": ada.id}, "channel": {"id": channel.id}, "trigger_id": "1.2"}
    event = {"type": "app_mention", "user": ada.id, "channel": channel.id, "ts": "1.1", "text": "help"}
    yield {"type": "event_callback", "team_id": workspace.id, "event_id": "Ev1", "event": event, "authorizations": None}
    reaction = {"type": "reaction_added", "user": ada.id, "reaction": "+1", "item": {"type": "message", "ts": "1.1"}}
    yield {"type": "event_callback", "team_id": workspace.id, "event_id": "Ev2", "event": reaction}
    evidence = {"type": "button", "block_id": "b", "action_id": "evidence_page:next", "value": "no-such-investigation"}
    yield about | {"type": "block_actions", "actions": [evidence], "view": {"id": "V1"}, "message": None}
    where = json.dumps({"channel": channel.id, "thread": "1.1", "investigation": "E1"})
    for callback in ("channel_settings", "what_fixed_it", "sentry_connection"):
        view: dict[str, Any] = {
            "id": "V1",
            "type": "modal",
            "callback_id": callback,
            "private_metadata": where,
            "state": {"values": {}},
        }
        yield about | {"type": "view_submission", "view": view}
    yield about | {"type": "message_action", "callback_id": "investigate_message", "message": {"text": "x", "ts": "1"}}


def spoiled(whole: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The payload with each field, also inside, missing or of another type."""
    for name, value in whole.items():
        yield {key: other for key, other in whole.items() if key != name}
        yield from (whole | {name: odd} for odd in ODD)
        if isinstance(value, dict) and value:
            yield from (whole | {name: inner} for inner in spoiled(value))


def odd_payloads(harness: SlackHarness, workspace: Workspace, ada: User, channel: Channel) -> Iterator[Request]:
    """Requests that Slack signed and that nobody expects."""
    secret = harness.fake_slack.signing_secret
    for body in BODIES:
        for content_type in TYPES:
            yield signed(secret, body, content_type)
    for whole in payloads(workspace, ada, channel):
        for number, odd in enumerate(spoiled(whole)):
            text = json.dumps(odd)
            if whole["type"] == "event_callback":
                yield signed(secret, text.encode())
            elif number % 2:
                yield signed(secret, b"payload=" + quote_plus(text).encode(), FORM)
    for metadata in (
        "[]",
        "null",
        "7",
        "x",
        "[" * 5_000,
        '{"channel": "../x"}',
        '{"channel": "None"}',
        '{"channel": 7}',
    ):
        view = {
            "id": "V1",
            "type": "modal",
            "callback_id": "channel_settings",
            "private_metadata": metadata,
            "state": {"values": {}},
        }
        about = {"type": "view_submission", "team": {"id": workspace.id}, "user": {"id": ada.id}, "view": view}
        yield signed(secret, b"payload=" + quote_plus(json.dumps(about)).encode(), FORM)
    command = {"command": "/logsense", "text": "connect channel", "team_id": workspace.id, "user_id": ada.id}
    for extra in ({}, {"channel_id": "../x"}, {"channel_id": ""}, {"channel_id": "C1", "user_id": "\x00"}):
        yield signed(secret, urlencode(command | extra).encode(), FORM)


async def test_no_malformed_request_is_an_error_of_the_server(
    harness: SlackHarness, caplog: pytest.LogCaptureFixture
) -> None:
    workspace, ada, channel = await harness.install("Acme", with_sentry=False)
    caplog.set_level(logging.INFO)
    strangers = list(unsigned_requests(harness.fake_slack.signing_secret))
    odd = list(odd_payloads(harness, workspace, ada, channel))
    assert len(strangers) + len(odd) >= 400
    async with aiohttp.ClientSession() as session:
        for body, headers in strangers:
            status, words = await posted(session, harness, body, headers)
            assert 400 <= status < 500 and len(words) < 200, (status, body[:80], headers)
        for body, headers in odd:
            status, _ = await posted(session, harness, body, headers)
            assert status == 200 or 400 <= status < 500, (status, body[:500], headers)
    await harness.fake_slack.settle()
    await asyncio.wait_for(town_is_quiet(harness), 20)
    assert [record.getMessage() for record in caplog.records if record.exc_info or "Traceback" in record.message] == []
    store = await harness.store_of(workspace)
    kept = WorkspaceRef(Platform.SLACK, workspace.id)
    for name in ("../x", "None", "7", "", "x"):
        assert (await store.channel_settings(kept, name)).projects == ()
    assert await store.investigations(9) == []


async def posted(
    session: aiohttp.ClientSession, harness: SlackHarness, body: bytes, headers: dict[str, str]
) -> tuple[int, str]:
    """How a request is answered; what the client itself refuses to send counts as refused."""
    try:
        async with session.post(f"{harness.url}/slack/events", data=io.BytesIO(body), headers=headers) as answer:
            return answer.status, await answer.text()
    except (ValueError, aiohttp.ClientOSError):
        return 400, ""


async def town_is_quiet(harness: SlackHarness) -> None:
    """Nothing that was begun after an answer still goes on."""
    while any(
        task.get_name() in ("button", "command", "shortcut", "fix", "post_ephemeral") for task in asyncio.all_tasks()
    ):
        await asyncio.sleep(0.01)
