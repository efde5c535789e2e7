"""`logsense knowledge import` and `export`: documents and exports into knowledge, and knowledge into an export."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path, PurePosixPath

import click
from rich.progress import Progress

from bot.app.bootstrap import now
from bot.app.owner import mcp_settings
from bot.cli.exit_codes import ExitCode, print_error
from bot.cli.options import json_option
from bot.cli.session import Cli, Session
from core.domain.errors import InvalidInput, Refusal, ServiceFailed
from core.domain.knowledge import KnowledgeEntry
from core.domain.passages import Document
from core.gateways.documents.files import Found, find, leads_elsewhere, read_all
from core.gateways.documents.knowledge_lines import read_lines, write_line
from core.knowledge.library import Imported, Library
from core.masking.controls import without_controls
from core.masking.masker import Maskers
from core.work.background_tasks import REINDEX_KNOWLEDGE

_EXPORT = ".jsonl"


async def library_of(session: Session) -> Library:
    """The library of the terminal's organization, for who sits here."""
    maskers = Maskers(mcp_settings(session.app).mask_key, session.app.settings.mask_personal_data)
    masker = maskers.of(await session.app.store.masked_personal_data())
    return Library(session.app.store, session.actor, "terminal", mask=masker.text, now=now)


async def index_pending(session: Session) -> str:
    """What was written is in the index; else why it is not."""
    try:
        await session.background_task(REINDEX_KNOWLEDGE, {"pending_only": True})
    except ServiceFailed as failure:
        return f"It is kept, but searches do not find it yet: {failure} Then run: logsense knowledge reindex"
    return ""


@click.command("import")
@click.argument("paths", metavar="FILE|DIR...", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--as", "kept_as", default="", metavar="NAME", help="Kept under that name, not the directory's own.")
@json_option
@click.pass_obj
def import_(cli: Cli, paths: tuple[Path, ...], kept_as: str) -> None:
    """Learn runbooks and post-mortems: Markdown, text, HTML, PDF; or what `export` wrote (.jsonl).

    Again, it updates: what is no longer in a document, and documents that are no longer in DIR, are retired. What
    cannot be read is listed at the end and keeps what was known of it; the exit code is 1 then.
    """
    exports = [path for path in paths if path.suffix.lower() == _EXPORT and not path.is_dir()]
    found = find([path for path in paths if path not in exports], _shelf(kept_as))
    problems = found.problems
    with _progress(cli, "reading", len(found.files)) as done:
        reading = read_all(found, done=done)
    problems += reading.problems

    async def command(session: Session) -> ExitCode:
        library, counts = await library_of(session), Imported()
        if reading.documents:
            counts += await _import_documents(cli, library, reading.documents, found)
        for path in exports:
            if leads_to := leads_elsewhere(path):
                problems.append(leads_to)
                continue
            try:
                # Read to its end first: a file with a bad line changes nothing.
                with _progress(cli, "importing", sum(1 for _ in read_lines(path))) as done:
                    counts += await library.import_entries(_counted(read_lines(path), done))
            except InvalidInput as error:
                problems.append(str(error))
        behind = await index_pending(session) if counts.written else ""
        _report(cli, counts, found.other_kinds, problems, behind)
        if behind:
            return ExitCode.SERVICE_FAILED
        return ExitCode.PROBLEM if problems else ExitCode.OK

    cli.run(command, works=True)


async def _import_documents(cli: Cli, library: Library, documents: Sequence[Document], found: Found) -> Imported:
    with _progress(cli, "importing", len(documents)) as done:
        return await library.import_documents(documents, found=found.files, shelves=found.shelves, done=done)


def _report(cli: Cli, counts: Imported, other_kinds: int, problems: Sequence[str], behind: str) -> None:
    if cli.as_json:
        document = {**asdict(counts), "other_kinds": other_kinds, "problems": list(problems)}
        cli.print_json(document | ({"index": behind} if behind else {}))
    cli.say(", ".join(f"{count} {name}" for name, count in asdict(counts).items()) + ".")
    if other_kinds:
        cli.say(f"{other_kinds} files of other kinds were left out.", "dim")
    for problem in (*problems, *([behind] if behind else [])):
        print_error(without_controls(problem))


def _shelf(name: str) -> str:
    parts = PurePosixPath(name).parts
    if name and (not name.isprintable() or not parts or name.startswith("/") or ".." in parts):
        raise InvalidInput(f"{name!r} cannot be a name to keep documents under. Write it as runbooks or team/runbooks.")
    return str(PurePosixPath(name)) if name else ""


@contextlib.contextmanager
def _progress(cli: Cli, what: str, total: int) -> Iterator[Callable[[], None]]:
    """A bar on a terminal while the block lasts; what it gives is called after each of `total` things."""
    with Progress(console=cli.console, transient=True, disable=cli.as_json or not cli.console.is_terminal) as progress:
        task = progress.add_task(what, total=total)
        yield lambda: progress.advance(task)


def _counted(entries: Iterator[KnowledgeEntry], done: Callable[[], None]) -> Iterator[KnowledgeEntry]:
    for entry in entries:
        yield entry
        done()


@click.command("export")
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True, path_type=Path), default=Path("-"))
@click.pass_obj
def export(cli: Cli, file: Path) -> None:
    """Write all that is known as JSON lines, which `import` reads back exactly; - is standard output."""

    async def command(session: Session) -> ExitCode:
        entries = await session.app.store.knowledge()
        if str(file) == "-":
            sys.stdout.writelines(map(write_line, entries))
        else:
            _write(file, entries)
            cli.say(f"{len(entries)} entries are in {file}.")
        await (await library_of(session)).exported(len(entries))
        return ExitCode.OK

    cli.run(command)


def _write(file: Path, entries: Sequence[KnowledgeEntry]) -> None:
    try:
        with file.open("w", encoding="ascii") as out:
            out.writelines(map(write_line, entries))
    except OSError as error:
        raise Refusal(f"{file} cannot be written: {error.strerror}.") from None
