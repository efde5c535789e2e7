"""What a command ends with: an exit code, and one sentence on stderr when it failed."""

from __future__ import annotations

from enum import IntEnum

from core.domain.errors import LogSenseError, Refusal


class ExitCode(IntEnum):
    """What scripts may rely on."""

    OK = 0
    PROBLEM = 1
    BAD_INPUT = 2
    SERVICE_FAILED = 3
    CANCELLED = 4

    @classmethod
    def of(cls, error: LogSenseError) -> ExitCode:
        """The code for an error that ends a command."""
        return cls.BAD_INPUT if isinstance(error, Refusal) else cls.SERVICE_FAILED


def print_error(text: str) -> None:
    """Print one sentence on stderr; it may quote strangers, so it is never read as markup."""
    from rich.text import Text

    from adapters.terminal_console import TerminalConsole

    TerminalConsole(stderr=True, soft_wrap=True).print(Text(f"logsense: {text}", style="red"))
