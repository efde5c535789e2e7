"""Slack's part of the settings, checked before anything listens."""

from __future__ import annotations

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.api_errors import CALL_ERRORS, code_of
from adapters.slack.inbound.ids import workspace_of
from adapters.slack.install.config import SlackConfig
from adapters.slack.install.installations import Installation
from adapters.slack.install.oauth import OAuthClient
from bot.app.settings import Settings
from core.domain.errors import InvalidInput, Refusal, ServiceUnavailable


async def slack_config(settings: Settings) -> SlackConfig | None:
    """How to be in Slack; None when nothing of it is set.

    Raises:
        InvalidInput: settings that do not go together; the text says which is missing.
        Refusal: Slack does not know the bot token.
    """
    if not (settings.slack_bot_token or settings.slack_client_id or settings.slack_app_token):
        return None
    if settings.slack_signing_secret is None and settings.slack_app_token is None:
        raise InvalidInput("Set SLACK_SIGNING_SECRET to receive events over HTTP, or SLACK_APP_TOKEN for Socket Mode.")
    if settings.slack_bot_token is None and settings.slack_client_id is None:
        raise InvalidInput("Set SLACK_BOT_TOKEN for one workspace, or SLACK_CLIENT_ID and SLACK_CLIENT_SECRET for any.")
    return SlackConfig(
        signing_secret=settings.slack_signing_secret.get_secret_value() if settings.slack_signing_secret else None,
        app_token=settings.slack_app_token.get_secret_value() if settings.slack_app_token else None,
        single=await _single(settings),
        oauth=_oauth(settings),
        resolve_reactions=settings.resolve_reactions,
        guests_may_ask=settings.slack_guests,
        unfurls=settings.slack_unfurl,
        api_url=f"{settings.slack_url.rstrip('/')}/api/",
        slack_url=settings.slack_url.rstrip("/"),
    )


def _oauth(settings: Settings) -> OAuthClient | None:
    if settings.slack_client_id is None:
        return None
    if settings.slack_client_secret is None:
        raise InvalidInput("SLACK_CLIENT_ID needs SLACK_CLIENT_SECRET beside it; both are on the app's page.")
    if settings.public_url is None:
        raise InvalidInput("SLACK_CLIENT_ID needs LOGSENSE_PUBLIC_URL: Slack sends people back there.")
    return OAuthClient(settings.slack_client_id, settings.slack_client_secret.get_secret_value(), settings.public_url)


async def _single(settings: Settings) -> Installation | None:
    """The workspace of the configured bot token, as Slack names it."""
    if settings.slack_bot_token is None:
        return None
    token = settings.slack_bot_token.get_secret_value()
    client = AsyncWebClient(token=token, base_url=f"{settings.slack_url.rstrip('/')}/api/", timeout=10)
    try:
        us = await client.auth_test()
    except SlackApiError as error:
        raise Refusal(f"Slack refused SLACK_BOT_TOKEN ({code_of(error)}). Copy it again from the app's page.") from None
    except CALL_ERRORS:
        raise ServiceUnavailable("Slack", "Slack cannot be reached. Check the network, then start again.") from None
    workspace = workspace_of(
        enterprise_id=us.get("enterprise_id"),
        team_id=us.get("team_id"),
        is_enterprise_install=bool(us.get("is_enterprise_install")),
    )
    return Installation(
        workspace,
        bot_token=token,
        bot_user_id=str(us["user_id"]),
        bot_id=str(us.get("bot_id") or ""),
        enterprise_id=us.get("enterprise_id"),
        team_id=us.get("team_id"),
        name=str(us.get("team") or workspace.key),
        scopes="",
    )
