"""A Sentry that restarts in the middle of a run: reads wait for it, within a limit, and people see why."""

from __future__ import annotations

from mcp import Client

from bot.demo.local_sentry import Fault, LocalSentry
from core.agent.patience import UNANSWERED, Patience
from core.domain.tenancy import OrganizationId, SentryConnection
from core.gateways.http.guarded import open_guarded_session
from core.gateways.qdrant.connection import KnowledgeEngine, KnowledgeSettings
from core.mcp_server.masking import Masker
from core.mcp_server.server import build_server
from core.mcp_server.tenancy import Tenant, fixed_tenancy
from core.mcp_server.tenant_context import TenantToolContext
from core.ports import ToolResult


async def called(sentry: LocalSentry, patience: Patience, tool: str) -> ToolResult:
    allowed = frozenset({"127.0.0.1"})
    connection = SentryConnection(sentry.base_url, "acme", sentry.token)
    tenant = Tenant(OrganizationId("acme"), connection, investigation_id="i1")
    async with open_guarded_session(allowed) as session:
        doors = TenantToolContext(session, allowed, KnowledgeEngine(KnowledgeSettings(None)))
        async with Client(build_server(doors, Masker("k"), fixed_tenancy(tenant), with_host_tools=False)) as client:

            async def attempt() -> ToolResult:
                result = await client.call_tool(tool, {"issue_id": "SHOP-1"})
                return ToolResult(result.content[0].text, result.structured_content or {}, not result.is_error)  # type: ignore[union-attr]

            return await patience.read(attempt)


async def test_a_run_waits_for_a_sentry_that_restarts_and_says_so() -> None:
    told: list[float | None] = []

    async def comes_back(seconds: float) -> None:
        sentry.faults.clear()

    async with LocalSentry() as sentry:
        sentry.faults.append(Fault("/issues/", "drop", times=99))
        result = await called(sentry, Patience(tell=told.append, sleep=comes_back), "get_stacktrace")
    assert result.ok and UNANSWERED not in result.facts
    assert told[0] is not None and told[-1] is None


async def test_what_a_restart_kept_from_a_result_is_read_afterwards() -> None:
    async def comes_back(seconds: float) -> None:
        sentry.faults.clear()

    async with LocalSentry() as sentry:
        sentry.faults.append(Fault("/releases/", 503, times=99))
        result = await called(sentry, Patience(sleep=comes_back), "get_sentry_issue_details")
        issues_read = [path for _, path in sentry.requests if path.endswith("/issues/SHOP-1/")]
    assert "could not be read" not in result.text and result.facts["release_commits"]
    assert len(issues_read) == 1


async def test_past_the_limit_the_last_result_stands() -> None:
    async with LocalSentry() as sentry:
        sentry.faults.append(Fault("/issues/", 503, times=99))
        result = await called(sentry, Patience(limit_s=0.0), "get_stacktrace")
    assert not result.ok and "HTTP 503" in result.text and UNANSWERED not in result.facts
