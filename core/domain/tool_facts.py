"""The structured side of tool results: what the text says, as fields, so that rules need not read prose.

Every value was masked by the MCP server and also stands in the text of the same result (its first page); only a series
of counts is drawn there instead of spelled. All keys may be absent. Times are ISO 8601 in UTC.
"""

from __future__ import annotations

from typing import TypedDict


class CommitFacts(TypedDict, total=False):
    """One suspect or shipped commit."""

    id: str
    message: str
    author: str
    at: str


class IssueFacts(TypedDict, total=False):
    """`get_sentry_issue_details`; `suspects` come from the tracker, `release_commits` from the introducing release.

    `url` is the issue's page in the tracker: checked to lead to the connection's own server.
    """

    short_id: str
    title: str
    culprit: str
    level: str
    status: str
    substatus: str
    kind: str
    platform: str
    project: str
    url: str
    events: int
    users: int
    first_seen: str
    last_seen: str
    assigned_to: str
    first_release: str
    last_release: str
    first_release_at: str
    release_lead: str
    previous_release: str
    release: str
    environment: str
    single_event: bool
    suspects: list[CommitFacts]
    release_commits: list[CommitFacts]
    tags: dict[str, str]


class ExceptionFacts(TypedDict, total=False):
    """One exception of the chain or tree; `role` is root, wrapper or sibling; members of a group have a `frame`."""

    type: str
    value: str
    role: str
    handled: bool
    frame: FrameFacts


class FrameFacts(TypedDict, total=False):
    """One frame; `source` is the failing line alone, `context` the lines around it, oldest first."""

    function: str
    file: str
    module: str
    line: int
    in_app: bool
    source: str
    context: list[str]
    variables: dict[str, str]


class BreadcrumbFacts(TypedDict, total=False):
    """One breadcrumb; `data` is `key=value` text, `times` how many alike it stands for, as `7 times`."""

    at: str
    category: str
    level: str
    message: str
    data: str
    times: str


class CycleFacts(TypedDict, total=False):
    """A local whose values change from call to call of a recursion, the newest call first."""

    name: str
    values: list[str]


class StackFacts(TypedDict, total=False):
    """`get_stacktrace`: exceptions innermost first, the frame that matters, why it was chosen, callers newest first.

    `longest_span` has operation, description, took, and of a transaction whole and share; times are readable.
    `frame_basis` is one of in_app, not_library, last, none; `minified` and `problems` warn that frames mislead.
    `trust` in the frame is likely, maybe or a starting point; unless likely, `next_places` are up to two others.
    """

    event_id: str
    message: str
    message_params: list[str]
    culprit: str
    transaction: str
    exceptions: list[ExceptionFacts]
    frame: FrameFacts
    frame_basis: str
    trust: str
    next_places: list[str]
    library_calls_below: int
    callers: list[FrameFacts]
    cycle: list[CycleFacts]
    raised_in: FrameFacts
    breadcrumbs: list[BreadcrumbFacts]
    request: str
    spans: list[dict[str, str]]
    longest_span: dict[str, str]
    evidence: dict[str, str]
    minified: bool
    problems: list[str]


class ReleaseFacts(TypedDict, total=False):
    """A version and when it was shipped."""

    version: str
    at: str


class FrequencyFacts(TypedDict, total=False):
    """`analyze_error_frequency`; `trend` is the shape of the course, such as steady since, step up or nightly.

    `onset_release` is there when its deploy is close enough before the first event to have brought it.
    `counts` are events per interval, the first of which begins at `starts_at`; the text draws them as bars.
    `releases` are those that the text names with their time.
    """

    total: int
    interval_s: int
    trend: str
    basis: str
    first_seen: str
    last_seen: str
    onset: str
    ended: str
    onset_release: str
    first_release: str
    first_release_at: str
    release_lead: str
    previous_release: str
    peak_at: str
    peak_count: int
    period: str
    starts_at: str
    counts: list[int]
    releases: list[ReleaseFacts]
    single_event: bool


class ShareFacts(TypedDict, total=False):
    """One tag value's share of the issue's events, 0..1, and `usual`, its share of the traffic."""

    value: str
    count: int
    share: float
    usual: float


class ImpactFacts(TypedDict, total=False):
    """`get_user_impact`; `severity` is low, medium, high, critical or unknown."""

    users: int
    events: int
    shares: dict[str, list[ShareFacts]]
    severity: str
    reason: str
    single_event: bool


class MatchFacts(TypedDict, total=False):
    """One past incident or passage of a runbook; `score` 0..1, `confirmed_on` a day, `record` how its fix did."""

    incident: str
    passage: bool
    title: str
    heading: str
    confirmed_by: str
    confirmed_on: str
    record: str
    score: float
    seen_before: bool
    root_cause: str
    fix: str
    status: str
    reasons: list[str]


class NeighborFacts(TypedDict, total=False):
    """An issue that began near the onset; `lead` is `9 minutes before this issue`, `shares` what both name."""

    issue: str
    project: str
    title: str
    at: str
    lead: str
    shares: list[str]


class RelatedFacts(TypedDict, total=False):
    """`find_related`: `first` is the earliest that began before and shares something, `related` are the others."""

    onset: str
    first: NeighborFacts
    related: list[NeighborFacts]
    releases: list[ReleaseFacts]


class LogKindFacts(TypedDict, total=False):
    """One kind of log message: `place` is the `file:line` of its first, `target` what it could not reach.

    `expected` is the message that came after it before.
    """

    template: str
    component: str
    level: str
    count: int
    at: str
    place: str
    message: str
    target: str
    expected: str


class LogFacts(TypedDict, total=False):
    """`read_log_errors`: who failed first and who after, in the worst burst; `new` came up with it or just before.

    `elsewhere` is there when the first error says that another service failed, empty when it does not name it.
    """

    errors: int
    spans: int
    first: LogKindFacts
    followers: list[LogKindFacts]
    elsewhere: str
    bursts: list[dict[str, str | int]]
    new: list[LogKindFacts]
    more: list[LogKindFacts]
    kinds: list[LogKindFacts]
    warnings: list[LogKindFacts]
    rare: list[LogKindFacts]
    usual: list[LogKindFacts]


class SpanFacts(TypedDict, total=False):
    """A span that failed, or an operation that takes longer than usual, in milliseconds of its own."""

    service: str
    operation: str
    at: str
    message: str
    place: str
    usual_ms: str
    now_ms: str


class TraceFacts(TypedDict, total=False):
    """`read_trace_spans`: the span that failed first, and the services that take longer than usual."""

    spans: int
    failed: int
    failure: SpanFacts
    slow: list[SpanFacts]


class LogTrendFacts(TypedDict, total=False):
    """A quantity that logs tell: its mean in the first and the last quarter if it grows or falls, else its range."""

    component: str
    name: str
    first: str
    last: str
    low: str
    high: str


class LogChangeFacts(TypedDict, total=False):
    """`compare_log_windows`: what changed at a time, and what grows, falls or repeats in all of the logs."""

    at: str
    new: list[LogKindFacts]
    more: list[LogKindFacts]
    gone: list[LogKindFacts]
    broken: list[LogKindFacts]
    restarts: list[LogKindFacts]
    trends: list[LogTrendFacts]
    ranges: list[LogTrendFacts]
    periodic: list[LogKindFacts]


class KnowledgeFacts(TypedDict, total=False):
    """`search_knowledge_base`, best match first; `note` says what the search had to do without."""

    matches: list[MatchFacts]
    note: str
