"""Domain objects that store tests keep."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from core.domain.causes import Cause
from core.domain.conversation import ConversationRef
from core.domain.investigation import Investigation, Question, Subject
from core.domain.journal import CallObserved
from core.domain.knowledge import KnowledgeEntry
from core.domain.report import Evidence, RootCauseReport
from core.domain.tenancy import Actor, OrganizationId, Platform, WorkspaceRef
from core.ports import OrganizationStore, Run, Runs

ACME = OrganizationId("acme")
GLOBEX = OrganizationId("globex")
START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
CONVERSATION = ConversationRef(WorkspaceRef(Platform.TERMINAL, "local"), "tty")
PERSON = Actor("u1", "Robin")


def investigation(id_: str = "inv00001", *, minute: int = 0, title: str = "KeyError: 'sku'") -> Investigation:
    # Each about an issue of its own: two about the same one would be one investigation.
    issue = "SHOP-1A2" if id_ == "inv00001" else f"SHOP-{id_}"
    return Investigation(id_, Subject(title, issue), CONVERSATION, PERSON, created_at=START + timedelta(minutes=minute))


def reported(investigation: Investigation) -> Investigation:
    report = RootCauseReport("The sku is missing.", Cause.MISSING_KEY, None, 80, (), (), (), (), "rules")
    return investigation.start().conclude(report, START + timedelta(hours=1))


def question(id_: str = "que00001", *, text: str = "Since when?") -> Question:
    return Question(id_, "inv00001", text, CONVERSATION, PERSON, START)


def observed(n: int, text: str = "found") -> CallObserved:
    evidence = Evidence(f"E{n}", "get_stacktrace", {"issue": "SHOP-1A2"}, text, facts={"line": n})
    return CallObserved(f"c{n}", evidence, 12, START + timedelta(seconds=n))


def entry(id_: str, *, fix: str = "Set a default.") -> KnowledgeEntry:
    return KnowledgeEntry(id_, f"Incident {id_}", "A key was missing.", fix, confirmed_at=START)


async def queue_investigations(store: OrganizationStore, *ids: str) -> None:
    for id_ in ids:
        await store.add_investigation(investigation(id_), None, f"delivery of {id_}")


async def claim_one(runs: Runs) -> Run:
    (run,) = await runs.claim(1)
    return run


def ids(*runs: Run) -> frozenset[str]:
    return frozenset(run.id for run in runs)


async def ask_after_the_end(store: OrganizationStore, runs: Runs) -> None:
    """A question about an investigation that has reported, so that it is queued at once."""
    await store.add_investigation(investigation(), None, "delivery of the investigation")
    await store.save_investigation(reported(investigation()))
    await store.cancel_run(investigation().id)
    await store.add_question(question(), "delivery of the question")
