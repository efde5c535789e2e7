"""What a source repository knows: files, commits, and which commit wrote a line. All of it was written by strangers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Lines of one text as (number, text); they are masked together, since a key may stand on many."""

    source: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class CodeCommit:
    """One commit; `files` are those it changed, as far as they were read. Addresses of people are never read."""

    id: str
    author: str
    at: datetime
    subject: str
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hunk:
    """One hunk of a commit's diff. In `body` an added line has its number, a removed one its old number below zero.

    Lines around them have 0. `section` is the function or class that Git names beside the line numbers.
    """

    path: str
    old_start: int
    new_start: int
    section: str
    body: Excerpt

    @property
    def changed(self) -> tuple[str, ...]:
        """The texts of the lines that were added or removed."""
        return tuple(text for number, text in self.body.source if number)


@dataclass(frozen=True, slots=True)
class BlamedLine:
    """A line and the commit that wrote it; `is_boundary` says that it is older than the range that was looked at."""

    line: int
    text: str
    commit: CodeCommit
    is_boundary: bool = False


@dataclass(frozen=True, slots=True)
class FoundLine:
    """A line that holds what was searched for."""

    path: str
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag, the commit it stands for, and when it was made."""

    name: str
    commit: str
    at: int


@dataclass(frozen=True, slots=True)
class RepositoryEntry:
    """A repository of one organization, as the operator named it; `project` is the tracker's."""

    organization_id: str
    project: str
    path: str


@dataclass(frozen=True, slots=True)
class CodePolicy:
    """What of the source may leave the tool server: `shares_source`, and patterns of paths that never do."""

    shares_source: bool = True
    never: tuple[str, ...] = ()
