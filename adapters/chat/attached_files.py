"""Reads text files that people attach to a message, within limits; the text is investigated as pasted text is."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import aiohttp

from adapters.chat.pasted import event_in
from adapters.chat.typed import seen
from adapters.chat.visible import cut, one_line
from core.domain.conversation import PastedEvent
from core.domain.errors import AccessDenied, InvalidInput, ServiceUnavailable

MAX_FILE_BYTES = 10 * 1024 * 1024
MAX_FILES = 5
READ_WITHIN_S = 30.0

_MAX_TEXT_BYTES = 1024 * 1024 - 4_096
"""What one investigation reads of all files, a little less than the limit of a pasted event."""
_CHUNK = 65_536
_TIMEOUT = aiohttp.ClientTimeout(total=READ_WITHIN_S, sock_connect=5, sock_read=10)
_NAME = 60
_KINDS = re.compile(r"\.(?:txt|log|json)(?:\.\d{1,3})?$", re.IGNORECASE)
_PACKED = re.compile(r"\.(?:gz|zip|bz2|zst|xz|7z|tgz|tar)$", re.IGNORECASE)
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
            return f"{self.called} is packed, and only text is read here. Unpack it and attach the .log or .txt file."
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


async def read_files(
    files: Sequence[AttachedFile], source: Source, headers: Mapping[str, str], origin: str
) -> PastedEvent:
    """Fetch the readable files and return their text as one event to investigate.

    Raises:
        InvalidInput: a file is no text or too large; the sentence says what to do.
        AccessDenied: the service does not let us read it.
        ServiceUnavailable: the service cannot be reached just now.
    """
    texts = [_decoded(file, await _fetched(file, source, headers)) for file in readable(files)]
    named = ", ".join(file.called for file in readable(files))
    whole = next((event for text in texts if (event := event_in(text, origin))), None)
    if whole is not None:
        return PastedEvent(whole.text, f"{named} in {origin}")
    text, is_cut = _end_of("\n".join(texts))
    return PastedEvent(text, f"the last 1 MiB of {named} in {origin}" if is_cut else f"{named} in {origin}")


async def _fetched(file: AttachedFile, source: Source, headers: Mapping[str, str]) -> bytes:
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
            return await _limited(file, source, answer)
    except aiohttp.InvalidURL:
        raise AccessDenied(source.service, f"{file.called} has no address that can be read.") from None
    except (aiohttp.ClientError, TimeoutError, OSError):
        raise ServiceUnavailable(
            source.service, f"{file.called} could not be read from {source.service} just now. Try again."
        ) from None


async def _limited(file: AttachedFile, source: Source, answer: aiohttp.ClientResponse) -> bytes:
    """The body, however long the service says that it is."""
    read = bytearray()
    async for chunk in answer.content.iter_chunked(_CHUNK):
        read += chunk
        if len(read) > MAX_FILE_BYTES:
            raise InvalidInput(_too_large(file.called))
    if answer.content_type == "text/html" or _PAGE.match(read[:200]):
        # A page to log in, for instance.
        raise AccessDenied(source.service, f"LogSense may not read {file.called}. {source.no_access}")
    return bytes(read)


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
    is_document = text.lstrip()[:1] in ("{", "[") and "\n{" not in text
    if is_document and len(text.encode()) > _MAX_TEXT_BYTES:
        raise InvalidInput(f"{file.called} is larger than 1 MiB, which no Sentry event is. Attach one event alone.")
    return seen(text)


def _end_of(text: str) -> tuple[str, bool]:
    """The last part of long logs, from the begin of a line, where the newest errors stand; and whether it was cut."""
    raw = text.encode()
    if len(raw) <= _MAX_TEXT_BYTES:
        return text, False
    end = raw[-_MAX_TEXT_BYTES:]
    return (end.partition(b"\n")[2] or end).decode("utf-8", "ignore"), True


def _too_large(name: str) -> str:
    limit = f"{MAX_FILE_BYTES // 1024 // 1024} MB"
    return (
        f"{name} is too large: files of up to {limit} are read here. Attach the part around the error, or run "
        "`logsense investigate --event FILE` where LogSense is installed."
    )


def is_https_at(url: str, hosts: frozenset[str], *, suffixes: tuple[str, ...] = ()) -> bool:
    """Whether the address is `https`, on the usual port, of one of the hosts or below one of the suffixes."""
    try:
        parts = urlsplit(url)
        host, is_plain = (parts.hostname or "").lower(), parts.port in (None, 443) and "@" not in parts.netloc
    except ValueError:
        return False
    return parts.scheme == "https" and is_plain and (host in hosts or host.endswith(suffixes))
