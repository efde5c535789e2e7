"""The commands that list: issues of the tracker, and investigations."""

from __future__ import annotations

import click

from bot.cli.exit_codes import ExitCode
from bot.cli.json_documents import format_time, summary_document
from bot.cli.options import json_option
from bot.cli.session import Cli, Session
from core.domain.errors import Refusal, ServiceFailed
from core.domain.investigation import Investigation
from core.work.background_tasks import LIST_INCIDENTS


@click.command()
@click.option("--query", default="is:unresolved", show_default=True, help="Sentry's own search language.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 100))
@json_option
@click.pass_obj
def incidents(cli: Cli, query: str, limit: int) -> None:
    """List issues of the connected Sentry."""

    async def command(session: Session) -> ExitCode:
        outcome = await session.background_task(LIST_INCIDENTS, {"query": query, "limit": limit})
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
                (known.id, format_time(known.created_at), known.status, known.subject.label, _outcome(known))
                for known in listed
            ]
            cli.print_table(("id", "asked at", "status", "issue", "root cause"), rows)
        return ExitCode.OK

    cli.run(command)


def _outcome(investigation: Investigation) -> str | None:
    return investigation.report.root_cause if investigation.report else investigation.failure
