"""The commands about one investigation: start, ask, decide, cancel, show."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, cast

import click

from bot.app.log_files import Handed, LogSpace, StandardInput, log_event, opened, run_interruptibly
from bot.cli.exit_codes import ExitCode
from bot.cli.options import full_option, investigation_option, json_option
from bot.cli.session import Cli, Session
from bot.demo.guide import list_demo_incidents, next_steps
from bot.demo.world import DEMO_ISSUE
from core.domain.conversation import (
    Cancellation,
    FollowUp,
    InvestigationRequest,
    IssueText,
    PastedEvent,
    Resolution,
)
from core.domain.errors import InvalidInput, NotFound
from core.domain.investigation import Investigation, Status
from core.domain.journal import Transcript
from core.domain.thread_view import report_of
from core.gateways.events.payload import envelope_event
from core.gateways.logs.index import Source
from core.gateways.logs.sources import is_compressed, is_json_document
from core.gateways.sentry.payloads import MAX_EVENT_BYTES
from core.gateways.traces.otlp import is_otlp_logs
from core.requests.resolve import NOT_CHANGED

# ---- investigating --------------------------------------------------------------------------------------------------


@click.command()
@click.argument("issue", required=False, metavar="[ISSUE]")
@click.option(
    "--event",
    "event_file",
    metavar="FILE",
    help="Investigate an event, a trace or a log from a file instead; - is stdin.",
)
@click.option(
    "--log",
    "logs",
    multiple=True,
    metavar="FILE",
    help="Investigate logs of any size; repeat it for several. Plain, gzip, bzip2 or zstd; - is stdin.",
)
@click.option(
    "--trace",
    "traces",
    multiple=True,
    metavar="FILE",
    help="Investigate OpenTelemetry traces (OTLP JSON), alone or beside --log.",
)
@click.option("--since", metavar="TIME", help="With --log or --trace: from when, a time or 2h before the newest line.")
@click.option("--until", metavar="TIME", help="With --log or --trace: until when.")
@full_option
@json_option
@click.pass_obj
def investigate(
    cli: Cli,
    issue: str | None,
    event_file: str | None,
    logs: tuple[str, ...],
    traces: tuple[str, ...],
    since: str | None,
    until: str | None,
) -> None:
    """Find the root cause of ISSUE, step by step.

    ISSUE is a short id (SHOP-1A2), a numeric id, any Sentry URL of an issue, or - for what is piped in. With --event
    a file is read instead: a stack trace or a log of any usual language as text, JSON lines, or a Sentry event as the
    API gives it, as an SDK sends it, or in an envelope. Of a log over 1 MiB the end is read. --log reads whole logs,
    and so does - for what is larger than 1 MiB or compressed; --trace reads spans, and beside logs both are joined.
    """
    if issue == "-" and event_file is None and not logs and not traces:
        issue, event_file = None, "-"
    files = logs or traces
    if sum((issue is not None, event_file is not None, bool(files))) != 1:
        raise InvalidInput(
            "Name one thing to investigate: an issue (logsense investigate SHOP-1A2), --event FILE or --log FILE."
        )
    if not files and (since or until) and event_file != "-":
        raise InvalidInput("--since and --until belong to --log FILE or --trace FILE.")

    async def command(session: Session) -> ExitCode:
        subject = await run_interruptibly(_subject, session, issue, event_file, logs, traces, since, until)
        request = InvestigationRequest(session.delivery_id(), session.conversation, session.actor, subject)
        return await session.watch_investigation((await session.app.inbox.receive(request)).id)

    cli.run(command, works=True)


def _subject(
    session: Session,
    issue: str | None,
    event_file: str | None,
    logs: tuple[str, ...],
    traces: tuple[str, ...],
    since: str | None,
    until: str | None,
) -> IssueText | PastedEvent:
    app = session.app
    space = LogSpace(app.directory.logs, app.organization.id, app.settings.max_log_bytes)
    if logs or traces:
        with opened(logs, traces) as handed:
            return log_event(space, handed, since, until)
    if event_file is None:
        return IssueText(issue or "")
    if event_file != "-":
        return pasted_event(event_file)
    piped = StandardInput()
    if _is_log(piped.beginning(MAX_EVENT_BYTES + 1)) or since or until:
        handed = Handed([Source("stdin", cast(BinaryIO, piped))])
        return log_event(space, handed, since, until)
    return pasted_event(event_file, piped)


def _is_log(head: bytes) -> bool:
    """Whether the beginning of standard input is that of a log too large for an event, or of a compressed one."""
    if is_compressed(head):
        return True
    is_document = is_json_document(head) and not is_otlp_logs(head)
    return len(head) > MAX_EVENT_BYTES and not is_document and b"\0" not in head


def pasted_event(name: str, piped: StandardInput | None = None) -> PastedEvent:
    """Read the file of that name, or `piped`, which is standard input.

    Raises:
        InvalidInput: one sentence on why it cannot be read.
    """
    origin = "standard input" if name == "-" else Path(name).name
    try:
        if piped is not None:
            raw = _read_end(cast(BinaryIO, piped), origin)
        else:
            with Path(name).open("rb") as file:
                raw = _read_end(file, origin)
    except OSError as error:
        raise InvalidInput(f"{name} cannot be read: {error.strerror}.") from error
    if (raw.lstrip()[:1] == b"{") and (b"\0" in raw or not _is_text(raw)) and (event := envelope_event(raw)):
        return PastedEvent(event, origin)
    if b"\0" in raw[:4_096] or not _is_text(raw):
        raise InvalidInput(f"{origin} is not text. Give a stack trace, a log, a Sentry event as JSON, or an envelope.")
    return PastedEvent(_last_part(raw, origin).decode("utf-8-sig", "replace"), origin)


def _read_end(file: BinaryIO, origin: str) -> bytes:
    """Return all of a short file, of a long log its last bytes, in flat memory; JSON is not divided."""
    kept = file.read(2 * MAX_EVENT_BYTES)
    if len(kept) > MAX_EVENT_BYTES and is_json_document(kept):
        raise InvalidInput(
            f"{origin} is larger than 1 MiB, which no Sentry event is. Give one event, not a whole dump."
        )
    while more := file.read(MAX_EVENT_BYTES):
        kept = (kept + more)[-2 * MAX_EVENT_BYTES :]
    return kept


def _is_text(raw: bytes) -> bool:
    """Whether it is UTF-8; the last character may be cut, since no more than a limit is read."""
    try:
        raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return error.start >= len(raw) - 4
    return True


def _last_part(raw: bytes, origin: str) -> bytes:
    """Return the end of a log that is longer than what can be read at once, and say so."""
    if len(raw) <= MAX_EVENT_BYTES:
        return raw
    click.echo(f"{origin} is larger than 1 MiB; only its last 1 MiB is read.", err=True)
    return raw[-MAX_EVENT_BYTES + 1_024 :].partition(b"\n")[2]


@click.command()
@click.argument("issue", required=False)
@click.option("--list", "only_list", is_flag=True, help="List the recorded incidents.")
@full_option
@json_option
@click.pass_obj
def demo(cli: Cli, issue: str | None, only_list: bool) -> None:
    """Investigate a recorded incident, without any set-up.

    A local Sentry serves incidents that were recorded from real crashes; no account and no key is needed. The demo has
    its own data directory and organization: nothing of it enters your own knowledge.
    """
    if only_list:
        list_demo_incidents(cli)
        return
    cli.enter_demo()

    async def run(session: Session) -> ExitCode:
        subject = IssueText(issue or DEMO_ISSUE)
        request = InvestigationRequest(session.delivery_id(), session.conversation, session.actor, subject)
        code = await session.watch_investigation((await session.app.inbox.receive(request)).id)
        if code is ExitCode.OK:
            next_steps(cli)
        return code

    cli.run(run, works=True)


@click.command()
@click.argument("question")
@investigation_option
@json_option
@click.pass_obj
def ask(cli: Cli, question: str, investigation_id: str | None) -> None:
    """Ask about an investigation.

    The answer cites its evidence; the tools may be called again for it, with a fresh budget.
    """

    async def command(session: Session) -> ExitCode:
        follow_up = FollowUp(session.delivery_id(), session.conversation, session.actor, question, investigation_id)
        return await session.watch_question((await session.app.inbox.receive(follow_up)).id)

    cli.run(command, works=True)


@click.command()
@click.argument("investigation_id", required=False, metavar="[ID]")
@json_option
@click.pass_obj
def cancel(cli: Cli, investigation_id: str | None) -> None:
    """Stop a queued or running investigation.

    The newest one, or the one named, in whichever process it runs. What it found so far is kept.
    """

    async def command(session: Session) -> ExitCode:
        event = Cancellation(session.delivery_id(), session.conversation, session.actor, investigation_id)
        cancelled = (await session.app.inbox.receive(event)).id
        if cli.as_json:
            cli.print_json({"id": cancelled, "status": "cancelled"})
        cli.say(f"Investigation {cancelled} is being cancelled; what it found so far is kept.")
        return ExitCode.OK

    cli.run(command)


# ---- deciding -------------------------------------------------------------------------------------------------------


@click.command()
@click.argument("investigation_id", required=False, metavar="[ID]")
@click.option("--fix", metavar="TEXT", help="What fixed it, in your words; this is what is learned.")
@json_option
@click.pass_obj
def resolve(cli: Cli, investigation_id: str | None, fix: str | None) -> None:
    """Confirm that an incident is over, and learn from it.

    It is saved, resolved in Sentry if LOGSENSE_SENTRY_WRITES allows that, and offered when the like happens again.
    """
    if fix is None and not cli.as_json and sys.stdin.isatty():
        fix = click.prompt("What fixed it? (Enter to skip)", default="", show_default=False)
    _decide(cli, investigation_id, on=True, fix=fix or None)


@click.command()
@click.argument("investigation_id", required=False, metavar="[ID]")
@json_option
@click.pass_obj
def reopen(cli: Cli, investigation_id: str | None) -> None:
    """Take a resolution back.

    The issue is reopened in Sentry if that is allowed, and the lesson is no longer offered as confirmed.
    """
    _decide(cli, investigation_id, on=False, fix=None)


def _decide(cli: Cli, investigation_id: str | None, *, on: bool, fix: str | None) -> None:
    async def command(session: Session) -> ExitCode:
        event = Resolution(session.delivery_id(), session.conversation, session.actor, on, fix, investigation_id)
        outcome = await session.background_task_outcome((await session.app.inbox.receive(event)).id)
        if cli.as_json:
            cli.print_json(outcome)
        word = "resolved" if on else "reopened"
        for line, style in told_of_decision(outcome, word, session.actor.name):
            cli.say(line, style)
        cli.say(f"Knowledge: {outcome['knowledge']}")
        if on and not fix:
            cli.say(f"Say what fixed it: logsense resolve {outcome['investigation_id']} --fix “…”", "dim")
        if outcome["near"]:
            cli.say(f"Much like {outcome['near']}. If they are one incident: logsense knowledge merge", "dim")
        return ExitCode.OK

    cli.run(command, works=True)


def told_of_decision(outcome: Mapping[str, Any], word: str, by: str) -> list[tuple[str, str]]:
    """What was decided, as lines with styles; that Sentry does not agree stands in the first."""
    decided, tracker = f"Investigation {outcome['investigation_id']} is {word}", str(outcome["tracker"])
    if tracker.startswith(NOT_CHANGED):
        return [(f"{decided} here; {tracker}", "bold"), (f"In LogSense it is {word} by {by}.", "")]
    return [(f"{decided} by {by}.", "bold"), (f"Sentry: {tracker}", "")]


@click.command()
@click.argument("investigation_id", metavar="[ID]", required=False)
@click.option("--evidence", is_flag=True, help="Print every tool output too.")
@full_option
@json_option
@click.pass_obj
def show(cli: Cli, investigation_id: str | None, evidence: bool) -> None:
    """Show an investigation: the latest, or the one whose id starts with ID.

    Its report, or its steps while it runs; one that was cut short is finished.
    """
    unfinished: list[str] = []

    async def command(session: Session) -> ExitCode:
        investigation = await _named_or_latest(session, investigation_id)
        if not investigation.status.is_over:
            unfinished.append(investigation.id)
            return ExitCode.OK
        entries = await session.app.store.journal(investigation.id).entries()
        if not cli.as_json and investigation.status is not Status.FAILED:
            cli.print_view(report_of(investigation, entries))
        if not cli.as_json and evidence:
            for item in Transcript(investigation.subject, entries).evidence():
                cli.say(f"\n{item.id}  {item.tool}", "bold cyan")
                cli.say(item.text)
        return session.end_of(investigation, entries)

    cli.run(command)
    if unfinished:
        # Only then is there work to do, and tools to start.
        cli.run(lambda session: session.watch_investigation(unfinished[0]), works=True)


async def _named_or_latest(session: Session, investigation_id: str | None) -> Investigation:
    if investigation_id is not None:
        return await session.app.store.investigation(investigation_id)
    latest = await session.app.store.investigations(1)
    if not latest:
        raise NotFound("Nothing was investigated yet. Start with: logsense investigate SHOP-1A2")
    return latest[0]
