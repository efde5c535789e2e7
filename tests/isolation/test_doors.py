"""What people of one workspace can reach of another organization: by every button, word, reaction and HTTP route."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from adapters.slack.inbound.ids import Action
from bot.demo.local_sentry import LocalSentry
from core.domain.investigation import Investigation, Status
from tests.fakes.slack import Channel, FakeSlack, Message, User
from tests.slack.conftest import SlackHarness, running, settings_for, text_of
from tests.slack.test_trouble import command, replied, whispered

ABOUT_ONE = (
    Action.STOP,
    Action.RESOLVE,
    Action.REOPEN,
    Action.WRONG,
    Action.AGAIN,
    Action.EVIDENCE,
    Action.POST_MORTEM,
    Action.FIX_SUGGESTED,
    Action.FIX_OTHER,
    Action.FEEDBACK,
)
ELSEWHERE = {
    Action.INVESTIGATE: "its value is an issue of the presser's own Sentry",
    Action.CONNECT_SENTRY: "opens an empty form of the presser's own organization",
    Action.CONNECT_MODEL: "opens an empty form of the presser's own organization",
    Action.CHANNEL_SETTINGS: "opens a form about the presser's own channel",
    Action.MASKING: "opens a form about the presser's own organization",
    Action.MORE: "its value is one of the actions above, which is then done",
    Action.OPEN: "opens an address, and does nothing else",
    Action.EVIDENCE_PAGE: "is pressed in a form that EVIDENCE opens",
}


@dataclass
class Street:
    """Globex has a report. Ada, of acme, knows its id, and has a report of her own whose buttons can be forged."""

    harness: SlackHarness
    theirs: Investigation
    their_thread: Message
    ada: User
    channel: Channel
    report: Message
    routes: list[tuple[str, str]]

    async def unchanged(self) -> None:
        """Nothing happened to globex's investigation, and nobody heard of it."""
        workspace = self.their_thread.channel.workspace
        store = await self.harness.store_of(workspace)
        assert await store.investigations(9) == [self.theirs]
        said = [text_of(it) for it in self.channel.posts_of_bot() if it is not self.report]
        assert not [text for text in said if self.theirs.id in text]


@pytest.fixture
async def street(
    tmp_path: Path, fake_slack: FakeSlack, sentry: LocalSentry, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Street]:
    routes: list[tuple[str, str]] = []
    add_routes = web.Application.add_routes

    def listen_in(app: web.Application, defined: Iterable[Any]) -> Any:
        defined = list(defined)
        routes.extend((route.method, route.path) for route in defined if isinstance(route, web.RouteDef))
        return add_routes(app, defined)

    settings = settings_for(tmp_path / "home", fake_slack, sentry)
    with monkeypatch.context() as patched:
        patched.setattr(web.Application, "add_routes", listen_in)
        async with running(settings, fake_slack, sentry) as harness:
            globex, gina, place = await harness.install("Globex")
            await command(harness, gina, place, "investigate SHOP-1")
            thread = await harness.report_in(place)
            (theirs,) = await (await harness.store_of(globex)).investigations(9)
            _, ada, channel = await harness.install("Acme")
            await command(harness, ada, channel, "investigate SHOP-2")
            report = await harness.report_in(channel)
            yield Street(harness, theirs, thread, ada, channel, report, routes)


def test_every_button_has_its_place() -> None:
    assert set(ABOUT_ONE) | set(ELSEWHERE) == set(Action)


@pytest.mark.timeout(300)
async def test_a_button_with_anothers_id_does_nothing_and_says_only_that_there_is_no_such_thing(street: Street) -> None:
    for action in ABOUT_ONE:
        street.harness.fake_slack.state.ephemerals.clear()
        forged = {"type": "button", "action_id": action.value, "value": street.theirs.id}
        street.report.blocks.append({"type": "actions", "elements": [forged]})
        await street.harness.fake_slack.click(street.ada, street.report, action.value, street.theirs.id)
        await whispered(street.harness, "There is no investigation")
        street.report.blocks.pop()
    await street.unchanged()


async def test_a_word_with_anothers_id_finds_nothing(street: Street) -> None:
    said = await replied(await command(street.harness, street.ada, street.channel, f"cancel {street.theirs.id}"))
    assert "There is no investigation" in said
    for word in ("status", "incidents", "help"):
        outcome = await replied(await command(street.harness, street.ada, street.channel, word))
        assert street.theirs.id not in outcome
    await street.unchanged()


async def test_reactions_and_replies_at_an_address_that_is_anothers_too_are_not_for_them(street: Street) -> None:
    """Channel and message ids are unique within a workspace only."""
    ada = street.ada
    twin = ada.workspace.add_channel("twin", ada)
    twin.id = street.their_thread.channel.id
    root = street.their_thread.thread_ts
    fake = (await street.harness.fake_slack.say(ada, twin, "mine", ts=root)).message
    assert fake is not None and root is not None
    await street.harness.fake_slack.react(ada, fake, "white_check_mark")
    await street.harness.fake_slack.say(ada, twin, "who is affected?", thread_ts=root)
    await street.unchanged()
    assert street.theirs.status is Status.REPORTED


async def test_no_http_route_tells_a_stranger_anything(street: Street) -> None:
    assert {path for _, path in street.routes} >= {"/slack/events", "/slack/install", "/healthz", "/readyz"}
    secrets = [street.theirs.id, "SHOP-1", "Globex", street.their_thread.channel.id]
    async with aiohttp.ClientSession() as session:
        for method, path in street.routes:
            for query in ("", f"?id={street.theirs.id}&organization=globex&state=x&code=y"):
                body = json.dumps({"id": street.theirs.id, "team_id": street.their_thread.channel.workspace.id})
                async with session.request(
                    method, f"{street.harness.url}{path}{query}", data=body, allow_redirects=False
                ) as answer:
                    text = await answer.text()
                    assert not [secret for secret in secrets if secret in text], (method, path)
    await street.unchanged()
