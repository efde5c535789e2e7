"""Calls of the tools through their server, without its process: what the tests of tools share."""

from collections.abc import Mapping
from typing import Any

from mcp import Client

from core.domain.incident import (
    ErrorEvent,
    ExceptionInfo,
)
from core.domain.tenancy import OrganizationId
from core.mcp_server.masking import Masker
from core.mcp_server.server import build_server
from core.mcp_server.tenancy import Tenant, fixed_tenancy
from tests.fakes.tool_sources import (
    FakeToolContext,
    FakeTracker,
)

ACME = Tenant(OrganizationId("acme"))


async def call(context: FakeToolContext, tool: str, **arguments: Any) -> tuple[str, dict[str, Any]]:
    server = build_server(context, Masker("k"), fixed_tenancy(ACME), with_host_tools=True)
    async with Client(server) as client:
        result = await client.call_tool(tool, arguments)
    text = result.content[0].text  # type: ignore[union-attr]
    assert not result.is_error, text
    assert_stated(result.structured_content or {}, text)
    return text, result.structured_content or {}


async def failure(context: FakeToolContext, tool: str, arguments: Mapping[str, Any]) -> str:
    server = build_server(context, Masker("k"), fixed_tenancy(ACME), with_host_tools=True)
    async with Client(server) as client:
        result = await client.call_tool(tool, dict(arguments))
    assert result.is_error
    return result.content[0].text  # type: ignore[union-attr]


def assert_stated(facts: Any, text: str) -> None:
    """Every value of the facts stands in the text; shares as percent, flags as words, counts as bars."""
    if isinstance(facts, dict):
        for key, value in facts.items():
            if key in ("share", "usual"):
                assert f"{value:.0%}" in text
            elif key == "counts":
                assert "oldest first: " in text
            else:
                assert_stated(value, text)
    elif isinstance(facts, list):
        for item in facts:
            assert_stated(item, text)
    elif not isinstance(facts, bool):
        assert str(facts) in text, facts


def event_of(*exceptions: ExceptionInfo, **others: Any) -> ErrorEvent:
    return ErrorEvent(exceptions=exceptions, **others)


async def stack(event: ErrorEvent) -> tuple[str, dict[str, Any]]:
    return await call(FakeToolContext(FakeTracker(recommended=event)), "get_stacktrace", issue_id="SHOP-1A2")
