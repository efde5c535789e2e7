"""What a child process writes to stderr goes to our log, line by line, never to the terminal."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
from collections.abc import AsyncIterator, Callable
from typing import TextIO

_LINE_CHARS = 1_000
_STARTED = re.compile(r"process (\d+) serves")
_LEVELS = {"INFO": logging.INFO, "WARNING": logging.WARNING, "ERROR": logging.ERROR, "CRITICAL": logging.CRITICAL}

log = logging.getLogger("logsense.tools")


@contextlib.asynccontextmanager
async def stderr_pipe() -> AsyncIterator[tuple[TextIO, asyncio.StreamReader]]:
    """A writable end to give to a child as its stderr, and a reader of what it writes there."""
    reading, writing = os.pipe()
    errlog = os.fdopen(writing, "w")
    lines = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(lines), os.fdopen(reading, "rb", buffering=0)
    )
    try:
        yield errlog, lines
    finally:
        errlog.close()
        transport.close()


async def relay(lines: asyncio.StreamReader, started: Callable[[int], None]) -> None:
    """Returns when the child has closed its stderr, as its end does; `started` is told its process id."""
    rest = b""
    while chunk := await lines.read(65_536):
        *complete, rest = (rest + chunk).split(b"\n")
        rest = rest[-_LINE_CHARS:]
        for raw in complete:
            line = raw.decode("utf-8", "replace")[:_LINE_CHARS]
            if found := _STARTED.search(line):
                started(int(found[1]))
            _log(line)


def _log(line: str) -> None:
    level, _, text = line.partition(" ")
    if level in _LEVELS:
        log.log(_LEVELS[level], "%s", text)
    elif line.strip():
        log.info("%s", line)
