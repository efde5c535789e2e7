"""What an error tracker knows: issues, events, frames, counts. Everything textual here was written by strangers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class IssueRef:
    """An issue as a person named it: numeric or short id, and the event they pointed at, if they did."""

    id: str
    event_id: str | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """One call on a stack; `source` is (line number, text) around `line`; `in_app` None means the SDK did not say."""

    function: str | None = None
    file: str | None = None
    module: str | None = None
    line: int | None = None
    column: int | None = None
    in_app: bool | None = None
    source: tuple[tuple[int, str], ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    absolute_path: str | None = None
    package: str | None = None


@dataclass(frozen=True, slots=True)
class ExceptionInfo:
    """One exception of a chain or group; frames are oldest call first; `handled` None means unknown."""

    type: str | None = None
    value: str | None = None
    module: str | None = None
    frames: tuple[Frame, ...] = ()
    handled: bool | None = None
    id: int | None = None
    parent_id: int | None = None
    is_group: bool = False


@dataclass(frozen=True, slots=True)
class Breadcrumb:
    """Something the program did shortly before; `data` is flattened to text."""

    at: datetime | None = None
    category: str | None = None
    level: str | None = None
    message: str | None = None
    data: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ThreadStack:
    """The stack of one thread; `crashed` marks the one that brought the program down."""

    name: str | None = None
    crashed: bool = False
    frames: tuple[Frame, ...] = ()


@dataclass(frozen=True, slots=True)
class Span:
    """One timed operation of a performance issue; `count` is how often it repeated, `duration_ms` the sum."""

    operation: str | None = None
    description: str | None = None
    duration_ms: float | None = None
    count: int = 1


@dataclass(frozen=True, slots=True)
class ErrorEvent:
    """One occurrence, whichever dialect it came in.

    `exceptions` are innermost cause first; the last is what the user saw. `message` is formatted, `message_params`
    the raw parameters. `duration_ms` is that of a transaction. `problems` are the tracker's own complaints
    (missing source map, missing symbols), `notes` are ours on what was not read.
    """

    id: str | None = None
    title: str | None = None
    message: str | None = None
    message_params: tuple[str, ...] = ()
    platform: str | None = None
    level: str | None = None
    kind: str | None = None
    at: datetime | None = None
    culprit: str | None = None
    transaction: str | None = None
    release: str | None = None
    environment: str | None = None
    server_name: str | None = None
    exceptions: tuple[ExceptionInfo, ...] = ()
    threads: tuple[ThreadStack, ...] = ()
    frames: tuple[Frame, ...] = ()
    breadcrumbs: tuple[Breadcrumb, ...] = ()
    duration_ms: float | None = None
    spans: tuple[Span, ...] = ()
    evidence: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    contexts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    request_method: str | None = None
    request_url: str | None = None
    request_data: Mapping[str, str] = field(default_factory=dict)
    user_id: str | None = None
    extra: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class IssueDetails:
    """The group of events that a tracker calls one issue; `users` None means nobody counted."""

    id: str
    short_id: str | None = None
    title: str = ""
    culprit: str | None = None
    level: str | None = None
    status: str | None = None
    substatus: str | None = None
    kind: str | None = None
    platform: str | None = None
    project: str | None = None
    events: int | None = None
    users: int | None = None
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    first_release: str | None = None
    last_release: str | None = None
    assigned_to: str | None = None
    unhandled: bool | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class EventSeries:
    """Events counted per interval, oldest first; intervals without events are present with 0."""

    interval_s: int
    points: tuple[tuple[datetime, int], ...]


@dataclass(frozen=True, slots=True)
class NearbyIssue:
    """An issue of any project of the organization, and its events of the last day, where the list tells them."""

    issue: IssueDetails
    recent: EventSeries | None = None


TRAFFIC_TAGS = ("server_name", "release", "browser")
"""The tags that traffic is compared by. An address or an environment belongs to a transaction: it tells nothing."""


@dataclass(frozen=True, slots=True)
class TagDistribution:
    """How one tag's values share an issue's events, most frequent first; `total` may exceed the listed values."""

    key: str
    total: int
    values: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Commit:
    """A change that the tracker suspects or that a release contains."""

    id: str
    message: str
    author: str | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Release:
    """A version that was shipped, and the newest of its commits (at most 20).

    `has_events` says whether the tracker has events of it; None where it does not tell.
    """

    version: str
    released_at: datetime | None = None
    commits: tuple[Commit, ...] = ()
    last_commit: str | None = None
    has_events: bool | None = None
