"""What only Slack's channel does: its refusals, whispers and markup. What all do is in tests/contracts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.channel import SlackChannel
from adapters.slack.shared_limits import Budgets
from core.domain.conversation import ConversationRef
from core.domain.errors import AccessDenied
from core.domain.investigation import Status
from core.domain.report import NO_USAGE
from core.domain.tenancy import Actor, Platform, WorkspaceRef
from core.domain.thread_view import NoticeView, ProgressView
from tests.adapters.slack.samples import REPORT
from tests.fakes.slack import Channel, FakeSlack, User, Workspace
from tests.slack.conftest import text_of

VIEW = ProgressView("i1", "SHOP-1", Status.RUNNING, (), None, (), NO_USAGE, datetime(2026, 11, 23, tzinfo=UTC))


class Bench:
    """A channel, and the workspace it posts to."""

    def __init__(self, fake_slack: FakeSlack, session: aiohttp.ClientSession) -> None:
        self.fake_slack = fake_slack
        self.acme: Workspace = fake_slack.add_workspace("Acme")
        self.ada: User = self.acme.add_user("ada")
        self.room: Channel = self.acme.add_channel("incidents", self.ada)
        client = AsyncWebClient(
            token=self.acme.bot_token, base_url=fake_slack.api_url, session=session, retry_handlers=[], timeout=5
        )

        async def client_of(workspace: WorkspaceRef) -> AsyncWebClient:
            return client

        self.channel = SlackChannel(client_of, Budgets())
        self.here = ConversationRef(WorkspaceRef(Platform.SLACK, self.acme.id), self.room.id)


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with FakeSlack(posts_per_second=1_000) as fake_slack, aiohttp.ClientSession() as session:
        yield Bench(fake_slack, session)


@pytest.mark.parametrize("code", ["cant_update_message", "edit_window_closed"])
async def test_a_message_that_slack_lets_nobody_edit_any_more_stays_as_it_is(bench: Bench, code: str) -> None:
    (message,) = await bench.channel.post(bench.here, VIEW, key="i1/progress")
    bench.fake_slack.fail_next("chat.update", error=code)
    await bench.channel.edit(message, VIEW, final=True)
    assert len(bench.fake_slack.calls_of("chat.update")) == 1


async def test_blocks_that_slack_does_not_take_are_followed_by_the_bare_text(bench: Bench) -> None:
    bench.fake_slack.fail_next("chat.postMessage", error="invalid_blocks")
    await bench.channel.post(bench.here, NoticeView("The report."), key="i1/report")
    (posted,) = bench.room.posts_of_bot()
    assert "The report." in posted.text and not posted.blocks


async def test_a_workspace_that_takes_no_containers_gets_everything_unfolded_and_is_remembered(bench: Bench) -> None:
    bench.fake_slack.fail_next("chat.postMessage", error="invalid_blocks")
    await bench.channel.post(bench.here, REPORT, key="i1/report")
    await bench.channel.post(bench.here, REPORT, key="i2/report")
    assert len(bench.fake_slack.calls_of("chat.postMessage")) == 3
    for posted in bench.room.posts_of_bot():
        kinds = {block["type"] for block in posted.blocks}
        assert "section" in kinds and not kinds & {"container", "context_actions"}


async def test_a_workspace_that_takes_containers_gets_them(bench: Bench) -> None:
    await bench.channel.post(bench.here, REPORT, key="i1/report")
    (posted,) = bench.room.posts_of_bot()
    assert {"container", "context_actions"} <= {block["type"] for block in posted.blocks}


async def test_a_private_channel_without_us_is_an_error_that_says_what_to_do(bench: Bench) -> None:
    secret = bench.acme.add_channel("secret", bench.ada, private=True, with_bot=False)
    with pytest.raises(AccessDenied, match="/invite @LogSense"):
        await bench.channel.post(replace(bench.here, channel=secret.id), VIEW, key="i1/progress")


async def test_a_whisper_reaches_the_person_in_the_channel_else_in_a_direct_message(bench: Bench) -> None:
    ada = Actor(bench.ada.id, "ada")
    await bench.channel.post_ephemeral(bench.here, ada, NoticeView("only you"))
    assert [it.user for it in bench.fake_slack.state.ephemerals] == [bench.ada.id]
    elsewhere = bench.acme.add_channel("elsewhere", bench.ada, with_bot=False)
    await bench.channel.post_ephemeral(replace(bench.here, channel=elsewhere.id), ada, NoticeView("only you, there"))
    (direct,) = bench.acme.direct_messages(bench.ada).posts_of_bot()
    assert "only you, there" in text_of(direct)


async def test_strangers_words_cannot_call_anybody_or_hide_a_link(bench: Bench) -> None:
    hostile = "<!channel> <@U1> <https://evil.example|click> *bold* @here\u202e"
    await bench.channel.post(bench.here, NoticeView(hostile), key="i1/notice")
    shown = text_of(bench.room.posts_of_bot()[0])
    assert "<!channel>" not in shown and "<@U1>" not in shown and "<https" not in shown and "\u202e" not in shown
