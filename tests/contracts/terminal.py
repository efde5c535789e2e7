"""The terminal: its channel on a screen that redraws; in use, the real command, a process for each thing said."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from rich.console import Console

from adapters.terminal import TerminalChannel
from bot.app.bootstrap import build_app
from bot.app.settings import Settings
from bot.demo.local_sentry import LocalSentry
from core.domain.conversation import ConversationRef
from core.domain.tenancy import Platform, WorkspaceRef
from tests.contracts.harness import Kept
from tests.contracts.screen import Screen
from tests.scenarios.conftest import CommandLine, Outcome

_WIDTH, _HEIGHT = 120, 30


class TerminalSender:
    """Implements `Sender`: one scroll, which is one thread."""

    def __init__(self) -> None:
        self._screen = Screen()
        console = Console(
            file=cast(Any, self._screen),
            force_terminal=True,
            width=_WIDTH,
            height=_HEIGHT,
            highlight=False,
            _environ={"TERM": "xterm"},
        )
        self.channel = TerminalChannel(console, full=True)
        self.here = ConversationRef(WorkspaceRef(Platform.TERMINAL, "acme"), "terminal")

    def text(self) -> str:
        return self._screen.text()

    def count(self, words: str) -> int:
        return self._screen.text().count(words)

    def threads(self) -> int:
        return 1

    async def slow_edit(self, edit: Callable[[], object]) -> None:
        """A terminal draws at once."""
        edit()


@dataclass(slots=True)
class Window:
    """A terminal in which a command was typed, and what stood there first."""

    process: asyncio.subprocess.Process
    first: str


@dataclass(slots=True)
class TerminalUse:
    """Implements `Use`; what commands printed stands below each other."""

    shell: CommandLine
    sentry: LocalSentry
    windows: list[Window] = field(default_factory=list)
    asked: list[Outcome] = field(default_factory=list)
    printed: list[str] = field(default_factory=list)

    def text(self) -> str:
        return "\n".join(self.printed)

    def count(self, words: str) -> int:
        return self.text().count(words)

    def threads(self) -> int:
        return 1

    async def ask(self, issue: str, *, repeated: bool = False) -> None:
        """Nothing delivers a command again, but people type it again, in another window."""
        for _ in range(1 + repeated):
            process = await self.shell.start("investigate", issue)
            assert process.stdout is not None
            self.windows.append(Window(process, (await process.stdout.readline()).decode()))

    async def come_to_rest(self) -> None:
        for window in self.windows:
            outcome = await self.shell.finish(window.process)
            self.asked.append(Outcome(outcome.code, window.first + outcome.stdout, outcome.stderr))
        self.windows.clear()
        assert len({outcome.code for outcome in self.asked}) == 1, self.asked
        self.printed.append(self.asked[0].stdout)

    async def cancel(self) -> None:
        await self._command("cancel")
        await self.come_to_rest()
        assert self.asked[0].code == 4
        assert "was cancelled" in self.printed[-1]

    async def answer(self, question: str) -> str:
        return await self._command("ask", question)

    async def resolve(self) -> None:
        assert "is resolved by Ada" in await self._command("resolve")

    async def reopen(self) -> None:
        assert "is reopened by Ada" in await self._command("reopen")

    def posts(self) -> int:
        return self.progress() + self.reports()

    def progress(self) -> int:
        return self.count("LogSense investigates")

    def reports(self) -> int:
        return self.count("Do now: ")

    async def kept(self) -> Kept:
        settings = Settings(_env_file=None, LOGSENSE_HOME=self.shell.home)  # type: ignore[call-arg]
        async with build_app(settings) as app:
            return Kept(await app.store.investigations(9), await app.store.knowledge())

    async def _command(self, *arguments: str) -> str:
        outcome = await self.shell.run(*arguments)
        assert outcome.code == 0, outcome
        self.printed.append(outcome.stdout)
        return outcome.stdout


class TerminalHarness:
    """Implements `ChannelHarness`."""

    name = "terminal"
    near = "what it prints stands on this machine: nothing limits it, cuts it off or takes it back"
    finds_its_posts = False
    posts = 2

    @asynccontextmanager
    async def sender(self, home: Path) -> AsyncIterator[TerminalSender]:
        sender = TerminalSender()
        try:
            yield sender
        finally:
            sender.channel.close()

    @asynccontextmanager
    async def use(self, home: Path, sentry: LocalSentry) -> AsyncIterator[TerminalUse]:
        variables = {"LOGSENSE_SENTRY_WRITES": "true", "LOGSENSE_USER": "Ada", "LOGSENSE_REASONER": "rules"}
        use = TerminalUse(CommandLine(home).connected_to(sentry, **variables), sentry)
        yield use
        for window in use.windows:
            window.process.kill()
            await window.process.wait()
