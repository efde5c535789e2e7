"""Files that people attach in Teams: what an activity says of them, and reading them.

Teams hands files to bots in one-to-one chats alone: as an address on SharePoint that opens without a token.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from adapters.common.attached_files import AttachedFile, FileReader, Source, is_https_at
from adapters.teams.api_errors import SERVICE
from adapters.teams.install.credentials import BotCredentials
from core.domain.conversation import PastedEvent
from core.domain.tenancy import WorkspaceRef
from core.ports import AttachedLogs

_DOWNLOAD = "application/vnd.microsoft.teams.file.download.info"
_SHAREPOINT = (".sharepoint.com", ".sharepoint.us", ".sharepoint-mil.us", ".sharepoint.cn")
_TEXT = ("text/plain", "application/json")
_OURS = ("application/vnd.microsoft.card.", "text/html")
"""Attachments that are the message itself, or cards."""
_MOST = 20
_NO_ACCESS = "Send it again in a one-to-one chat with LogSense, or paste the stack trace."


def files_in(activity: Mapping[str, Any]) -> tuple[AttachedFile, ...]:
    """The files and pictures of a message, in its order."""
    given = activity.get("attachments")
    listed = [one for one in given[:_MOST] if isinstance(one, Mapping)] if isinstance(given, list) else []
    return tuple(_file(one) for one in listed if _is_file(one))


def _is_file(attachment: Mapping[str, Any]) -> bool:
    kind = _text(attachment.get("contentType")).lower()
    return kind == _DOWNLOAD or (bool(_text(attachment.get("contentUrl"))) and not kind.startswith(_OURS))


def _file(attachment: Mapping[str, Any]) -> AttachedFile:
    kind, name = _text(attachment.get("contentType")).lower(), _text(attachment.get("name"))
    if kind != _DOWNLOAD:
        named = name or ("the picture" if kind.startswith("image/") else "the file")
        return AttachedFile(named, _text(attachment.get("contentUrl")), is_text=kind in _TEXT)
    content = attachment.get("content")
    about: Mapping[str, Any] = content if isinstance(content, Mapping) else {}
    suffix = _text(about.get("fileType"))
    named = name or (f"the file.{suffix}" if suffix else "the file")
    return AttachedFile(named, _text(about.get("downloadUrl")), needs_token=False)


class TeamsFiles:
    """Reads files over the app's session; our token goes to Teams' own services alone, and never to SharePoint."""

    def __init__(
        self,
        session: Callable[[], aiohttp.ClientSession],
        credentials: BotCredentials | None,
        logs: AttachedLogs,
        *,
        services: frozenset[str],
    ) -> None:
        """`services` are the origins of Teams' own services."""
        self._credentials = credentials
        self._services = services
        self._reader = FileReader(Source(SERVICE, session, self._may_ask, _NO_ACCESS), logs)

    async def read(
        self, files: Sequence[AttachedFile], workspace: WorkspaceRef, origin: str, say: Callable[[str], None]
    ) -> PastedEvent:
        """Return what the readable files bring; calls `say` and raises as `FileReader.read` does."""
        headers: dict[str, str] = {}
        if self._credentials is not None and any(file.needs_token for file in files):
            headers = {"Authorization": f"Bearer {await self._credentials.token()}"}
        return await self._reader.read(files, headers, workspace=workspace, origin=origin, say=say)

    def _may_ask(self, file: AttachedFile) -> bool:
        if self._is_service(file.url):
            return True
        return not file.needs_token and is_https_at(file.url, frozenset(), suffixes=_SHAREPOINT)

    def _is_service(self, url: str) -> bool:
        try:
            parts = urlsplit(url)
        except ValueError:
            return False
        return f"{parts.scheme}://{parts.netloc.lower()}" in self._services


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
