"""The commands about everything else: lists, checks, the database."""

from __future__ import annotations

import asyncio

import click

from bot.checking import check_everything, has_problems
from bot.checks import OK, PROBLEM, WARNING
from bot.documents import spoken, summary_document
from bot.exit_codes import ExitCode
from bot.options import json_option
from bot.session import Cli, Session
from core.domain.errors import Refusal, ServiceFailed
from core.domain.investigation import Investigation
from core.storage.schema import migrate as migrate_database
from core.storage.schema import role_in
from core.usecases.errands import LIST_INCIDENTS

# ---- looking --------------------------------------------------------------------------------------------------------


@click.command()
@click.option("--query", default="is:unresolved", show_default=True, help="Sentry's own search language.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 100))
@json_option
@click.pass_obj
def incidents(cli: Cli, query: str, limit: int) -> None:
    """List issues of the connected Sentry."""

    async def command(session: Session) -> ExitCode:
        outcome = await session.errand(LIST_INCIDENTS, {"query": query, "limit": limit})
        listed = outcome.get("incidents", [])
        if not outcome.get("ok", True):
            text = str(outcome["text"])
            raise Refusal(text) if outcome.get("error") == "refused" else ServiceFailed("Sentry", text)
        if cli.as_json:
            cli.print_json({"incidents": listed})
        elif not listed:
            cli.say(f"No issue matches “{query}”. Try --query '' to see all of them.")
        else:
            keys = ("short_id", "events", "users", "last_seen", "title")
            rows = [tuple(item.get(key) for key in keys) for item in listed]
            cli.print_table(("issue", "events", "users", "last seen", "title"), rows)
        return ExitCode.OK

    cli.run(command, works=True)


@click.command()
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 500))
@json_option
@click.pass_obj
def investigations(cli: Cli, limit: int) -> None:
    """List investigations, newest first."""

    async def command(session: Session) -> ExitCode:
        listed = await session.app.store.investigations(limit)
        if cli.as_json:
            cli.print_json({"investigations": [summary_document(known) for known in listed]})
        elif not listed:
            cli.say("Nothing was investigated yet. Start with: logsense investigate SHOP-1A2")
        else:
            rows: list[tuple[object, ...]] = [
                (known.id, spoken(known.created_at), known.status, known.subject.label, _outcome(known))
                for known in listed
            ]
            cli.print_table(("id", "asked at", "status", "issue", "root cause"), rows)
        return ExitCode.OK

    cli.run(command)


def _outcome(investigation: Investigation) -> str | None:
    return investigation.report.root_cause if investigation.report else investigation.failure


# ---- operating ------------------------------------------------------------------------------------------------------


@click.command()
@json_option
@click.pass_obj
def check(cli: Cli) -> None:
    """Reach every configured part.

    Each is timed, with how to mend what is wrong; exits 1 when something is.
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
