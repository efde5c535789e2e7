"""How our own Slack delivers: retries, faults, Socket Mode and installing, with a real Bolt app at the other end."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from slack_bolt.oauth.async_oauth_settings import AsyncOAuthSettings
from slack_sdk.oauth.installation_store.file import FileInstallationStore
from slack_sdk.oauth.state_store.file import FileOAuthStateStore
from yarl import URL

from tests.fakes.acme import Acme, error_of
from tests.fakes.bolt_app import BoltApp
from tests.fakes.slack import Enterprise, FakeSlack, User, Workspace

# ---- retries and faults ---------------------------------------------------------------------------------------------


async def test_an_event_that_was_not_taken_comes_again_with_the_same_id(acme: Acme, app: BoltApp) -> None:
    app.statuses = [500, 404]

    outcome = await acme.peer.say(acme.maya, acme.channel, "down")

    assert [answer.status for answer in outcome.answers] == [500, 404, 200]
    assert (app.retries, outcome.event_ids) == ([("2", "http_error")], [app.heard[0]["event_id"]])


async def test_slack_gives_up_after_three_retries(acme: Acme, app: BoltApp) -> None:
    app.statuses = [500] * 9

    outcome = await acme.peer.say(acme.maya, acme.channel, "down")

    assert [answer.status for answer in outcome.answers] == [500] * 4
    assert app.heard == []


async def test_a_late_answer_is_no_answer() -> None:
    async with FakeSlack(answer_within_s=0.1) as peer:
        acme = peer.add_workspace("Acme")
        maya = acme.add_user("maya")
        async with BoltApp(peer, acme.bot_token) as app:
            app.listen().late_by_s = [0.5]
            outcome = await peer.say(maya, acme.add_channel("incidents", maya), "down")

    assert [answer.failure for answer in outcome.answers] == ["http_timeout", None]
    assert ("1", "http_timeout") in app.retries


async def test_an_app_that_is_away_is_tried_again(acme: Acme) -> None:
    acme.peer.events_url = "http://127.0.0.1:9/slack/events"

    outcome = await acme.peer.say(acme.maya, acme.channel, "down")

    assert [answer.failure for answer in outcome.answers] == ["connection_failed"] * 4


async def test_commands_are_never_retried(acme: Acme, app: BoltApp) -> None:
    app.statuses = [500]

    outcome = await acme.peer.command(acme.maya, acme.channel, "/logsense")

    assert ([answer.status for answer in outcome.answers], app.heard) == ([500], [])


async def test_a_duplicate_looks_like_the_first(acme: Acme, app: BoltApp) -> None:
    acme.peer.duplicate_next()

    await acme.peer.say(acme.maya, acme.channel, "once")
    await acme.peer.say(acme.maya, acme.channel, "then")

    assert [body["event"]["text"] for body in app.heard] == ["once", "once", "then"]
    assert app.heard[0] == app.heard[1]
    assert app.retries == [(None, None)] * 3


async def test_a_delayed_event_lets_others_pass(acme: Acme, app: BoltApp) -> None:
    acme.peer.delay_next(0.2)

    slow = await acme.peer.say(acme.maya, acme.channel, "slow")
    await acme.peer.say(acme.maya, acme.channel, "quick")
    assert slow.answers == []
    await acme.peer.settle()

    assert [body["event"]["text"] for body in app.heard] == ["quick", "slow"]
    assert slow.status == 200


async def test_reordered_events_come_the_last_first(acme: Acme, app: BoltApp) -> None:
    async with acme.peer.reordered():
        said = [await acme.peer.say(acme.maya, acme.channel, text) for text in ("a", "b", "c")]
        assert app.heard == []

    assert [body["event"]["text"] for body in app.heard] == ["c", "b", "a"]
    assert [each.status for each in said] == [200] * 3


async def test_the_address_of_the_app_is_verified(acme: Acme, app: BoltApp) -> None:
    outcome = await acme.peer.verify_url()

    assert outcome.status == 200
    assert len(outcome.answers[0].json()["challenge"]) == 32


async def test_a_test_may_sign_or_spoil_a_request_itself(acme: Acme, app: BoltApp) -> None:
    body = '{"type": "url_verification", "challenge": "c"}'
    wrong = {**acme.peer.signed(body), "X-Slack-Signature": "v0=00"}

    statuses = []
    for headers in (acme.peer.signed(body), wrong, acme.peer.signed(body, timestamp="1000000000")):
        headers |= {"Content-Type": "application/json"}
        async with acme.session.post(f"{app.url}/slack/events", data=body, headers=headers) as response:
            statuses.append(response.status)

    assert statuses == [200, 401, 401]


# ---- Socket Mode ----------------------------------------------------------------------------------------------------


async def test_through_a_socket_even_first_deliveries_carry_a_retry_number(acme: Acme) -> None:
    async with BoltApp(acme.peer, acme.workspace.bot_token) as app:
        await app.connect_socket()
        outcome = await acme.peer.say(acme.maya, acme.channel, "down")

    assert outcome.status == 200
    assert app.retries == [("0", "")]
    assert app.events("message")[0]["text"] == "down"


async def test_a_command_through_a_socket_is_answered_in_the_acknowledgement(acme: Acme) -> None:
    async with BoltApp(acme.peer, acme.workspace.bot_token) as app:
        app.ack_with = "On it"
        await app.connect_socket()
        outcome = await acme.peer.command(acme.maya, acme.channel, "/logsense", "status")

    assert [each["text"] for each in outcome.responses] == ["On it"]
    assert app.heard[0]["text"] == "status"


async def test_an_unacknowledged_envelope_comes_again() -> None:
    async with FakeSlack(answer_within_s=0.3) as peer:
        acme = peer.add_workspace("Acme")
        maya = acme.add_user("maya")
        async with BoltApp(peer, acme.bot_token) as app:
            await app.connect_socket()
            app.refuse_events = 1
            outcome = await peer.say(maya, acme.add_channel("incidents", maya), "down")

    assert [answer.failure for answer in outcome.answers] == ["http_timeout", None]
    assert app.retries == [("0", ""), ("1", "timeout")]


@pytest.mark.parametrize("break_off", ["refresh_sockets", "cut_sockets"])
async def test_the_sdk_comes_back_when_its_socket_is_taken(acme: Acme, break_off: str) -> None:
    async with BoltApp(acme.peer, acme.workspace.bot_token) as app:
        await app.connect_socket()
        await getattr(acme.peer, break_off)()
        async with asyncio.timeout(5):
            while acme.peer.sockets.opened < 2:
                await asyncio.sleep(0.01)
        outcome = await acme.peer.say(acme.maya, acme.channel, "still there?")

    assert outcome.answers[-1].is_ok
    assert len(acme.peer.calls_of("apps.connections.open")) == 2


# ---- installing -----------------------------------------------------------------------------------------------------


class Installing:
    """An app that installs by OAuth, and where its installations are kept."""

    def __init__(self, peer: FakeSlack, directory: Path) -> None:
        self.store = FileInstallationStore(base_dir=str(directory / "installations"), client_id=peer.client_id)
        states = FileOAuthStateStore(expiration_seconds=600, base_dir=str(directory / "states"))
        self.app = BoltApp(
            peer,
            None,
            oauth_settings=AsyncOAuthSettings(
                client_id=peer.client_id,
                client_secret=peer.client_secret,
                scopes=["chat:write", "channels:history"],
                authorization_url=f"{peer.url}/oauth/v2/authorize",
                installation_store=self.store,
                state_store=states,
            ),
        )

    def token_of(self, owner: Workspace | Enterprise) -> str | None:
        is_org_wide = isinstance(owner, Enterprise)
        found = self.store.find_installation(
            enterprise_id=owner.id if is_org_wide else None,
            team_id=None if is_org_wide else owner.id,
            is_enterprise_install=is_org_wide,
        )
        return found.bot_token if found else None


@pytest.fixture
def installing(acme: Acme, tmp_path: Path) -> Installing:
    return Installing(acme.peer, tmp_path)


def new_workspace(peer: FakeSlack) -> tuple[Workspace, User]:
    workspace = peer.add_workspace("New", installed=False)
    return workspace, workspace.add_user("noor", is_owner=True)


async def test_installing_gives_the_app_a_token_that_works(acme: Acme, installing: Installing) -> None:
    workspace, noor = new_workspace(acme.peer)
    async with installing.app as app:
        app.listen()
        page = await acme.peer.install(f"{app.url}/slack/install", workspace, noor)
        await acme.peer.say(noor, workspace.add_channel("general", noor), "welcome")

    assert (page.status, installing.token_of(workspace)) == (200, workspace.bot_token)
    assert workspace.grant and workspace.grant.scopes == {"chat:write", "channels:history"}
    assert app.events("message")[0]["text"] == "welcome"


async def test_an_org_wide_install_serves_every_workspace(acme: Acme, installing: Installing) -> None:
    grid = acme.peer.add_enterprise("Grid")
    east = acme.peer.add_workspace("East", enterprise=grid, installed=False)
    olga = east.add_user("olga", is_owner=True)
    async with installing.app as app:
        app.listen()
        page = await acme.peer.install(f"{app.url}/slack/install", grid, olga)
        await acme.peer.say(olga, east.add_channel("general", olga), "welcome")
        await acme.peer.command(olga, east.direct_messages(olga), "/logsense")
        await acme.peer.uninstall(grid)

    assert (page.status, installing.token_of(grid)) == (200, east.bot_token)
    assert [body["enterprise_id"] for body in app.heard] == [grid.id] * 4
    assert [body["team_id"] for body in app.heard] == [east.id] * 2 + [None] * 2


async def test_denying_and_other_browsers_install_nothing(acme: Acme, installing: Installing) -> None:
    workspace, noor = new_workspace(acme.peer)
    async with installing.app as app:
        url = f"{app.url}/slack/install"
        denied = await acme.peer.install(url, workspace, noor, deny=True)
        elsewhere = await acme.peer.install(url, workspace, noor, same_browser=False)

    assert "error=access_denied" in denied.url
    assert elsewhere.status == 400
    assert (workspace.grant, installing.token_of(workspace)) == (None, None)


async def test_people_are_sent_nowhere_but_to_the_configured_address(acme: Acme) -> None:
    acme.peer.redirect_url = "https://logsense.example/slack/oauth_redirect"
    asked = f"{acme.peer.url}/oauth/v2/authorize?client_id={acme.peer.client_id}&scope=chat:write"

    statuses = []
    for where in ("", f"&redirect_uri={acme.peer.redirect_url}", "&redirect_uri=https://evil.example/"):
        async with acme.session.get(asked + where) as response:
            statuses.append(response.status)

    assert statuses == [200, 200, 400]


async def test_a_code_works_once_and_for_our_app_only(acme: Acme) -> None:
    workspace, noor = new_workspace(acme.peer)
    asked = (
        f"{acme.peer.url}/oauth/v2/authorize?client_id={acme.peer.client_id}&scope=chat:write&redirect_uri=http://a/"
    )
    code = URL(acme.peer.allow(asked, workspace, noor)).query["code"]
    access = acme.client_of(None).oauth_v2_access
    ours = {"client_id": acme.peer.client_id, "client_secret": acme.peer.client_secret}

    wrong = await error_of(
        access(client_id=acme.peer.client_id, client_secret="wrong", code=code, redirect_uri="http://a/")
    )
    first = await access(**ours, code=code, redirect_uri="http://a/")
    second = await error_of(access(**ours, code=code, redirect_uri="http://a/"))

    assert (wrong, first["access_token"], second) == ("bad_client_secret", workspace.bot_token, "invalid_code")


async def test_installing_again_keeps_the_token_until_it_was_uninstalled(acme: Acme) -> None:
    before = acme.workspace.bot_token
    assert acme.peer.state.install(acme.workspace, "chat:write").token == before
    await acme.peer.uninstall(acme.workspace)

    assert acme.peer.state.install(acme.workspace, "chat:write").token not in (before, None)
