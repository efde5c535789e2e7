"""Reaches every configured part once, times it, and says how to repair what is wrong."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any

import aiohttp

from bot.app.reasoners import Reasoners
from core.domain.errors import LogSenseError
from core.domain.knowledge import Kind, KnowledgeEntry, Standing
from core.domain.system_errors import from_os
from core.domain.tenancy import OrganizationId
from core.gateways.code.git_process import git_program
from core.gateways.code.repositories import CodeRepositories, CodeSettings
from core.gateways.mcp.process import McpProcess
from core.ports import Stores, ToolProvider
from core.requests.connections import Connections
from core.work.background_tasks import Checks

OK, WARNING, PROBLEM = "ok", "warning", "problem"


class NotConfigured(LogSenseError):
    """A part that works once it is set up; the text says how."""


def check_parts(
    stores: Stores,
    connections: Connections,
    tools: ToolProvider,
    reasoners: Reasoners,
    process: McpProcess,
    code: CodeSettings | None = None,
) -> Checks:
    """The checks that the owner of the data directory makes for whoever asks."""

    async def checks(organization_id: OrganizationId) -> list[Mapping[str, Any]]:
        host_tools = await tools.host_tools(organization_id)

        async def sentry() -> str:
            connection = await connections.sentry(organization_id)
            if connection is None:
                raise NotConfigured("not connected: set SENTRY_ORG and SENTRY_TOKEN. The demo works without")
            found = await host_tools.describe_connection()
            if not found.ok:
                raise LogSenseError(found.text)
            scopes = [str(scope) for scope in found.facts.get("scopes", ())]
            return sentry_state(scopes, writes_allowed=connection.writes_allowed)

        async def knowledge() -> str:
            await host_tools.search_knowledge("check", 1)
            known = await stores.for_organization(organization_id).knowledge()
            return known_lessons(known)

        async def tool_server() -> str:
            await process.ready()
            return f"running, restarted {process.restarts} times"

        async def language_model() -> str:
            model = await reasoners.model(organization_id)
            if model is None:
                raise NotConfigured("not configured: rules investigate, without tokens. Set OPENAI_API_KEY to use one")
            return await model.check()

        parts = {
            "tool server": tool_server,
            "Sentry": sentry,
            "knowledge index": knowledge,
            "language model": language_model,
        }
        if code is not None and code.has_any(organization_id):
            parts["source code"] = lambda: repositories_state(code, organization_id)
        return [await timed(name, part) for name, part in parts.items()]

    return checks


async def repositories_state(code: CodeSettings, organization_id: OrganizationId) -> str:
    """Which repositories can be read, in words.

    Raises:
        NotConfigured: there is no git program, or no repository.
        ServiceUnavailable: one that is named cannot be read.
    """
    if git_program() is None:
        raise NotConfigured("LOGSENSE_REPOSITORIES is set, but there is no git program: install git")
    opened = CodeRepositories(code)
    try:
        heads = {repository.name: await repository.head() for repository in opened.of(organization_id)}
    finally:
        opened.close()
    read = [name for name, head in heads.items() if head]
    if not read:
        raise NotConfigured("LOGSENSE_REPOSITORIES names no repository with commits")
    empty = [name for name, head in heads.items() if not head]
    return f"read: {', '.join(read[:10])}{' and more' if len(read) > 10 else ''}" + (
        f"; without commits: {', '.join(empty[:10])}" if empty else ""
    )


def sentry_state(scopes: Sequence[str], *, writes_allowed: bool) -> str:
    """What the token may do, in words.

    Raises:
        NotConfigured: writes are on, and the token cannot write.
    """
    if not scopes:
        return "reached, and the token may read issues; this server does not say what else it may do"
    if writes_allowed and not {"event:write", "event:admin"} & set(scopes):
        raise NotConfigured(
            f"reached, but LOGSENSE_SENTRY_WRITES is on and the token may only {', '.join(scopes)}: "
            "resolving needs event:write. Give SENTRY_TOKEN that scope, or switch writes off"
        )
    return f"reached; the token may {', '.join(scopes)}"


def known_lessons(entries: Iterable[KnowledgeEntry]) -> str:
    """How many past incidents people confirmed; drafts are not knowledge yet."""
    count = sum(entry.kind == Kind.INCIDENT and entry.status == Standing.CONFIRMED for entry in entries)
    return f"{count} confirmed past incident{'' if count == 1 else 's'}"


async def timed(part: str, attempt: Callable[[], Awaitable[str]]) -> dict[str, Any]:
    """One row of the table: what came of `attempt`, in how many milliseconds."""
    started = time.perf_counter()
    try:
        detail, state = await attempt(), OK
    except NotConfigured as hint:
        detail, state = str(hint), WARNING
    except LogSenseError as error:
        detail, state = str(error), PROBLEM
    except Exception as error:
        # A part that fails in a way nobody expected is a row too; the others are still to be reached.
        needed = from_os(error)
        detail, state = str(needed) if needed else f"failed: {type(error).__name__}: {error}", PROBLEM
    return {"part": part, "state": state, "ms": round((time.perf_counter() - started) * 1000), "detail": detail}


async def answers(url: str) -> str:
    """That LogSense answers at `url`; raises NotConfigured when nothing does."""
    try:
        timeout = aiohttp.ClientTimeout(total=5)
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(f"{url}/healthz") as answer:
            if answer.status != 200:
                raise LogSenseError(f"{url}/healthz answers with status {answer.status}")
    except (aiohttp.ClientError, TimeoutError):
        raise NotConfigured(f"nothing answers at {url}/healthz") from None
    return f"{url} answers"
