"""The tool server as a supervised child process: started, watched, restarted with back-off, one task owning its client.

Callers never touch the process. They say that it is `broken` or `suspect`; the supervisor closes it and starts another.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

from mcp import Client, StdioServerParameters, stdio_client
from mcp.shared.exceptions import MCPError
from mcp_types import CONNECTION_CLOSED, REQUEST_TIMEOUT, CallToolResult, Tool
from pydantic import ValidationError

import core
from core.domain.errors import ServiceUnavailable
from core.domain.tenancy import OperatorHosts
from core.gateways.mcp.child_stderr import relay, stderr_pipe
from core.gateways.mcp.envelope import ENVELOPE_META, EVENT_META, Envelope, new_key, seal
from core.gateways.qdrant.connection import KnowledgeSettings

SERVICE = "The tool server"

_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 5.0
_START_TIMEOUT_S = 20.0
_PROBE_TIMEOUT_S = 1.0
_STEADY_AFTER_S = 10.0
_LAST_WORDS_S = 0.5
_ROOT = Path(core.__file__).resolve().parent.parent

log = logging.getLogger("logsense.tools")

TOOL_SERVER_COMMAND: tuple[str, ...] = (sys.executable, "-m", "core.mcp_server")


@dataclass(frozen=True, slots=True)
class McpSettings:
    """How the tool server is started; `mask_key` makes placeholders equal across restarts.

    `allowed_hosts` are private hosts that every organization reaches, `operator_hosts` those that only one does.
    """

    allowed_hosts: frozenset[str]
    knowledge: KnowledgeSettings
    mask_key: str = field(repr=False)
    tool_timeout_s: float = 20.0
    command: tuple[str, ...] = field(default_factory=lambda: TOOL_SERVER_COMMAND)
    operator_hosts: OperatorHosts | None = None
    logs: Path | None = None


@dataclass(slots=True)
class _Child:
    """One life of the server: its client, the key that only it knows, and what callers noticed."""

    client: Client
    key: str
    tools: tuple[Tool, ...] = ()
    pid: int | None = None
    broken: asyncio.Event = field(default_factory=asyncio.Event)
    suspect: asyncio.Event = field(default_factory=asyncio.Event)

    def born(self, pid: int) -> None:
        """The process said its id."""
        self.pid = pid


class McpProcess:
    """The child process while the context is entered; `restarts` counts the lives after the first."""

    def __init__(self, settings: McpSettings) -> None:
        self._settings = settings
        self._child: _Child | None = None
        self._changed = asyncio.Condition()
        self._closing = asyncio.Event()
        self._supervisor: asyncio.Task[None] | None = None
        self._tools: tuple[Tool, ...] | None = None
        self.restarts = 0

    @property
    def pid(self) -> int | None:
        """The process id of the server that answers now, if one does."""
        return self._child.pid if self._child else None

    async def __aenter__(self) -> McpProcess:
        self._supervisor = asyncio.create_task(self._supervise(), name="tool server supervisor")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        if self._supervisor:
            await self._supervisor

    async def ready(self) -> None:
        """Returns once the server answers; raises ServiceUnavailable when it does not start in time."""
        await self._living(time.monotonic() + _START_TIMEOUT_S)

    async def tools(self) -> tuple[Tool, ...]:
        """What the server offers; it was asked at its first start, and every start offers the same."""
        if self._tools is None:
            self._tools = (await self._living(time.monotonic() + self._settings.tool_timeout_s)).tools
        return self._tools

    async def call(
        self, arguments: Mapping[str, Any], envelope: Envelope, event_text: str | None = None, *, retry: bool
    ) -> CallToolResult:
        """The server's answer to `envelope.tool`, within the tool timeout; `retry` allows one more try after a crash.

        Raises:
            ServiceUnavailable: no answer in time, or the server went away under the call.
        """
        deadline = time.monotonic() + self._settings.tool_timeout_s
        tries = 2 if retry else 1
        while True:
            tries -= 1
            child = await self._living(deadline)
            try:
                return await self._ask(child, arguments, envelope, event_text, deadline)
            except MCPError as error:
                self._note(child, error)
                if not tries or error.code != CONNECTION_CLOSED:
                    raise _unavailable(error, envelope.tool) from error
            except ValidationError:
                raise ServiceUnavailable(SERVICE, f"The answer of {envelope.tool} cannot be read.") from None

    async def _ask(
        self, child: _Child, arguments: Mapping[str, Any], envelope: Envelope, event_text: str | None, deadline: float
    ) -> CallToolResult:
        meta: dict[str, Any] = {ENVELOPE_META: seal(envelope, child.key)}
        if event_text is not None:
            meta[EVENT_META] = event_text
        left = max(0.05, deadline - time.monotonic())
        return await child.client.call_tool(
            envelope.tool,
            dict(arguments),
            read_timeout_seconds=left,
            meta=meta,  # type: ignore[arg-type]
        )

    @staticmethod
    def _note(child: _Child, error: MCPError) -> None:
        if error.code == CONNECTION_CLOSED:
            child.broken.set()
        elif error.code == REQUEST_TIMEOUT:
            child.suspect.set()

    async def _living(self, deadline: float) -> _Child:
        """The child that answers, waited for until `deadline`."""
        try:
            async with asyncio.timeout(max(0.0, deadline - time.monotonic())), self._changed:
                while self._child is None or self._child.broken.is_set():
                    if self._closing.is_set() or self._supervisor is None or self._supervisor.done():
                        raise ServiceUnavailable(SERVICE, "The tool server has been stopped.")
                    await self._changed.wait()
                return self._child
        except TimeoutError:
            raise ServiceUnavailable(
                SERVICE, "The tool server is not running and could not be restarted in time; the log says why."
            ) from None

    async def _supervise(self) -> None:
        pause_s = _FIRST_PAUSE_S
        while True:
            began = time.monotonic()
            try:
                await self._one_life()
            except Exception as error:
                log.error("the tool server could not be started or ended badly: %s", type(error).__name__)
            finally:
                await self._announce(None)
            if self._closing.is_set():
                return
            pause_s = _FIRST_PAUSE_S if time.monotonic() - began > _STEADY_AFTER_S else pause_s
            log.warning("the tool server went away; starting it again in %.1f s", pause_s)
            if await _set_within(self._closing, pause_s):
                return
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
            self.restarts += 1

    async def _one_life(self) -> None:
        """Start the server, offer it to callers, and return when it is to be replaced or the context closes."""
        async with stderr_pipe() as (errlog, lines):
            key = new_key()
            client = Client(stdio_client(self._parameters(key), errlog=errlog))
            child = _Child(client, key)
            async with asyncio.TaskGroup() as group:
                reader = group.create_task(self._listen(lines, child))
                try:
                    await self._offer(child, errlog)
                finally:
                    errlog.close()
                    await asyncio.wait([reader], timeout=_LAST_WORDS_S)
                    reader.cancel()

    @staticmethod
    async def _listen(lines: asyncio.StreamReader, child: _Child) -> None:
        """The end of the child's stderr is the first sign of its death, also while nobody calls."""
        await relay(lines, child.born)
        child.broken.set()

    async def _offer(self, child: _Child, errlog: TextIO) -> None:
        async with contextlib.AsyncExitStack() as stack:
            async with asyncio.timeout(_START_TIMEOUT_S):
                await stack.enter_async_context(child.client)
                child.tools = tuple((await child.client.list_tools()).tools)
            errlog.close()
            await self._announce(child)
            await self._watch(child)
            await self._announce(None)
            if child.broken.is_set() and child.pid is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child.pid, signal.SIGKILL)

    async def _watch(self, child: _Child) -> None:
        """Returns when the child is broken, or hangs, or is no longer wanted."""
        while not (self._closing.is_set() or child.broken.is_set()):
            await _first_of(self._closing, child.broken, child.suspect)
            if child.suspect.is_set() and not child.broken.is_set():
                child.suspect.clear()
                if not await _answers(child.client):
                    log.warning("the tool server hangs")
                    child.broken.set()

    async def _announce(self, child: _Child | None) -> None:
        async with self._changed:
            self._child = child
            self._changed.notify_all()

    def _parameters(self, key: str) -> StdioServerParameters:
        settings = self._settings
        environment = {
            "LANG": "C.UTF-8",
            "LOGSENSE_MCP_KEY": key,
            "LOGSENSE_MASK_KEY": settings.mask_key,
            "LOGSENSE_TENANT_HOSTS": ",".join(sorted(settings.allowed_hosts)),
            **_operator_variables(settings.operator_hosts),
            **settings.knowledge.variables(),
        }
        if settings.logs is not None:
            environment["LOGSENSE_LOGS"] = str(settings.logs)
        return StdioServerParameters(
            command=settings.command[0], args=list(settings.command[1:]), env=environment, cwd=_ROOT
        )


def _operator_variables(allowed: OperatorHosts | None) -> Mapping[str, str]:
    if allowed is None:
        return {}
    return {
        "LOGSENSE_ORGANIZATION": allowed.organization_id,
        "LOGSENSE_ALLOWED_HOSTS": ",".join(sorted(allowed.hosts)),
    }


def _unavailable(error: MCPError, tool: str) -> ServiceUnavailable:
    if error.code == REQUEST_TIMEOUT:
        return ServiceUnavailable(SERVICE, f"{tool} did not answer in time.")
    if error.code == CONNECTION_CLOSED:
        return ServiceUnavailable(SERVICE, f"The tool server stopped while it worked on {tool}; it is being restarted.")
    return ServiceUnavailable(SERVICE, f"The tool server refused {tool}: {error.message}")


async def _answers(client: Client) -> bool:
    try:
        async with asyncio.timeout(_PROBE_TIMEOUT_S):
            await client.list_tools(cache_mode="bypass")
    except (TimeoutError, MCPError):
        return False
    return True


async def _first_of(*events: asyncio.Event) -> None:
    waits = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)


async def _set_within(event: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True
