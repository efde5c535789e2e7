"""The `logsense` command: reads the command line, runs one command, turns errors into sentences and exit codes."""

from __future__ import annotations

import contextlib
import difflib
import importlib
import io
import json
import logging
import secrets
import sys
from dataclasses import dataclass

import click

from bot.cli.exit_codes import ExitCode, print_error
from bot.cli.plain_output import write_what_the_terminal_can_show
from core.domain.errors import InvalidInput, LogSenseError, NotConnected
from core.domain.system_errors import from_os

logger = logging.getLogger("logsense")

NOT_CONNECTED = (
    "Sentry is not connected. Set SENTRY_ORG and SENTRY_TOKEN (and SENTRY_URL when it is not sentry.io), "
    "or try: logsense demo"
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a command is defined, and what the list of commands says of it."""

    module: str
    name: str
    summary: str


COMMANDS = {
    "demo": Place("cli.investigate", "demo", "Investigate a recorded incident, without any set-up."),
    "investigate": Place("cli.investigate", "investigate", "Find the root cause of ISSUE, step by step."),
    "ask": Place("cli.investigate", "ask", "Ask about an investigation."),
    "resolve": Place("cli.investigate", "resolve", "Confirm that an incident is over, and learn from it."),
    "reopen": Place("cli.investigate", "reopen", "Take a resolution back."),
    "cancel": Place("cli.investigate", "cancel", "Stop a queued or running investigation."),
    "show": Place("cli.investigate", "show", "Show an investigation."),
    "investigations": Place("cli.lists", "investigations", "List investigations, newest first."),
    "incidents": Place("cli.lists", "incidents", "List issues of the connected Sentry."),
    "knowledge": Place("cli.knowledge", "knowledge", "Search, import and export what was learned."),
    "serve": Place("server.serve", "serve", "Listen to Slack and Microsoft Teams and investigate, until stopped."),
    "connect": Place("cli.connect", "connect", "Connect LogSense with a chat platform."),
    "manifest": Place("cli.connect", "print_manifest", "Print the Slack app's manifest, or write the Teams app."),
    "org": Place("cli.organizations", "org", "Manage organizations: who shares investigations and knowledge."),
    "audit": Place("cli.audit", "audit", "Show who changed what, newest first."),
    "secrets": Place("cli.audit", "secrets_group", "Rotate the keys that encrypt tokens in the database."),
    "backup": Place("cli.backup", "backup", "Copy everything in the data directory into FILE, while it is used."),
    "restore": Place("cli.backup", "restore", "Put what `logsense backup` wrote into the data directory."),
    "check": Place("cli.status", "check", "Reach every configured part."),
    "migrate": Place("cli.status", "migrate", "Bring the database to this version."),
    "completion": Place("cli.completion", "completion", "Complete commands in your shell with the Tab key."),
}
"""Commands in the order in which people meet them."""


class LazyGroup(click.Group):
    """Imports a command when it is run: the list needs none of them, and none needs another's SDK."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of `COMMANDS`."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, if there is one of that name."""
        if (place := COMMANDS.get(cmd_name)) is None:
            return None
        command: click.Command = getattr(importlib.import_module(f"bot.{place.module}"), place.name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that was typed; an unknown one is answered with those that are spelled like it."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], COMMANDS, n=2)
            hint = f" Did you mean {' or '.join(near)}?" if near else " `logsense --help` lists the commands."
            ctx.fail(f"There is no command {args[0][:60]!r}.{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands from their summaries alone."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, place.summary) for name, place in COMMANDS.items()])


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Exit codes: 0 done, 2 the request cannot be served as asked, 3 a service failed, 4 cancelled.",
)
@click.option("--demo", is_flag=True, help="Use the recorded incidents and their own data directory, not your Sentry.")
@click.version_option(package_name="logsense")
@click.pass_context
def main(context: click.Context, demo: bool) -> None:
    """Investigate Sentry issues: root cause, with proof.

    \b
    Try it without any set-up:      logsense demo
    Investigate an issue:           logsense investigate SHOP-1A2
    Ask about the last one:         logsense ask "who is affected?"
    See whether every part works:   logsense check
    """  # noqa: D301  click reads the backspace as "keep these lines"
    # Loaded here: the list of commands and the version need none of it.
    from bot.app.log_output import log_to_stderr
    from bot.app.settings import load_settings
    from bot.cli.session import Cli

    settings = load_settings()
    try:
        log_to_stderr(settings.log_level.upper(), as_json=settings.log_format == "json", secrets=settings.every_secret)
    except ValueError:
        raise InvalidInput("LOGSENSE_LOG_LEVEL must be DEBUG, INFO, WARNING or ERROR.") from None
    if context.invoked_subcommand != "check":
        # Where everything is looked at, a weak key is a line of the table.
        settings.check_secrets()
    context.obj = Cli(settings)
    if demo:
        context.obj.enter_demo()


def run() -> None:
    """Run the command line; errors become sentences on stderr and exit codes that scripts can rely on."""
    write_what_the_terminal_can_show()
    try:
        code = main(standalone_mode=False)
    except LogSenseError as error:
        code = _ended_by(error)
    except (click.exceptions.Abort, KeyboardInterrupt):
        code = ExitCode.CANCELLED
    except click.ClickException as error:
        usage = io.StringIO()
        error.show(usage)
        from adapters.terminal_console import as_shown

        sys.stderr.write(as_shown(usage.getvalue()))
        code = error.exit_code
    except Exception as error:
        if (needed := from_os(error)) is not None:
            code = _ended_by(needed)
        else:
            error_id = secrets.token_hex(4)
            logger.exception("error %s", error_id)
            print_error(f"LogSense itself failed (error id {error_id}); the lines above say where.")
            code = ExitCode.SERVICE_FAILED
    sys.exit(code or ExitCode.OK)


def _ended_by(error: LogSenseError) -> ExitCode:
    """Say why the command ended, and return its code."""
    text = NOT_CONNECTED if isinstance(error, NotConnected) else str(error)
    print_error(text)
    if "--json" in sys.argv:
        with contextlib.suppress(OSError):
            sys.stdout.write(json.dumps({"error": text}) + "\n")
    return ExitCode.of(error)


if __name__ == "__main__":
    run()
