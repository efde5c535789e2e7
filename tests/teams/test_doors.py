"""Who is let in: nobody but Teams itself, and our token goes nowhere but there."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from tests.fakes.teams.keys import new_key
from tests.teams.conftest import HOME_TENANT, TeamsHarness

OTHER = "https://smba.trafficmanager.net/emea/"
REFUSED: dict[str, tuple[int, dict[str, Any]]] = {
    "unsigned": (403, {"algorithm": "none"}),
    "signed with a shared secret": (403, {"algorithm": "HS256", "key": "a secret of thirty-two characters"}),
    "signed by another": (403, {"key": new_key()}),
    "of an unknown key": (403, {"kid": "connector-2"}),
    "of no key": (403, {"kid": None}),
    "expired": (403, {"exp": 1_000_000}),
    "not good yet": (403, {"nbf": 4_000_000_000}),
    "for another bot": (401, {"aud": "22222222-0000-4000-8000-000000000000"}),
    "for several bots": (401, {}),
    "of another issuer": (401, {"iss": "https://evil.example"}),
    "without an end": (401, {"exp": None}),
    "for another service": (401, {"serviceurl": OTHER}),
    "for no service": (401, {"serviceurl": None}),
    "for another tenant": (403, {"tid": "99999999-0000-4000-8000-000000000000"}),
    "for no tenant that there is": (403, {"tid": 7}),
}


def asking(harness: TeamsHarness) -> dict[str, Any]:
    """Somebody of the operator's own tenant asks for an investigation, of which nothing can come without Sentry."""
    tenant = harness.fake_teams.tenant(HOME_TENANT)
    ada = harness.fake_teams.person("Ada", tenant)
    return harness.fake_teams.activity("message", ada, harness.fake_teams.chat(ada)) | {"text": "investigate SHOP-1"}


async def nothing_came_of_it(harness: TeamsHarness) -> None:
    """Nothing was kept."""
    assert await harness.app.store.investigations(9) == []


async def test_what_is_no_token_is_refused(harness: TeamsHarness) -> None:
    for header in (None, "Basic YTpi", "Bearer", "Bearer ", "Bearer abc", "Bearer a.b.c", "Bearer é"):
        answer = await harness.fake_teams.deliver(asking(harness), authorization=header)
        assert answer.status == 401, header
    await nothing_came_of_it(harness)


async def test_a_token_that_is_not_teams_own_for_us_is_refused(
    harness: TeamsHarness, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for what, (status, changes) in REFUSED.items():
        claims = changes | ({"aud": [harness.fake_teams.app_id, OTHER]} if what == "for several bots" else {})
        token = harness.fake_teams.keys.token(harness.fake_teams.service_url, **claims)
        answer = await harness.fake_teams.deliver(asking(harness), authorization=f"Bearer {token}")
        assert answer.status == status, what
        assert token not in caplog.text and "SHOP-1" not in caplog.text
    await nothing_came_of_it(harness)


async def test_a_token_that_names_the_activitys_own_tenant_is_accepted(harness: TeamsHarness) -> None:
    named = harness.fake_teams.keys.token(harness.fake_teams.service_url, tid=HOME_TENANT.upper())
    assert (await harness.fake_teams.deliver(asking(harness), authorization=f"Bearer {named}")).status == 202


@pytest.mark.parametrize("endorsed", [["msteams"], ["webchat"], ["msteams", "directline"]])
async def test_nobody_speaks_for_another_channel_where_strangers_could_claim_any_tenant(
    harness: TeamsHarness, endorsed: list[str]
) -> None:
    harness.fake_teams.keys.endorsements[:] = endorsed
    assert (await harness.fake_teams.deliver(asking(harness) | {"channelId": "directline"})).status == 403
    assert (await harness.fake_teams.deliver(asking(harness))).status == (202 if "msteams" in endorsed else 403)
    await nothing_came_of_it(harness)


@pytest.fixture
async def thief() -> AsyncIterator[tuple[str, list[str | None]]]:
    """A service that is none of Teams', and what it was sent to prove who we are."""
    heard: list[str | None] = []

    async def hear(request: web.Request) -> web.Response:
        heard.append(request.headers.get("Authorization"))
        return web.json_response({"id": "1"}, status=201)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", hear)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/", heard
    await runner.cleanup()


async def test_a_hostile_service_url_is_refused_and_is_never_sent_our_token(
    harness: TeamsHarness, thief: tuple[str, list[str | None]]
) -> None:
    address, heard = thief
    host = harness.fake_teams.url.removeprefix("http://")
    hostile = [
        address,
        address.replace("http://", f"http://{host}@"),
        f"{harness.fake_teams.url}.evil.example/",
        "",
        "//x",
        7,
    ]
    for service_url in hostile:
        activity = asking(harness) | {"serviceUrl": service_url}
        token = harness.fake_teams.keys.token(str(service_url), serviceurl=service_url)
        answer = await harness.fake_teams.deliver(activity, authorization=f"Bearer {token}")
        assert answer.status == 403, service_url
    await nothing_came_of_it(harness)
    assert heard == []


async def test_what_is_no_activity_is_refused(harness: TeamsHarness) -> None:
    for body in (b"", b"[]", b"null", b"{", b'"x"', b"[" * 100_000, b"\xff\xfe"):
        async with aiohttp.ClientSession() as session, session.post(harness.fake_teams.bot_url, data=body) as answer:
            assert answer.status == 400


async def test_an_activity_of_another_shape_than_teams_ever_sends_means_nothing(harness: TeamsHarness) -> None:
    whole = asking(harness) | {"text": ""}
    oddities: list[Any] = [None, 7, [], "x", {"id": 7}]
    for name in set(whole) - {"serviceUrl", "channelId"}:
        for odd in oddities:
            answer = await harness.fake_teams.deliver(whole | {name: odd})
            assert answer.status == 202, (name, odd)
    await nothing_came_of_it(harness)


async def test_strangers_with_made_up_keys_cannot_make_us_ask_for_keys_again_and_again(harness: TeamsHarness) -> None:
    await harness.fake_teams.deliver(asking(harness) | {"text": "", "type": "typing"})
    asked = harness.fake_teams.state.calls.count(("keys", ""))
    for number in range(5):
        token = harness.fake_teams.keys.token(harness.fake_teams.service_url, kid=f"made-up-{number}")
        await harness.fake_teams.deliver(asking(harness), authorization=f"Bearer {token}")
    assert harness.fake_teams.state.calls.count(("keys", "")) == asked == 1


async def test_who_asks_while_the_keys_cannot_be_had_is_to_ask_again(harness: TeamsHarness) -> None:
    harness.fake_teams.fault("keys", 500)
    assert (await harness.fake_teams.deliver(asking(harness))).status == 503
    # For a second nobody asks for them again.
    await asyncio.sleep(1.1)
    answer = await harness.fake_teams.deliver(asking(harness))
    assert answer.status == 202
    await nothing_came_of_it(harness)
