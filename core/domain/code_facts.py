"""What the tools on code say, as fields: changes, source, and where a text stands."""

from __future__ import annotations

from typing import TypedDict

from core.domain.tool_facts import CommitFacts


class SuspectFacts(CommitFacts, total=False):
    """The commit that touches the evidence most; `touches` has line, function, names; `diff` at most 12 lines.

    `paths` are the files that the diff shows, `url` its page.
    """

    subject: str
    why: list[str]
    touches: dict[str, bool]
    url: str
    paths: list[str]
    diff: list[str]


class ChangesFacts(TypedDict, total=False):
    """`get_changes`: the commits up to a release, the most telling first; `known_by` are names of people."""

    repository: str
    release: str
    release_commit: str
    suspect: SuspectFacts
    commits: list[dict[str, str]]
    older: dict[str, str | int]
    blamed: dict[str, str | int]
    known_by: list[str]


class SourceFacts(TypedDict, total=False):
    """`get_source`: lines of a file with their numbers, and those that define the constants which they use.

    `missed` lines of the function did not fit.
    """

    path: str
    repository: str
    commit: str
    lines: list[str]
    numbers: list[int]
    constants: list[str]
    constant_lines: list[int]
    missed: int


class FoundCodeFacts(TypedDict, total=False):
    """`search_code`: the lines with a text, each with path, line and text, and the repository if it is another."""

    found: list[dict[str, str | int]]
