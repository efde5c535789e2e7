"""Reads files that people attach to a message, within limits: short ones as pasted text, long ones as logs."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp

from adapters.common.input_text import seen
from adapters.common.pasted_input import event_in
from adapters.common.text_limits import cut, one_line
from core.domain.conversation import PastedEvent
from core.domain.errors import AccessDenied, InvalidInput, ServiceUnavailable
from core.domain.tenancy import WorkspaceRef
from core.ports import AttachedLog, AttachedLogs

MAX_FILE_BYTES = 100 * 1024 * 1024
MAX_FILES = 5
READ_WITHIN_S = 300.0

_MAX_TEXT_BYTES = 1024 * 1024 - 4_096
"""How long all files together are one text, a little less than the limit of a pasted event; more is a log."""
_CHUNK = 65_536
_PIECE = 1024 * 1024
_BEGINNING = 400
_TIMEOUT = aiohttp.ClientTimeout(total=READ_WITHIN_S, sock_connect=5, sock_read=10)
_NAME = 60
_KINDS = re.compile(
    r"\.(?:txt|log|json)(?:[.-][\d-]{1,10})?(?:\.(?:gz|bz2|zst))?$|^[^.]+\.(?:gz|bz2|zst)$", re.IGNORECASE
)
_PACKED = re.compile(r"\.(?:zip|xz|7z|tgz|tar(?:\.\w{2,3})?)$", re.IGNORECASE)
_IS_LOG = re.compile(rb"\x1f\x8b|BZh|\x28\xb5\x2f\xfd|\s*+\{\s*+\"resource_?(?:[sS]pans|[lL]ogs)\"")
"""How compressed files and OTLP JSON begin, however short they are."""
_PAGE = re.compile(rb"\s*<(?:!doctype html|html)", re.IGNORECASE)
ASK_FOR_TEXT = "Attach a .txt, .log or .json file, or paste the stack trace."


@dataclass(frozen=True, slots=True)
class AttachedFile:
    """A file of a message, not read yet.

    `is_text` is true where the platform says so of a file without a suffix; with `needs_token` the address alone does
    not open it.
    """

    name: str
    url: str = field(repr=False)
    size: int | None = None
    id: str = ""
    is_text: bool = False
    needs_token: bool = True

    @property
    def called(self) -> str:
        """The name as it is shown to people."""
        return cut(one_line(self.name), _NAME) or "the file"

    def refusal(self) -> str | None:
        """Why it is not read and what to do instead; None when it may be read."""
        if _PACKED.search(self.name):
            return (
                f"{self.called} is an archive. Unpack it and attach the .log or .txt file, or that file alone as .gz, "
                ".bz2 or .zst."
            )
        if not (_KINDS.search(self.name) or (self.is_text and "." not in self.name.strip("."))):
            return f"{self.called} is of a kind that is not read here. {ASK_FOR_TEXT}"
        if self.size is not None and self.size > MAX_FILE_BYTES:
            return _too_large(self.called)
        return None


@dataclass(frozen=True, slots=True)
class Source:
    """Where a platform keeps files, and which of their addresses may be asked."""

    service: str
    session: Callable[[], aiohttp.ClientSession]
    may_ask: Callable[[AttachedFile], bool]
    no_access: str
    """What to do when the service does not let us read a file."""


def readable(files: Sequence[AttachedFile]) -> list[AttachedFile]:
    """Those that may be read."""
    return [file for file in files if file.refusal() is None][:MAX_FILES]


def refusals(files: Sequence[AttachedFile]) -> str:
    """Why none of the files is read, in a sentence each."""
    return " ".join(dict.fromkeys(filter(None, (file.refusal() for file in files[:MAX_FILES]))))


class FileReader:
    """Reads the files of a message: short ones as pasted text, long and compressed ones as logs."""

    def __init__(self, source: Source, logs: AttachedLogs) -> None:
        self._source = source
        self._logs = logs

    async def read(
        self,
        files: Sequence[AttachedFile],
        headers: Mapping[str, str],
        *,
        workspace: WorkspaceRef,
        origin: str,
        say: Callable[[str], None],
    ) -> PastedEvent:
        """Fetch the readable files and return what to investigate.

        `say` is called once, as soon as it is known that reading them takes a while.

        Raises:
            InvalidInput: a file is no text, too large or damaged; the sentence says what to do.
            AccessDenied: the service does not let us read it.
            ServiceUnavailable: the service cannot be reached just now.
        """
        chosen = readable(files)
        announce = _Announcement(say, len(chosen) - 1)
        try:
            return await self._read(chosen, headers, announce, workspace, origin)
        except asyncio.CancelledError:
            if announce.is_made:
                say(f"LogSense was stopped before it had read {_named(chosen)}. Attach it again in a minute.")
            raise

    async def _read(
        self,
        files: Sequence[AttachedFile],
        headers: Mapping[str, str],
        announce: _Announcement,
        workspace: WorkspaceRef,
        origin: str,
    ) -> PastedEvent:
        named = _named(files)
        async with self._logs.folder(workspace) as folder:
            fetched = [
                await self._fetched(file, folder / str(number), headers, announce) for number, file in enumerate(files)
            ]
            texts = [await asyncio.to_thread(one.text) for one in fetched if not one.is_log]
            whole = next((event for text in texts if (event := event_in(text, origin))), None)
            if whole is not None:
                return PastedEvent(whole.text, f"{named} in {origin}")
            if len(texts) == len(fetched) and sum(one.size for one in fetched) <= _MAX_TEXT_BYTES:
                return PastedEvent("\n".join(texts), f"{named} in {origin}")
            announce(files[0], fetched[0].size)
            logs = [AttachedLog(one.file.called, one.path) for one in fetched]
            event = await self._logs.index(workspace, logs)
        return replace(event, origin=f"{event.origin} in {origin}")

    async def _fetched(
        self, file: AttachedFile, path: Path, headers: Mapping[str, str], announce: _Announcement
    ) -> _Fetched:
        source = self._source
        if not source.may_ask(file):
            raise AccessDenied(
                source.service,
                f"{file.called} is kept at an address that does not belong to {source.service}. {source.no_access}",
            )
        try:
            # Redirects would carry the token to addresses that nobody checked.
            async with source.session().get(
                file.url, headers=headers if file.needs_token else {}, timeout=_TIMEOUT, allow_redirects=False
            ) as answer:
                if answer.status >= 500 or answer.status == 429:
                    raise ServiceUnavailable(source.service, f"{source.service} does not give {file.called} just now.")
                if answer.status in (404, 410):
                    raise InvalidInput(f"{file.called} was deleted. {ASK_FOR_TEXT}")
                if answer.status != 200:
                    raise AccessDenied(source.service, f"LogSense may not read {file.called}. {source.no_access}")
                size = answer.content_length or file.size or 0
                if size > MAX_FILE_BYTES:
                    raise InvalidInput(_too_large(file.called))
                if size > _MAX_TEXT_BYTES:
                    announce(file, size)
                return await self._stored(file, answer, path)
        except aiohttp.InvalidURL:
            raise AccessDenied(source.service, f"{file.called} has no address that can be read.") from None
        except (aiohttp.ClientError, TimeoutError, ConnectionError):
            raise ServiceUnavailable(
                source.service, f"{file.called} could not be read from {source.service} just now. Try again."
            ) from None

    async def _stored(self, file: AttachedFile, answer: aiohttp.ClientResponse, path: Path) -> _Fetched:
        """Write the body to disk in pieces, up to the limit, however long the service says that it is."""
        size, beginning = 0, b""
        with path.open("wb") as stored:
            async for chunk in _joined(answer.content):
                size += len(chunk)
                if size > MAX_FILE_BYTES:
                    raise InvalidInput(_too_large(file.called))
                beginning = beginning or chunk[:_BEGINNING]
                await asyncio.to_thread(stored.write, chunk)
        if answer.content_type == "text/html" or _PAGE.match(beginning):
            # A page to log in, for instance.
            raise AccessDenied(self._source.service, f"LogSense may not read {file.called}. {self._source.no_access}")
        return _Fetched(file, path, size, size > _MAX_TEXT_BYTES or _IS_LOG.match(beginning) is not None)


@dataclass(frozen=True, slots=True)
class _Fetched:
    """A file on our disk; `is_log` is false for those short enough to be one text, and not compressed."""

    file: AttachedFile
    path: Path
    size: int
    is_log: bool

    def text(self) -> str:
        return _decoded(self.file, self.path.read_bytes())


class _Announcement:
    """Says once that reading takes a while."""

    def __init__(self, say: Callable[[str], None], others: int) -> None:
        self._say = say
        self.is_made = False
        self._others = others

    def __call__(self, file: AttachedFile, size: int) -> None:
        if not self.is_made:
            self.is_made = True
            others = f" and {self._others} more" if self._others else ""
            self._say(f"Reading {file.called}, {_size(size)}{others}. The investigation begins when it is read.")


async def _joined(content: aiohttp.StreamReader) -> AsyncIterator[bytes]:
    """Yield the body in pieces that are worth a thread's turn."""
    parts, size = [], 0
    async for chunk in content.iter_chunked(_CHUNK):
        parts.append(chunk)
        size += len(chunk)
        if size >= _PIECE:
            yield b"".join(parts)
            parts, size = [], 0
    yield b"".join(parts)


def _decoded(file: AttachedFile, raw: bytes) -> str:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        # PowerShell writes logs so.
        text = raw.decode("utf-16", "replace")
    elif b"\0" in raw:
        raise InvalidInput(f"{file.called} is not text, whatever its name says. {ASK_FOR_TEXT}")
    else:
        text = raw.decode("utf-8-sig", "replace")
    if not text.strip():
        raise InvalidInput(f"{file.called} is empty. {ASK_FOR_TEXT}")
    return seen(text)


def _named(files: Sequence[AttachedFile]) -> str:
    return ", ".join(file.called for file in files)


def _size(size: int) -> str:
    return f"{size / 1024**2:.0f} MB" if size >= 1024**2 else f"{max(1, size // 1024)} KB"


def _too_large(name: str) -> str:
    limit = f"{MAX_FILE_BYTES // 1024 // 1024} MB"
    return (
        f"{name} is too large: files of up to {limit} are read here. Attach the part around the error, or run "
        "`logsense investigate --log FILE` where LogSense is installed."
    )


def is_https_at(url: str, hosts: frozenset[str], *, suffixes: tuple[str, ...] = ()) -> bool:
    """Whether the address is `https`, on the usual port, of one of the hosts or below one of the suffixes."""
    try:
        parts = urlsplit(url)
        host, is_plain = (parts.hostname or "").lower(), parts.port in (None, 443) and "@" not in parts.netloc
    except ValueError:
        return False
    return parts.scheme == "https" and is_plain and (host in hosts or host.endswith(suffixes))
