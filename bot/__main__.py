"""The `logsense` command: reads the command line, runs one command, turns errors into sentences and exit codes."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import logging
import secrets
import sys

import click

from adapters.terminal_console import as_shown
from bot.logs import log_to_stderr
from bot.plain_output import write_what_the_terminal_can_show
from bot.session import Cli, ExitCode, print_error
from bot.settings import load_settings
from core.domain.errors import InvalidInput, LogSenseError, NotConnected
from core.domain.system_errors import from_os

logger = logging.getLogger("logsense")

NOT_CONNECTED = (
    "Sentry is not connected. Set SENTRY_ORG and SENTRY_TOKEN (and SENTRY_URL when it is not sentry.io), "
    "or try: logsense demo"
)


COMMANDS = {
    "demo": "investigating:demo",
    "investigate": "investigating:investigate",
    "ask": "investigating:ask",
    "resolve": "investigating:resolve",
    "reopen": "investigating:reopen",
    "cancel": "investigating:cancel",
    "show": "investigating:show",
    "investigations": "operating:investigations",
    "incidents": "operating:incidents",
    "knowledge": "knowing:knowledge",
    "serve": "serving:serve",
    "connect": "connecting:connect",
    "manifest": "connecting:print_manifest",
    "org": "organizing:org",
    "audit": "auditing:audit",
    "secrets": "auditing:secrets_group",
    "backup": "keeping:backup",
    "restore": "keeping:restore",
    "check": "operating:check",
    "migrate": "operating:migrate",
}
"""Where each command lives, as people meet them."""


class OnDemand(click.Group):
    """Lists commands in our order, and imports one when it is asked for: nobody waits for another's SDK."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of `COMMANDS`."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, if there is one of that name."""
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name].split(":")
        command: click.Command = getattr(importlib.import_module(f"bot.{module}"), name)
        return command


@click.group(
    cls=OnDemand,
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
