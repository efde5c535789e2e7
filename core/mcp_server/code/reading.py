"""What the tools on code share: which repository an issue is about, and which commit its release is."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.domain.errors import NotFound, ServiceFailed
from core.domain.incident import ErrorEvent, IssueDetails, IssueRef, Release
from core.mcp_server.code.clues import own_frames
from core.mcp_server.code.paths import PathIndex
from core.mcp_server.code.releases import ReleaseCommit, commit_of, matching_tag
from core.mcp_server.tool_context import ToolContext
from core.ports import CodeRepository, IncidentSource

NEWEST = "the newest one"
_MOST_TRIED = 40
_MOST_FRAMES = 12
_COMMIT_TAG = re.compile(r"(?i)(?:commit|revision|git|sha|build|version|dist)")


@dataclass(frozen=True, slots=True)
class IssueCode:
    """An issue, its event, and the repository behind it; `notes` say what is not certain."""

    source: IncidentSource
    issue: IssueDetails
    event: ErrorEvent
    repository: CodeRepository
    notes: tuple[str, ...] = ()

    async def release(self, version: str | None) -> Release | None:
        """What the tracker knows of a release; None when it cannot be read."""
        try:
            return await self.source.release(version) if version else None
        except (NotFound, ServiceFailed):
            return None

    async def commit_of(self, version: str | None) -> tuple[ReleaseCommit, tuple[str, ...]]:
        """The commit of a release, or the newest one with a note that says so.

        Raises:
            NotFound: the repository has no commit.
        """
        if version:
            shipped = await self.release(version)
            told = [shipped.last_commit, *(commit.id for commit in shipped.commits)] if shipped else []
            texts = [value for key, value in self.event.tags.items() if _COMMIT_TAG.search(key)]
            is_of_event = version == self.event.release
            found = await commit_of(
                self.repository, version, told=filter(None, told), texts=texts if is_of_event else ()
            )
            if found is not None:
                return found, ()
        head = await self.repository.head()
        if head is None:
            raise NotFound(f"The repository {self.repository.name} has no commit yet.")
        asked = f"which commit release {version} is" if version else "which release it is about"
        return ReleaseCommit(head, NEWEST), (f"Nothing says {asked}; the newest commit is read instead.",)


async def code_of_issue(context: ToolContext, issue_id: str) -> IssueCode:
    """Find the repository behind an issue.

    Raises:
        NotFound: no repository of the organization has its code.
    """
    source = context.incidents()
    issue = await source.issue(IssueRef(issue_id))
    try:
        event = await source.event(IssueRef(issue_id))
    except (NotFound, ServiceFailed):
        event = ErrorEvent()
    repository, notes = await repository_of(context.code(), issue, event)
    if repository is None:
        raise NotFound(" ".join(notes) or "No repository is known that has the code of this issue.")
    return IssueCode(source, issue, event, repository, notes)


async def repository_of(
    repositories: Sequence[CodeRepository], issue: IssueDetails, event: ErrorEvent
) -> tuple[CodeRepository | None, tuple[str, ...]]:
    """The repository of the issue's project, else the one that has the files of the event's frames.

    A repository of the project that has none of these files gives way to another that has.
    """
    named = [one for one in repositories if issue.project and one.name.casefold() == issue.project.casefold()]
    others = [one for one in repositories if one not in named][:_MOST_TRIED]
    frames = own_frames(event)[:_MOST_FRAMES]
    for group in (named, others if frames else ()):
        counted = [(await _fitting(one, event), one) for one in group]
        most = max((count for count, _ in counted), default=0)
        best = [one for count, one in counted if count == most > 0]
        if len(best) > 1:
            names = ", ".join(one.name for one in best)
            return best[0], (f"The files of this event are in several repositories ({names}); the first is read.",)
        if best:
            return best[0], ()
    if (
        event.release
        and len(tagged := [one for one in (*named, *others) if await _has_release(one, event.release)]) == 1
    ):
        return tagged[0], (f"The repository is {tagged[0].name}, since it has a tag for {event.release}.",)
    if len(named) == 1:
        note = f"No file of this event is found in {named[0].name}, the repository of its project."
        return named[0], (note,) if frames else ()
    return None, ()


async def _has_release(repository: CodeRepository, version: str) -> bool:
    """Whether a tag names the release with its package: a number alone is in many repositories."""
    package = version.rpartition("@")[0].rsplit("/", 1)[-1].casefold()
    tag = matching_tag(version, await repository.tags()) if package else None
    return tag is not None and package in tag.name.casefold()


async def _fitting(repository: CodeRepository, event: ErrorEvent) -> int:
    """How many of the event's own frames are in a repository as it is now."""
    head = await repository.head()
    if head is None:
        return 0
    return await asyncio.to_thread(_count_fitting, await repository.files(head), event)


def _count_fitting(files: Iterable[str], event: ErrorEvent) -> int:
    index = PathIndex(files)
    matches = (index.of_frame(frame) for frame in own_frames(event)[:_MOST_FRAMES])
    return sum(match.path is not None or bool(match.candidates) for match in matches)


def short(commit: str) -> str:
    """How a commit is called in texts."""
    return commit[:12]
