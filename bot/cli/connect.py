"""The commands that connect LogSense with chat platforms: the steps and their checks, the manifest, invitations."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.api_errors import CALL_ERRORS, code_of
from adapters.slack.install.manifest import bot_scopes, manifest, manifest_text
from adapters.slack.install.oauth import INSTALL_PATH
from adapters.teams.install.manifest import package
from bot.app.checks import OK, PROBLEM, WARNING, NotConfigured, answers, timed
from bot.app.settings import Settings
from bot.cli import connect_teams as connecting_teams
from bot.cli.exit_codes import ExitCode
from bot.cli.options import json_option
from bot.cli.session import Cli, Session
from core.domain.errors import LogSenseError

_MARKS = {OK: "✓", WARNING: "·", PROBLEM: "✗"}


@click.command("manifest")
@click.option("--url", metavar="URL", help="Where LogSense will be reached, for example https://logsense.acme.dev.")
@click.option(
    "--teams",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the Teams app package there instead, a zip for the Teams admin center.",
)
@click.option("--mentions-only", is_flag=True, help="With --teams: do not ask teams to let LogSense read replies.")
@json_option
@click.pass_obj
def print_manifest(cli: Cli, url: str | None, teams: Path | None, mentions_only: bool) -> None:
    """Print the Slack app's manifest: what it may do, and what it listens to.

    As YAML with the reason for every scope, or with --json as the Slack CLI wants it.
    """
    public_url = url or cli.settings.public_url
    if teams is not None:
        app_id = cli.settings.teams_app_id or ""
        teams.write_bytes(package(app_id=app_id, public_url=public_url or "", reads_channels=not mentions_only))
        cli.say(f"{teams} is written. Upload it: Teams admin center > Teams apps > Manage apps > Upload new app.")
    elif cli.as_json:
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

    Run it again after each step; it exits 1 while one is undone. Nothing is changed by it.
    """
    _go_through(cli, _steps(cli.settings), _checks(cli.settings))


@connect.command("teams")
@json_option
@click.pass_obj
def connect_teams(cli: Cli) -> None:
    """Five steps to LogSense in Microsoft Teams, each checked as far as that is possible from here.

    Run it again after each step; it exits 1 while one is undone. Nothing is changed by it.
    """
    _go_through(cli, connecting_teams.steps(cli.settings), connecting_teams.checks(cli.settings))


def _go_through(cli: Cli, steps: Mapping[str, str], checks: Mapping[str, Any]) -> None:
    async def command(session: Session) -> ExitCode:
        rows = [await timed(name, check) for name, check in checks.items()]
        if cli.as_json:
            cli.print_json({"steps": rows})
        else:
            _show(cli, steps, rows)
        return ExitCode.PROBLEM if any(map(_is_undone, rows)) else ExitCode.OK

    cli.run(command)


def _is_undone(row: Mapping[str, Any]) -> bool:
    """Organizations that connect their own Sentry do so in the chat, where this command cannot look."""
    state, part = str(row["state"]), str(row["part"])
    return state == PROBLEM or (state == WARNING and part != "Connect Sentry")


def _show(cli: Cli, steps: Mapping[str, str], rows: list[dict[str, Any]]) -> None:
    states = {row["part"]: row for row in rows}
    for number, (title, how) in enumerate(steps.items(), 1):
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
    return await answers(settings.public_url if settings.public_url and settings.slack_app_token is None else local)


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
