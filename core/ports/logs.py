"""Logs that people attach: where adapters put them, and who reads them as `logsense investigate --log` does."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import NamedTuple, Protocol

from core.domain.conversation import PastedEvent
from core.domain.tenancy import WorkspaceRef


class AttachedLog(NamedTuple):
    """A file that was downloaded, under the name that people gave it."""

    name: str
    path: Path


class AttachedLogs(Protocol):
    """Indexes logs of any size for the organization behind a workspace."""

    def folder(self, workspace: WorkspaceRef) -> AbstractAsyncContextManager[Path]:
        """An empty folder for downloads, removed with them at the end; waits while many others are being downloaded.

        Raises:
            ServiceUnavailable: something could not be written, in it or in the index; the sentence names no path.
        """
        ...

    async def index(self, workspace: WorkspaceRef, files: Sequence[AttachedLog]) -> PastedEvent:
        """Index the files as one log; return its first error, with the handle that the log tools read it by.

        Raises:
            InvalidInput: one is not text, damaged, or of another kind; the sentence is for people.
        """
        ...
