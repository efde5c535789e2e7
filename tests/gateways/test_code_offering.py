"""The tools on code are offered where a repository has the code of the issue, and to its organization alone."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.domain.code import CodePolicy
from core.domain.errors import ToolRejected
from core.domain.journal import ToolCall
from core.domain.tenancy import OrganizationId
from core.gateways.code.repositories import CodeSettings, parse_repositories
from core.gateways.mcp.process import McpProcess, McpSettings
from core.gateways.mcp.toolbox import McpToolbox
from core.gateways.qdrant.connection import KnowledgeSettings
from tests.fakes.repositories import Made, make_repository, needs_git

pytestmark = needs_git
CODE_TOOLS = {"get_changes", "get_source", "search_code"}
CART = "def total(items):\n    return items['unit_price']\n"


def event(file: str) -> str:
    frame = {"filename": file, "function": "total", "lineno": 2, "in_app": True}
    value = {"type": "KeyError", "value": "'unit_price'", "stacktrace": {"frames": [frame]}}
    return json.dumps({"event_id": "a" * 32, "release": "1.1", "exception": {"values": [value]}})


@pytest.fixture(params=[True, False], ids=["source is shown", "source is kept"])
async def process(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[McpProcess]:
    old = CART.replace("['unit_price']", ".get('unit_price')")
    make_repository(
        tmp_path / "shop.git",
        [Made("a", {"shop/cart.py": old}, tags=["v1.0"]), Made("b", {"shop/cart.py": CART}, tags=["v1.1"])],
    )
    settings = CodeSettings(parse_repositories(f"shop={tmp_path}/shop.git", "acme"), CodePolicy(request.param))
    async with McpProcess(McpSettings(frozenset(), KnowledgeSettings(None), "mask", code=settings)) as started:
        yield started


def toolbox(process: McpProcess, organization: str, file: str, code_of: str | None = "event") -> McpToolbox:
    return McpToolbox(process, OrganizationId(organization), None, "i", event(file), code_of=code_of)


async def offered(box: McpToolbox) -> set[str]:
    return CODE_TOOLS & {tool.name for tool in await box.list_tools()}


async def test_they_are_offered_where_a_repository_has_the_code(
    process: McpProcess, request: pytest.FixtureRequest
) -> None:
    box = toolbox(process, "acme", "/app/shop/cart.py")
    is_shown = "source is shown" in request.node.name
    assert await offered(box) == (CODE_TOOLS if is_shown else {"get_changes"})
    result = await box.call(ToolCall("1", "get_changes", {"issue_id": "event"}))
    assert result.ok
    assert result.facts["suspect"]["subject"] == "b"
    assert ("diff" in result.facts["suspect"]) is is_shown


async def test_they_are_not_offered_for_code_that_no_repository_has(process: McpProcess) -> None:
    assert await offered(toolbox(process, "acme", "/app/other/basket.py")) == set()
    assert await offered(toolbox(process, "acme", "/app/shop/cart.py", code_of=None)) == set()


async def test_another_organization_is_offered_nothing_and_reads_nothing(process: McpProcess) -> None:
    box = toolbox(process, "other", "/app/shop/cart.py")
    assert await offered(box) == set()
    with pytest.raises(ToolRejected):
        await box.call(ToolCall("1", "get_changes", {"issue_id": "event"}))
    # Even where the host offered them by mistake, the tool server opens this organization's repositories alone.
    box._code_tools = CODE_TOOLS
    for tool, more in (("get_changes", {}), ("get_source", {}), ("search_code", {"text": "unit_price"})):
        result = await box.call(ToolCall("1", tool, {"issue_id": "event", **more}))
        assert not result.ok
        assert "unit_price" not in result.text
