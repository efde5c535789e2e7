"""Files that people attach in Slack: what an event says of them, and reading them with the bot's token."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import aiohttp

from adapters.common.attached_files import AttachedFile, FileReader, Source, is_https_at, readable
from adapters.common.commands import Command, Help, Investigate, Unknown
from adapters.slack.api_errors import CALL_ERRORS, SERVICE
from adapters.slack.context import Caller
from adapters.slack.inbound.payloads import ORIGIN, subject_in, without_names
from core.domain.conversation import PastedEvent
from core.ports import AttachedLogs

_HOSTS = frozenset({"files.slack.com"})
_MOST = 20
_GONE = ("tombstone", "hidden_by_limit")
_TEXT = ("text/plain", "application/json")
_NO_ACCESS = "An admin installs LogSense again, so that it gets the scope files:read; until then paste the stack trace."


def files_in(message: Mapping[str, Any]) -> tuple[AttachedFile, ...]:
    """The files of a message, in its order; those that were deleted are left out."""
    files = message.get("files")
    given = [file for file in files[:_MOST] if isinstance(file, Mapping)] if isinstance(files, list) else []
    return tuple(_file(file) for file in given if file.get("mode") not in _GONE)


def _file(given: Mapping[str, Any]) -> AttachedFile:
    size = given.get("size")
    is_text = given.get("mode") == "snippet" or given.get("mimetype") in _TEXT
    name = _text(given.get("name")) or _text(given.get("title")) or "the file"
    return AttachedFile(
        name,
        _text(given.get("url_private_download")) or _text(given.get("url_private")),
        size if isinstance(size, int) else None,
        _text(given.get("id")),
        is_text,
    )


def is_about_files(said: Command, event: Mapping[str, Any]) -> bool:
    """Whether what was said leaves it to the files what to investigate: it names no issue, and nothing is pasted."""
    is_silent = isinstance(said, Help) and not without_names(event)
    return (is_silent or isinstance(said, Investigate | Unknown)) and subject_in(event, words_will_do=False) is None


class SlackFiles:
    """Reads files over the app's session; the token goes to Slack's file server alone."""

    def __init__(
        self, session: Callable[[], aiohttp.ClientSession], logs: AttachedLogs, other_origin: str | None = None
    ) -> None:
        """`other_origin` serves files instead, where Slack itself is another one."""

        def may_ask(file: AttachedFile) -> bool:
            return is_https_at(file.url, _HOSTS) if other_origin is None else file.url.startswith(f"{other_origin}/")

        self._reader = FileReader(Source(SERVICE, session, may_ask, _NO_ACCESS), logs)

    async def read(self, files: Sequence[AttachedFile], caller: Caller, say: Callable[[str], None]) -> PastedEvent:
        """Return what the readable files bring; calls `say` and raises as `FileReader.read` does."""
        found = [await _completed(file, caller) for file in readable(files)]
        headers = {"Authorization": f"Bearer {caller.client.token}"}
        return await self._reader.read(found, headers, workspace=caller.workspace, origin=ORIGIN, say=say)


async def _completed(file: AttachedFile, caller: Caller) -> AttachedFile:
    """The file with its address, for which Slack wants to be asked in channels that others share."""
    if file.url or not file.id:
        return file
    try:
        answer = await caller.client.files_info(file=file.id)
    except CALL_ERRORS:
        return file
    found = files_in({"files": [answer.get("file")]})
    return replace(found[0], id=file.id) if found else file


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
