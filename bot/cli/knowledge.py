"""The commands about knowledge: searching it, looking through it, taking things out of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import click
from rich.progress import Progress

from bot.app.bootstrap import now
from bot.cli.evaluate import evaluate
from bot.cli.exit_codes import ExitCode, print_error
from bot.cli.import_documents import export, import_, index_pending, library_of
from bot.cli.json_documents import format_time
from bot.cli.options import json_option, typed
from bot.cli.session import Cli, Session
from core.domain.errors import InvalidInput, NotFound, Refusal, ServiceFailed
from core.domain.knowledge import Kind, KnowledgeEntry, Standing
from core.gateways.documents.knowledge_lines import write_line
from core.knowledge.library import Library, Selection
from core.masking.controls import without_controls
from core.work.background_tasks import FORGET_KNOWLEDGE, MERGE_KNOWLEDGE, REINDEX_KNOWLEDGE, SEARCH_KNOWLEDGE

_LOOK_S = 0.3

source_option = click.option("--source", default="", help="Only from that document, directory or issue.")
person_option = click.option("--person", default="", help="Only what they confirmed or imported: their name or id.")


@click.group()
def knowledge() -> None:
    """What was learned from resolved incidents, and the runbooks that were imported."""


knowledge.add_command(import_)
knowledge.add_command(export)
knowledge.add_command(evaluate)


# ---- looking --------------------------------------------------------------------------------------------------------


@knowledge.command("search")
@click.argument("text")
@click.option("--limit", default=5, show_default=True, type=click.IntRange(1, 20))
@json_option
@click.pass_obj
def search(cli: Cli, text: str, limit: int) -> None:
    """Find past incidents and passages like TEXT: an error message, a stack trace, a symptom."""

    async def command(session: Session) -> ExitCode:
        outcome = await session.background_task(SEARCH_KNOWLEDGE, {"query": text, "limit": limit})
        matches = outcome.get("matches", [])
        if cli.as_json:
            cli.print_json({"matches": matches})
        elif not matches:
            cli.say("Nothing known is like that. Incidents are learned when somebody resolves an investigation.")
        for match in matches:
            _say_match(cli, match)
        return ExitCode.OK

    cli.run(command, works=True)


def _say_match(cli: Cli, match: dict[str, Any]) -> None:
    is_passage = match.get("passage", False)
    place = _titled(match.get("title", ""), match.get("heading", ""))
    standing = "runbook" if is_passage else match.get("status", "")
    cli.say(f"{match['incident']}  {place}  (match {match['score']:.0%}, {standing})", "bold")
    if reasons := match.get("reasons"):
        cli.say(f"  why: {'; '.join(reasons)}", "dim")
    cli.say(f"  {match['root_cause']}" if is_passage else f"  cause: {match['root_cause']}")
    if not is_passage:
        cli.say(f"  fix: {match['fix']}", "green")


@knowledge.command("list")
@click.option("--standing", type=click.Choice([it.value for it in Standing]), help="Only what stands so.")
@click.option("--kind", type=click.Choice([it.value for it in Kind]), help="Only incidents, or only passages.")
@source_option
@person_option
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 100_000))
@json_option
@click.pass_obj
def listed(cli: Cli, standing: str | None, kind: str | None, source: str, person: str, limit: int) -> None:
    """List what is known, newest first."""

    async def command(session: Session) -> ExitCode:
        found = await (await library_of(session)).entries(Selection(source, person, standing or "", kind or ""))
        shown = found[:limit]
        if cli.as_json:
            cli.print_json({"total": len(found), "knowledge": [_document(entry) for entry in shown]})
        elif not found:
            cli.say("Nothing like that is known." if standing or kind or source or person else "Nothing is known yet.")
        else:
            for entry in shown:
                cli.say(_plain(f"{entry.id}  {_titled(entry.title, entry.heading)}"), "bold")
                cli.say(_plain(f"  {_vouched(entry)}"))
            if len(found) > len(shown):
                cli.say(f"{len(found) - len(shown)} more: add --limit {len(found)}", "dim")
        return ExitCode.OK

    cli.run(command)


def _document(entry: KnowledgeEntry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "kind": entry.kind,
        "standing": entry.status,
        "title": entry.title,
        "heading": entry.heading,
        "source": entry.source,
        "confirmed_by": entry.confirmed_by,
        "confirmed_at": entry.confirmed_at.isoformat() if entry.confirmed_at else None,
        "record": entry.record_at(now()),
    }


def _vouched(entry: KnowledgeEntry) -> str:
    by = f"{entry.status} by {entry.confirmed_by}" if entry.confirmed_by else entry.status
    when = f"{by} on {entry.confirmed_at:%Y-%m-%d}" if entry.confirmed_at else by
    return ", ".join(filter(None, (entry.kind, when, entry.record_at(now()), entry.source)))


@knowledge.command("show")
@click.argument("entry_id", metavar="ID")
@json_option
@click.pass_obj
def show(cli: Cli, entry_id: str) -> None:
    """Show everything about an entry; a start of its id is enough."""

    async def command(session: Session) -> ExitCode:
        entry = await (await library_of(session)).entry(entry_id)
        if cli.as_json:
            cli.print_json(json.loads(write_line(entry)))
        else:
            cli.print_table(("what", "value"), [(what, _plain(str(value))) for what, value in _told(entry) if value])
        return ExitCode.OK

    cli.run(command)


def _told(entry: KnowledgeEntry) -> Iterator[tuple[str, object]]:
    yield from (("id", entry.id), ("kind", entry.kind), ("standing", entry.status), ("title", entry.title))
    yield from (("heading", entry.heading), ("source", entry.source), ("service", entry.service))
    yield "error", ": ".join(filter(None, (entry.error_type, entry.message)))
    yield "frames", "\n".join(entry.frames)
    yield "text" if entry.kind == Kind.PASSAGE else "root cause", entry.root_cause
    yield "fix", entry.fix
    yield "confirmed by", entry.confirmed_by
    yield "confirmed at", _when(entry.confirmed_at)
    yield "record", entry.record_at(now())
    yield "last held", _when(entry.last_worked_at)
    yield "investigations", ", ".join(entry.occurrences)
    for past in reversed(entry.past_fixes):
        held = f"{_when(past.valid_from) or 'unknown'} to {_when(past.valid_to)}"
        yield "past fix", f"{past.fix} ({past.confirmed_by or 'nobody known'}, {held})"
    yield "retired at", _when(entry.retired_at)


def _when(at: datetime | None) -> str:
    return format_time(at) if at else ""


def _titled(title: str, heading: str) -> str:
    return f"{title} \u203a {heading}" if heading else title


def _plain(text: str) -> str:
    """Entries may quote strangers: nothing that would steer a terminal."""
    return without_controls(text)


# ---- changing -------------------------------------------------------------------------------------------------------


@knowledge.command("forget")
@click.argument("ids", metavar="[ID]...", nargs=-1)
@source_option
@person_option
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@click.pass_obj
def forget(cli: Cli, ids: tuple[str, ...], source: str, person: str, yes: bool) -> None:
    """Delete entries for good: by id, of a source, or all that a person confirmed or imported."""
    if sum(map(bool, (ids, source, person))) != 1:
        raise InvalidInput("Say what to forget: ids, or --source, or --person. To look first: logsense knowledge list")

    async def command(session: Session) -> ExitCode:
        library = await library_of(session)
        entries, elsewhere = await _to_forget(library, ids, Selection(source, person))
        what = _counts(entries) + (f", and past fixes of {person} in {len(elsewhere)} more" if elsewhere else "")
        if not yes and typed(f"Forget {what} for good? [y/N]", err=True).lower() not in ("y", "yes"):
            raise Refusal("Nothing was forgotten.")

        async def unindex(entry_ids: Sequence[str]) -> None:
            outcome = await session.background_task(FORGET_KNOWLEDGE, {"entries": [*entry_ids]})
            if not outcome["ok"]:
                raise ServiceFailed("the index", str(outcome["text"]))

        gone = await library.forget(
            entries,
            unindex,
            asked=str(Selection(source, person)) or ", ".join(entry.id for entry in entries),
            person=person,
        )
        behind = await index_pending(session) if gone.past_fixes else ""
        if cli.as_json:
            cli.print_json({"forgotten": asdict(gone)})
        cli.say(f"{what}: forgotten.")
        if behind:
            print_error(behind)
        return ExitCode.SERVICE_FAILED if behind else ExitCode.OK

    cli.run(command, works=True)


async def _to_forget(
    library: Library, ids: tuple[str, ...], selection: Selection
) -> tuple[Sequence[KnowledgeEntry], Sequence[KnowledgeEntry]]:
    """The entries that go, and those that only lose past fixes."""
    if ids:
        return [*{entry.id: entry for entry in [await library.entry(start) for start in ids]}.values()], ()
    entries = await library.entries(selection)
    elsewhere = await library.past_fixes_of(selection.person) if selection.person else ()
    if not entries and not elsewhere:
        raise NotFound(f"Nothing is known of the {selection}. See: logsense knowledge list")
    return entries, elsewhere


def _counts(entries: Sequence[KnowledgeEntry]) -> str:
    passages = sum(entry.kind == Kind.PASSAGE for entry in entries)
    counts = ((len(entries) - passages, "incident"), (passages, "passage"))
    return " and ".join(f"{n} {name}{'s' * (n != 1)}" for n, name in counts if n) or "no entry"


@knowledge.command("merge")
@click.argument("keep", metavar="ID")
@click.argument("other", metavar="OTHER")
@json_option
@click.pass_obj
def merge(cli: Cli, keep: str, other: str) -> None:
    """Make two entries about one incident one: ID stays, with the history of OTHER, whose fix is kept as past."""

    async def command(session: Session) -> ExitCode:
        library = await library_of(session)
        kept, gone = await library.entry(keep), await library.entry(other)
        by = {"id": session.actor.id, "name": session.actor.name}
        outcome = await session.background_task(MERGE_KNOWLEDGE, {"keep": kept.id, "other": gone.id, "by": by})
        if cli.as_json:
            cli.print_json(outcome)
        cli.say(f"{gone.id} is part of {kept.id} now, and no longer found by itself.")
        return ExitCode.OK

    cli.run(command, works=True)


@knowledge.command("reindex")
@json_option
@click.pass_obj
def reindex(cli: Cli) -> None:
    """Build the search index again from the database.

    For another embedder or index, or after a restore; serving does it by itself when it starts. One that was cut short
    goes on where it stopped.
    """

    async def command(session: Session) -> ExitCode:
        outcome = await _watched(cli, session, session.background_task(REINDEX_KNOWLEDGE, {}))
        if cli.as_json:
            cli.print_json(outcome)
        cli.say(f"{outcome['indexed']} entries are in the index.")
        return ExitCode.OK

    cli.run(command, works=True)


async def _watched(cli: Cli, session: Session, work: Coroutine[Any, Any, Mapping[str, Any]]) -> Mapping[str, Any]:
    """What `work` gives; on a terminal a bar shows how much of the knowledge is in the index meanwhile."""
    working = asyncio.ensure_future(work)
    store = session.app.store
    total = len(await store.knowledge())
    with Progress(console=cli.console, transient=True, disable=cli.as_json or not cli.console.is_terminal) as bar:
        task = bar.add_task("indexing", total=total)
        while not working.done():
            await asyncio.wait([working], timeout=_LOOK_S)
            bar.update(task, completed=total - len(await store.knowledge(unindexed_only=True)))
    return await working
