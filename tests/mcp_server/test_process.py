import asyncio
import logging
import sys
from pathlib import Path

import pytest
from mcp import Client, StdioServerParameters

from core.domain.tenancy import OperatorHosts, OrganizationId
from core.mcp_server.__main__ import SettingsMissing, read_settings
from core.mcp_server.stderr_log import log_to_stderr
from core.mcp_server.tenancy import Tenant

ROOT = Path(__file__).parent.parent.parent
SERVER = ("-m", "core.mcp_server")

PARENT = """
import asyncio, pathlib, sys
from core.gateways.qdrant.connection import KnowledgeSettings
from core.gateways.mcp.process import McpProcess, McpSettings
async def main():
    command = (sys.executable, "-m", "tests.fakes.tool_server")
    settings = McpSettings(frozenset(), KnowledgeSettings(pathlib.Path(sys.argv[1])), "mask", command=command)
    async with McpProcess(settings) as process:
        await process.ready()
        print(process.pid, flush=True)
        await asyncio.sleep(600)
asyncio.run(main())
"""


def is_alive(pid: int) -> bool:
    """Whether `pid` runs; one that only waits to be buried does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def run(**environment: str) -> tuple[int | None, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *SERVER,
        env=environment,
        cwd=ROOT,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


async def test_the_server_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, str(tmp_path), cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout
    pid = int(await parent.stdout.readline())
    assert is_alive(pid)
    parent.kill()
    await parent.wait()
    async with asyncio.timeout(10):
        while True:
            if not is_alive(pid):
                break
            await asyncio.sleep(0.02)


async def test_started_without_saying_whom_to_serve_it_says_what_to_set() -> None:
    code, out, err = await run(SENTRY_ORG="acme")
    assert code == 2
    assert out == ""
    assert err == "Set SENTRY_TOKEN to serve an organization of https://sentry.io; for another Sentry, SENTRY_URL.\n"


async def test_any_client_gets_the_reading_tools_and_no_others() -> None:
    environment = {"SENTRY_ORG": "acme", "SENTRY_TOKEN": "t0ken", "SENTRY_URL": "http://127.0.0.1:1"}
    parameters = StdioServerParameters(command=sys.executable, args=list(SERVER), env=environment, cwd=ROOT)
    async with Client(parameters) as client:
        names = {tool.name for tool in (await client.list_tools()).tools}
        dead = await client.call_tool("get_user_impact", {"issue_id": "A-1"})
        unindexed = await client.call_tool("search_knowledge_base", {"query": "KeyError"})
        writing = await client.call_tool("resolve_issue", {"issue_id": "A-1", "resolved": True})
    assert names == {
        "get_sentry_issue_details",
        "get_stacktrace",
        "analyze_error_frequency",
        "get_user_impact",
        "search_knowledge_base",
    }
    assert dead.is_error
    assert "Sentry" in dead.content[0].text  # type: ignore[union-attr]
    assert unindexed.content[0].text == "No folder is set for the knowledge base."  # type: ignore[union-attr]
    assert writing.is_error


def test_secrets_leave_the_environment_when_they_are_read() -> None:
    environment = {
        "LOGSENSE_MCP_KEY": "k",
        "LOGSENSE_MASK_KEY": "m",
        "SENTRY_TOKEN": "t",
        "LOGSENSE_TENANT_HOSTS": "a, b",
    }
    settings = read_settings(environment)
    assert environment == {"LOGSENSE_TENANT_HOSTS": "a, b"}
    assert settings.serves == "k"
    assert settings.allowed_hosts == {"a", "b"}
    assert "'k'" not in repr(settings)
    assert "'m'" not in repr(settings)


def test_by_hand_the_named_sentry_is_the_allowed_one() -> None:
    settings = read_settings({"SENTRY_ORG": "acme", "SENTRY_TOKEN": "t", "SENTRY_URL": "http://sentry.internal:9000"})
    assert isinstance(settings.serves, Tenant)
    assert settings.serves.organization_id == OrganizationId("acme")
    assert settings.serves.connection
    assert not settings.serves.connection.writes_allowed
    assert settings.allowed_hosts == {"sentry.internal"}


def test_hosts_of_the_operator_are_for_one_organization_and_for_nobody_when_none_is_named() -> None:
    told = {"LOGSENSE_MCP_KEY": "k", "LOGSENSE_ALLOWED_HOSTS": "a", "LOGSENSE_TENANT_HOSTS": "b"}
    unnamed = read_settings(dict(told))
    assert (unnamed.allowed_hosts, unnamed.operator_hosts) == (frozenset("b"), None)
    named = read_settings({**told, "LOGSENSE_ORGANIZATION": "acme"})
    assert (named.allowed_hosts, named.operator_hosts) == (
        frozenset("b"),
        OperatorHosts(OrganizationId("acme"), frozenset("a")),
    )


def test_by_hand_without_an_organization_is_refused() -> None:
    with pytest.raises(SettingsMissing, match="SENTRY_ORG and SENTRY_TOKEN"):
        read_settings({})


def test_the_log_names_the_type_of_an_exception_and_never_its_text(capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    try:
        log_to_stderr()
        try:
            raise ValueError("password=hunter2")
        except ValueError:
            logging.getLogger("mcp.server").exception("a tool raised\nsomething")
    finally:
        root.handlers[:] = before
        root.setLevel(level)
    assert capsys.readouterr().err == "ERROR mcp.server a tool raised something (ValueError)\n"
