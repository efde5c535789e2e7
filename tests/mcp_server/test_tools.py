"""The tools but `get_stacktrace`, which has a page of its own, and what goes wrong in any of them."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest
from mcp import Client

from bot.demo.local_sentry import Fault, LocalSentry
from core.domain.incident import (
    Commit,
    IssueDetails,
    TagDistribution,
)
from core.domain.knowledge import KnowledgeEntry
from core.domain.tenancy import SentryConnection
from core.gateways.http.guarded import open_guarded_session
from core.gateways.sentry.incidents import SentryIncidents
from core.mcp_server.masking import Masker
from core.mcp_server.server import build_server
from core.mcp_server.tenancy import fixed_tenancy
from tests.fakes.tool_sources import (
    BEGAN,
    CART_ISSUE,
    CART_RELEASE,
    FakeKnowledge,
    FakeToolContext,
    FakeTracker,
    hourly,
)
from tests.mcp_server.tool_calls import ACME, call, failure

# ---- get_sentry_issue_details


async def test_issue_details_say_size_origin_release_and_commits() -> None:
    tracker = FakeTracker(suspects=(Commit("abc123def4567890", "Use new items", "Bob", BEGAN),))
    text, facts = await call(FakeToolContext(tracker), "get_sentry_issue_details", issue_id="SHOP-1A2")
    assert text.splitlines()[0] == (
        "KeyError in shop.cart in total, 182 events, 41 users, first seen 2026-11-20 09:12 UTC"
    )
    assert facts["first_seen"] == "2026-11-20T09:12Z"
    assert facts["first_release_at"] == "2026-11-20T08:42Z"
    assert facts["suspects"] == [
        {"id": "abc123def456", "message": "Use new items", "author": "Bob", "at": "2026-11-20T09:12Z"}
    ]
    assert facts["release_commits"][0]["message"] == "Drop price from items"
    assert facts["tags"] == {"browser": "Firefox 140", "server_name": "web-3"}


async def test_one_release_is_told_once_with_all_that_it_is_to_the_issue() -> None:
    text, facts = await call(FakeToolContext(), "get_sentry_issue_details", issue_id="SHOP-1A2")
    assert "Release shop@1.4.2 (first seen, this event), released 2026-11-20T08:42Z" in text
    assert (facts["first_release"], facts["release"]) == ("shop@1.4.2", "shop@1.4.2")


async def test_what_the_headline_says_whole_is_not_said_again() -> None:
    text, facts = await call(FakeToolContext(), "get_sentry_issue_details", issue_id="SHOP-1A2")
    assert (text.count(str(CART_ISSUE.culprit)), text.count("182"), facts["events"], facts["users"]) == (1, 1, 182, 41)
    long = replace(CART_ISSUE, culprit="shop." * 20)
    _, facts = await call(FakeToolContext(FakeTracker(details=long)), "get_sentry_issue_details", issue_id="SHOP-1A2")
    assert facts["culprit"] == long.culprit


async def test_releases_that_differ_are_told_apart() -> None:
    details = replace(CART_ISSUE, last_release="shop@1.5.0")
    text, facts = await call(
        FakeToolContext(FakeTracker(details=details)), "get_sentry_issue_details", issue_id="SHOP-1A2"
    )
    assert "Release shop@1.5.0 (last seen)" in text
    assert (facts["first_release"], facts["last_release"]) == ("shop@1.4.2", "shop@1.5.0")


async def test_of_one_pasted_event_no_first_or_last_release_is_claimed() -> None:
    text, facts = await call(FakeToolContext(one_event=True), "get_sentry_issue_details", issue_id="event")
    assert "Release shop@1.4.2 (this event)" in text
    assert "first_release" not in facts


async def test_a_suspect_commit_of_the_introducing_release_is_told_once_as_both() -> None:
    shipped = CART_RELEASE.commits[0]
    tracker = FakeTracker(suspects=(shipped,))
    text, facts = await call(FakeToolContext(tracker), "get_sentry_issue_details", issue_id="SHOP-1A2")
    assert text.count(shipped.message) == 1
    assert f"Suspect commit in shop@1.4.2: {shipped.id[:12]}" in text
    assert facts["suspects"] == facts["release_commits"]


async def test_nobody_counted_users_is_not_no_users() -> None:
    context = FakeToolContext(FakeTracker(details=replace(CART_ISSUE, users=0)))
    text, facts = await call(context, "get_sentry_issue_details", issue_id="SHOP-1A2")
    assert "users unknown" in text
    assert "users" not in facts


@pytest.mark.parametrize("tool", ["get_sentry_issue_details", "analyze_error_frequency", "get_user_impact"])
async def test_one_pasted_event_says_what_it_cannot_show(tool: str) -> None:
    context = FakeToolContext(FakeTracker(details=IssueDetails(id="event", events=1)), one_event=True)
    text, facts = await call(context, tool, issue_id="event")
    assert "Only one pasted event is known" in text
    assert facts["single_event"] is True


# ---- analyze_error_frequency


async def frequency(counts: list[int], period: str = "7d", **issue: Any) -> tuple[str, dict[str, Any]]:
    context = FakeToolContext(FakeTracker(details=replace(CART_ISSUE, **issue), counts=hourly(counts)))
    return await call(context, "analyze_error_frequency", issue_id="SHOP-1A2", period=period)


async def test_a_jump_after_a_release_is_rising_and_names_it() -> None:
    quiet = [12, 10, 14, 11, 13, 12, 12, 10] * 4
    text, facts = await frequency([*quiet, 1, *[140, 133, 151, 139, 144] * 6])
    assert facts["trend"] == "rising"
    assert facts["onset"] == "2026-11-20T09:00Z"
    assert facts["onset_release"] == "shop@1.4.2"
    assert text.splitlines()[0].startswith("rising: 11 to 141 events an hour since 2026-11-20 09:00 UTC (release ")


@pytest.mark.parametrize(
    ("counts", "trend"),
    [
        ([0, 1, 0, 2, 0, 1, 1, 0], "too_thin"),
        ([5, 6, 4, 5, 7, 5, 4, 6] * 6, "steady"),
        ([40, 42, 38, 41] * 6 + [3, 2, 4, 3] * 6, "falling"),
        ([0] * 20 + [30, 80, 20] + [0] * 20, "spike"),
        (list(range(1, 60)), "rising"),
    ],
)
async def test_the_trend_is_what_the_counts_say(counts: list[int], trend: str) -> None:
    _, facts = await frequency(counts)
    assert facts["trend"] == trend
    assert facts["total"] == sum(counts)


async def test_a_daily_job_is_noticed() -> None:
    text, _ = await frequency(([0] * 3 + [40] + [0] * 20) * 5)
    assert "between 03:00 and 03:59 UTC" in text


async def test_the_counts_are_facts_from_their_first_interval_on() -> None:
    counts = [12, 10, 14, 11] * 8 + [140, 133, 151, 139]
    text, facts = await frequency(counts)
    assert facts["counts"] == counts
    assert f"Counts from {facts['starts_at']}, oldest first: " in text
    assert facts["releases"] == [{"version": "shop@1.4.2", "at": f"{BEGAN - timedelta(minutes=30):%Y-%m-%dT%H:%MZ}"}]


async def test_a_tracker_without_counts_is_said_so() -> None:
    text, facts = await call(FakeToolContext(), "analyze_error_frequency", issue_id="SHOP-1A2")
    assert text.startswith("the tracker has no counts over time")
    assert "trend" not in facts


# ---- get_user_impact


async def test_shares_show_where_the_events_come_from() -> None:
    tags = {
        "release": TagDistribution("release", 182, (("shop@1.4.2", 170), ("shop@1.4.1", 12))),
        "environment": TagDistribution("environment", 182, (("production", 182),)),
    }
    text, facts = await call(FakeToolContext(FakeTracker(tags=tags)), "get_user_impact", issue_id="SHOP-1A2")
    assert text.splitlines()[0] == "high impact: 41 users, 182 events, 93% in release shop@1.4.2"
    assert facts["shares"]["release"][0] == {"value": "shop@1.4.2", "count": 170, "share": 0.93}
    assert facts["severity"] == "high"


async def impact(usual: dict[str, TagDistribution], **tags: TagDistribution) -> tuple[str, dict[str, Any]]:
    return await call(FakeToolContext(FakeTracker(tags=tags, usual=usual)), "get_user_impact", issue_id="SHOP-1A2")


async def test_a_share_stands_beside_that_of_the_projects_other_events() -> None:
    text, facts = await impact(
        {"release": TagDistribution("release", 400, (("2.2", 352), ("2.3", 48)))},
        release=TagDistribution("release", 182, (("2.3", 153), ("2.1", 29))),
    )
    assert "\nrelease: 2.3 153 (84%, elsewhere 12%), 2.1 29 (16%, elsewhere 0%)\n" in text
    assert "elsewhere: among the project's other events" in text
    assert facts["shares"]["release"][0] == {"value": "2.3", "count": 153, "share": 0.84, "usual": 0.12}


async def test_the_headline_names_the_value_that_is_least_usual_elsewhere() -> None:
    text, _ = await impact(
        {
            "release": TagDistribution("release", 100, (("2.3", 97), ("2.2", 3))),
            "server_name": TagDistribution("server_name", 100, (("web-1", 66), ("web-2", 34))),
        },
        release=TagDistribution("release", 182, (("2.3", 182),)),
        server_name=TagDistribution("server_name", 182, (("web-2", 173), ("web-1", 9))),
    )
    assert text.splitlines()[0].endswith(", 95% in server_name web-2 (34% elsewhere)")


async def test_a_recorded_incident_stands_out_by_its_server() -> None:
    allowed = frozenset({"127.0.0.1"})
    async with LocalSentry() as sentry, open_guarded_session(allowed) as session:
        connection = SentryConnection(sentry.base_url, sentry.organization_slug, sentry.token)
        tracker = SentryIncidents(connection, session, allowed)
        server = build_server(
            FakeToolContext(cast(Any, tracker)), Masker("k"), fixed_tenancy(ACME), with_host_tools=False
        )
        async with Client(server) as client:
            result = await client.call_tool("get_user_impact", {"issue_id": "SHOP-1"})
            sentry.faults.append(Fault("organizations/acme/events/", 403, times=9))
            refused = await client.call_tool("get_user_impact", {"issue_id": "SHOP-1"})
    head = (result.structured_content or {})["shares"]["server_name"][0]
    assert head["value"] == "web-3"
    assert head["usual"] < head["share"] == 1.0
    assert not refused.is_error
    assert "usual" not in (refused.structured_content or {})["shares"]["server_name"][0]
    asked = [path for _, path in sentry.requests if path.endswith("/acme/events/")]
    assert len(asked) == 4, "three tags are compared, and one refusal ends the asking"


async def test_of_how_many_a_share_is_stands_where_not_all_events_have_the_tag() -> None:
    text, _ = await impact({}, url=TagDistribution("url", 100, (("/pay", 60), ("/cart", 40))))
    assert "\nurl, of 100: /pay 60 (60%), /cart 40 (40%)\n" in text


async def test_what_is_as_usual_elsewhere_is_no_headline() -> None:
    everywhere = TagDistribution("release", 182, (("2.3", 182),))
    text, _ = await impact({"release": everywhere}, release=everywhere)
    assert text.splitlines()[0] == "high impact: 41 users, 182 events"


async def test_a_handful_of_other_events_is_nothing_to_compare_with() -> None:
    few = TagDistribution("release", 19, (("2.2", 19),))
    text, facts = await impact({"release": few}, release=TagDistribution("release", 182, (("2.3", 182),)))
    assert "elsewhere" not in text
    assert "usual" not in facts["shares"]["release"][0]


@pytest.mark.parametrize(
    ("changes", "environment", "severity"),
    [
        ({"users": 5000}, "production", "critical"),
        ({"level": "fatal", "users": None, "events": 1}, "production", "critical"),
        ({"users": 5000}, "staging", "high"),
        ({"users": 1, "events": 2}, "production", "low"),
        ({"users": None, "events": 30}, "production", "medium"),
    ],
)
async def test_severity_follows_users_events_and_place(
    changes: dict[str, Any], environment: str, severity: str
) -> None:
    tags = {"environment": TagDistribution("environment", 10, ((environment, 10),))}
    context = FakeToolContext(FakeTracker(details=replace(CART_ISSUE, **changes), tags=tags))
    _, facts = await call(context, "get_user_impact", issue_id="SHOP-1A2")
    assert facts["severity"] == severity


# ---- knowledge, and what people do


async def test_similar_incidents_come_with_cause_fix_and_score() -> None:
    entry = KnowledgeEntry(
        "INC-7",
        "Cart without price",
        "items lost their price",
        "roll back 1.4.2",
        confirmed_by="Mina Park",
        confirmed_at=BEGAN,
        worked=3,
        failed=1,
    )
    text, facts = await call(
        FakeToolContext(index=FakeKnowledge([entry])), "search_knowledge_base", query="KeyError price"
    )
    assert text.splitlines()[0] == "1 similar incident, best: “Cart without price”"
    assert facts["matches"][0] == {
        "incident": "INC-7",
        "title": "Cart without price",
        "score": 0.83,
        "seen_before": True,
        "root_cause": "items lost their price",
        "fix": "roll back 1.4.2",
        "status": "confirmed",
        "reasons": ["same frame"],
        "confirmed_by": "Mina Park",
        "confirmed_on": "2026-11-20",
        "record": "its fix held 3 of 4 times",
    }
    assert "this very error was seen before, confirmed by Mina Park on 2026-11-20" in text


async def test_nothing_similar_is_said_plainly() -> None:
    text, facts = await call(FakeToolContext(), "search_knowledge_base", query="x")
    assert (text, facts) == ("nothing similar is known", {"matches": []})


async def test_people_resolve_note_list_and_index() -> None:
    context = FakeToolContext()
    await call(context, "resolve_issue", issue_id="SHOP-1A2", resolved=True)
    await call(context, "add_issue_note", issue_id="SHOP-1A2", text="fixed, password=hunter2")
    _, listed = await call(context, "list_incidents", query="is:unresolved", limit=5)
    entry = {"id": "a", "title": "t", "root_cause": "r", "fix": "f", "confirmed_at": "2026-11-20T09:12:00+00:00"}
    await call(context, "index_knowledge", entries=[entry])
    assert context.tracker.resolved == [("SHOP-1A2", True)]
    assert "hunter2" not in context.tracker.notes[0][1]
    assert listed["incidents"][0]["short_id"] == "SHOP-1A2"
    assert context.index.entries[0].confirmed_at == BEGAN + timedelta(0)


async def test_writing_that_the_organization_does_not_allow_is_refused() -> None:
    context = FakeToolContext(may_write=False)
    assert "not allowed" in await failure(context, "resolve_issue", {"issue_id": "A-1", "resolved": True})
    assert context.tracker.resolved == []


# ---- what goes wrong


async def test_a_missing_issue_is_a_masked_sentence() -> None:
    text = await failure(FakeToolContext(), "get_user_impact", {"issue_id": "GONE-1"})
    assert text.startswith("There is no issue GONE-1")
    assert "jane@" not in text


async def test_an_unexpected_error_shows_an_id_and_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    text = await failure(FakeToolContext(), "get_user_impact", {"issue_id": "BOOM-1"})
    assert text.startswith("The tool failed (error id ")
    assert "hunter2" not in text + caplog.text
    assert "RuntimeError" in caplog.text


@pytest.mark.parametrize(
    ("arguments", "correction"),
    [
        ({}, "issue_id is missing"),
        ({"issue_id": "A-1", "org": "globex"}, "it takes no other arguments"),
        ({"issue_id": "https://evil.example/x" * 500}, "issue_id must be text such as SHOP-1A2 or 4211"),
        ({"issue_id": "A-1", "period": "2y"}, "period must be one of 24h, 7d, 14d, 30d"),
        ({"issue_id": 7}, "issue_id must be text"),
    ],
)
async def test_wrong_arguments_get_a_short_correction(arguments: dict[str, Any], correction: str) -> None:
    text = await failure(FakeToolContext(), "analyze_error_frequency", arguments)
    assert correction in text
    assert 'analyze_error_frequency(issue_id, period="14d")' in text
    assert "pydantic" not in text
    assert "evil" not in text
    assert len(text) < 300


async def test_an_unknown_tool_is_answered_with_the_tools_there_are() -> None:
    assert "The tools are get_sentry_issue_details, get_stacktrace" in await failure(
        FakeToolContext(), "drop_tables", {}
    )
