"""What the tools on logs answer, asked through the real tool server."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from core.domain.errors import ToolRejected
from core.domain.journal import ToolCall
from core.domain.tenancy import OrganizationId
from core.gateways.logs.folders import folder_of
from core.gateways.logs.index import LogIndexer, Source
from core.gateways.mcp.process import McpProcess, McpSettings
from core.gateways.mcp.toolbox import McpToolbox
from core.gateways.qdrant.connection import KnowledgeSettings
from core.gateways.traces.index import index_spans
from core.ports import ToolResult
from tests.benchmarks.log_writer import Planted, write_log

ACME, GLOBEX = OrganizationId("acme"), OrganizationId("globex")
HANDLE = "0123456789abcdef"
OTHER = "fedcba9876543210"
NOW = datetime(2026, 11, 28, tzinfo=UTC)
LOG_TOOLS = {"read_log_errors", "read_log_window", "compare_log_windows", "read_trace_spans"}
CALM = "".join(f"2026-11-20T09:{n:02d}:00Z INFO api - backup of 7 tables done\n" for n in range(0, 60, 10))


SECRET = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"


def trace(minute: int, *, slow: bool) -> dict[str, Any]:
    """Return a trace of two spans as OTLP JSON; the slow one fails."""
    begin = (1_763_632_000 + 60 * minute) * 10**9
    spans = []
    for service, parent, delay in (("gateway", "", 1), ("stock", "gateway", 2)):
        end = begin + (9_000 if slow else 90 - delay) * 10**6
        status = {"code": 2, "message": f"no answer to {SECRET}"} if slow else {}
        span = {"traceId": f"t{minute}", "spanId": service, "parentSpanId": parent, "name": "GET", "status": status}
        span |= {"startTimeUnixNano": str(begin + delay * 10**6), "endTimeUnixNano": str(end)}
        resource = {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]}
        spans.append({"resource": resource, "scopeSpans": [{"spans": [span]}]})
    return {"resourceSpans": spans}


def keep(root: Path, handle: str, *texts: str) -> None:
    sources = [Source(f"api{n}.log", io.BytesIO(text.encode()), "", NOW) for n, text in enumerate(texts)]
    LogIndexer(folder_of(root, ACME, handle)).index(sources, {})


@pytest.fixture
async def process(tmp_path: Path) -> AsyncIterator[McpProcess]:
    settings = McpSettings(frozenset(), KnowledgeSettings(tmp_path / "knowledge"), "mask", logs=tmp_path / "logs")
    async with McpProcess(settings) as process:
        yield process


@pytest.fixture
def planted(tmp_path: Path) -> Planted:
    text = io.StringIO()
    planted = write_log(text, 400_000)
    keep(tmp_path / "logs", HANDLE, text.getvalue())
    return planted


async def call(
    process: McpProcess,
    tool: str,
    handle: str | None = HANDLE,
    organization: OrganizationId = ACME,
    **arguments: object,
) -> ToolResult:
    return await McpToolbox(process, organization, None, "i", "event", log=handle).call(ToolCall("1", tool, arguments))


async def test_tools_on_logs_are_offered_only_with_logs(process: McpProcess) -> None:
    with_logs = {spec.name for spec in await McpToolbox(process, ACME, None, "i", "event", log=HANDLE).list_tools()}
    without = {spec.name for spec in await McpToolbox(process, ACME, None, "i", "event").list_tools()}
    assert with_logs - without == LOG_TOOLS
    with pytest.raises(ToolRejected, match="no such tool"):
        await call(process, "read_log_errors", None)


async def test_no_tool_takes_a_path_or_a_handle(process: McpProcess) -> None:
    for spec in await McpToolbox(process, ACME, None, "i", "event", log=HANDLE).list_tools():
        if spec.name in LOG_TOOLS:
            assert set(spec.parameters.get("properties", {})) <= {"around", "lines", "page", "at", "minutes"}


async def test_errors_name_who_failed_first_and_when_and_where(process: McpProcess, planted: Planted) -> None:
    result = await call(process, "read_log_errors")
    first = result.facts["first"]
    assert first["component"] == planted.component
    assert abs((datetime.fromisoformat(first["at"]) - planted.at).total_seconds()) < 60
    assert first["place"].startswith("api0.log:")
    assert result.facts["elsewhere"] == "db-payments:5432"
    assert {kind["component"] for kind in result.facts["followers"]} == {"orders", "gateway"}
    window = await call(process, "read_log_window", around=first["place"], lines=3)
    assert f"{first['place']} | " in window.text
    assert "connection refused" in window.text


async def test_a_comparison_names_what_is_new(process: McpProcess, planted: Planted) -> None:
    result = await call(process, "compare_log_windows", at=planted.at.strftime("%Y-%m-%dT%H:%MZ"), minutes=20)
    assert {"payments", "orders", "gateway"} <= {kind["component"] for kind in result.facts["new"]}


async def test_growth_restarts_and_jobs_are_named(process: McpProcess, tmp_path: Path) -> None:
    grows = "".join(f"2026-11-20T09:{n:02d}:30Z INFO api - gc done heap={100 + 10 * n} MB\n" for n in range(60))
    stop = "2026-11-20T09:59:40Z INFO api - received SIGTERM, shutting down\n"
    keep(tmp_path / "logs", OTHER, CALM, grows + stop)
    result = await call(process, "compare_log_windows", OTHER, at="2026-11-20T09:30Z")
    assert [kind["name"] for kind in result.facts["trends"]] == ["heap"]
    assert "SIGTERM" in result.facts["restarts"][0]["message"]
    assert "Repeats every 10 min" in result.text
    assert "backup" in result.facts["periodic"][0]["message"]


async def test_spans_name_the_first_failure_with_its_file_and_what_is_slow(process: McpProcess, tmp_path: Path) -> None:
    keep(tmp_path / "logs", OTHER, CALM)
    text = "\n".join(json.dumps(trace(minute, slow=minute == 9)) for minute in range(10))
    index_spans(folder_of(tmp_path / "logs", ACME, OTHER), [Source("trace.json", io.BytesIO(text.encode()))])
    assert (await call(process, "read_log_errors", OTHER)).facts["spans"] == 20
    result = await call(process, "read_trace_spans", OTHER)
    assert result.facts["failure"]["service"] == "stock"
    assert result.facts["failure"]["place"] == "trace.json:10"
    assert "Critical path" in result.text
    assert SECRET not in result.text + str(result.facts)


async def test_without_errors_it_says_so(process: McpProcess, tmp_path: Path) -> None:
    keep(tmp_path / "logs", OTHER, CALM)
    result = await call(process, "read_log_errors", OTHER)
    assert result.text.startswith("0 errors in the logs")
    assert result.facts["errors"] == 0
    assert "first" not in result.facts


async def test_logs_without_times_are_read_too(process: McpProcess, tmp_path: Path) -> None:
    keep(tmp_path / "logs", OTHER, "INFO: begin\nERROR: disk quota exceeded\nINFO: end\n")
    result = await call(process, "read_log_errors", OTHER)
    assert result.facts["first"]["place"] == "api0.log:2"


async def test_secrets_in_cited_lines_are_masked(process: McpProcess, tmp_path: Path) -> None:
    keep(tmp_path / "logs", OTHER, CALM + f"2026-11-20T10:00:00Z ERROR api - push with {SECRET} refused\n")
    calls: list[tuple[str, dict[str, Any]]] = [
        ("read_log_errors", {}),
        ("read_log_window", {"around": "api0.log:7"}),
        ("compare_log_windows", {"at": "2026-11-20T10:00Z"}),
    ]
    for tool, arguments in calls:
        result = await call(process, tool, OTHER, **arguments)
        assert result.ok
        assert SECRET not in result.text + str(result.facts)
        assert "refused" in result.text


async def test_another_organization_cannot_read_them_by_their_handle(process: McpProcess, planted: Planted) -> None:
    result = await call(process, "read_log_errors", organization=GLOBEX)
    assert not result.ok
    assert "no longer kept" in result.text


@pytest.mark.parametrize("handle", ["../../etc", "", "0123456789abcdeg"])
async def test_a_handle_leads_nowhere_else(process: McpProcess, handle: str) -> None:
    assert not (await call(process, "read_log_errors", handle)).ok


@pytest.mark.parametrize("around", ["other.log:7", "T4999", "2031-01-01T00:00Z", "api0.log:999999999"])
async def test_a_place_that_is_not_in_the_logs_is_refused_in_words(
    process: McpProcess, planted: Planted, around: str
) -> None:
    result = await call(process, "read_log_window", around=around)
    assert not result.ok
    assert "The tool failed" not in result.text
