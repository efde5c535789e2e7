"""The commands that connect LogSense with chat platforms: the steps and their checks, the manifest, invitations."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import aiohttp
import click
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.api_errors import CALL_ERRORS, code_of
from adapters.slack.install import INSTALL_PATH
from adapters.slack.manifest import bot_scopes, manifest, manifest_text
from bot.checks import OK, PROBLEM, WARNING, NotConfigured, timed
from bot.options import json_option
from bot.session import Cli, ExitCode, Session
from bot.settings import Settings
from core.domain.errors import LogSenseError

_MARKS = {OK: "✓", WARNING: "·", PROBLEM: "✗"}
_INVITE_LASTS = timedelta(days=7)


@click.command("manifest")
@click.option("--url", metavar="URL", help="Where Slack will reach LogSense, for example https://logsense.acme.dev.")
@json_option
@click.pass_obj
def print_manifest(cli: Cli, url: str | None) -> None:
    """Print the Slack app's manifest: what it may do, and what it listens to.

    As YAML with the reason for every scope, or with --json as the Slack CLI wants it.
    """
    public_url = url or cli.settings.public_url
    if cli.as_json:
        cli.print_json(manifest(public_url=public_url))
    else:
        click.echo(manifest_text(public_url=public_url), nl=False)


@click.group()
def connect() -> None:
    """Connect LogSense with a chat platform."""


@connect.command("slack")
@json_option
@click.pass_obj
def connect_slack(cli: Cli) -> None:
    """Five steps to LogSense in Slack, each checked.

    Run it again after each step. Nothing is changed by it.
    """

    async def command(session: Session) -> ExitCode:
        rows = [await timed(name, check) for name, check in _checks(cli.settings).items()]
        if cli.as_json:
            cli.print_json({"steps": rows})
        else:
            _show(cli, rows)
        return ExitCode.PROBLEM if any(row["state"] == PROBLEM for row in rows) else ExitCode.OK

    cli.run(command)


def _show(cli: Cli, rows: list[dict[str, Any]]) -> None:
    states = {row["part"]: row for row in rows}
    for number, (title, how) in enumerate(_steps(cli.settings).items(), 1):
        row = states[title]
        style = {OK: "green", WARNING: "yellow", PROBLEM: "red"}[row["state"]]
        cli.say(f"{_MARKS[row['state']]} {number}. {title}: {row['detail']}", style)
        if row["state"] != OK:
            cli.say(f"     {how}\n")


def _steps(settings: Settings) -> Mapping[str, str]:
    """What to do for each step, in order."""
    where = settings.public_url or "https://YOUR.HOST"
    return {
        "Create the app": "Open https://api.slack.com/apps?new_app=1, choose “From a manifest”, and paste what this "
        f"prints:\n     logsense manifest --url {where}\n"
        "     For Socket Mode (no public address needed) switch it on under Settings > Socket Mode afterwards.",
        "Give LogSense its secrets": "Basic Information > Signing Secret: SLACK_SIGNING_SECRET. For any workspace also "
        "SLACK_CLIENT_ID and\n     SLACK_CLIENT_SECRET from there. For Socket Mode an app-level token with "
        "connections:write: SLACK_APP_TOKEN.",
        "Start it": "logsense serve, behind HTTPS at LOGSENSE_PUBLIC_URL (Socket Mode needs no address).",
        "Install it": f"Open LOGSENSE_PUBLIC_URL{INSTALL_PATH} in a browser; or for one workspace: Install App on the "
        "app's page, and\n     its Bot User OAuth Token as SLACK_BOT_TOKEN.",
        "Connect Sentry": "In Slack: /logsense connect. Then, in a channel: /logsense investigate and an issue.",
    }


def _checks(settings: Settings) -> Mapping[str, Any]:
    async def created() -> str:
        if not (settings.slack_signing_secret or settings.slack_app_token):
            raise NotConfigured("no app is known yet")
        return "its secrets are here"

    async def given() -> str:
        return await _given(settings)

    async def started() -> str:
        return await _started(settings)

    async def installed() -> str:
        return await _installed(settings)

    async def sentry() -> str:
        if settings.sentry is None:
            raise NotConfigured("each organization connects its own in Slack; SENTRY_TOKEN is not set here")
        return "connected by settings; `logsense check` reaches it"

    return dict(zip(_steps(settings), (created, given, started, installed, sentry), strict=True))


async def _given(settings: Settings) -> str:
    if settings.slack_app_token is not None:
        client = AsyncWebClient(base_url=f"{settings.slack_url.rstrip('/')}/api/", timeout=10)
        try:
            await client.apps_connections_open(app_token=settings.slack_app_token.get_secret_value())
        except SlackApiError as error:
            raise LogSenseError(f"Slack refused SLACK_APP_TOKEN ({code_of(error)})") from None
        except CALL_ERRORS:
            raise LogSenseError("Slack cannot be reached") from None
        return "Slack accepts SLACK_APP_TOKEN; events come through a socket"
    if settings.slack_signing_secret is None:
        raise NotConfigured("neither SLACK_SIGNING_SECRET nor SLACK_APP_TOKEN is set")
    return "SLACK_SIGNING_SECRET is set; events come over HTTP"


async def _started(settings: Settings) -> str:
    local = f"http://{settings.listen.replace('0.0.0.0', '127.0.0.1')}"
    url = settings.public_url if settings.public_url and settings.slack_app_token is None else local
    try:
        timeout = aiohttp.ClientTimeout(total=5)
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(f"{url}/healthz") as answer:
            if answer.status != 200:
                raise LogSenseError(f"{url}/healthz answers with status {answer.status}")
    except (aiohttp.ClientError, TimeoutError):
        raise NotConfigured(f"nothing answers at {url}/healthz") from None
    return f"{url} answers"


async def _installed(settings: Settings) -> str:
    if settings.slack_bot_token is None:
        if settings.slack_client_id is None:
            raise NotConfigured("neither SLACK_BOT_TOKEN nor SLACK_CLIENT_ID is set")
        return "any workspace can install it"
    token = settings.slack_bot_token.get_secret_value()
    client = AsyncWebClient(token=token, base_url=f"{settings.slack_url.rstrip('/')}/api/", timeout=10)
    try:
        us = await client.auth_test()
    except SlackApiError as error:
        raise LogSenseError(f"Slack refused SLACK_BOT_TOKEN ({code_of(error)})") from None
    except CALL_ERRORS:
        raise LogSenseError("Slack cannot be reached") from None
    granted = {scope.strip() for scope in str(us.headers.get("x-oauth-scopes", "")).split(",")}
    if missing := [scope for scope in bot_scopes() if granted != {""} and scope not in granted]:
        raise LogSenseError(f"installed in {us.get('team')}, but without {', '.join(missing)}: install it again")
    return f"installed in {us.get('team')} as {us.get('user')}"
