"""Installing LogSense into a Slack that we did not write."""

from __future__ import annotations

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.install.manifest import bot_scopes
from core.domain.tenancy import Role
from tests.emulate.browser import Browser
from tests.emulate.conftest import Serving
from tests.emulate.slack import TEAM_ID


async def test_who_allows_it_ends_on_our_page_and_the_token_works_with_the_scopes_of_the_manifest(
    logsense: Serving,
) -> None:
    slack = logsense.slack
    async with Browser() as browser:
        page = await logsense.install(slack.ada, browser)
    assert page.status == 200 and "LogSense is installed" in page.body
    installed = await logsense.installation()
    assert installed is not None and set(installed["scopes"].split(",")) == set(bot_scopes())
    bot = AsyncWebClient(token=installed["bot_token"], base_url=f"{slack.url}/api/")
    us = await bot.auth_test()
    assert (us["team_id"], us["user_id"]) == (TEAM_ID, installed["bot_user_id"])
    with pytest.raises(SlackApiError, match="missing_scope"):
        await bot.reactions_add(channel=slack.channel_id, timestamp="1.1", name="eyes")


async def test_who_installs_is_the_owner_by_the_name_that_slack_tells(logsense: Serving) -> None:
    async with Browser() as browser:
        await logsense.install(logsense.slack.bob, browser)
    members = await (await logsense.store()).members()
    assert [(it.name, it.role) for it in members] == [("bob", Role.OWNER)]


async def test_another_browser_cannot_finish_an_installation(logsense: Serving) -> None:
    async with Browser() as mine, Browser() as theirs:
        asked = await mine.goes_to(f"{logsense.url}/slack/install")
        allowed = await mine.presses(await mine.goes_to(asked.location), logsense.slack.ada.id)
        page = await theirs.goes_to(allowed.location)
    assert page.status == 400 and "another browser" in page.body
    assert await logsense.installation() is None
    assert not logsense.slack.shim.calls["oauth.v2.access"], "the code was not spent either"


async def test_a_code_that_slack_does_not_know_installs_nothing(logsense: Serving) -> None:
    async with Browser() as browser:
        asked = await browser.goes_to(f"{logsense.url}/slack/install")
        allowed = await browser.presses(await browser.goes_to(asked.location), logsense.slack.ada.id)
        page = await browser.goes_to(allowed.location.replace("code=", "code=0"))
    assert logsense.slack.shim.calls["oauth.v2.access"] == 1
    assert page.status >= 400 and "not installed" in page.body
    assert await logsense.installation() is None
