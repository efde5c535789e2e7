import json
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import pytest

from core.domain.errors import Refusal, ServiceUnavailable
from core.domain.incident import IssueRef
from core.domain.tenancy import OrganizationId, SentryConnection
from core.gateways.qdrant.connection import KnowledgeEngine, KnowledgeSettings
from core.mcp_server import tenancy
from core.mcp_server.tenancy import Tenant
from core.mcp_server.tenant_context import TenantToolContext

ACME = OrganizationId("acme")
SENTRY = SentryConnection("http://127.0.0.1:1", "acme", "t", writes_allowed=True)
EVENT = json.dumps({"event_id": "a" * 32, "exception": {"values": [{"type": "KeyError", "value": "'x'"}]}})


@contextmanager
def serving(tenant: Tenant) -> Iterator[None]:
    token = tenancy._tenant.set(tenant)
    try:
        yield
    finally:
        tenancy._tenant.reset(token)


@pytest.fixture
async def context(tmp_path: Path) -> AsyncIterator[TenantToolContext]:
    engine = KnowledgeEngine(KnowledgeSettings(tmp_path / "index"))
    async with aiohttp.ClientSession() as session:
        opened = TenantToolContext(session, frozenset(), engine)
        yield opened
        await engine.close()


async def test_nothing_opens_without_a_tenant(context: TenantToolContext) -> None:
    for door in (context.incidents, context.knowledge, context.has_one_event_only, context.require_writing):
        with pytest.raises(Exception, match="belongs to no organization"):
            door()


async def test_without_a_sentry_and_without_an_event_one_is_told_what_to_give(context: TenantToolContext) -> None:
    with serving(Tenant(ACME)), pytest.raises(Refusal, match="No Sentry is connected"):
        context.incidents()


async def test_organizations_never_share_a_tracker_and_calls_of_one_do(context: TenantToolContext) -> None:
    with serving(Tenant(ACME, SENTRY)):
        first, again = context.incidents(), context.incidents()
    with serving(Tenant(OrganizationId("globex"), SENTRY)):
        other = context.incidents()
    assert first is again
    assert other is not first


async def test_a_pasted_event_replaces_the_tracker(context: TenantToolContext) -> None:
    with serving(Tenant(ACME, SENTRY, EVENT)):
        event = await context.incidents().event(IssueRef("event"))
        assert context.has_one_event_only()
    assert event.exceptions[0].type == "KeyError"


@pytest.mark.parametrize(
    ("connection", "why"), [(None, "No Sentry"), (SentryConnection("https://s.example", "acme", "t"), "not allowed")]
)
async def test_changes_need_a_connection_that_allows_them(
    context: TenantToolContext, connection: SentryConnection | None, why: str
) -> None:
    with serving(Tenant(ACME, connection)), pytest.raises(Refusal, match=why):
        context.require_writing()
    with serving(Tenant(ACME, SENTRY)):
        context.require_writing()


async def test_without_a_folder_the_knowledge_base_is_unavailable() -> None:
    async with aiohttp.ClientSession() as session:
        with serving(Tenant(ACME)), pytest.raises(ServiceUnavailable, match="No folder"):
            TenantToolContext(session, frozenset(), KnowledgeEngine(KnowledgeSettings(None))).knowledge()
