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
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO, TypeVar, cast

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from core.domain.conversation import PastedEvent
from core.domain.errors import InvalidInput
from core.gateways.logs.analysis import find_bursts
from core.gateways.logs.heads import NO_MINUTE, HeadReader
from core.gateways.logs.index import LogIndexer, Source, folder_of, keep_window, remove_old
from core.gateways.logs.reading import Kind, LogIndex
from core.gateways.logs.templates import TemplateTree

KEPT_DAYS = 7
_MOMENT_S = 0.2
_T = TypeVar("_T")
_BEFORE = 20
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


def log_event(
    root: Path, organization_id: str, sources: Sequence[Source], total: int | None, since: str | None, until: str | None
) -> PastedEvent:
    """Index the sources below `root`; return the first error in them, with the handle of the index.

    `since` and `until` are times, or durations back from the newest line such as 2h. What was indexed more than
    `KEPT_DAYS` days ago is removed.

    Raises:
        InvalidInput: a source is not text, or a time is none.
    """
    remove_old(root, time.time() - KEPT_DAYS * 86_400)
    handle = secrets.token_hex(8)
    directory = folder_of(root, organization_id, handle)
    origin = ", ".join(source.name for source in sources)[:120]
    try:
        with _progress(total) as advance:
            LogIndexer(directory).index(sources, {}, advance)
        with contextlib.closing(LogIndex(directory)) as index:
            if not index.facts["lines"]:
                raise InvalidInput(f"There is nothing in {origin}.")
            if (window := _window(index, since, until)) is not None:
                keep_window(directory, *window)
        with contextlib.closing(LogIndex(directory)) as index:
            return PastedEvent(_excerpt(index), origin, handle)
    except BaseException:
        shutil.rmtree(directory, ignore_errors=True)
        raise


@contextlib.contextmanager
def opened(names: Sequence[str]) -> Iterator[tuple[list[Source], int | None]]:
    """Open the files, `-` for standard input; yield them as sources, with their size if it is known.

    Raises:
        InvalidInput: one cannot be read.
    """
    with contextlib.ExitStack() as stack:
        sources, total = [], 0
        labels = _labels(names)
        for name, label in zip(names, labels, strict=True):
            if name == "-":
                sources.append(Source("stdin", cast(BinaryIO, StandardInput())))
                continue
            try:
                file = stack.enter_context(Path(name).open("rb"))
                state = Path(name).stat()
            except OSError as error:
                raise InvalidInput(f"{name} cannot be read: {error.strerror}.") from error
            component = label.split(".")[0] if len(names) > 1 else ""
            sources.append(Source(label, file, component, datetime.fromtimestamp(state.st_mtime, UTC)))
            total += state.st_size
        yield sources, None if "-" in names else total


def _labels(names: Sequence[str]) -> list[str]:
    """Return the names of the files without their folders, unless two would be the same."""
    short = [Path(name).name for name in names]
    return short if len(set(short)) == len(short) else list(names)


@contextlib.contextmanager
def _progress(total: int | None) -> Iterator[Callable[[int], None]]:
    """Draw how much was read, on a terminal alone."""
    console = Console(stderr=True)
    if not console.is_terminal:
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
    span = index.span()
    if since is None and until is None:
        return None
    if span is None:
        raise InvalidInput("No line of these logs has a time, so --since and --until choose nothing. Leave them out.")
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
        return json.dumps({"message": "No errors in these logs", "level": "info"})
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


def _before(index: LogIndex, first: Kind) -> list[str]:
    """Return the lines before the first error that tell of no error themselves."""
    begin = max(1, first.line - _BEFORE)
    reader = HeadReader(TemplateTree(), "", datetime.now(UTC))
    lines = index.lines(first.file, begin, first.line - begin) if first.line > begin else []
    heads = [(text, reader.head(text.encode())) for _, text in lines]
    return [text for text, head in heads if head.template is not None and not head.is_error]
