"""One command's session at the terminal: its console, its output, and watching work until it is over."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from adapters.terminal import TerminalChannel, rendered
from adapters.terminal_console import TerminalConsole, json_text
from bot.app.bootstrap import App, build_app, new_id
from bot.app.settings import Settings, terminal_user
from bot.cli.exit_codes import ExitCode, print_error
from bot.cli.json_documents import answer_document, investigation_document
from bot.cli.plain_output import shows_everything
from bot.demo.world import demo_settings, demo_world, seed_knowledge
from core.delivery.live_message import LiveThread
from core.domain.conversation import Cancellation, ConversationRef
from core.domain.errors import DATABASE, InvalidInput, Refusal, ServiceFailed, ServiceUnavailable
from core.domain.investigation import Investigation, Status
from core.domain.journal import JournalEntry
from core.domain.tenancy import Actor
from core.domain.thread_view import (
    ThreadView,
    answer_of,
    progress_of,
    progress_of_question,
    report_of,
)
from core.ports import BackgroundTask
from core.requests.follow import follow_investigation, follow_question, outcome_of

_CANCEL_WITHIN_S = 5.0


@dataclass(slots=True)
class Cli:
    """What the command line set up for a command; `as_json` keeps stdout for one JSON document, `full` unfolds."""

    settings: Settings
    demo: bool = False
    as_json: bool = False
    full: bool = False
    console: Console = field(default_factory=TerminalConsole)

    def run(self, command: Callable[[Session], Coroutine[Any, Any, ExitCode]], *, works: bool = False) -> None:
        """Run `command` in a session and exit with its code; with `works` runs are worked on meanwhile."""
        code = asyncio.run(self.within(command, works=works))
        if code is not ExitCode.OK:
            raise click.exceptions.Exit(code)

    async def within(self, command: Callable[[Session], Coroutine[Any, Any, ExitCode]], *, works: bool) -> ExitCode:
        """Run `command` in a session and return its code, on the event loop that runs already."""
        async with contextlib.AsyncExitStack() as stack:
            settings = self.settings
            if self.demo and works:
                settings = await stack.enter_async_context(demo_world(settings))
            app = await stack.enter_async_context(build_app(settings))
            if self.demo:
                await seed_knowledge(app.store)
            if works:
                # Loaded here: whoever only looks at what is stored needs no tools.
                from bot.app.owner import working

                await stack.enter_async_context(working(app))
            return await command(Session(app, self))

    def enter_demo(self) -> None:
        """From here on the command is about the demo's world."""
        if not self.demo:
            self.settings, self.demo = demo_settings(self.settings), True

    def print_view(self, view: ThreadView) -> None:
        """A finished message."""
        self.console.print(rendered(view, full=self.full))

    def print_json(self, document: Mapping[str, Any]) -> None:
        """The one document on stdout."""
        sys.stdout.write(json_text(document, ascii_only=not shows_everything(sys.stdout)) + "\n")

    def print_table(self, columns: tuple[str, ...], rows: list[tuple[object, ...]]) -> None:
        """Rows for people; only the last column folds, longer text before it is cut. Texts may quote strangers."""
        table = Table(box=None, pad_edge=False, header_style="bold")
        for column in columns[:-1]:
            table.add_column(column, no_wrap=True, overflow="ellipsis")
        table.add_column(columns[-1], overflow="fold")
        for row in rows:
            table.add_row(*(Text(str(cell) if cell is not None else "—") for cell in row))
        self.console.print(table)

    def say(self, text: str, style: str = "") -> None:
        """A line for people; nothing when stdout belongs to JSON."""
        if not self.as_json:
            self.console.print(Text(text, style=style))


@dataclass(slots=True)
class Session:
    """A command with its application."""

    app: App
    cli: Cli

    @property
    def actor(self) -> Actor:
        """Who sits at the terminal."""
        return terminal_user()

    @property
    def conversation(self) -> ConversationRef:
        """The terminal as a place to talk."""
        return ConversationRef(self.app.workspace, "terminal")

    def delivery_id(self) -> str:
        """A new delivery: every run of a command is one."""
        return f"terminal:{new_id()}"

    # ---- watching -----------------------------------------------------------------------------------------------

    async def watch_investigation(self, investigation_id: str) -> ExitCode:
        """Shown live until it is over, then its report; Ctrl-C cancels it."""
        async with self._interruptible(investigation_id), self._thread() as thread:
            async for investigation, entries in follow_investigation(self.app.store, investigation_id):
                if thread is not None:
                    thread.show(partial(progress_of, investigation, entries))
            if thread is not None:
                final = None if investigation.status is Status.FAILED else report_of(investigation, entries)
                await thread.conclude(progress_of(investigation, entries), final)
        return self.end_of(investigation, entries)

    def end_of(self, investigation: Investigation, entries: tuple[JournalEntry, ...]) -> ExitCode:
        """The JSON document if asked for, a failure's sentence on stderr, and the exit code that says how it ended."""
        if self.cli.as_json:
            self.cli.print_json(investigation_document(investigation, entries))
        if investigation.status is Status.CANCELLED:
            return ExitCode.CANCELLED
        if investigation.status is Status.FAILED:
            print_error(investigation.failure or "The investigation failed.")
            return ExitCode.BAD_INPUT if investigation.failure_is_mendable else ExitCode.SERVICE_FAILED
        return ExitCode.OK

    async def watch_question(self, question_id: str) -> ExitCode:
        """Shown live until it is answered."""
        question = await self.app.store.question(question_id)
        subject = (await self.app.store.investigation(question.investigation_id)).subject
        async with self._thread() as thread:
            async for question, entries in follow_question(self.app.store, question_id):
                if thread is not None:
                    thread.show(partial(progress_of_question, question, subject, entries))
            if thread is not None:
                final = None if question.answer is None else answer_of(question, subject, entries)
                await thread.conclude(progress_of_question(question, subject, entries), final)
        if self.cli.as_json:
            self.cli.print_json(answer_document(question, subject, entries))
        if question.answer is None:
            print_error(question.failure or "The question was not answered.")
            return ExitCode.SERVICE_FAILED
        return ExitCode.OK

    async def background_task(self, kind: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        """The outcome of an task handed to whoever owns the data directory."""
        task = BackgroundTask(new_id(), kind, payload)
        await self.app.store.add_background_task(task)
        return await self.background_task_outcome(task.id)

    async def background_task_outcome(self, task_id: str) -> Mapping[str, Any]:
        """The outcome of a queued task.

        Raises:
            InvalidInput: the asker can fix it.
            ServiceFailed: a service failed.
        """
        task = await outcome_of(self.app.store, task_id)
        outcome = task.outcome or {}
        if task.failure is not None:
            if outcome.get("error") == "input":
                raise InvalidInput(task.failure)
            raise ServiceFailed("LogSense", task.failure)
        return outcome

    @contextlib.asynccontextmanager
    async def _thread(self) -> AsyncIterator[LiveThread | None]:
        """The live thread of this terminal; None when stdout belongs to JSON."""
        if self.cli.as_json:
            yield None
            return
        channel = TerminalChannel(self.cli.console, full=self.cli.full)
        try:
            async with LiveThread(channel, self.conversation) as thread:
                yield thread
        finally:
            channel.close()

    @contextlib.asynccontextmanager
    async def _interruptible(self, investigation_id: str) -> AsyncIterator[None]:
        """Ctrl-C cancels the investigation, wherever it runs; a second one ends this command at once.

        So does the first when the investigation cannot be cancelled, with the reason.
        """
        loop = asyncio.get_running_loop()
        watching = asyncio.current_task()
        assert watching is not None
        tasks: list[asyncio.Task[None]] = []

        def interrupted() -> None:
            loop.remove_signal_handler(signal.SIGINT)
            tasks.append(loop.create_task(self._cancel(investigation_id), name="cancel"))
            tasks[0].add_done_callback(lambda task: watching.cancel() if _failure_of(task) else None)

        loop.add_signal_handler(signal.SIGINT, interrupted)
        try:
            yield
            await asyncio.gather(*tasks)
        except asyncio.CancelledError:
            failure = _failure_of(tasks[0]) if tasks and tasks[0].done() else None
            if failure is None:
                raise
            watching.uncancel()
            raise failure from None
        finally:
            loop.remove_signal_handler(signal.SIGINT)

    async def _cancel(self, investigation_id: str) -> None:
        # It may end by itself in the same moment; then there is nothing left to cancel.
        with contextlib.suppress(Refusal):
            try:
                async with asyncio.timeout(_CANCEL_WITHIN_S):
                    await self.app.inbox.receive(
                        Cancellation(self.delivery_id(), self.conversation, self.actor, investigation_id)
                    )
            except TimeoutError:
                raise ServiceUnavailable(DATABASE, "The database did not take the cancellation in time.") from None


def _failure_of(task: asyncio.Task[None]) -> BaseException | None:
    return None if task.cancelled() else task.exception()
