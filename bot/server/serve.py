"""`logsense serve`: one process that listens to chat platforms, works, and stops without dropping anything."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING

import click
from aiohttp import web

from adapters.slack.app import SlackApp
from adapters.slack.install.config import SlackConfig
from adapters.slack.shared_limits import Budgets
from adapters.teams.inbound.ids import workspace_named
from adapters.teams.install.config import TeamsConfig
from bot.app.bootstrap import App, build_app
from bot.app.interpreter import tune_interpreter
from bot.app.owner import working
from bot.app.settings import Settings, keep_from_libraries
from bot.app.slack_settings import slack_config
from bot.app.teams_settings import link_keys, teams_config
from bot.app.tracing import tracing
from bot.cli.session import Cli
from bot.server.attached_logs import LogFolder
from bot.server.connection_limits import BACKLOG, HEADERS_WITHIN_S, Connections, NotHttp, hide_versions
from bot.server.health import Health
from bot.server.metrics import Metrics
from core.domain.errors import InvalidInput, Refusal
from core.domain.tenancy import Platform
from core.ports import Channel
from core.telemetry import add_sink
from core.work.leader import LeaderElection

if TYPE_CHECKING:
    from adapters.teams.app import TeamsApp

logger = logging.getLogger("logsense.serve")

_SHUTDOWN_S = 10.0
_NOT_HTTP = NotHttp()


@click.command()
@click.pass_obj
def serve(cli: Cli) -> None:
    """Listen to Slack and Microsoft Teams and investigate, until stopped.

    Ctrl-C or SIGTERM stops: what runs is handed back and goes on, in the same thread, when LogSense runs again.
    """
    asyncio.run(_serve(cli))


async def _serve(cli: Cli) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    with tracing(cli.settings.otlp_endpoint):
        await _until(stop, cli)


async def _until(stop: asyncio.Event, cli: Cli) -> None:
    async with build_app(cli.settings) as app, serving(app) as address:
        cli.say(f"LogSense listens on {address}. Ctrl-C stops it.")
        await stop.wait()
        cli.say("Stopping: what runs is handed back.")


@contextlib.asynccontextmanager
async def serving(app: App, *, slack: SlackConfig | None = None, budgets: Budgets | None = None) -> AsyncIterator[str]:
    """The address that is listened on, while the block lasts; tests give their own `slack`.

    Raises:
        Refusal: nothing is configured to listen to, or another process uses the address.
    """
    in_slack = slack or await slack_config(app.settings)
    in_teams = teams_config(app.settings, link_keys(app.settings, app.directory))
    app.reasoners.prepare()
    metrics = Metrics(app)
    logs = LogFolder(app.directory.logs, app.stores.directory, app.settings.max_log_bytes)
    async with contextlib.AsyncExitStack() as stack:
        channels: dict[Platform, Channel] = {}
        routes: list[web.RouteDef] = []
        if in_slack is not None:
            slack_app = await stack.enter_async_context(_slack(app, in_slack, budgets, logs))
            channels[Platform.SLACK] = slack_app.channel
            routes += slack_app.routes()
        if in_teams is not None:
            teams_app = await stack.enter_async_context(_teams(app, in_teams, logs))
            channels[Platform.TEAMS] = teams_app.channel
            routes += teams_app.routes()
        if not channels:
            raise Refusal("No chat platform is set up. See how: logsense connect slack, or logsense connect teams")
        tune_interpreter()
        await stack.enter_async_context(working(app, channels, gives_up=False))
        address = await stack.enter_async_context(_listening(app, routes, metrics))
        if in_slack is not None and in_slack.app_token is not None:
            await stack.enter_async_context(_socket(app, slack_app))
        with add_sink(metrics):
            yield address


def _socket(app: App, adapter: SlackApp) -> contextlib.AbstractAsyncContextManager[None]:
    """One replica at a time keeps the socket: Slack would spread events over all, and some may be stopping."""
    return LeaderElection(
        app.stores.leadership,
        "Slack socket",
        lease_s=app.settings.lease_s,
        begin=adapter.connect_socket,
        end=adapter.disconnect_socket,
    ).offered()


@contextlib.asynccontextmanager
async def _slack(app: App, config: SlackConfig, budgets: Budgets | None, logs: LogFolder) -> AsyncIterator[SlackApp]:
    keep_from_libraries()
    if budgets is None:
        budgets = Budgets(turns=app.stores.turns if app.settings.is_shared else None)
    adapter = SlackApp(config, app.stores.installations, budgets=budgets)
    adapter.listen_for(app.inbox, app.services(), logs)
    if config.single is not None:
        # The operator's own workspace is the operator's own organization, as the terminal is.
        await app.stores.directory.ensure_organization(app.organization, config.single.workspace)
    try:
        yield adapter
    finally:
        await adapter.close()


@contextlib.asynccontextmanager
async def _teams(app: App, config: TeamsConfig, logs: LogFolder) -> AsyncIterator[TeamsApp]:
    # Microsoft's client takes half a second and 20 MB to load, which is not for those who have no Teams.
    from adapters.teams.app import TeamsApp

    adapter = TeamsApp(config, app.stores.installations, turns=app.stores.turns if app.settings.is_shared else None)
    adapter.listen_for(app.inbox, app.services(), logs)
    if config.tenant_id:
        # The operator's own tenant is the operator's own organization, as the terminal is.
        await app.stores.directory.ensure_organization(app.organization, workspace_named(config.tenant_id))
    try:
        yield adapter
    finally:
        await adapter.close()


@contextlib.asynccontextmanager
async def _listening(app: App, chats: Sequence[web.RouteDef], metrics: Metrics) -> AsyncIterator[str]:
    host, port = _address(app.settings)
    hide_versions()
    settings = app.settings
    connections = Connections(most=settings.max_connections, most_per_address=settings.max_connections_per_address)
    site_app = web.Application(client_max_size=2**20, middlewares=[connections.serve])
    site_app.add_routes([*chats, *Health(app).routes(), *metrics.routes()])
    logger_of_http = logging.getLogger("logsense.http")
    logger_of_http.addFilter(_NOT_HTTP)
    runner = web.AppRunner(
        site_app,
        logger=logger_of_http,
        access_log=None,
        shutdown_timeout=_SHUTDOWN_S,
        # Signatures are over the bytes as they came, and nobody who signs compresses.
        auto_decompress=False,
        keepalive_timeout=HEADERS_WITHIN_S,
        lingering_time=1.0,
    )
    await runner.setup()
    try:
        assert runner.server is not None
        try:
            loop = asyncio.get_running_loop()
            server = await loop.create_server(connections.limited(runner.server), host, port, backlog=BACKLOG)
        except OSError as error:
            raise Refusal(
                f"{host}:{port} cannot be listened on ({error.strerror}). Set LOGSENSE_LISTEN to another address."
            ) from error
        try:
            yield f"http://{host}:{server.sockets[0].getsockname()[1]}"
        finally:
            server.close()
    finally:
        await runner.cleanup()


def _address(settings: Settings) -> tuple[str, int]:
    host, _, port = settings.listen.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65_535:
        raise InvalidInput("LOGSENSE_LISTEN must be an address and a port, such as 0.0.0.0:3000.")
    return host.strip("[]"), int(port)
