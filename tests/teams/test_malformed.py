"""Hundreds of malformed requests to Teams' address: none is a server error, none leaves a traceback in the log."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest

from tests.teams.conftest import HOME_TENANT, TeamsHarness

ODD: list[Any] = [None, 7, True, "", "x", [], [7], {}, {"id": 7}, {"id": []}]
BODIES = [b"", b"{", b"[]", b"null", b"7", b'"x"', b"\xff\xfe", b"[" * 100_000, b'{"a":' * 50_000, b"\x00", b"{}"]
BODIES += ["{}".encode("utf-16"), b'{"type": "\\ud800"}', b'{"n": ' + b"9" * 5_000 + b"}", b"x" * 2_000_000]
TYPES = ["application/json", "application/json; charset=klingon", "text/plain", ""]
HEADERS = [
    "Bearer",
    "Bearer ",
    "Bearer \udcff",
    "Bearer é",
    "Bearer abc",
    "Bearer a.b",
    "Bearer a.b.c",
    "Bearer a.b.c.d",
]
HEADERS += [
    "Bearer ..",
    "bearer a b",
    "Basic YTpi",
    "Bearer " + "a" * 6_000,
    "Bearer bnVsbA.bnVsbA.",
    "Bearer W10.W10.x",
]


def spoiled(whole: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The activity with each field, also inside, missing or of another type."""
    for name, value in whole.items():
        yield {key: other for key, other in whole.items() if key != name}
        yield from (whole | {name: odd} for odd in ODD)
        if isinstance(value, dict) and value:
            yield from (whole | {name: inner} for inner in spoiled(value))


async def test_no_malformed_request_is_an_error_of_the_server(
    harness: TeamsHarness, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    fake_teams = harness.fake_teams
    ada = fake_teams.person("Ada", fake_teams.tenant(HOME_TENANT))
    whole = fake_teams.activity("message", ada, fake_teams.chat(ada)) | {"text": ""}
    token = f"Bearer {fake_teams.keys.token(str(whole['serviceUrl']))}"
    odd_token = f"Bearer {fake_teams.keys.token('https://[', serviceurl='https://[')}"
    good = json.dumps(whole).encode()
    pressed = whole | {"type": "invoke", "name": "adaptiveCard/action"}
    pressed["value"] = {"action": {"data": {"logsense": "show_evidence", "value": "no-such-investigation"}}}
    requests = [(good, {"Authorization": header}, 401) for header in HEADERS] + [(good, {}, 401)]
    for body in BODIES:
        requests += [
            (body, {"Authorization": given, "Content-Type": kind}, 0) for kind in TYPES for given in (token, "")
        ]
    for activity in (whole, pressed):
        requests += [(json.dumps(odd).encode(), {"Authorization": token}, 0) for odd in spoiled(activity)]
    for odd in ("https://[", ["x"], {"a": 1}):
        body = json.dumps(whole | {"serviceUrl": odd, "channelId": ["msteams"]}).encode()
        requests += [(body, {"Authorization": given}, 0) for given in (token, odd_token)]
    assert len(requests) >= 400
    async with aiohttp.ClientSession() as session:
        for body, headers, expected in requests:
            status = await posted(session, fake_teams.bot_url, body, headers)
            assert status < 500 and expected in (0, status), (status, body[:300], headers)
    assert [record.getMessage() for record in caplog.records if record.exc_info] == []
    assert await harness.app.store.investigations(9) == []


async def posted(session: aiohttp.ClientSession, url: str, body: bytes, headers: dict[str, str]) -> int:
    """How a request is answered; one that the server stopped reading was refused."""
    try:
        async with session.post(url, data=io.BytesIO(body), headers=headers) as answer:
            return answer.status
    except aiohttp.ClientOSError:
        return 413
