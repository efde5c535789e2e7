"""`python -m core.mcp_server`: the tools over stdio, for the bot that started it or for any MCP client.

Started with LOGSENSE_MCP_KEY, every call needs a sealed envelope. Started without, it serves the reading tools for the
one organization in SENTRY_URL, SENTRY_ORG and SENTRY_TOKEN. Only the protocol goes to stdout.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import sys
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from core.domain.errors import InvalidInput
from core.domain.tenancy import OperatorHosts, OrganizationId, SentryConnection, parse_personal_data
from core.gateways.http.guarded import open_guarded_session
from core.gateways.qdrant.connection import KnowledgeEngine, KnowledgeSettings
from core.mcp_server.server import HOST_ONLY, build_server
from core.mcp_server.stderr_log import log_started, log_to_stderr
from core.mcp_server.tenancy import Tenant, fixed_tenancy, sealed_tenancy
from core.mcp_server.tenant_context import OperatorAccess, TenantToolContext
from core.mcp_server.tenant_masking import TenantMasker

_PUBLIC_SENTRY = "https://sentry.io"
_SWITCH_INTERVAL_S = 0.0005
"""Between threads: the event loop waits at most this long for one that reads or masks a large event."""


class SettingsMissing(Exception):
    """The environment does not say enough to start; the text says what to set."""


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """What the environment said; `serves` is the key of sealed envelopes, or the one tenant of a start by hand.

    `allowed_hosts` are private hosts that every organization reaches, `operator_hosts` those that only one does.
    """

    serves: str | Tenant = field(repr=False)
    allowed_hosts: frozenset[str]
    operator_hosts: OperatorHosts | None
    knowledge: KnowledgeSettings
    mask_key: str = field(repr=False)
    logs: Path | None = None


def read_settings(environment: MutableMapping[str, str]) -> ServerSettings:
    """The settings in `environment`; secrets are taken out of it, so that nothing started later inherits them.

    Raises:
        SettingsMissing: it was started by hand, and SENTRY_ORG or SENTRY_TOKEN is not set.
    """
    key = environment.pop("LOGSENSE_MCP_KEY", "")
    mask_key = environment.pop("LOGSENSE_MASK_KEY", "") or secrets.token_hex(16)
    token = environment.pop("SENTRY_TOKEN", "")
    hosts = _hosts(environment, "LOGSENSE_TENANT_HOSTS")
    operators = _hosts(environment, "LOGSENSE_ALLOWED_HOSTS")
    operator_hosts = None
    knowledge = KnowledgeSettings.read(environment)
    serves: str | Tenant = key
    if not key:
        serves = _tenant_by_hand(environment, token)
        hosts |= operators | _host_of(serves)
    elif operator := environment.get("LOGSENSE_ORGANIZATION"):
        operator_hosts = OperatorHosts(OrganizationId(operator), operators)
    logs = environment.get("LOGSENSE_LOGS")
    return ServerSettings(serves, hosts, operator_hosts, knowledge, mask_key, Path(logs) if logs else None)


def _hosts(environment: Mapping[str, str], name: str) -> frozenset[str]:
    return frozenset(host.strip() for host in environment.get(name, "").split(",") if host.strip())


def _tenant_by_hand(environment: MutableMapping[str, str], token: str) -> Tenant:
    slug = environment.get("SENTRY_ORG", "")
    missing = [name for name, value in (("SENTRY_ORG", slug), ("SENTRY_TOKEN", token)) if not value]
    if missing:
        raise SettingsMissing(
            f"Set {' and '.join(missing)} to serve an organization of {_PUBLIC_SENTRY}; for another Sentry, SENTRY_URL."
        )
    connection = SentryConnection(environment.get("SENTRY_URL") or _PUBLIC_SENTRY, slug, token)
    chosen = environment.get("LOGSENSE_MASK_PERSONAL_DATA")
    try:
        masks = None if chosen is None else parse_personal_data(chosen)
    except InvalidInput as error:
        raise SettingsMissing(f"LOGSENSE_MASK_PERSONAL_DATA: {error}") from None
    return Tenant(OrganizationId(slug), connection, masks=masks)


def _host_of(tenant: Tenant) -> frozenset[str]:
    """Whoever starts the server by hand names its Sentry themselves: that host is allowed, wherever it is."""
    host = urlsplit(tenant.connection.base_url).hostname if tenant.connection else None
    return frozenset({host} if host else ())


async def serve(settings: ServerSettings) -> None:
    """Answer on stdin and stdout until the other side closes them."""
    masker = TenantMasker(settings.mask_key)
    async with contextlib.AsyncExitStack() as sessions:
        session = await sessions.enter_async_context(open_guarded_session(settings.allowed_hosts))
        operator = None
        if settings.operator_hosts is not None:
            # A session of its own: an open connection to a private host must not serve another organization.
            hosts = settings.operator_hosts.hosts | settings.allowed_hosts
            own = await sessions.enter_async_context(open_guarded_session(hosts))
            operator = OperatorAccess(settings.operator_hosts.organization_id, own, hosts)
        knowledge = KnowledgeEngine(settings.knowledge)
        context = TenantToolContext(
            session,
            settings.allowed_hosts,
            knowledge,
            lambda: masker.chosen().structure,
            operator,
            logs=settings.logs,
        )
        match settings.serves:
            case str(key):
                server = build_server(context, masker, sealed_tenancy(key, HOST_ONLY), with_host_tools=True)
            case tenant:
                server = build_server(context, masker, fixed_tenancy(tenant), with_host_tools=False)
        log_started(os.getpid())
        try:
            await server.run_stdio_async()
        finally:
            await context.close()
            await knowledge.close()


def main() -> int:
    """Serve; 2 when the environment does not say whom."""
    log_to_stderr()
    try:
        settings = read_settings(os.environ)
    except SettingsMissing as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.setswitchinterval(_SWITCH_INTERVAL_S)
    asyncio.run(serve(settings))
    return 0


if __name__ == "__main__":
    sys.exit(main())
