"""Source repositories: read-only, each of one organization."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from core.domain.code import BlamedLine, CodeCommit, CodePolicy, FoundLine, Hunk, Tag


class CodeRepository(Protocol):
    """One repository. Commits are named by their whole ids, which come from here; paths are those of `files`.

    Methods raise ServiceUnavailable when the repository cannot be read, or not in time.
    """

    @property
    def name(self) -> str:
        """What the operator calls it: the tracker's project."""
        ...

    @property
    def policy(self) -> CodePolicy:
        """What of it may be shown."""
        ...

    def commit_url(self, commit: str) -> str | None:
        """The page of a commit, where the repository's origin is a host with known addresses."""
        ...

    async def head(self) -> str | None:
        """The newest commit of the default branch; None in an empty repository."""
        ...

    async def tags(self) -> Sequence[Tag]:
        """All tags that stand for commits."""
        ...

    async def resolve(self, prefix: str) -> str | None:
        """The whole id of the commit that `prefix`, at least seven hexadecimal digits, begins; None without one."""
        ...

    async def tag_before(self, commit: str, pattern: str) -> str | None:
        """The nearest tag before `commit` whose name matches the glob `pattern`."""
        ...

    async def commits(self, since: str | None, until: str, most: int) -> Sequence[CodeCommit]:
        """The commits of `until` that `since` lacks, newest first, without merges, with the files they changed."""
        ...

    async def hunks(self, commits: Sequence[str], paths: Sequence[str] = ()) -> Mapping[str, Sequence[Hunk]]:
        """The changes of each commit, of `paths` alone if there are any; commits for which there was no room lack."""
        ...

    async def files(self, commit: str) -> Mapping[str, str]:
        """The regular files of a commit that may be shown, each with the id of its content."""
        ...

    async def text(self, content: str) -> str | None:
        """The text behind an id of `files`; None when it is binary or too large."""
        ...

    async def blame(self, since: str | None, until: str, path: str, first: int, last: int) -> Sequence[BlamedLine]:
        """Who wrote the lines `first` to `last` of a file as `until` has it."""
        ...

    async def search(self, commit: str, text: str, most: int) -> Sequence[FoundLine]:
        """The lines that hold `text` as it is, in files that may be shown."""
        ...
