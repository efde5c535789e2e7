"""Installing, Socket Mode, being removed: how workspaces come and go."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import sqlalchemy as sa

from adapters.slack.app import INSTALLS_PER_MINUTE
from bot.demo.local_sentry import LocalSentry
from core.domain.errors import InvalidInput, NotFound, Refusal
from core.domain.tenancy import Platform, WorkspaceRef
from core.storage.engine.database import Database
from core.storage.tables import install_states
from tests.fakes.slack import FakeSlack, Workspace
from tests.slack.conftest import SlackHarness, running, settings_for, text_of, until
from tests.slack.test_trouble import command


def ref(workspace: Workspace) -> WorkspaceRef:
    """The workspace as the directory knows it."""
    return WorkspaceRef(Platform.SLACK, workspace.id)


@pytest.fixture
async def socket_town(
    tmp_path: Path, fake_slack: FakeSlack, sentry: LocalSentry
) -> AsyncIterator[tuple[SlackHarness, Workspace]]:
    """One workspace by its bot token, events through a socket, the operator's own Sentry."""
    acme = fake_slack.add_workspace("Acme")
    settings = settings_for(
        tmp_path / "home",
        fake_slack,
        sentry,
        SLACK_APP_TOKEN=fake_slack.app_token,
        SLACK_BOT_TOKEN=acme.bot_token,
        SLACK_SIGNING_SECRET=None,
        SLACK_CLIENT_ID=None,
        SENTRY_URL=sentry.base_url,
        SENTRY_ORG=sentry.organization_slug,
        SENTRY_TOKEN=sentry.token,
    )
    async with running(settings, fake_slack, sentry) as harness:
        await fake_slack.sockets.connected()
        yield harness, acme


async def test_through_a_socket_everything_works_with_the_operators_settings(
    socket_town: tuple[SlackHarness, Workspace],
) -> None:
    harness, acme = socket_town
    ada = acme.add_user("ada")
    incidents = acme.add_channel("incidents", ada)
    # First deliveries through a socket carry a retry number too: whoever drops by that header hears nothing at all.
    await harness.fake_slack.say(ada, incidents, f"{acme.mention} investigate SHOP-1")
    report = await harness.report_in(incidents)
    await harness.fake_slack.react(ada, report, "white_check_mark")
    await until(lambda: next((it for it in incidents.posts_of_bot() if "Resolved by" in it.text), None))
    assert (await harness.app.stores.directory.organization_of(ref(acme))).id == harness.app.organization.id


async def test_a_socket_that_breaks_is_opened_again(socket_town: tuple[SlackHarness, Workspace]) -> None:
    harness, acme = socket_town
    ada = acme.add_user("ada")
    incidents = acme.add_channel("incidents", ada)
    opened = harness.fake_slack.sockets.opened
    await harness.fake_slack.refresh_sockets()
    await until(lambda: harness.fake_slack.sockets.opened > opened)
    await harness.fake_slack.sockets.connected()
    await command(harness, ada, incidents, "investigate SHOP-2")
    assert "SHOP-2" in text_of(await harness.report_in(incidents))


async def test_an_org_wide_installation_serves_every_workspace_of_the_enterprise_as_one_organization(
    harness: SlackHarness,
) -> None:
    acme = harness.fake_slack.add_enterprise("Acme Holding")
    first = harness.fake_slack.add_workspace("Shop", enterprise=acme, installed=False)
    second = harness.fake_slack.add_workspace("Bank", enterprise=acme, installed=False)
    ada = first.add_user("ada", is_admin=True)
    installed = await harness.fake_slack.install(f"{harness.url}/slack/install", acme, ada)
    assert installed.status == 200
    organization = await harness.app.stores.directory.organization_of(WorkspaceRef(Platform.SLACK, acme.id))
    await harness.app.stores.for_organization(organization.id).save_sentry_connection(harness.connection())
    for workspace, issue in ((first, "SHOP-1"), (second, "SHOP-2")):
        person = workspace.add_user("eva")
        channel = workspace.add_channel("incidents", person)
        await command(harness, person, channel, f"investigate {issue}")
        assert issue in text_of(await harness.report_in(channel))


async def test_declining_or_coming_back_in_another_browser_installs_nothing(harness: SlackHarness) -> None:
    acme = harness.fake_slack.add_workspace("Acme", installed=False)
    ada = acme.add_user("ada")
    url = f"{harness.url}/slack/install"
    declined = await harness.fake_slack.install(url, acme, ada, deny=True)
    assert "declined" in declined.body
    elsewhere = await harness.fake_slack.install(url, acme, ada, same_browser=False)
    assert elsewhere.status == 400 and "another browser" in elsewhere.body
    with pytest.raises(NotFound):
        await harness.app.stores.directory.organization_of(ref(acme))


async def test_installing_again_keeps_the_organization_and_takes_the_new_token(harness: SlackHarness) -> None:
    acme, ada, incidents = await harness.install("Acme")
    before = await harness.app.stores.directory.organization_of(ref(acme))
    await harness.fake_slack.revoke_tokens(acme)
    assert await harness.app.stores.installations.find(ref(acme)) is None
    installed = await harness.fake_slack.install(f"{harness.url}/slack/install", acme, ada)
    assert installed.status == 200
    after = await harness.app.stores.directory.organization_of(ref(acme))
    assert before.id != after.id, "a workspace that was removed starts anew; what it had is not handed to whoever comes"
    assert incidents.posts_of_bot() == []


async def test_no_call_is_spent_on_asking_slack_who_we_are(harness: SlackHarness) -> None:
    _, ada, incidents = await harness.install("Acme")
    asked = len(harness.fake_slack.calls_of("auth.test"))
    for _ in range(5):
        await command(harness, ada, incidents, "status")
        await harness.fake_slack.say(ada, incidents, "hello")
    assert len(harness.fake_slack.calls_of("auth.test")) == asked


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"SLACK_SIGNING_SECRET": None}, "SLACK_APP_TOKEN"),
        ({"SLACK_CLIENT_ID": None, "SLACK_APP_TOKEN": "xapp-1"}, "SLACK_BOT_TOKEN"),
        ({"SLACK_CLIENT_SECRET": None}, "SLACK_CLIENT_SECRET"),
        ({"LOGSENSE_PUBLIC_URL": None}, "LOGSENSE_PUBLIC_URL"),
        ({"LOGSENSE_LISTEN": "everywhere"}, "LOGSENSE_LISTEN"),
    ],
)
async def test_settings_that_do_not_go_together_are_refused_by_name(
    tmp_path: Path, fake_slack: FakeSlack, sentry: LocalSentry, changes: dict[str, str | None], says: str
) -> None:
    settings = settings_for(tmp_path / "home", fake_slack, sentry, **changes)
    with pytest.raises(InvalidInput, match=says):
        async with running(settings, fake_slack, sentry):
            pass


async def test_a_token_that_slack_does_not_know_is_refused_at_the_start(
    tmp_path: Path, fake_slack: FakeSlack, sentry: LocalSentry
) -> None:
    settings = settings_for(tmp_path / "home", fake_slack, sentry, SLACK_BOT_TOKEN="xoxb-unknown")
    with pytest.raises(Refusal, match="SLACK_BOT_TOKEN"):
        async with running(settings, fake_slack, sentry):
            pass


async def test_bolt_finds_none_of_our_variables_and_makes_nothing_of_its_own_from_them(
    tmp_path: Path,
    fake_slack: FakeSlack,
    sentry: LocalSentry,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    for name in ("SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET", "SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET"):
        monkeypatch.setenv(name, "from the environment")
    caplog.set_level(logging.INFO, "logsense.slack.bolt")
    async with running(
        settings_for(tmp_path / "home", fake_slack, sentry, SLACK_BOT_TOKEN=None), fake_slack, sentry
    ) as harness:
        _, ada, incidents = await harness.install("Acme")
        await command(harness, ada, incidents, "help")
    # It says so when it takes a token or makes an installation store of files from the environment.
    assert [record.getMessage() for record in caplog.records if record.name == "logsense.slack.bolt"] == []


async def test_a_wrong_invite_is_answered_with_a_sentence(harness: SlackHarness) -> None:
    workspace = harness.fake_slack.add_workspace("Acme", installed=False)
    owner = workspace.add_user("ada", is_admin=True, is_owner=True)
    answer = await harness.fake_slack.install(f"{harness.url}/slack/install?invite=wrong", workspace, owner)
    assert answer.status == 400 and "not installed" in answer.body
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{harness.url}/slack/install", allow_redirects=False) as asked,
    ):
        cookie = asked.headers["Set-Cookie"]
        assert "SameSite=Lax" in cookie and "HttpOnly" in cookie and "Secure" in cookie
        assert asked.headers["Server"] == "LogSense"


async def test_what_is_no_http_leaves_no_traceback(harness: SlackHarness, caplog: pytest.LogCaptureFixture) -> None:
    port = int(harness.url.rsplit(":", 1)[1])
    for sent in (b"\x16\x03\x01\r\n\r\n", b"GET / HTTP/9.9.9\r\n\r\n", b"GET / HTTP/1.1\r\n: x\r\n\r\n"):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(sent)
        assert b" 400 " in (await reader.read()).splitlines()[0]
        writer.close()
    assert [record.getMessage() for record in caplog.records if record.exc_info] == []


async def test_one_address_cannot_fill_the_database_by_starting_installations(harness: SlackHarness) -> None:
    database = Database(harness.settings.database)
    url = f"{harness.url}/slack/install"

    async def visits(session: aiohttp.ClientSession, client: str, count: int) -> list[int]:
        statuses: list[int] = []
        for _ in range(count):
            # What a client writes into the header itself stands before what the proxy adds.
            headers = {"X-Forwarded-For": f"198.51.100.{len(statuses)}, {client}"}
            async with session.get(url, headers=headers, allow_redirects=False) as answer:
                statuses.append(answer.status)
                if answer.status == 429:
                    assert int(answer.headers["Retry-After"]) > 0
                    assert "Too many installations" in await answer.text()
        return statuses

    try:
        async with aiohttp.ClientSession() as session:
            flood = await visits(session, "203.0.113.7", 60)
            kept = len(await database.rows(sa.select(install_states)))
            other = await visits(session, "203.0.113.8", 1)
    finally:
        await database.close()
    assert flood[:INSTALLS_PER_MINUTE] == [302] * INSTALLS_PER_MINUTE
    assert flood.count(302) == kept < 60 and flood.count(429) == 60 - kept
    assert other == [302]
