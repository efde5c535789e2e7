"""Views to draw: one recorded investigation, states it went through, and what hypothesis makes of views."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from pydantic import TypeAdapter

from core.domain.causes import Cause
from core.domain.conversation import ConversationRef
from core.domain.home_view import HomeView, Incidents
from core.domain.investigation import Investigation, Status, Subject
from core.domain.journal import Step
from core.domain.report import (
    SEEN_BEFORE,
    Culprit,
    Evidence,
    Finding,
    Fix,
    Level,
    RootCauseReport,
    SimilarIncident,
    Usage,
)
from core.domain.tenancy import Actor, Platform, WorkspaceRef
from core.domain.thread_view import AnswerView, FixQuestion, NoticeView, ProgressView, ReportView, ThreadView


@dataclass(frozen=True)
class Recorded:
    """What the demo's first incident led to."""

    progress: ProgressView
    report: ReportView


RECORDED = TypeAdapter(Recorded).validate_json((Path(__file__).parent / "recorded.json").read_bytes())
ADA = Actor("U07ADA", "Ada")
GRACE = Actor("U07GRACE", "Grace")

FINISHED = replace(
    RECORDED.progress, ended_at=RECORDED.progress.started_at + timedelta(seconds=41.2), investigation_id="k3v9"
)
RUNNING = replace(
    FINISHED,
    status=Status.RUNNING,
    ended_at=None,
    steps=(*FINISHED.steps[:3], replace(FINISHED.steps[3], ok=None, outcome="", evidence_id=None, duration_ms=None)),
    notes=("The model gpt-5-mini did not answer in time, so rules took over.",),
)
QUEUED = replace(FINISHED, status=Status.QUEUED, ended_at=None, steps=(), reasoner=None)
ISSUE_URL = "https://acme.sentry.io/issues/4000001/"
REPORT = replace(
    RECORDED.report,
    asked_by=ADA,
    investigation_id="k3v9",
    evidence=tuple(
        replace(item, facts={**item.facts, "url": ISSUE_URL}) if item.tool == "get_sentry_issue_details" else item
        for item in RECORDED.report.evidence
    ),
)
RESOLVED = replace(REPORT, resolved_by=GRACE, resolved_at=datetime(2026, 11, 24, 3, 12, tzinfo=UTC))
ANSWER = AnswerView(
    "k3v9",
    "who is affected?",
    "83 users hit it, all of them in `shop@4.2.0`.\n- Most come from `POST /checkout`.\n- Nobody on `4.1.9`.",
    ("E1", "E5"),
    Usage(2, 3_100, 240, 0.0021),
    ADA,
    "SHOP-1",
)
ERROR = NoticeView("Sentry refused the token. An admin can connect it again with /logsense connect sentry.", error=True)
NOTICE = NoticeView("Ada marked SHOP-1 as resolved.")

PAST = SimilarIncident(
    "a1b2c3d4e5",
    0.97,
    "Gift cards were added as cart items without a currency, which line_total reads.",
    "line_total reads optional fields with a default, and carts are validated when they are loaded.",
    SEEN_BEFORE,
    "KeyError: 'currency'",
    confirmed_by="Mina Park",
    confirmed_on="2026-08-14",
    record="its fix held 3 of 4 times",
)
RUNBOOK = SimilarIncident(
    "p1", 0.48, "Check the feed before you restart anything.", "", "confirmed", "Carts", "Prices", is_passage=True
)
KNOWN = replace(REPORT, report=replace(REPORT.report, similar=(PAST, RUNBOOK), asks_confirmation=True))
ASKING = NoticeView(
    "Resolved by Grace at 03:12 UTC. SHOP-1 is resolved in Sentry. Learned.", asks=FixQuestion("k3v9", "Read it so.")
)


def investigation(status: Status, label: str, **changes: Any) -> Investigation:
    conversation = ConversationRef(WorkspaceRef(Platform.SLACK, "T1"), "C07SHOP", "1.2")
    asked_at = datetime(2026, 11, 23, 3, 2, tzinfo=UTC)
    return replace(Investigation("k3v9", Subject(label, label), conversation, ADA, asked_at, status), **changes)


INCIDENT_ROWS = (
    {
        "short_id": "SHOP-1",
        "title": "KeyError: 'unit_price'",
        "culprit": "POST /checkout",
        "events": 127,
        "users": 83,
        "last_seen": "2026-11-23T10:18Z",
    },
    {"short_id": "SHOP-2", "title": "PoolTimeout: pool exhausted: 5 of 5 connections in use", "events": 167},
)
HOME = HomeView(
    organization="Acme Shop",
    sentry="acme at sentry.io (read only)",
    model=None,
    may_administer=True,
    incidents=Incidents(INCIDENT_ROWS),
    running=(investigation(Status.RUNNING, "SHOP-2"),),
    finished=(
        investigation(
            Status.RESOLVED, "SHOP-1", report=REPORT.report, resolved_by=GRACE, resolved_at=RESOLVED.resolved_at
        ),
        investigation(Status.FAILED, "SHOP-9", failure="Sentry was down for ten minutes."),
    ),
    month="November 2026",
    usage=Usage(210, 812_000, 41_000, 1.92),
)
NEW_HOME = replace(
    HOME, sentry=None, model=None, may_administer=False, incidents=Incidents(problem="-"), running=(), finished=()
)

# ---- whatever views there may be ------------------------------------------------------------------------------------

HOSTILE = (
    "<!channel> <@U123> <#C1|x> <https://evil.example|your bank> <!subteam^S1>",
    "@here @channel @everyone look",
    "```\n*bold* _it_ ~gone~ `code` ```",
    "> quoted & &amp; &lt;!here&gt;",
    "cart.py:100: in total :fire:",
    "\x00\x07\x1b[31m\u202etxt.exe\u202c \u2066x\u2069 \u200b\u2028\ufeff\ud800",
    "שלום עולם مرحبا 👩‍👩‍👧 🏳️‍🌈 \U0001d54f",
    "[click](https://evil.example) ![](@U123) # title | a | b |",
)


def texts(longest: int = 300) -> st.SearchStrategy[str]:
    """Texts of any kind, those that want to do something in Slack included, up to `longest` long."""
    seeds = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=60))
    joined = st.lists(seeds, max_size=4).map(" ".join)
    return st.builds(lambda text, times: (text * times)[:longest], joined, st.sampled_from((1, 1, 1, 2, 40, 500)))


LONG = texts(20_000)
SHORT = texts(300)
_ids = st.integers(1, 99).map(lambda number: f"E{number}")
_actors = st.builds(Actor, st.one_of(st.sampled_from(("U07ADA", "W2X")), SHORT), SHORT)
_usages = st.builds(Usage, st.integers(0, 99), st.integers(0, 10**7), st.integers(0, 10**6), st.none() | st.just(1.5))
_moments = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
_steps = st.builds(
    Step,
    st.integers(1, 60),
    LONG,
    st.sampled_from(("get_stacktrace", "other_tool", "<!channel>")),
    st.just({}),
    st.sampled_from((True, False, None)),
    LONG,
    st.none() | _ids,
    st.none() | st.integers(0, 10**6),
)
_evidence = st.builds(
    Evidence,
    _ids,
    st.sampled_from(("get_stacktrace", "get_user_impact")),
    st.dictionaries(st.just("query"), SHORT),
    LONG,
    st.booleans(),
    st.one_of(
        st.just({}),
        st.builds(lambda text: {"frame": {"line": 9, "source": text, "context": [text, "x = 1"]}}, LONG),
    ),
)
_fixes = st.builds(
    Fix, LONG, st.lists(LONG, max_size=3).map(tuple), st.sampled_from(Level), st.sampled_from(Level), st.just(50)
)
_reports = st.builds(
    RootCauseReport,
    root_cause=LONG,
    cause=st.just(Cause.UNKNOWN),
    culprit=st.none() | st.builds(Culprit, st.none() | SHORT, SHORT, st.sampled_from((9, None))),
    confidence=st.integers(0, 100),
    confidence_reasons=st.lists(SHORT.map(lambda text: f"+5 {text}"), max_size=12).map(tuple),
    findings=st.lists(st.builds(Finding, LONG, st.lists(_ids, max_size=3).map(tuple)), max_size=4).map(tuple),
    fixes=st.lists(_fixes, max_size=3).map(tuple),
    similar=st.lists(st.builds(SimilarIncident, SHORT, st.just(0.5), LONG, LONG, SHORT), max_size=2).map(tuple),
    reasoner=SHORT,
    partial=st.booleans(),
)
report_views = st.builds(
    ReportView,
    st.just("k3v9"),
    LONG,
    _reports,
    st.lists(_evidence, max_size=4).map(tuple),
    _usages,
    st.floats(0, 10**5),
    _actors,
    st.none() | _actors,
    st.none() | _moments,
)
progress_views = st.builds(
    ProgressView,
    st.just("k3v9"),
    LONG,
    st.sampled_from(Status),
    st.builds(lambda steps, times: (steps * times)[:60], st.lists(_steps, max_size=5), st.sampled_from((1, 12))).map(
        tuple
    ),
    st.none() | SHORT,
    st.lists(LONG, max_size=5).map(tuple),
    _usages,
    _moments,
    st.none() | _moments,
)
answer_views = st.builds(
    AnswerView, st.just("k3v9"), LONG, LONG, st.lists(_ids, max_size=5).map(tuple), _usages, _actors
)
views: st.SearchStrategy[ThreadView] = st.one_of(
    progress_views, report_views, answer_views, st.builds(NoticeView, LONG, st.booleans())
)
home_views = st.builds(
    HomeView,
    SHORT,
    st.none() | LONG,
    st.none() | LONG,
    st.booleans(),
    st.builds(
        Incidents,
        st.lists(st.fixed_dictionaries({"short_id": LONG, "title": LONG, "events": st.integers(0)}), max_size=2).map(
            lambda rows: tuple(rows * 20)
        ),
        st.none() | LONG,
    ),
    st.builds(lambda text: (investigation(Status.RUNNING, text),) * 30, LONG),
    st.builds(lambda text: (investigation(Status.FAILED, text, failure=text),) * 30, LONG),
    SHORT,
    _usages,
)
