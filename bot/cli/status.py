"""The commands about the installation: its health, its database."""

from __future__ import annotations

import asyncio

import click

from bot.app.checks import OK, PROBLEM, WARNING
from bot.cli.check import check_everything, has_problems
from bot.cli.exit_codes import ExitCode
from bot.cli.options import json_option
from bot.cli.session import Cli
from core.storage.schema import migrate as migrate_database
from core.storage.schema import role_in


@click.command()
@json_option
@click.pass_obj
def check(cli: Cli) -> None:
    """Reach every configured part.

    Each is timed, with how to repair what is wrong; exits 1 when something is.
    """
    # Keys given in two ways: which one is meant cannot be checked.
    _ = cli.settings.secrets
    rows = asyncio.run(check_everything(cli))
    if cli.as_json:
        cli.print_json({"ok": not has_problems(rows), "checks": rows})
    else:
        marks = {OK: "✓ ok", WARNING: "! warning", PROBLEM: "✗ problem"}
        cli.print_table(
            ("part", "state", "time", "detail"),
            [(row["part"], marks[row["state"]], f"{row['ms']} ms", row["detail"]) for row in rows],
        )
    if has_problems(rows):
        raise click.exceptions.Exit(ExitCode.PROBLEM)


@click.command()
@json_option
@click.pass_obj
def migrate(cli: Cli) -> None:
    """Bring the database to this version.

    Needed once for PostgreSQL, and before upgrades; an SQLite file is migrated by every command anyway. PostgreSQL is
    migrated as the role in LOGSENSE_MIGRATION_URL, which owns the tables; the role in DATABASE_URL is given its rights.
    """
    settings = cli.settings
    url = settings.migration_url.get_secret_value() if settings.migration_url else settings.database
    asyncio.run(migrate_database(url, application_role=role_in(settings.database)))
    if cli.as_json:
        cli.print_json({"migrated": True})
    cli.say("The database's tables are those of this version.")
