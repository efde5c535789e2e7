import asyncio
import json
import logging
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
from mcp.shared.exceptions import MCPError
from mcp_types import CallToolResult, TextContent

from core.domain.errors import InvalidInput, ServiceUnavailable, ToolRejected
from core.domain.journal import ToolCall
from core.domain.knowledge import KnowledgeEntry
from core.domain.tenancy import OrganizationId
from core.gateways.mcp.envelope import (
    ENVELOPE_META,
    EVENT_META,
    MASKED_META,
    REFUSED_CODE,
    Envelope,
    digest_of_arguments,
    digest_of_event,
    new_key,
    seal,
)
from core.gateways.mcp.process import McpProcess, McpSettings
from core.gateways.mcp.toolbox import McpHostTools, McpToolbox, verified
from core.gateways.qdrant.connection import KnowledgeSettings
from core.ports import HostTools, Toolbox
from tests import forkserver

ACME = OrganizationId("acme")

Start = Callable[..., AbstractAsyncContextManager[McpProcess]]


@pytest.fixture
def start(tmp_path: Path) -> Start:
    @asynccontextmanager
    async def started(tool_timeout_s: float = 20.0, *, is_fresh: bool = False) -> AsyncIterator[McpProcess]:
        module = "tests.fakes.tool_server"
        command = (sys.executable, "-m", module) if is_fresh else forkserver.command(module)
        async with McpProcess(
            McpSettings(frozenset(), KnowledgeSettings(tmp_path), "mask", tool_timeout_s, command)
        ) as process:
            await process.ready()
            yield process

    return started


def toolbox(process: McpProcess, organization: str = "acme", event_text: str | None = None) -> Toolbox:
    return McpToolbox(process, OrganizationId(organization), None, "inv-1", event_text)


def host_tools(process: McpProcess) -> HostTools:
    return McpHostTools(process, ACME, None)


def impact(issue_id: str) -> ToolCall:
    return ToolCall("1", "get_user_impact", {"issue_id": issue_id})


def details(issue_id: str) -> ToolCall:
    return ToolCall("1", "get_sentry_issue_details", {"issue_id": issue_id})


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while True:
            if condition():
                return
            await asyncio.sleep(0.01)


async def test_the_model_is_offered_the_reading_tools_only(start: Start) -> None:
    async with start() as process:
        names = [spec.name for spec in await toolbox(process).list_tools()]
    assert names == [
        "get_sentry_issue_details",
        "get_stacktrace",
        "analyze_error_frequency",
        "get_user_impact",
        "search_knowledge_base",
    ]


async def test_a_call_brings_text_and_the_same_as_fields(start: Start) -> None:
    async with start() as process:
        result = await toolbox(process).call(details("SHOP-1A2"))
    assert result.ok
    assert result.facts["title"] == "seen by acme"
    assert "seen by acme" in result.text


async def test_many_organizations_interleaved_each_get_their_own(start: Start) -> None:
    async with start() as process:
        boxes = [toolbox(process, f"org{n % 20}") for n in range(100)]
        results = await asyncio.gather(*(box.call(details("A-1")) for box in boxes))
    assert [result.facts["title"] for result in results] == [f"seen by org{n % 20}" for n in range(100)]


async def test_a_pasted_event_travels_with_the_call_and_no_further(start: Start) -> None:
    async with start() as process:
        with_event = await toolbox(process, event_text="my event").call(details("A-1"))
        without = await toolbox(process).call(details("A-1"))
    assert with_event.facts["title"] == "seen by acme my event"
    assert without.facts["title"] == "seen by acme"


async def test_an_event_over_a_mebibyte_is_refused_at_once() -> None:
    with pytest.raises(InvalidInput, match="1 MiB"):
        McpToolbox(McpProcess(McpSettings(frozenset(), KnowledgeSettings(None), "")), ACME, None, "i", "x" * 1_048_577)


@pytest.mark.parametrize(
    ("call", "correction"),
    [
        (ToolCall("1", "rm", {}), "The tools are get_sentry_issue_details, get_stacktrace"),
        (ToolCall("1", "resolve_issue", {"issue_id": "A-1", "resolved": True}), "There is no such tool"),
        (ToolCall("1", "get_user_impact", {}), "issue_id is missing"),
        (ToolCall("1", "get_user_impact", {"issue_id": "A-1", "organization": "x"}), "no other arguments"),
    ],
)
async def test_a_call_that_does_not_fit_is_rejected_before_it_runs(
    start: Start, call: ToolCall, correction: str
) -> None:
    async with start() as process:
        with pytest.raises(ToolRejected, match=correction):
            await toolbox(process).call(call)


async def test_stray_prints_do_not_harm_the_protocol(start: Start) -> None:
    async with start() as process:
        assert (await toolbox(process).call(impact("PRINT-1"))).ok
        assert (await toolbox(process).call(impact("A-1"))).ok
        assert process.restarts == 0


async def test_a_read_under_which_the_server_dies_is_tried_again_once(start: Start) -> None:
    async with start() as process:
        first_pid = process.pid
        result = await toolbox(process).call(impact("DIE-1"))
        assert result.ok
        assert process.restarts == 1
        assert process.pid not in (None, first_pid)


async def test_a_change_under_which_the_server_dies_is_not_repeated(start: Start, tmp_path: Path) -> None:
    async with start() as process:
        with pytest.raises(ServiceUnavailable, match="stopped while it worked on resolve_issue"):
            await host_tools(process).resolve_issue("DIE-1", resolved=True)
        assert (tmp_path / "resolved").read_text() == "DIE-1\n"
        again = await host_tools(process).resolve_issue("DIE-1", resolved=True)
        assert again.ok


async def test_fifty_calls_in_flight_survive_a_kill(start: Start) -> None:
    async with start() as process:
        assert process.pid
        calls = [asyncio.create_task(toolbox(process).call(impact("A-1"))) for _ in range(50)]
        await asyncio.sleep(0)
        os.kill(process.pid, signal.SIGKILL)
        results = await asyncio.gather(*calls)
    assert all(result.ok for result in results)


async def test_a_death_while_idle_is_noticed_and_mended(start: Start) -> None:
    async with start() as process:
        assert process.pid
        os.kill(process.pid, signal.SIGKILL)
        await until(lambda: process.restarts)
        await process.ready()
        assert (await host_tools(process).list_incidents("", 5)).ok


async def test_a_hanging_server_costs_one_timeout_and_is_replaced(start: Start) -> None:
    async with start(tool_timeout_s=1.0) as process:
        assert process.pid
        os.kill(process.pid, signal.SIGSTOP)
        began = time.monotonic()
        with pytest.raises(ServiceUnavailable, match="in time"):
            await toolbox(process).call(impact("A-1"))
        assert time.monotonic() - began < 3
        await until(lambda: process.restarts and process.pid)
        assert (await toolbox(process).call(impact("A-1"))).ok


async def test_a_slow_tool_does_not_cost_the_others_their_server(start: Start, tmp_path: Path) -> None:
    async with start(tool_timeout_s=1.5) as process:
        pid = process.pid
        with pytest.raises(ServiceUnavailable, match="did not answer in time"):
            await toolbox(process).call(impact("SLOW-1"))
        assert (await toolbox(process).call(impact("A-1"))).ok
        assert process.pid == pid


async def test_a_cancelled_call_leaves_the_server_alone(start: Start, tmp_path: Path) -> None:
    async with start() as process:
        task = asyncio.create_task(toolbox(process).call(impact("SLOW-1")))
        await until((tmp_path / "slow").exists)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await toolbox(process).call(impact("A-1"))).ok
        assert process.restarts == 0


async def test_a_server_that_cannot_start_is_a_clear_failure(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    command = (sys.executable, "-c", "import sys; sys.exit('no key today')")
    caplog.set_level(logging.INFO, "logsense.tools")
    async with McpProcess(McpSettings(frozenset(), KnowledgeSettings(tmp_path), "mask", 1.5, command)) as process:
        with pytest.raises(ServiceUnavailable, match="not running"):
            await toolbox(process).call(impact("A-1"))
    assert "no key today" in caplog.text


async def test_after_closing_calls_fail_at_once_and_the_child_is_gone(start: Start) -> None:
    async with start() as process:
        pid = process.pid
        assert pid
    with pytest.raises(ServiceUnavailable, match="stopped"):
        await toolbox(process).call(impact("A-1"))
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_the_child_gets_no_more_environment_than_it_needs(
    start: Start, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-not-for-children")
    monkeypatch.chdir(tmp_path)
    async with start(is_fresh=True) as process:
        environment = await asyncio.to_thread(Path(f"/proc/{process.pid}/environ").read_text)
    assert "OPENAI_API_KEY" not in environment
    assert "LOGSENSE_MASK_KEY" in environment


# ---- the server as it ships


async def test_the_shipped_server_reads_a_pasted_event_and_keeps_knowledge_apart(tmp_path: Path) -> None:
    frame = {"filename": "shop/cart.py", "function": "total", "lineno": 41, "in_app": True, "vars": {"token": "'abc9'"}}
    exception = {"type": "KeyError", "value": "'price'", "stacktrace": {"frames": [frame]}}
    event = json.dumps({"event_id": "a" * 32, "platform": "python", "exception": {"values": [exception]}})
    entry = KnowledgeEntry("INC-7", "Cart without price", "items lost their price", "roll back", "KeyError", "'price'")
    async with McpProcess(McpSettings(frozenset(), KnowledgeSettings(tmp_path / "index"), "mask")) as process:
        stack = await toolbox(process, event_text=event).call(ToolCall("1", "get_stacktrace", {"issue_id": "event"}))
        unconnected = await toolbox(process).call(impact("A-1"))
        assert (await host_tools(process).index_knowledge([entry])).ok
        mine = await host_tools(process).search_knowledge("KeyError price cart", 3)
        search = ToolCall("1", "search_knowledge_base", {"query": "KeyError price cart"})
        theirs = await toolbox(process, "globex").call(search)
    assert stack.facts["frame"]["function"] == "total"
    assert stack.facts["frame"]["variables"]["token"].startswith("[secret:")
    assert not unconnected.ok
    assert unconnected.text.startswith("No Sentry is connected")
    assert mine.facts["matches"][0]["incident"] == "INC-7"
    assert theirs.facts == {"matches": []}


# ---- every refusal, over the real process


ARGUMENTS = {"issue_id": "A-1"}


def envelope(**changes: object) -> Envelope:
    fields: dict[str, object] = {
        "organization_id": ACME,
        "investigation_id": "i",
        "tool": "get_user_impact",
        "arguments_digest": digest_of_arguments(ARGUMENTS),
        "caller": "model",
    }
    return Envelope(**{**fields, **changes})  # type: ignore[arg-type]


async def refusal(process: McpProcess, tool: str, arguments: dict[str, object], meta: dict[str, object]) -> str:
    child = process._child
    assert child
    with pytest.raises(MCPError) as caught:
        await child.client.call_tool(tool, arguments, meta=meta)  # type: ignore[arg-type]
    assert caught.value.code == REFUSED_CODE
    return caught.value.message


async def test_every_wrong_envelope_is_refused(start: Start) -> None:
    async with start() as process:
        child = process._child
        assert child
        key = child.key
        good = seal(envelope(), key)
        person_only = envelope(tool="list_incidents", arguments_digest=digest_of_arguments({}))
        with_event = seal(envelope(event_digest=digest_of_event("e")), key)
        cases: list[tuple[str, str, dict[str, object], dict[str, object]]] = [
            ("no envelope", "get_user_impact", {**ARGUMENTS}, {}),
            ("no envelope", "get_user_impact", {**ARGUMENTS}, {ENVELOPE_META: {"organization_id": "acme"}}),
            ("forged", "get_user_impact", {**ARGUMENTS}, {ENVELOPE_META: "junk"}),
            ("forged", "get_user_impact", {**ARGUMENTS}, {ENVELOPE_META: seal(envelope(), new_key())}),
            ("expired", "get_user_impact", {**ARGUMENTS}, {ENVELOPE_META: seal(envelope(), key, at=time.time() - 40)}),
            ("future", "get_user_impact", {**ARGUMENTS}, {ENVELOPE_META: seal(envelope(), key, at=time.time() + 30)}),
            ("another tool", "get_stacktrace", {**ARGUMENTS}, {ENVELOPE_META: good}),
            ("other arguments", "get_user_impact", {"issue_id": "B-2"}, {ENVELOPE_META: good}),
            ("people", "list_incidents", {}, {ENVELOPE_META: seal(person_only, key)}),
            (
                "no organization",
                "get_user_impact",
                {**ARGUMENTS},
                {ENVELOPE_META: seal(envelope(organization_id=""), key)},
            ),
            ("does not know", "get_user_impact", {**ARGUMENTS}, {ENVELOPE_META: good, EVENT_META: "smuggled"}),
            ("not the one", "get_user_impact", {**ARGUMENTS}, {ENVELOPE_META: with_event, EVENT_META: "other"}),
            ("not the one", "get_user_impact", {**ARGUMENTS}, {ENVELOPE_META: with_event}),
        ]
        for why, tool, arguments, meta in cases:
            assert why in await refusal(process, tool, arguments, meta)
        assert (await toolbox(process).call(impact("A-1"))).ok


# ---- the host believes nothing


GOOD = CallToolResult(
    content=[TextContent(type="text", text="fine")], structured_content={"a": "b"}, _meta={MASKED_META: True}
)


def test_a_good_result_passes() -> None:
    assert verified(GOOD).text == "fine"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"content": []}, "not one text"),
        ({"content": [TextContent(type="text", text="a")] * 2}, "not one text"),
        ({"content": [TextContent(type="text", text="a" * 6001)]}, "too long"),
        ({"content": [TextContent(type="text", text="a\x1b[31m")]}, "control"),
        ({"content": [TextContent(type="text", text="a\u202e")]}, "control"),
        ({"structured_content": {"deep": [{"x": "\u200b"}]}}, "control"),
        ({"structured_content": None}, "without fields"),
        ({"meta": None}, "not masked"),
        ({"meta": {MASKED_META: "yes"}}, "not masked"),
    ],
)
def test_any_other_result_is_discarded(changes: dict[str, object], why: str) -> None:
    with pytest.raises(ServiceUnavailable, match=why):
        verified(GOOD.model_copy(update=changes))
