"""An event that takes too long is shown in part, with words, and nobody else waits for it."""

import asyncio
import json
import resource
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import psutil
import pytest
from mcp import Client

from core.domain.journal import ToolCall
from core.domain.tenancy import OrganizationId
from core.gateways.mcp.process import McpProcess, McpSettings
from core.gateways.mcp.toolbox import McpToolbox
from core.gateways.process_pool import ProcessPool
from core.gateways.qdrant.connection import KnowledgeEngine, KnowledgeSettings
from core.mcp_server.masking import Masker
from core.mcp_server.server import build_server
from core.mcp_server.tenancy import Tenant, fixed_tenancy
from core.mcp_server.tenant_context import TenantToolContext
from tests.fakes.slow_reading import MUCH, NeverMasking, never_prepared, never_prepared_at_all

ROOT = Path(__file__).parents[2]
STACK = ToolCall("1", "get_stacktrace", {"issue_id": "X-1"})
DETAILS = ToolCall("1", "get_sentry_issue_details", {"issue_id": "X-1"})


def event(value: str = "no stock for A1", bytes_of_others: int = 0) -> str:
    others = {f"note {number}": "x " * 450 for number in range(bytes_of_others // 900)}
    return json.dumps({"exception": {"values": [{"type": "StockError", "value": value}]}, "extra": others})


async def asked(
    context: TenantToolContext, masker: Masker, text: str, call: ToolCall = STACK, organization: str = "b"
) -> str:
    tenant = Tenant(OrganizationId(organization), event_text=text)
    async with Client(build_server(context, masker, fixed_tenancy(tenant), with_host_tools=False)) as client:
        result = await client.call_tool(call.tool, dict(call.arguments))
    return str(result.content[0].text)  # type: ignore[union-attr]


@asynccontextmanager
async def doors_with(
    pool: ProcessPool, prepare: Callable[[Any], Any] | None = None
) -> AsyncIterator[TenantToolContext]:
    async with aiohttp.ClientSession() as session:
        engine = KnowledgeEngine(KnowledgeSettings(None))
        context = TenantToolContext(session, frozenset(), engine, (lambda: prepare) if prepare else None, pool=pool)
        try:
            yield context
        finally:
            await context.close()


@pytest.mark.parametrize("call", [STACK, DETAILS])
async def test_an_event_that_takes_too_long_to_read_is_shown_in_part_and_says_so(call: ToolCall) -> None:
    async with doors_with(ProcessPool(cpu_s=0.5), never_prepared) as context:
        page = await asked(context, Masker("k"), event(bytes_of_others=2 * MUCH), call)
    assert "StockError" in page
    assert (
        "Reading this event took longer than 0.5 s of processor time, so only the first 300 characters of its texts "
        "and 30 items of its lists are shown" in page
    )


async def test_an_event_that_takes_too_long_to_mask_is_shown_in_part_and_says_so() -> None:
    async with doors_with(ProcessPool(cpu_s=0.5)) as context:
        page = await asked(context, NeverMasking("k"), event(value="word " * 4_000, bytes_of_others=MUCH))
    assert "StockError" in page
    assert "took longer than 0.5 s of processor time, so only the first 300 characters" in page


async def test_of_an_event_no_part_of_which_can_be_read_nothing_is_shown_but_why() -> None:
    deep = {"exception": {"values": [{"type": "StockError", "value": "v"}]}, "extra": {"a": "b " * MUCH}}
    async with doors_with(ProcessPool(cpu_s=0.5), never_prepared_at_all) as context:
        page = await asked(context, Masker("k"), json.dumps(deep))
    assert "StockError" not in page
    assert "so nothing of it is shown" in page


async def test_while_one_organization_reads_forever_another_one_is_answered() -> None:
    async with doors_with(ProcessPool(2, cpu_s=600), never_prepared) as context:
        hostile = [
            asyncio.create_task(asked(context, Masker("k"), event(f"hostile {number}", 2 * MUCH), organization="b"))
            for number in range(3)
        ]
        while not psutil.Process().children():
            await asyncio.sleep(0.01)
        small, large = event("no stock for A2"), event("no stock for A3", MUCH // 2)
        assert "no stock for A2" in await asked(context, Masker("k"), small, organization="a")
        assert "no stock for A3" in await asked(context, Masker("k"), large, organization="a")
        assert not any(task.done() for task in hostile)
        for task in hostile:
            task.cancel()
        await asyncio.gather(*hostile, return_exceptions=True)
    assert not psutil.Process().children()


# ---- the real process -----------------------------------------------------------------------------------------------


async def told(process: McpProcess, text: str) -> str:
    result = await McpToolbox(process, OrganizationId("b"), None, "i", text).call(STACK)
    assert result.ok, result.text
    return result.text


@asynccontextmanager
async def tool_server(folder: Path) -> AsyncIterator[McpProcess]:
    async with McpProcess(McpSettings(frozenset(), KnowledgeSettings(folder), "mask")) as process:
        await process.ready()
        yield process


async def ended(processes: list[psutil.Process]) -> None:
    """Return when they have ended; one that only waits for its parent to look has."""
    while any(each.is_running() and each.status() != psutil.STATUS_ZOMBIE for each in processes):
        await asyncio.sleep(0.05)


async def test_without_a_file_left_for_a_process_the_event_is_shown_in_part_and_the_server_lives(
    tmp_path: Path,
) -> None:
    async with tool_server(tmp_path) as process:
        assert process.pid is not None
        whole = event("first", MUCH)
        assert "are shown" not in await told(process, event("second"))
        limits = resource.prlimit(process.pid, resource.RLIMIT_NOFILE)
        open_files = psutil.Process(process.pid).num_fds()
        resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (open_files, limits[1]))
        page = await told(process, whole)
        assert "first" in page
        assert "the machine has no memory, process or open file left for one, so only the first 300" in page
        resource.prlimit(process.pid, resource.RLIMIT_NOFILE, limits)
        assert "are shown" not in await told(process, event("third", MUCH))
        assert process.restarts == 0


async def test_the_processes_of_the_tool_server_end_with_it(tmp_path: Path) -> None:
    async with tool_server(tmp_path) as process:
        await told(process, event("first", MUCH))
        workers = psutil.Process(process.pid).children()
        assert workers
        psutil.Process(process.pid).kill()
        while process.restarts == 0:
            await asyncio.sleep(0.05)
        await process.ready()
        await ended(workers)
        await told(process, event("second", MUCH))
        others = psutil.Process(process.pid).children()
        assert others
    await ended(others)


@pytest.mark.parametrize("module", ["tools.get_stacktrace", "tools.get_sentry_issue_details", "limited_output"])
def test_what_a_worker_process_loads_is_little(module: str) -> None:
    code = f"import core.mcp_server.{module}, sys; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT).stdout
    assert not {"mcp", "mcp_types", "aiohttp", "sqlalchemy", "openai"} & set(loaded.split())
