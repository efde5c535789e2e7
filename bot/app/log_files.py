"""Logs from files and pipes: indexed in the data directory, with a progress bar, and handed over as an event."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import secrets
import select
import shutil
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO, TypeVar, cast

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from core.domain.conversation import PastedEvent
from core.domain.errors import InvalidInput
from core.domain.system_errors import MACHINE, from_sqlite
from core.gateways.logs.analysis import find_bursts
from core.gateways.logs.folders import folder_of, make_room
from core.gateways.logs.heads import NO_MINUTE, HeadReader
from core.gateways.logs.index import MAX_BYTES, LogIndexer, Source, keep_window
from core.gateways.logs.reading import Kind, LogIndex
from core.gateways.logs.templates import TemplateTree
from core.gateways.traces.analysis import first_failure
from core.gateways.traces.index import index_spans, read_spans, span_minutes

_MOMENT_S = 0.2
_T = TypeVar("_T")
_BEFORE = 20
_FAR_MINUTE = 10**9
_AFTER = 80
_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


class _Stopped(Exception):
    """The reading was stopped between two blocks."""


_stop: ContextVar[threading.Event | None] = ContextVar("stop", default=None)


def _check_stopped() -> None:
    if (stop := _stop.get()) is not None and stop.is_set():
        raise _Stopped


async def run_interruptibly(function: Callable[..., _T], *arguments: object) -> _T:
    """Run `function` in a thread; when this task is cancelled, the reading of logs in it stops at its next block."""
    stop = threading.Event()
    token = _stop.set(stop)
    try:
        return await asyncio.to_thread(function, *arguments)
    except asyncio.CancelledError:
        stop.set()
        raise
    finally:
        _stop.reset(token)


class StandardInput:
    """Standard input, read without ever waiting for it longer than a moment, so that Ctrl-C ends the reading."""

    def __init__(self) -> None:
        """Read from the file below `sys.stdin`, or from what stands in for it."""
        self._head = b""

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes; empty at the end."""
        if self._head:
            part, self._head = self._head[:size], self._head[size:]
            return part
        try:
            number = sys.stdin.fileno()
        except (OSError, ValueError):
            return sys.stdin.buffer.read(size)
        while not select.select([number], [], [], _MOMENT_S)[0]:
            _check_stopped()
        return os.read(number, size)

    def beginning(self, size: int) -> bytes:
        """Return the first bytes, `size` of them if there are as many; they are read again later."""
        parts: list[bytes] = []
        while sum(map(len, parts)) < size and (part := self.read(size)):
            _check_stopped()
            parts.append(part)
        self._head = b"".join(parts)
        return self._head


@dataclass(frozen=True, slots=True)
class Handed:
    """Logs and traces that a person handed over; `total` is their size in bytes if it is known.

    Of the logs, `max_bytes` are read once they are decompressed.
    """

    logs: Sequence[Source]
    traces: Sequence[Source] = ()
    total: int | None = None
    max_bytes: int = MAX_BYTES

    @property
    def origin(self) -> str:
        """What they are called together."""
        return ", ".join(source.name for source in (*self.logs, *self.traces))[:120]


@dataclass(frozen=True, slots=True)
class LogSpace:
    """Where the indexes of an organization's logs are kept.

    Beside a new one, the others may take `max_bytes` of disk: the oldest are removed first.
    """

    root: Path
    organization_id: str
    max_bytes: int


def log_event(
    space: LogSpace, handed: Handed, since: str | None = None, until: str | None = None, *, is_quiet: bool = False
) -> PastedEvent:
    """Index logs and traces; return the first error in them, with the handle of the index.

    `since` and `until` are times, or durations back from the newest line such as 2h. No progress is drawn with
    `is_quiet`.

    Raises:
        InvalidInput: a log is not text, a trace is no OTLP JSON, or a time is none.
        OperatorNeeded: the index cannot be written.
    """
    make_room(space.root, space.organization_id, space.max_bytes)
    handle = secrets.token_hex(8)
    directory = folder_of(space.root, space.organization_id, handle)
    try:
        with _progress(handed.total, is_quiet) as advance:
            LogIndexer(directory, handed.max_bytes).index(handed.logs, {}, advance)
            spans = index_spans(directory, handed.traces, advance) if handed.traces else 0
        with contextlib.closing(LogIndex(directory)) as index:
            if not index.facts["lines"] and not spans:
                if index.notes:
                    raise InvalidInput(f"{handed.origin} is damaged: nothing of it can be decompressed.")
                raise InvalidInput(f"There is nothing in {handed.origin}.")
            if (window := _window(index, since, until)) is not None:
                keep_window(directory, *window)
        with contextlib.closing(LogIndex(directory)) as index:
            return PastedEvent(_excerpt(index), handed.origin, handle)
    except BaseException as error:
        shutil.rmtree(directory, ignore_errors=True)
        if isinstance(error, sqlite3.Error) and (needed := from_sqlite(_code(error), directory, service=MACHINE)):
            raise needed from error
        raise


def _code(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", 0)


@contextlib.contextmanager
def opened(logs: Sequence[str], traces: Sequence[str] = ()) -> Iterator[Handed]:
    """Open the files, `-` for standard input.

    Raises:
        InvalidInput: one cannot be read.
    """
    with contextlib.ExitStack() as stack:
        files = [stack.enter_context(_opened(name)) for name in (*logs, *traces)]
        sizes = [size for _, size, _ in files]
        components = [label.split(".")[0] if len(logs) > 1 else "" for label in _labels(logs)]
        labels = _labels([*logs, *traces])
        sources = [
            Source("stdin" if label == "-" else label, file, component, modified)
            for label, (file, _, modified), component in zip(
                labels, files, [*components, *[""] * len(traces)], strict=True
            )
        ]
        total = None if None in sizes else sum(size for size in sizes if size is not None)
        yield Handed(sources[: len(logs)], sources[len(logs) :], total)


@contextlib.contextmanager
def _opened(name: str) -> Iterator[tuple[BinaryIO, int | None, datetime | None]]:
    """Open one file; yield it with its size and when it was written, as far as they are known."""
    if name == "-":
        yield cast(BinaryIO, StandardInput()), None, None
        return
    with contextlib.ExitStack() as stack:
        try:
            file = stack.enter_context(Path(name).open("rb"))
            state = os.fstat(file.fileno())
        except OSError as error:
            raise InvalidInput(f"{name} cannot be read: {error.strerror}.") from error
        yield file, state.st_size, datetime.fromtimestamp(state.st_mtime, UTC)


def _labels(names: Sequence[str]) -> list[str]:
    """Return the names of the files without their folders, unless two would be the same."""
    short = [Path(name).name for name in names]
    return short if len(set(short)) == len(short) else list(names)


@contextlib.contextmanager
def _progress(total: int | None, is_quiet: bool) -> Iterator[Callable[[int], None]]:
    """Draw how much was read, on a terminal alone."""
    console = Console(stderr=True)
    if is_quiet or not console.is_terminal:
        yield lambda _: _check_stopped()
        return
    columns = (TextColumn("Reading logs"), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=total)

        def advance(read: int) -> None:
            _check_stopped()
            progress.advance(task, read)

        yield advance


def _window(index: LogIndex, since: str | None, until: str | None) -> tuple[int, int] | None:
    if since is None and until is None:
        return None
    found = [span for span in (index.span(), span_minutes(index.directory)) if span is not None]
    if not found:
        raise InvalidInput("No line of these logs has a time, so --since and --until choose nothing. Leave them out.")
    span = min(begin for begin, _ in found), max(end for _, end in found)
    newest = datetime.fromtimestamp(span[1] * 60, UTC)
    begin = span[0] if since is None else _minute(since, newest, "--since")
    end = span[1] if until is None else _minute(until, newest, "--until")
    if not span[0] <= end or begin >= min(end, span[1]):
        told = [datetime.fromtimestamp(minute * 60, UTC).strftime("%Y-%m-%dT%H:%MZ") for minute in span]
        raise InvalidInput(f"The logs have nothing then: they go from {told[0]} to {told[1]}.")
    return begin, end


def _minute(text: str, newest: datetime, option: str) -> int:
    if found := re.fullmatch(r"(\d{1,5})([smhdw])", text.strip()):
        at = newest - timedelta(seconds=int(found[1]) * _UNITS[found[2]])
        return int(at.timestamp() // 60)
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        raise InvalidInput(f"{option} takes a time such as 2026-11-20T10:17Z, or a duration such as 2h.") from None
    return int((at.replace(tzinfo=UTC) if at.tzinfo is None else at).timestamp() // 60)


def _excerpt(index: LogIndex) -> str:
    """Return the first error of the worst burst with the lines of its stack, after some lines before it."""
    bursts = find_bursts(index, *index.window())
    if not bursts:
        return _of_traces(index)
    first = max(bursts, key=lambda burst: burst.count).kinds[0]
    lines = [text for _, text in index.lines(first.file, first.line, _AFTER)]
    reader = HeadReader(TemplateTree(), "", datetime.now(UTC))
    stack = lines[:1]
    reader.head(lines[0].encode())
    for line in lines[1:]:
        if reader.minute(line.encode()) != NO_MINUTE or reader.head(line.encode()).template is not None:
            break
        stack.append(line)
    return "\n".join([*_before(index, first), *stack])


def _of_traces(index: LogIndex) -> str:
    """Return why the first span failed, with its stack if it has one."""
    begin, end = index.facts.get("window") or (0, _FAR_MINUTE)
    failure = first_failure(read_spans(index.directory, begin * 60, end * 60)[0])
    if failure is None:
        return json.dumps({"message": "No errors in what was given", "level": "info"})
    said = failure.message or f"{failure.name} of {failure.service} failed"
    return failure.stack if failure.stack.strip() else json.dumps({"message": said, "level": "error"})


def _before(index: LogIndex, first: Kind) -> list[str]:
    """Return the lines before the first error that tell of no error themselves."""
    begin = max(1, first.line - _BEFORE)
    reader = HeadReader(TemplateTree(), "", datetime.now(UTC))
    lines = index.lines(first.file, begin, first.line - begin) if first.line > begin else []
    heads = [(text, reader.head(text.encode())) for _, text in lines]
    return [text for text, head in heads if head.template is not None and not head.is_error]
