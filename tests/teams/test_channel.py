"""What only Teams' channel does: its sizes, statuses, tokens and markup. What all do is in tests/contracts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest

from adapters.common.rate_limits import Budget
from adapters.common.shared_limits import Budgets
from adapters.teams.bot_framework import Connector
from adapters.teams.channel import TeamsChannel, budget_of
from adapters.teams.install.credentials import BotCredentials
from adapters.teams.install.installations import TeamsInstallations
from core.domain.conversation import ConversationRef
from core.domain.errors import AccessDenied, RateLimited, ServiceUnavailable
from core.domain.investigation import Status
from core.domain.report import NO_USAGE, Fix, Level
from core.domain.tenancy import Actor, Platform, WorkspaceRef
from core.domain.thread_view import NoticeView, ProgressView
from core.ports import Installations
from core.storage.database_stores import open_stores
from core.storage.schema import migrate
from tests.adapters.slack.samples import REPORT
from tests.fakes.teams import FakeTeams

VIEW = ProgressView("i1", "SHOP-1", Status.RUNNING, (), None, (), NO_USAGE, datetime(2026, 11, 23, tzinfo=UTC))
FIXES = tuple(Fix(f"Fix number {number}", ("Do this. " * 20,), Level.LOW, Level.LOW) for number in range(20))
LONG_REPORT = replace(REPORT, report=replace(REPORT.report, fixes=FIXES), resolved_by=None)


class Bench:
    """A channel, and the tenant it posts to."""

    def __init__(self, fake_teams: FakeTeams, session: aiohttp.ClientSession, kept: Installations) -> None:
        self.fake_teams = fake_teams
        self.acme = fake_teams.tenant()
        self.ada = fake_teams.person("Ada", self.acme)
        self.room = fake_teams.channel(self.acme, self.ada)
        self.session, self.kept = session, kept
        self.channel = self.sender(fake_teams.app_password)
        self.workspace = WorkspaceRef(Platform.TEAMS, self.acme.id)
        self.here = ConversationRef(self.workspace, self.room.id)

    def sender(self, password: str) -> TeamsChannel:
        """A channel with that password, as each replica has one."""
        fake_teams = self.fake_teams
        credentials = BotCredentials(fake_teams.app_id, password, fake_teams.token_url, lambda: self.session)
        connector = Connector(
            lambda: self.session, credentials, services=frozenset({fake_teams.url}), bot_id=f"28:{fake_teams.app_id}"
        )
        budgets = Budgets("teams", lambda _: Budget(per_minute=6_000, burst=1_000))
        return TeamsChannel(connector, TeamsInstallations(self.kept), budgets, None)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    url = f"sqlite:///{tmp_path / 'logsense.db'}"
    await migrate(url)
    async with (
        FakeTeams() as fake_teams,
        aiohttp.ClientSession() as session,
        open_stores(url, owner="one", secret_keys=["key"]) as stores,
    ):
        bench = Bench(fake_teams, session, stores.installations)
        await TeamsInstallations(stores.installations).remember(bench.workspace, fake_teams.service_url)
        yield bench


async def test_another_replica_knows_where_to_write_and_who_was_never_heard_of_is_not_written_to(bench: Bench) -> None:
    (message,) = await bench.channel.post(bench.here, VIEW)
    await bench.sender(bench.fake_teams.app_password).edit(message, replace(VIEW, title="SHOP-2"), final=True)
    assert "SHOP-2" in bench.room.posts()[0].text
    elsewhere = replace(bench.here, workspace=WorkspaceRef(Platform.TEAMS, "unheard-of"))
    with pytest.raises(AccessDenied, match="not installed"):
        await bench.channel.post(elsewhere, VIEW)


@pytest.mark.parametrize("status", [412, 429, 502, 504])
async def test_whatever_status_limits_edits_nothing_is_posted_there_meanwhile_either(bench: Bench, status: int) -> None:
    (message,) = await bench.channel.post(bench.here, VIEW)
    bench.fake_teams.fault("put", status, retry_after=1)
    with pytest.raises(RateLimited) as limited:
        await bench.channel.edit(message, VIEW, final=True)
    assert limited.value.retry_after_s == 1
    asked_at = asyncio.get_running_loop().time()
    await bench.channel.post(bench.here, NoticeView("after"))
    assert asyncio.get_running_loop().time() - asked_at >= 0.9


async def test_a_place_that_is_lost_says_how_to_get_it_back(bench: Bench) -> None:
    with pytest.raises(AccessDenied, match="Add it to the team"):
        await bench.channel.post(replace(bench.here, channel="19:elsewhere@thread.tacv2"), VIEW)


@pytest.mark.parametrize("most", [24_000, 12_000])
async def test_what_teams_finds_too_large_is_sent_as_several_smaller_cards(bench: Bench, most: int) -> None:
    bench.fake_teams.state.max_bytes = most
    posted = await bench.channel.post(bench.here, LONG_REPORT)
    shown = bench.room.posts()
    assert len(shown) == len(posted) > 1
    assert "resolve_investigation" in shown[0].verbs and "resolve_investigation" not in shown[1].verbs
    everything = "".join(message.text for message in shown)
    assert all(f"Fix number {number}" in everything for number in range(20))
    await bench.channel.edit(posted[0], replace(LONG_REPORT, resolved_by=Actor(bench.ada.id, "Ada")), final=True)
    assert "by Ada" in shown[0].text
    assert "".join(message.text for message in shown).count("Fix number") == everything.count("Fix number")


@pytest.mark.parametrize("status", [0, 500])
async def test_a_service_that_is_away_is_one_to_try_again(bench: Bench, status: int) -> None:
    bench.fake_teams.fault("post", status)
    with pytest.raises(ServiceUnavailable):
        await bench.channel.post(bench.here, VIEW)
    await bench.channel.post(bench.here, VIEW)


async def test_a_token_is_asked_for_once_and_replaced_when_teams_refuses_it(bench: Bench) -> None:
    await asyncio.gather(*(bench.channel.post(bench.here, VIEW) for _ in range(5)))
    assert len(bench.fake_teams.tokens) == 1
    bench.fake_teams.tokens.clear()
    await bench.channel.post(bench.here, VIEW)
    assert len(bench.fake_teams.tokens) == 1


async def test_a_wrong_password_is_named_and_never_shown(bench: Bench) -> None:
    with pytest.raises(AccessDenied, match="TEAMS_APP_PASSWORD") as refused:
        await bench.sender("wrong-password").post(bench.here, VIEW)
    assert "wrong-password" not in str(refused.value)


async def test_a_whisper_reaches_the_person_in_their_own_chat(bench: Bench) -> None:
    ada = Actor(bench.ada.id, "Ada")
    await bench.channel.post_ephemeral(bench.here, ada, NoticeView("only you"))
    chat = bench.fake_teams.chat(bench.ada)
    assert "only you" in chat.posts()[0].text and bench.room.posts() == []
    await bench.channel.post_ephemeral(ConversationRef(bench.workspace, chat.id, "chat"), ada, NoticeView("you again"))
    assert len(chat.posts()) == 2


async def test_edits_of_one_channel_are_two_seconds_apart_whichever_thread_they_are_in() -> None:
    edits = budget_of("update")
    assert edits.rate.interval_s >= 2 and edits.rate.burst == 1


async def test_strangers_words_cannot_call_anybody_or_be_markup(bench: Bench) -> None:
    hostile = "<at>everyone</at> [click](https://evil.example) **bold** {{DATE(2026-01-01T00:00:00Z)}}\u202e"
    await bench.channel.post(bench.here, NoticeView(hostile))
    (posted,) = bench.room.posts()
    assert "'TextBlock'" not in str(posted.card) and "\u202e" not in posted.text and "{{DATE" not in posted.text
    assert "entities" not in posted.card["msteams"]
