"""Logs that people attach in chat, read as `logsense investigate --log` reads them and kept as long."""

from __future__ import annotations

import codecs
import contextlib
import logging
import re
import secrets
import shutil
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from bot.app.log_files import Handed, LogSpace, log_event, run_interruptibly
from core.domain.conversation import PastedEvent
from core.domain.errors import InvalidInput, OperatorNeeded, ServiceUnavailable
from core.domain.system_errors import from_os
from core.domain.tenancy import WorkspaceRef
from core.gateways.logs.folders import INCOMING
from core.gateways.logs.index import Source
from core.gateways.logs.sources import DAMAGED, is_json_document, open_log
from core.gateways.process_pool.turns import FairTurns
from core.gateways.traces.otlp import is_otlp_logs, is_otlp_spans
from core.ports import AttachedLog, Directory

logger = logging.getLogger("logsense.logs")

MAX_BYTES = 1024**3
"""Of the attached logs of one request together, decompressed; 100 MB of zstd may hold a hundred times as much."""

_INDEXED_AT_ONCE = 2
"""Requests, of different organizations; the others wait, so that the bot stays quick for everybody."""
_FETCHED_AT_ONCE = 8
_FETCHED_OF_ONE = 2
"""Requests of one workspace: each may bring 500 MB."""
_HEAD_BYTES = 1_048_576
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class LogFolder:
    """Implements `core.ports.AttachedLogs` below the folder of all logs."""

    def __init__(self, root: Path, directory: Directory, max_bytes: int) -> None:
        """`directory` says which organization a workspace belongs to; the indexes of each take `max_bytes` of disk."""
        self._root = root
        self._directory = directory
        self._max_bytes = max_bytes
        self._fetching = FairTurns(_FETCHED_AT_ONCE, _FETCHED_OF_ONE)
        self._indexing = FairTurns(_INDEXED_AT_ONCE, 1)

    @contextlib.asynccontextmanager
    async def folder(self, workspace: WorkspaceRef) -> AsyncIterator[Path]:
        """See `core.ports.AttachedLogs.folder`. What a crash leaves goes with the indexes of its time."""
        async with self._fetching.turn(f"{workspace.platform}:{workspace.key}"):
            path = self._root / INCOMING / secrets.token_hex(8)
            try:
                path.mkdir(parents=True, mode=0o700)
                yield path
            except (OSError, OperatorNeeded) as error:
                raise _not_kept(error) from error
            finally:
                shutil.rmtree(path, ignore_errors=True)

    async def index(self, workspace: WorkspaceRef, files: Sequence[AttachedLog]) -> PastedEvent:
        """See `core.ports.AttachedLogs.index`. When the task is cancelled the reading stops at its next block."""
        organization = await self._directory.organization_of(workspace)
        space = LogSpace(self._root, organization.id, self._max_bytes)
        async with self._indexing.turn(organization.id):
            return await run_interruptibly(_index, space, files)


def _not_kept(error: OSError | OperatorNeeded) -> ServiceUnavailable:
    """Log the error with its path for the operator; return one without it, since anybody in a workspace may read it."""
    needed = error if isinstance(error, OperatorNeeded) else from_os(error)
    logger.error("an attached log could not be kept: %s", needed or error)
    cause = f" ({needed.problem})" if needed else ""
    return ServiceUnavailable(
        "LogSense",
        f"LogSense could not keep the attached file on its machine{cause}. Tell whoever runs LogSense; once that is "
        "repaired, attach the file again.",
    )


def _index(space: LogSpace, files: Sequence[AttachedLog]) -> PastedEvent:
    logs: list[Source] = []
    traces: list[Source] = []
    with contextlib.ExitStack() as stack:
        for name, (given, path) in zip(_labels(files), files, strict=True):
            file = stack.enter_context(_as_utf_8(path).open("rb"))
            beginning = _beginning(file)
            if is_otlp_spans(beginning):
                traces.append(Source(name, file))
            elif is_json_document(beginning) and not is_otlp_logs(beginning):
                raise InvalidInput(
                    f"{given} is one JSON document, and neither a log nor OTLP JSON. "
                    "Attach one Sentry event alone: at most 1 MiB, and not compressed."
                )
            else:
                logs.append(Source(name, file, name.split(".")[0] if len(files) > 1 else ""))
        handed = Handed(logs, traces, max_bytes=MAX_BYTES)
        event = log_event(space, handed, is_quiet=True)
    return replace(event, origin=", ".join(file.name for file in files))


def _labels(files: Sequence[AttachedLog]) -> list[str]:
    """Return names that can stand before a line's number, each once."""
    names = [re.sub(r"[^\w.-]+", "_", file.name) for file in files]
    if len(set(names)) == len(names):
        return names
    return [f"{number}_{name}" for number, name in enumerate(names, 1)]


def _as_utf_8(path: Path) -> Path:
    """Return the path of the file's text in UTF-8: PowerShell writes logs in UTF-16."""
    with path.open("rb") as file:
        if file.read(2) not in _UTF_16:
            return path
    text = path.with_suffix(".utf-8")
    with (
        path.open(encoding="utf-16", errors="replace", newline="") as given,
        text.open("w", encoding="utf-8", newline="") as rewritten,
    ):
        shutil.copyfileobj(given, rewritten, _HEAD_BYTES)
    return text


def _beginning(file: BinaryIO) -> bytes:
    """Return the beginning of the text, decompressed; nothing if that cannot be done."""
    try:
        return open_log(file).read(_HEAD_BYTES).removeprefix(codecs.BOM_UTF8)
    except DAMAGED:
        return b""
    finally:
        file.seek(0)
