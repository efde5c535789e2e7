"""`list_events`, `compare_events` and `find_related`: the other events of an issue, and what else began around it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.demo.local_sentry import LocalSentry
from core.domain.incident import (
    ErrorEvent,
    ExceptionInfo,
    IssueDetails,
    NearbyIssue,
    Release,
    TagDistribution,
)
from core.domain.tenancy import SentryConnection
from core.gateways.http.guarded import open_guarded_session
from core.gateways.sentry.incidents import SentryIncidents
from core.mcp_server.hosts import hosts_in
from core.mcp_server.server import MODEL_TOOLS, name_of
from core.mcp_server.spread import common, differing
from tests.fakes.tool_sources import BEGAN, CART_EVENT, CART_FRAME, CART_ISSUE, FakeToolContext, FakeTracker, hourly
from tests.mcp_server.tool_calls import call

ALLOWED = frozenset({"127.0.0.1"})


def event(number: int, **changes: Any) -> ErrorEvent:
    tags = {"browser": "Firefox 140", "server_name": f"web-{number % 2}"}
    return replace(CART_EVENT, id=f"{number:032x}", user_id=f"u-{number}", tags=tags, **changes)


async def listed(*events: ErrorEvent) -> tuple[str, dict[str, Any]]:
    return await call(FakeToolContext(FakeTracker(all_events=events)), "list_events", issue_id="SHOP-1A2")


async def compared(*events: ErrorEvent, **tracker: Any) -> tuple[str, dict[str, Any]]:
    return await call(FakeToolContext(FakeTracker(all_events=events, **tracker)), "compare_events", issue_id="SHOP-1A2")


# ---- list_events


async def test_events_come_with_what_differs_and_once_with_what_is_the_same() -> None:
    text, facts = await listed(*(event(n) for n in range(4)))
    assert text.splitlines()[0] == "4 newest events: 4 users"
    assert "The same in all: browser=Firefox 140, title=KeyError: 'price'" in text
    assert [each["values"] for each in facts["events"]] == [{"server_name": f"web-{n % 2}"} for n in range(4)]
    assert text.count("Firefox 140") == 1


async def test_an_issue_without_a_list_of_events_is_said_so() -> None:
    text, facts = await listed()
    assert (text, facts) == ("the tracker lists no events of this issue", {"events": []})


# ---- compare_events


async def test_locals_parameters_and_requests_are_compared_and_what_divides_best_comes_first() -> None:
    broken = replace(CART_FRAME, variables={"item": "{'sku': 'B7'}", "amount": "0"})
    whole = replace(CART_FRAME, variables={"item": "{'sku': 'A1'}", "amount": "0"})
    text, facts = await compared(
        *(
            event(n, exceptions=(ExceptionInfo("KeyError", "'price'", frames=(broken if n % 3 else whole,)),))
            for n in range(6)
        )
    )
    assert "local item differs: {'sku': 'B7'} (4); {'sku': 'A1'} (2)" in text
    assert "local amount = 0" in text
    assert facts["compared"] == 6
    assert facts["differs"][0]["name"] in ("local item", "tag server_name")


async def test_what_fails_is_held_against_all_requests_of_the_transaction() -> None:
    events = [replace(event(n), tags={"server_name": "web-3", "browser": "Chrome"}) for n in range(5)]
    usual = {
        "server_name": TagDistribution("server_name", 300, (("web-1", 200), ("web-3", 100))),
        "browser": TagDistribution("browser", 300, (("Chrome", 297), ("Safari", 3))),
    }
    text, _ = await compared(*events, usual=usual)
    assert "server_name web-3: 5 of these 5 events, 33% of all requests" in text
    assert "browser is as in all requests" in text


async def test_one_event_is_nothing_to_compare() -> None:
    text, _ = await compared(event(1))
    assert text == "1 event: nothing to compare"


_rows = st.lists(st.dictionaries(st.sampled_from(["a", "b", "c", "user"]), st.sampled_from(["x", "y"])), max_size=6)


@given(_rows)
def test_a_name_is_the_same_in_all_or_differs(rows: list[dict[str, str]]) -> None:
    same, spread = common(rows), differing(rows)
    assert not same.keys() & spread.keys()
    assert same.keys() | spread.keys() | {"user"} >= {name for row in rows for name in row}
    assert all(counts.total() == len(rows) for counts in spread.values())


# ---- find_related


def neighbor(name: str, title: str, minutes: int, **changes: Any) -> NearbyIssue:
    began = BEGAN + timedelta(minutes=minutes)
    return NearbyIssue(
        IssueDetails(id=name, short_id=name, title=title, project="billing", first_seen=began), **changes
    )


REFUSED = ErrorEvent(
    exceptions=(ExceptionInfo("OSError", "could not reach ledger.internal:5432"),), message="no ledger"
)


async def related(*nearby: NearbyIssue, **tracker: Any) -> tuple[str, dict[str, Any]]:
    fake = FakeTracker(details=CART_ISSUE, recommended=REFUSED, nearby=nearby, **tracker)
    return await call(FakeToolContext(fake), "find_related", issue_id="SHOP-1A2")


async def test_what_broke_first_is_the_earliest_that_names_the_same_host() -> None:
    text, facts = await related(
        neighbor("BILL-1", "ledger.internal is out of disk", -12),
        neighbor("BILL-2", "something else", -30),
        neighbor("BILL-3", "OSError: could not write", 20),
        neighbor("BILL-4", "long ago", -60 * 24 * 9),
    )
    assert text.splitlines()[0] == "3 other issues began or spiked around the onset; BILL-1 broke first"
    assert (facts["first"]["issue"], facts["first"]["shares"]) == ("BILL-1", ["ledger.internal"])
    assert facts["first"]["lead"] == "12 minutes before this issue"
    assert [each["issue"] for each in facts["related"]] == ["BILL-2", "BILL-3"]
    assert facts["related"][1]["shares"] == ["OSError"]
    assert "BILL-4" not in text


async def test_nothing_is_called_the_first_that_shares_nothing() -> None:
    text, facts = await related(neighbor("BILL-2", "something else", -30))
    assert "first" not in facts and "broke first" not in text


async def test_an_old_issue_that_spikes_is_related_and_a_steady_one_is_not() -> None:
    spiking, steady = hourly([2] * 33 + [90, 80]), hourly([20] * 35)
    text, _ = await related(
        neighbor("BILL-5", "old", -60 * 24 * 9, recent=spiking), neighbor("BILL-6", "old", -60 * 24 * 9, recent=steady)
    )
    assert "BILL-5 in billing: old; spiked 2026-11-20T09:00Z" in text and "BILL-6" not in text


async def test_releases_of_any_service_around_the_onset_are_named() -> None:
    shipped = (Release("ledger@2", BEGAN - timedelta(minutes=9)), Release("shop@0", BEGAN - timedelta(days=9)))
    text, facts = await related(shipped=shipped)
    assert "Release “ledger@2” at 2026-11-20T09:03Z, 9 minutes before this issue" in text
    assert [each["version"] for each in facts["releases"]] == ["ledger@2"]


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("connect to db-1.internal:5432 failed", {"db-1.internal"}),
        ("GET https://api.partner.example/v2", {"api.partner.example"}),
        ("redis:6379 refused", {"redis"}),
        ("127.0.0.1:6398 and localhost:80", set()),
        ("cart.py:41 in total", set()),
        ("at 10:17 on line:3", set()),
        ("jane@shop.example", set()),
    ],
)
def test_hosts_are_found_and_files_times_and_mails_are_none(text: str, hosts: set[str]) -> None:
    assert hosts_in([text]) == hosts


# ---- over the demo's server


async def demo_call(tool: str, issue: str) -> tuple[str, dict[str, Any]]:
    async with LocalSentry() as sentry, open_guarded_session(ALLOWED) as session:
        connection = SentryConnection(sentry.base_url, sentry.organization_slug, sentry.token)
        return await call(
            FakeToolContext(cast(Any, SentryIncidents(connection, session, ALLOWED))), tool, issue_id=issue
        )


@pytest.mark.parametrize(("issue", "host"), [("SHOP-3", "warehouse.internal"), ("SHOP-13", "cache.internal")])
async def test_the_demo_tells_what_broke_first_in_another_project(issue: str, host: str) -> None:
    _, facts = await demo_call("find_related", issue)
    first = facts["first"]
    assert (first["issue"], first["project"], first["shares"]) == ("PLATFORM-1", "platform", [host])


async def test_the_demo_lists_and_compares_several_events() -> None:
    _, facts = await demo_call("list_events", "SHOP-3")
    assert len({each["id"] for each in facts["events"]}) == 10
    text, _ = await demo_call("compare_events", "SHOP-3")
    assert "tag server_name differs" in text


def test_the_tools_are_offered_to_the_model() -> None:
    assert {"list_events", "compare_events", "find_related"} <= {name_of(module) for module in MODEL_TOOLS}
