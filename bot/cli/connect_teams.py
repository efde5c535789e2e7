"""The steps to LogSense in Microsoft Teams, and how each is checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import aiohttp

from adapters.teams.install.credentials import BotCredentials
from adapters.teams.install.manifest import package
from bot.app.checks import NotConfigured, answers
from bot.app.settings import Settings
from bot.app.teams_settings import teams_config


def steps(settings: Settings) -> Mapping[str, str]:
    """What to do for each step, in order."""
    where = settings.public_url or "https://YOUR.HOST"
    return {
        "Register the bot": "In portal.azure.com make an Azure Bot: type Single Tenant, pricing tier F0. Under "
        f"Configuration set the messaging\n     endpoint {where}/api/messages; under Channels add Microsoft Teams. For "
        "tenants other than your own let its\n     app registration support accounts in any organizational directory.",
        "Give LogSense its secrets": "From Configuration: Microsoft App ID as TEAMS_APP_ID, App Tenant ID as "
        "TEAMS_TENANT_ID. From Manage Password >\n     New client secret, its value (not its id): TEAMS_APP_PASSWORD.",
        "Start it": "logsense serve, behind HTTPS at LOGSENSE_PUBLIC_URL: Teams reaches a bot by no other way.",
        "Upload the app": "logsense manifest --teams logsense.zip, then Teams admin center > Teams apps > Manage apps "
        "> Upload new app.\n     Add it to a team or chat from there; its owner is asked whether it may read replies.",
        "Connect Sentry": "Your own tenant uses SENTRY_ORG and SENTRY_TOKEN. For another: logsense org create, "
        "logsense org invite, and\n     somebody there writes to LogSense in a one-to-one chat: join and the "
        "invite, then connect sentry.",
    }


def checks(settings: Settings) -> Mapping[str, Any]:
    """What can be found out about each step from here."""

    async def registered() -> str:
        if settings.teams_app_id is None:
            raise NotConfigured("no bot is known yet")
        return f"its app id is {settings.teams_app_id}"

    async def given() -> str:
        return await _given(settings)

    async def started() -> str:
        if settings.public_url is None or not settings.public_url.startswith("https://"):
            raise NotConfigured("LOGSENSE_PUBLIC_URL is no https address yet")
        return await answers(settings.public_url)

    async def uploaded() -> str:
        if settings.teams_app_id is None or settings.public_url is None:
            raise NotConfigured("the package needs TEAMS_APP_ID and LOGSENSE_PUBLIC_URL")
        package(app_id=settings.teams_app_id, public_url=settings.public_url)
        return "the package can be made; whether it was uploaded only Teams knows"

    async def sentry() -> str:
        if settings.sentry is None:
            raise NotConfigured("each organization connects its own in Teams; SENTRY_TOKEN is not set here")
        return "connected by settings; `logsense check` reaches it"

    return dict(zip(steps(settings), (registered, given, started, uploaded, sentry), strict=True))


async def _given(settings: Settings) -> str:
    config = teams_config(settings)
    if config is None:
        raise NotConfigured("TEAMS_APP_ID, TEAMS_APP_PASSWORD and TEAMS_TENANT_ID are not set")
    if config.is_local:
        return "none are needed for the Playground"
    async with aiohttp.ClientSession() as session:
        credentials = BotCredentials(config.app_id, config.password, config.token_url, lambda: session)
        await credentials.token()
    return "Microsoft gives a token for them"
