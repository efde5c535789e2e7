"""What the text reader passes between its parts: lines without their wrapping, log records, traces."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from core.domain.incident import ExceptionInfo, Frame, ThreadStack
from core.domain.library_code import is_library_module, is_library_path


@dataclass(frozen=True, slots=True)
class LogRecord:
    """One record of a log; `level` is one of debug, info, warning, error and fatal."""

    message: str
    at: datetime | None = None
    level: str | None = None
    logger: str | None = None
    service: str | None = None
    thread: str | None = None
    trace_id: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Line:
    """One line as the program printed it, indentation kept; `record` is set when it begins a log record."""

    text: str
    record: LogRecord | None = None

    @property
    def bare(self) -> str:
        """The text without blanks around it."""
        return self.text.strip()


@dataclass(frozen=True, slots=True)
class Trace:
    """A stack trace or error in lines `begin` to `end` (exclusive); `exceptions` are innermost cause first.

    `is_fatal` says that the program ended with it.
    """

    exceptions: tuple[ExceptionInfo, ...]
    platform: str
    begin: int
    end: int
    threads: tuple[ThreadStack, ...] = ()
    is_fatal: bool = False
    details: Mapping[str, str] = field(default_factory=dict)

    @property
    def has_frames(self) -> bool:
        """Whether any of it has a stack."""
        return any(self._stacks())

    @property
    def has_own_frames(self) -> bool:
        """Whether a frame of the application is among its frames."""
        return any(frame.in_app for stack in self._stacks() for frame in stack)

    def _stacks(self) -> list[tuple[Frame, ...]]:
        return [*(each.frames for each in self.exceptions), *(each.frames for each in self.threads)]


def text_frame(
    function: str | None,
    file: str | None,
    line: int | str | None = None,
    *,
    column: int | str | None = None,
    module: str | None = None,
    package: str | None = None,
    source: tuple[tuple[int, str], ...] = (),
    is_library: bool | None = None,
) -> Frame:
    """Return a frame that was read from text; text does not say whose code it is, so paths and modules decide."""
    number = int(line) if line is not None and str(line).lstrip("-").isdecimal() else None
    foreign = is_library
    if foreign is None:
        foreign = (
            any(is_library_path(path) for path in (file, package) if path)
            or bool(module and is_library_module(module))
            or bool(package and is_library_module(package))
        )
    return Frame(
        function=function or None,
        file=file or None,
        module=module or None,
        line=number if number and number > 0 else None,
        column=int(column) if column else None,
        in_app=not foreign,
        source=source,
        absolute_path=file if file and ("/" in file or "\\" in file) else None,
        package=package,
    )
