"""`get_sentry_issue_details`: what the issue is, how big, since when, and what changed just before."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from core.domain.errors import NotFound, ServiceFailed
from core.domain.incident import Commit, ErrorEvent, ExceptionInfo, Frame, IssueDetails, IssueRef, Release
from core.mcp_server.arguments import IssueId, PageNumber
from core.mcp_server.doors import Doors
from core.mcp_server.frames import roles
from core.mcp_server.masking import Masker
from core.mcp_server.rendering import Sheet, cleaned, counted, cut, iso, quoted, spoken
from core.ports import IncidentSource

ONE_EVENT = "Only one pasted event is known: no counts, no history, no other users, no earlier releases."
_MAX_COMMITS = 8
_MAX_TAGS = 20


@dataclass(frozen=True, slots=True)
class Background:
    """What surrounds an issue; `gaps` says what could not be read, and why."""

    event: ErrorEvent | None
    suspects: tuple[Commit, ...]
    release: Release | None
    gaps: tuple[str, ...]


def tool(doors: Doors, masker: Masker) -> Callable[..., Awaitable[Sheet]]:
    """The tool over `doors`."""

    async def get_sentry_issue_details(issue_id: IssueId, page: PageNumber = 1) -> Sheet:
        """Start here: what the issue is, its size, since when, tags, releases, suspect commits."""
        source = doors.incidents()
        issue = await source.issue(IssueRef(issue_id))
        background = await _background(source, IssueRef(issue_id), issue)
        return issue_sheet(cleaned(issue, masker), cleaned(background, masker), one_event=doors.has_one_event_only())

    return get_sentry_issue_details


async def _background(source: IncidentSource, ref: IssueRef, issue: IssueDetails) -> Background:
    gaps: list[str] = []
    try:
        event = await source.event(ref)
    except (NotFound, ServiceFailed) as error:
        return Background(None, (), None, (f"The recommended event could not be read: {error}",))
    version = issue.first_release or event.release

    async def suspects() -> tuple[Commit, ...]:
        try:
            return tuple(await source.suspect_commits(issue, event))
        except (NotFound, ServiceFailed) as error:
            gaps.append(f"Suspect commits could not be read: {error}")
            return ()

    async def release() -> Release | None:
        try:
            return await source.release(version) if version else None
        except (NotFound, ServiceFailed) as error:
            gaps.append(f"The release could not be read: {error}")
            return None

    commits, introduced_in = await asyncio.gather(suspects(), release())
    return Background(_lean(event), commits, introduced_in, tuple(gaps))


def _lean(event: ErrorEvent) -> ErrorEvent:
    """The event without what this tool does not show; of stacks it matters only whether our code is on them."""

    def marked(exception: ExceptionInfo) -> ExceptionInfo:
        ours = any(frame.in_app for frame in exception.frames)
        return replace(exception, frames=(Frame(in_app=True),) if ours else ())

    exceptions = tuple(marked(each) for each in event.exceptions)
    return ErrorEvent(
        release=event.release, environment=event.environment, exceptions=exceptions, tags=event.tags, title=event.title
    )


def issue_sheet(issue: IssueDetails, background: Background, *, one_event: bool) -> Sheet:
    """The issue as lines, with the same fields."""
    sheet = Sheet(_headline(issue, background.event, one_event))
    if one_event:
        sheet.add(ONE_EVENT, single_event=True)
    if issue.title:
        title = cut(issue.title, 300)
        sheet.add(f"Title: {title}", title=title)
    _add_identity(sheet, issue, one_event=one_event)
    if one_event:
        if issue.last_seen:
            sheet.add(f"It happened at: {iso(issue.last_seen)}", last_seen=iso(issue.last_seen))
    else:
        _add_size(sheet, issue)
        _add_span_of_releases(sheet, issue, background.release)
    _add_origin(sheet, background.event)
    _add_commits(sheet, background)
    if background.event:
        _add_tags(sheet, background.event)
    for gap in background.gaps:
        sheet.add(cut(gap, 300))
    return sheet


def _headline(issue: IssueDetails, event: ErrorEvent | None, one_event: bool) -> str:
    kinds = [exception.type for exception, _ in roles(event.exceptions) if exception.type] if event else []
    if kinds:
        subject = cut(kinds[0], 60) + (f" in {cut(issue.culprit, 60)}" if issue.culprit else "")
    else:
        subject = quoted(issue.title or "an issue without a title", 80)
    if one_event:
        return f"{subject}, one pasted event"
    parts = [subject]
    if issue.events is not None:
        parts.append(counted(issue.events, "event"))
    parts.append(counted(issue.users, "user") if issue.users else "users unknown")
    if issue.first_seen:
        parts.append(f"first seen {spoken(issue.first_seen)}")
    return ", ".join(parts)


def _add_identity(sheet: Sheet, issue: IssueDetails, *, one_event: bool) -> None:
    labels = {
        "short_id": ("Issue", None if one_event else issue.short_id or issue.id),
        "culprit": ("Culprit", issue.culprit),
        "level": ("Level", issue.level),
        "status": ("Status", issue.status),
        "substatus": ("Substatus", issue.substatus),
        "kind": ("Kind", issue.kind),
        "platform": ("Platform", issue.platform),
        "project": ("Project", issue.project),
    }
    for field, (label, value) in labels.items():
        if value:
            shown = cut(value, 200)
            sheet.add(f"{label}: {shown}", **{field: shown})
    if issue.unhandled is not None:
        sheet.add("Unhandled: the program did not catch it." if issue.unhandled else "Handled by the program.")
    if issue.assigned_to:
        sheet.add(f"Assigned to: {cut(issue.assigned_to, 100)}")


def _add_size(sheet: Sheet, issue: IssueDetails) -> None:
    if issue.events is not None:
        sheet.add(f"Events: {issue.events}", events=issue.events)
    if issue.users:
        sheet.add(f"Users affected: {issue.users}", users=issue.users)
    else:
        sheet.add("Users affected: unknown, no event named a user.")
    if issue.first_seen:
        sheet.add(f"First seen: {iso(issue.first_seen)}", first_seen=iso(issue.first_seen))
    if issue.last_seen:
        sheet.add(f"Last seen: {iso(issue.last_seen)}", last_seen=iso(issue.last_seen))


def _add_span_of_releases(sheet: Sheet, issue: IssueDetails, release: Release | None) -> None:
    if issue.first_release:
        first = cut(issue.first_release, 150)
        at = iso(release.released_at) if release else None
        sheet.add(
            f"First seen in release: {first}{f', released {at}' if at else ''}",
            first_release=first,
            first_release_at=at,
        )
    if issue.last_release:
        last = cut(issue.last_release, 150)
        sheet.add(f"Last seen in release: {last}", last_release=last)


def _add_origin(sheet: Sheet, event: ErrorEvent | None) -> None:
    if event and event.release:
        shown = cut(event.release, 150)
        sheet.add(f"Release of the event: {shown}", release=shown)
    if event and event.environment:
        environment = cut(event.environment, 100)
        sheet.add(f"Environment: {environment}", environment=environment)


def _add_commits(sheet: Sheet, background: Background) -> None:
    for commit in background.suspects[:_MAX_COMMITS]:
        _add_commit(sheet, "Suspect commit", "suspects", commit)
    if background.release is None:
        return
    version = cut(background.release.version, 100)
    for commit in background.release.commits[:_MAX_COMMITS]:
        _add_commit(sheet, f"Commit in {version}", "release_commits", commit)
    if not background.release.commits:
        sheet.add(f"The tracker knows no commits of {version}.")


def _add_commit(sheet: Sheet, label: str, field: str, commit: Commit) -> None:
    facts = {
        "id": commit.id[:12],
        "message": cut(commit.message, 200),
        "author": cut(commit.author, 80) if commit.author else None,
        "at": iso(commit.at),
    }
    by = f" by {facts['author']}" if facts["author"] else ""
    when = f" at {facts['at']}" if facts["at"] else ""
    known = {key: value for key, value in facts.items() if value}
    sheet.add(f"{label}: {facts['id']}{by}{when}: {facts['message']}", **{field: [known]})


def _add_tags(sheet: Sheet, event: ErrorEvent) -> None:
    for key, value in _worth_showing(list(event.tags.items())):
        name, shown = cut(key, 60), cut(value, 150)
        sheet.add(f"Tag {name}: {shown}", tags={name: shown})


def _worth_showing(tags: Sequence[tuple[str, str]]) -> Sequence[tuple[str, str]]:
    """Tags that say something beside the fields above; users are personal and are counted elsewhere."""
    told = {"release", "environment", "level", "user", "sentry:user"}
    return [(key, value) for key, value in tags if key not in told and value][:_MAX_TAGS]
