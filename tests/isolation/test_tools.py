"""Every tool of the one tool server that all organizations share, called for one while another is at home there."""

from __future__ import annotations

import inspect
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from bot.demo.local_sentry import LocalSentry
from core.domain.errors import LogSenseError
from core.domain.journal import ToolCall
from core.domain.tenancy import OperatorHosts, OrganizationId, SentryConnection
from core.gateways.mcp.process import McpProcess, McpSettings
from core.gateways.mcp.toolbox import McpHostTools, McpToolbox
from core.gateways.qdrant.connection import KnowledgeSettings
from core.ports import HostTools, ToolResult
from tests.isolation.lives import ACME, ENTRY, GLOBEX, MARK


@dataclass
class ChannelHarness:
    """The tool server, and the trackers of both; acme's tracker has the same issues, and a token of its own."""

    process: McpProcess
    acme: LocalSentry
    globex: LocalSentry

    def tools_of(self, organization_id: str, sentry: LocalSentry) -> HostTools:
        return McpHostTools(self.process, organization_id, connection(sentry))  # type: ignore[arg-type]


def connection(sentry: LocalSentry) -> SentryConnection:
    return SentryConnection(sentry.base_url, sentry.organization_slug, sentry.token, writes_allowed=True)


@pytest.fixture
async def harness(tmp_path: Path) -> AsyncIterator[ChannelHarness]:
    async with LocalSentry() as acme, LocalSentry() as globex:
        hosts = frozenset(sentry.base_url.removeprefix("http://") for sentry in (acme, globex))
        async with McpProcess(McpSettings(hosts, KnowledgeSettings(tmp_path), "mask")) as process:
            await process.ready()
            harness = ChannelHarness(process, acme, globex)
            theirs = harness.tools_of(GLOBEX, globex)
            entry = replace(ENTRY, error_type="KeyError", message="'sku'", frames=("cart.py:total",), service="shop")
            assert (await theirs.index_knowledge([entry])).ok
            assert MARK in (await theirs.search_knowledge("KeyError 'sku' cart.py total", 5)).text
            globex.requests.clear()
            yield harness


HOST: dict[str, Callable[[HostTools], Awaitable[ToolResult]]] = {
    "describe_connection": lambda it: it.describe_connection(),
    "list_incidents": lambda it: it.list_incidents("is:unresolved", 99),
    "resolve_issue": lambda it: it.resolve_issue("SHOP-1", resolved=True),
    "add_issue_note": lambda it: it.add_issue_note("SHOP-1", "ours"),
    "index_knowledge": lambda it: it.index_knowledge([replace(ENTRY, title="ours", root_cause="ours", fix="ours")]),
    "forget_knowledge": lambda it: it.forget_knowledge(),
    "search_knowledge": lambda it: it.search_knowledge(f"KeyError 'sku' cart.py total {MARK}", 20),
}
MODEL: dict[str, dict[str, object]] = {
    "get_sentry_issue_details": {"issue_id": "SHOP-1"},
    "get_stacktrace": {"issue_id": "SHOP-1"},
    "analyze_error_frequency": {"issue_id": "SHOP-1"},
    "get_user_impact": {"issue_id": "SHOP-1"},
    "search_knowledge_base": {"query": "KeyError 'sku' cart.py total"},
}


async def test_every_tool_has_its_row(harness: ChannelHarness) -> None:
    listed = await McpToolbox(harness.process, ACME, connection(harness.acme), "i", None).list_tools()
    assert {spec.name for spec in listed} == set(MODEL)
    methods = {name for name, _ in inspect.getmembers(HostTools, inspect.isfunction) if not name.startswith("_")}
    assert methods == set(HOST)


async def test_no_tool_shows_or_touches_what_is_anothers(harness: ChannelHarness) -> None:
    toolbox = McpToolbox(harness.process, ACME, connection(harness.acme), "i", None)
    for name, arguments in MODEL.items():
        result = await toolbox.call(ToolCall("1", name, arguments))
        assert MARK not in result.text + repr(result.facts), name
    for name, call in HOST.items():
        try:
            result = await call(harness.tools_of(ACME, harness.acme))
        except LogSenseError as error:
            assert MARK not in str(error), name
        else:
            found = repr(result.facts.get("matches", result.text))
            assert MARK not in found, name
    assert harness.globex.requests == [] and harness.globex.notes == []
    still = await harness.tools_of(GLOBEX, harness.globex).search_knowledge("KeyError 'sku' cart.py total", 5)
    assert MARK in still.text, "an entry of acme with the same id replaced nothing"


async def test_an_argument_that_names_another_organization_changes_nothing(harness: ChannelHarness) -> None:
    toolbox = McpToolbox(harness.process, ACME, connection(harness.acme), "i", None)
    for name, arguments in MODEL.items():
        for word in ("organization", "organization_id", "org", "tenant"):
            try:
                result = await toolbox.call(ToolCall("1", name, {**arguments, word: "globex"}))
            except LogSenseError:
                continue
            assert MARK not in result.text + repr(result.facts), (name, word)
    assert harness.globex.requests == []


async def test_a_private_host_of_the_operator_is_reached_for_the_operators_organization_alone(tmp_path: Path) -> None:
    async with LocalSentry() as sentry:
        operators = OperatorHosts(OrganizationId(ACME), frozenset({sentry.base_url.removeprefix("http://")}))
        settings = McpSettings(frozenset(), KnowledgeSettings(tmp_path), "mask", operator_hosts=operators)
        async with McpProcess(settings) as process:
            await process.ready()
            own = await McpHostTools(process, OrganizationId(ACME), connection(sentry)).list_incidents("", 5)
            asked = len(sentry.requests)
            assert own.ok and asked
            # The address, the token and the open connection are the same; only the organization is another.
            other = McpHostTools(process, OrganizationId(GLOBEX), connection(sentry))
            refused = await other.list_incidents("", 5)
            assert not refused.ok and "LOGSENSE_TENANT_HOSTS" in refused.text
            assert not (await other.describe_connection()).ok
            assert len(sentry.requests) == asked


async def test_each_organization_has_its_own_personal_data_masked_even_in_the_same_event(
    harness: ChannelHarness,
) -> None:
    event = json.dumps({"message": "ada@shop.example from 203.0.113.7 with token=hunter2", "level": "error"})
    shown = {}
    for organization, masks in ((ACME, {"ip"}), (GLOBEX, {"email"}), (ACME, None)):
        toolbox = McpToolbox(harness.process, organization, None, "i", event, masks)
        call = ToolCall("c", "get_sentry_issue_details", {"issue_id": "event"})
        shown[organization, masks is None] = (await toolbox.call(call)).text
    assert "hunter2" not in str(shown)
    chosen, theirs, default = shown.values()
    assert ("ada@shop.example" in chosen, "203.0.113.7" in chosen) == (True, False)
    assert ("ada@shop.example" in theirs, "203.0.113.7" in theirs) == (False, True)
    assert ("ada@shop.example" in default, "203.0.113.7" in default) == (False, True)
