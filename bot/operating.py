"""The commands about everything else: lists, checks, the database."""

from __future__ import annotations

import asyncio
from typing import Any

import click

from bot.checks import OK, PROBLEM, WARNING, timed
from bot.documents import spoken, summary_document
from bot.options import json_option
from bot.session import Cli, ExitCode, Session
from core.domain.errors import Refusal
from core.domain.investigation import Investigation
from core.storage.schema import migrate as migrate_database
from core.storage.schema import role_in
from core.usecases.errands import CHECK, LIST_INCIDENTS

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
            raise Refusal(str(outcome["text"]))
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

    async def command(session: Session) -> ExitCode:
        app = session.app

        async def database() -> str:
            await app.store.investigations(1)
            return app.settings.database.split("://", 1)[0]

        async def parts() -> list[Any]:
            return list((await session.errand(CHECK, {}))["checks"])

        rows = [await timed("database", database), _secret_key_row(session), *await parts()]
        if cli.as_json:
            cli.print_json({"ok": not _problems(rows), "checks": rows})
        else:
            marks = {OK: "✓ ok", WARNING: "! warning", PROBLEM: "✗ problem"}
            cli.print_table(
                ("part", "state", "time", "detail"),
                [(row["part"], marks[row["state"]], f"{row['ms']} ms", row["detail"]) for row in rows],
            )
        return ExitCode.PROBLEM if _problems(rows) else ExitCode.OK

    cli.run(command, works=True)


def _secret_key_row(session: Session) -> dict[str, Any]:
    if session.app.settings.secrets:
        return {"part": "secret key", "state": OK, "ms": 0, "detail": "from the environment"}
    detail = f"generated, in {session.app.directory.key_file}. In production set LOGSENSE_SECRET_KEY and back it up"
    return {"part": "secret key", "state": WARNING, "ms": 0, "detail": detail}


def _problems(rows: list[Any]) -> bool:
    return any(row["state"] == PROBLEM for row in rows)


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
