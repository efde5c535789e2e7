"""`get_sentry_issue_details`: what the issue is, how big, since when, and what changed just before."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from core.domain.errors import NotFound, ServiceFailed
from core.domain.incident import Commit, ErrorEvent, ExceptionInfo, Frame, IssueDetails, IssueRef, Release
from core.mcp_server.arguments import IssueId, PageNumber
from core.mcp_server.attribution import add_attribution, attributed
from core.mcp_server.frames import roles
from core.mcp_server.limited_output import Cleaner, rendered
from core.mcp_server.masking import Masker
from core.mcp_server.output import ToolOutput, counted, cut, format_time, iso, quoted
from core.mcp_server.tool_context import ToolContext
from core.ports import IncidentSource

ONE_EVENT = "Only one pasted event is known: no counts, history, other users or earlier releases."
_MAX_COMMITS = 8
_MAX_TAGS = 20
_TAGS_A_LINE = 5


@dataclass(frozen=True, slots=True)
class Background:
    """What surrounds an issue; `gaps` says what could not be read, and why."""

    event: ErrorEvent | None
    suspects: tuple[Commit, ...]
    release: Release | None
    gaps: tuple[str, ...]
    previous: Release | None = None


def tool(context: ToolContext, masker: Masker) -> Callable[..., Awaitable[ToolOutput]]:
    """The tool over `context`."""

    async def get_sentry_issue_details(issue_id: IssueId, page: PageNumber = 1) -> ToolOutput:
        """The issue: its size, since when, releases, commits, tags."""
        source = context.incidents()
        issue = await source.issue(IssueRef(issue_id))
        background = await _background(source, IssueRef(issue_id), issue)
        return await rendered(context, masker, _output, issue, background, context.has_one_event_only())

    return get_sentry_issue_details


def _output(clean: Cleaner, issue: IssueDetails, background: Background, one_event: bool) -> ToolOutput:
    # The gateway has checked the address; masking would take the digits of its path for personal data.
    shown = replace(clean(replace(issue, url=None)), url=issue.url)
    output = issue_output(shown, clean(background), one_event=one_event)
    if left_out := clean.budget.told():
        output.add(left_out)
    return output


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

    async def releases() -> tuple[Release | None, Release | None]:
        try:
            found = await source.release(version) if version else None
        except (NotFound, ServiceFailed) as error:
            gaps.append(f"The release could not be read: {error}")
            return None, None
        try:
            return found, await source.release_before(issue, found) if found else None
        except (NotFound, ServiceFailed):
            return found, None

    commits, (introduced_in, previous) = await asyncio.gather(suspects(), releases())
    return Background(_lean(event), commits, introduced_in, tuple(gaps), previous)


def _lean(event: ErrorEvent) -> ErrorEvent:
    """The event without what this tool does not show; of stacks it matters only whether our code is on them."""

    def marked(exception: ExceptionInfo) -> ExceptionInfo:
        ours = any(frame.in_app for frame in exception.frames)
        return replace(exception, frames=(Frame(in_app=True),) if ours else ())

    exceptions = tuple(marked(each) for each in event.exceptions)
    return ErrorEvent(
        release=event.release,
        environment=event.environment,
        exceptions=exceptions,
        tags=event.tags,
        title=event.title,
        notes=event.notes,
    )


def issue_output(issue: IssueDetails, background: Background, *, one_event: bool) -> ToolOutput:
    """The issue as lines, with the same fields."""
    headline = _headline(issue, background.event, one_event)
    output = ToolOutput(headline, _told_in(headline, issue, one_event))
    if one_event:
        output.add(ONE_EVENT, single_event=True)
    for note in background.event.notes if background.event else ():
        output.add(note)
    if issue.title:
        title = cut(issue.title, 300)
        output.add(f"Title: {title}", title=title)
    _add_identity(output, issue, one_event=one_event)
    if one_event:
        if issue.last_seen:
            output.add(f"It happened at: {iso(issue.last_seen)}", last_seen=iso(issue.last_seen))
    else:
        _add_seen(output, issue)
    _add_releases(output, background, issue if not one_event else None)
    _add_environment(output, background.event)
    _add_commits(output, background)
    if background.event:
        _add_tags(output, background.event, culprit=issue.culprit)
    for gap in background.gaps:
        output.add(cut(gap, 300))
    return output


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
        parts.append(f"first seen {format_time(issue.first_seen)}")
    return ", ".join(parts)


def _told_in(headline: str, issue: IssueDetails, one_event: bool) -> dict[str, str | int]:
    """The fields that the headline says whole; they are not said again."""
    known: dict[str, str | int] = {}
    if issue.culprit and f" in {issue.culprit}," in headline:
        known["culprit"] = issue.culprit
    if not one_event:
        known |= {field: n for field, n in (("events", issue.events), ("users", issue.users or None)) if n is not None}
    return known


def _add_identity(output: ToolOutput, issue: IssueDetails, *, one_event: bool) -> None:
    if issue.culprit and "culprit" not in output.headline_facts:
        culprit = cut(issue.culprit, 200)
        output.add(f"Culprit: {culprit}", culprit=culprit)
    known = {
        "short_id": None if one_event else issue.short_id or issue.id,
        "level": issue.level,
        "status": issue.status,
        "substatus": issue.substatus,
        "kind": None if issue.kind == "error" else issue.kind,
        "platform": issue.platform,
        "project": issue.project,
    }
    labels = {"short_id": "Issue", "substatus": ""}
    shown = {field: cut(value, 100) for field, value in known.items() if value}
    told = [f"{labels.get(field, field)} {value}".strip() for field, value in shown.items()]
    if issue.unhandled is not None:
        told.append("unhandled" if issue.unhandled else "handled by the program")
    if told:
        output.add(", ".join(told), **shown)
    if issue.url and not one_event:
        output.add(f"Address: {issue.url}", url=issue.url)
    if issue.assigned_to:
        assigned_to = cut(issue.assigned_to, 100)
        output.add(f"Assigned to: {assigned_to}", assigned_to=assigned_to)


def _add_seen(output: ToolOutput, issue: IssueDetails) -> None:
    known = {"first_seen": iso(issue.first_seen), "last_seen": iso(issue.last_seen)}
    if told := ", ".join(f"{field.replace('_', ' ')} {at}" for field, at in known.items() if at):
        output.add(f"All events: {told}", **known)


def _add_releases(output: ToolOutput, background: Background, issue: IssueDetails | None) -> None:
    """A line for each release, with everything that it is to this issue, or to the one event that is known."""
    of_event = background.event.release if background.event else None
    span = {"first_release": issue.first_release, "last_release": issue.last_release} if issue else {}
    known = {**span, "release": of_event}
    words = {"first_release": "first seen", "last_release": "last seen", "release": "this event"}
    shown = {field: cut(value, 150) for field, value in known.items() if value}
    for version in dict.fromkeys(shown.values()):
        roles_here = [field for field in shown if shown[field] == version]
        told = ", ".join(words[field] for field in roles_here)
        output.add(f"Release {version} ({told})", **dict.fromkeys(roles_here, version))
    if issue and issue.first_release:
        add_attribution(output, attributed(background.release, issue.first_seen, background.previous))


def _add_environment(output: ToolOutput, event: ErrorEvent | None) -> None:
    if event and event.environment:
        environment = cut(event.environment, 100)
        output.add(f"Environment: {environment}", environment=environment)


def _add_commits(output: ToolOutput, background: Background) -> None:
    """Suspects first; a suspect that the introducing release brought is told once, as both."""
    release = background.release
    shipped = release.commits[:_MAX_COMMITS] if release else ()
    shipped_in = f"in {cut(release.version, 100)}" if release else ""
    ids = {commit.id for commit in shipped}
    suspects = background.suspects[:_MAX_COMMITS]
    for commit in suspects:
        is_shipped = commit.id in ids
        fields = ("suspects", "release_commits") if is_shipped else ("suspects",)
        _add_commit(output, f"Suspect commit {shipped_in}" if is_shipped else "Suspect commit", fields, commit)
    told = {commit.id for commit in suspects}
    for commit in shipped:
        if commit.id not in told:
            _add_commit(output, f"Commit {shipped_in}", ("release_commits",), commit)


def _add_commit(output: ToolOutput, label: str, fields: Sequence[str], commit: Commit) -> None:
    facts = {
        "id": commit.id[:12],
        "message": cut(commit.message, 200),
        "author": cut(commit.author, 80) if commit.author else None,
        "at": iso(commit.at),
    }
    by = f" by {facts['author']}" if facts["author"] else ""
    when = f" at {facts['at']}" if facts["at"] else ""
    known = {key: value for key, value in facts.items() if value}
    output.add(f"{label}: {facts['id']}{by}{when}: {facts['message']}", **{field: [known] for field in fields})


def _add_tags(output: ToolOutput, event: ErrorEvent, *, culprit: str | None) -> None:
    """A few tags a line; one that only repeats the culprit is left out."""
    tags = [(key, value) for key, value in _worth_showing(list(event.tags.items())) if value != culprit]
    for start in range(0, len(tags), _TAGS_A_LINE):
        row = {cut(key, 60): cut(value, 150) for key, value in tags[start : start + _TAGS_A_LINE]}
        output.add("Tags: " + ", ".join(f"{name}={value}" for name, value in row.items()), tags=row)


def _worth_showing(tags: Sequence[tuple[str, str]]) -> Sequence[tuple[str, str]]:
    """Tags that say something beside the fields above and each other; users are personal and are counted elsewhere."""
    told = {"release", "environment", "level", "handled", "user", "sentry:user"}
    told |= {f"{key}.name" for key, value in tags if value}
    return [(key, value) for key, value in tags if key not in told and value][:_MAX_TAGS]
