"""Logs that people attach in chat, read as `logsense investigate --log` reads them and kept as long."""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import re
import secrets
import shutil
import sqlite3
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from bot.log_files import Handed, log_event, run_interruptibly
from core.domain.conversation import PastedEvent
from core.domain.errors import InvalidInput, ServiceUnavailable
from core.domain.tenancy import OrganizationId, WorkspaceRef
from core.gateways.logs.index import Source
from core.gateways.logs.sources import DAMAGED, open_log
from core.gateways.traces.otlp import is_otlp_logs, is_otlp_spans
from core.ports import AttachedLog, Directory

MAX_BYTES = 1024**3
"""Of the attached logs of one request together, decompressed; 100 MB of zstd may hold a hundred times as much."""

_AT_ONCE = 2
"""How many requests are indexed at a time; the others wait, so that the bot stays quick for everybody."""
_INCOMING = "incoming"
_HEAD_BYTES = 1_048_576
_LONG_LINE = 1_000_000
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class LogFolder:
    """Implements `core.ports.AttachedLogs` below the folder of all logs."""

    def __init__(self, root: Path, directory: Directory) -> None:
        """`directory` says which organization a workspace belongs to."""
        self._root = root
        self._directory = directory
        self._turns = asyncio.Semaphore(_AT_ONCE)

    @contextlib.asynccontextmanager
    async def folder(self) -> AsyncIterator[Path]:
        """See `core.ports.AttachedLogs.folder`. What a crash leaves goes with the indexes of its time."""
        path = self._root / _INCOMING / secrets.token_hex(8)
        try:
            path.mkdir(parents=True, mode=0o700)
        except OSError as error:
            raise _unkept(error) from error
        try:
            yield path
        finally:
            shutil.rmtree(path, ignore_errors=True)

    async def index(self, workspace: WorkspaceRef, files: Sequence[AttachedLog]) -> PastedEvent:
        """See `core.ports.AttachedLogs.index`. When the task is cancelled the reading stops at its next block."""
        organization = await self._directory.organization_of(workspace)
        async with self._turns:
            try:
                return await run_interruptibly(_index, self._root, organization.id, files)
            except (OSError, sqlite3.Error) as error:
                raise _unkept(error) from error


def _unkept(error: Exception) -> ServiceUnavailable:
    return ServiceUnavailable("LogSense", f"The attached log could not be kept ({error}). Try again later.")


def _index(root: Path, organization_id: OrganizationId, files: Sequence[AttachedLog]) -> PastedEvent:
    logs: list[Source] = []
    traces: list[Source] = []
    with contextlib.ExitStack() as stack:
        for name, (given, path) in zip(_labels(files), files, strict=True):
            file = stack.enter_context(_as_utf_8(path).open("rb"))
            beginning = _beginning(file)
            if is_otlp_spans(beginning):
                traces.append(Source(name, file))
            elif _is_document(beginning):
                raise InvalidInput(
                    f"{given} is one JSON document, and neither a log nor OTLP JSON. "
                    "Attach one Sentry event alone: at most 1 MiB, and not compressed."
                )
            else:
                logs.append(Source(name, file, name.split(".")[0] if len(files) > 1 else ""))
        handed = Handed(logs, traces, max_bytes=MAX_BYTES)
        event = log_event(root, organization_id, handed, is_quiet=True)
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


def _is_document(beginning: bytes) -> bool:
    """Whether it begins as one JSON document, over several lines or on a very long one; logs are lines."""
    first, newline, _ = beginning.lstrip().partition(b"\n")
    if is_otlp_logs(beginning) or not first.startswith((b"{", b"[")):
        return False
    return first.strip() in (b"{", b"[", b"[{") or (not newline and len(beginning) >= _LONG_LINE)
