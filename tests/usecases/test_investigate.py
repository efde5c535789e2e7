"""An investigation whose database goes away in the middle goes on where it was, in the same attempt too."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest

from core.agent.loop import Budget
from core.agent.rules.reasoner import RulesReasoner
from core.delivery.threads import Threads
from core.domain.causes import Cause
from core.domain.conversation import ConversationRef
from core.domain.errors import DATABASE, ServiceUnavailable
from core.domain.investigation import Investigation, Status, Subject
from core.domain.journal import ToolCall, Transcript, Turn
from core.domain.report import Analysis, Finding
from core.domain.tenancy import Actor, OrganizationId, Platform, WorkspaceRef
from core.ports import HostTools, Reasoner, Stores, Toolbox, ToolResult, ToolSpec
from core.storage.database_stores import open_stores
from core.storage.schema import migrate
from core.work.investigate import AgentFactory, InvestigateJob
from tests.usecases.test_worker import NOW, ORGANIZATION

TURNS = 3


@dataclass
class Model:
    """Calls a tool each turn, then concludes; while the database is `away_at` a turn, that turn cannot be kept."""

    away_at: int
    asked: list[int] = field(default_factory=list)
    name: str = "scripted"

    async def next_turn(self, transcript: Transcript, tools: Sequence[ToolSpec], *, must_conclude: bool) -> Turn:
        number = transcript.turns() + 1
        if number == self.away_at:
            self.away_at = 0
            raise ServiceUnavailable(DATABASE, "The database cannot be reached.")
        self.asked.append(number)
        if number > TURNS:
            found = Finding("A key is missing.", ("E1",))
            return Turn("", conclusion=Analysis(found.claim, Cause.MISSING_KEY, None, (found,), ()))
        return Turn("", (ToolCall(f"c{number}", "get_stacktrace", {"event": str(number)}),))


class Tools:
    """A toolbox, and who gives it."""

    async def list_tools(self) -> Sequence[ToolSpec]:
        return [ToolSpec("get_stacktrace", "", {"type": "object"})]

    async def call(self, call: ToolCall) -> ToolResult:
        return ToolResult(f"stack of {call.id}")

    async def toolbox(
        self, organization_id: OrganizationId, investigation_id: str, event_text: str | None, log: str | None = None
    ) -> Toolbox:
        return self

    async def host_tools(self, organization_id: OrganizationId) -> HostTools:
        return cast(HostTools, self)

    async def writes_allowed(self, organization_id: OrganizationId) -> bool:
        return False


@pytest.fixture
async def stores(tmp_path: Path) -> AsyncIterator[Stores]:
    url = f"sqlite:///{tmp_path / 'db'}"
    await migrate(url)
    async with open_stores(url, owner="test", secret_keys=["key"]) as opened:
        yield opened


@pytest.mark.parametrize("away_at", range(1, TURNS + 2))
async def test_a_turn_that_was_committed_is_not_asked_for_again_by_the_same_attempt(
    stores: Stores, away_at: int
) -> None:
    store, model = stores.for_organization(OrganizationId(ORGANIZATION)), Model(away_at)

    async def reasoners(organization_id: OrganizationId) -> Sequence[Reasoner]:
        return (model, RulesReasoner())

    here = ConversationRef(WorkspaceRef(Platform.TERMINAL, "acme"), "terminal")
    asked = Investigation("inv-1", Subject("SHOP-1", "SHOP-1"), here, Actor("ada", "ada"), NOW)
    await store.add_investigation(asked, None, "delivery")
    (run,) = await stores.runs.claim(1)
    job = InvestigateJob(AgentFactory(stores, Tools(), reasoners, Budget(), lambda: NOW, Threads({})))
    with pytest.raises(ServiceUnavailable):
        await job.work(run)
    await job.work(run)
    assert model.asked == list(range(1, TURNS + 2))
    assert (await store.investigation("inv-1")).status is Status.REPORTED
