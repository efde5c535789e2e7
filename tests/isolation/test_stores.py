"""Every method of an organization's store, while another organization has the same ids for everything.

The matrix is generated from the port: a method without a row in `CALLS` fails. It runs as the stores are, and again
with every condition on the organization taken out of their statements: then PostgreSQL alone must hold, and SQLite,
which has no policies, must be seen to leak, or these tests could not see a leak at all.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from core.domain.errors import LogSenseError
from core.domain.journal import CallObserved
from core.domain.knowledge import KnowledgeEntry
from core.domain.report import Evidence
from core.domain.tenancy import Actor
from core.ports import OrganizationStore, Run
from core.storage.database_stores import SqlStores, open_stores
from core.storage.stores.tenant import TenantTables
from tests.isolation import lives
from tests.isolation.lives import ACME, AT, GLOBEX, MARK, live, rows_of
from tests.postgres import DatabaseUrls

OURS = replace(lives.INVESTIGATION, subject=replace(lives.INVESTIGATION.subject, label="ours"))
OUR_ENTRY = KnowledgeEntry("k1", "ours", "ours", "ours")
NOTHING: list[Any] = []

Call = Callable[[OrganizationStore, Run], Awaitable[object]]


async def _journal(store: OrganizationStore, run: Run) -> object:
    with_run = store.journal("inv00001", run)
    await with_run.record(CallObserved("c", Evidence("E1", "t", {}, "ours"), 1, AT))
    return await with_run.entries()


async def _entries(store: OrganizationStore, run: Run) -> object:
    return await store.journal("inv00001").entries()


async def _watch(store: OrganizationStore, run: Run) -> object:
    return store.watch("inv00001")


async def _export(store: OrganizationStore, run: Run) -> object:
    return [row async for row in store.export()]


CALLS: dict[str, Call] = {
    "add_investigation": lambda it, run: it.add_investigation(OURS, "ours", "d1"),
    "claim": lambda it, run: it.claim("d1", "ours"),
    "delivered": lambda it, run: it.delivered("d1"),
    "followers": lambda it, run: it.followers("inv00001"),
    "queue_announced": lambda it, run: it.queue_announced("inv00001", run),
    "investigation": lambda it, run: it.investigation("inv0"),
    "latest_investigation": lambda it, run: it.latest_investigation(with_report=True),
    "investigations": lambda it, run: it.investigations(99),
    "save_investigation": lambda it, run: it.save_investigation(OURS),
    "change_investigation": lambda it, run: it.change_investigation("inv00001", lambda known: known.reopen()),
    "unfinished": lambda it, run: it.unfinished(),
    "usage_since": lambda it, run: it.usage_since(AT),
    "event_text": lambda it, run: it.event_text("inv00001"),
    "add_question": lambda it, run: it.add_question(replace(lives.QUESTION, text="ours"), "d3"),
    "release_questions": lambda it, run: it.release_questions("inv00001"),
    "question": lambda it, run: it.question("que00001"),
    "waiting_questions": lambda it, run: it.waiting_questions("inv00001"),
    "save_question": lambda it, run: it.save_question(replace(lives.QUESTION, text="ours")),
    "add_background_task": lambda it, run: it.add_background_task(replace(lives.BACKGROUND_TASK, payload={})),
    "background_task": lambda it, run: it.background_task("err00001"),
    "save_background_task": lambda it, run: it.save_background_task(replace(lives.BACKGROUND_TASK, payload={}), run),
    "journal": _journal,
    "journal, read": _entries,
    "watch": _watch,
    "begin_post": lambda it, run: it.begin_post("inv00001", "progress", run),
    "finish_post": lambda it, run: it.finish_post("inv00001", "progress", (replace(lives.MESSAGE, message_id="3.0"),)),
    "posted": lambda it, run: it.posted("inv00001", "progress"),
    "investigation_behind": lambda it, run: it.investigation_behind(lives.MESSAGE),
    "investigation_in": lambda it, run: it.investigation_in(lives.PLACE),
    "sentry_connection": lambda it, run: it.sentry_connection(),
    "save_sentry_connection": lambda it, run: it.save_sentry_connection(None),
    "model_connection": lambda it, run: it.model_connection(),
    "save_model_connection": lambda it, run: it.save_model_connection(None),
    "member": lambda it, run: it.member(lives.TEAM, "U1"),
    "members": lambda it, run: it.members(),
    "grant": lambda it, run: it.grant(replace(lives.MEMBER, name="ours")),
    "channel_settings": lambda it, run: it.channel_settings(lives.TEAM, "C1"),
    "save_channel_settings": lambda it, run: it.save_channel_settings(
        lives.TEAM, "C1", replace(lives.SETTINGS, projects=())
    ),
    "put_knowledge": lambda it, run: it.put_knowledge([replace(lives.ENTRY, title="ours")]),
    "knowledge": lambda it, run: it.knowledge(),
    "knowledge_entry": lambda it, run: it.knowledge_entry("k1"),
    "knowledge_about": lambda it, run: it.knowledge_about(lives.ENTRY.fingerprint),
    "change_knowledge": lambda it, run: it.change_knowledge("k1", lambda known: OUR_ENTRY),
    "drop_knowledge": lambda it, run: it.drop_knowledge(["k1"]),
    "mark_indexed": lambda it, run: it.mark_indexed([lives.ENTRY]),
    "mark_unindexed": lambda it, run: it.mark_unindexed(),
    "limits": lambda it, run: it.limits(),
    "masked_personal_data": lambda it, run: it.masked_personal_data(),
    "record": lambda it, run: it.record(replace(lives.AUDIT, action="ours", actor=Actor("U2", "ours"))),
    "audit_log": lambda it, run: it.audit_log(99),
    "cancel_run": lambda it, run: it.cancel_run("que00001"),
    "forget_evidence": lambda it, run: it.forget_evidence(AT.replace(year=2999)),
    "forget_transcripts": lambda it, run: it.forget_transcripts(AT.replace(year=2999)),
    "export": _export,
    "reseal": lambda it, run: it.reseal(),
    "revoke": lambda it, run: it.revoke(lives.TEAM, "U1"),
    "run_state": lambda it, run: it.run_state("inv00001"),
    "holds": lambda it, run: it.holds(run),
}
METHODS = {name for name, _ in inspect.getmembers(OrganizationStore, inspect.isfunction) if not name.startswith("_")}


def test_every_method_of_a_store_has_its_row() -> None:
    assert {name.partition(",")[0] for name in CALLS} == METHODS


@pytest.fixture
async def stores(database_urls: DatabaseUrls) -> AsyncIterator[SqlStores]:
    async with open_stores(database_urls.app, owner="worker", secret_keys=["key"]) as stores:
        await live(stores, GLOBEX)
        yield stores


async def _leaks(stores: SqlStores, urls: DatabaseUrls, call: Call) -> str:
    """What acme saw of globex, or did to it; nothing when all is well."""
    theirs = await rows_of(urls.root, GLOBEX)
    assert any(MARK in row for rows in theirs.values() for row in rows)
    # A run of theirs with our name on it: what an id that leaked could be used for.
    run = Run("stolen", "investigate", ACME, "inv00001", 1, 0)
    try:
        seen = repr(await call(stores.for_organization(ACME), run))
    except (LogSenseError, sa.exc.IntegrityError) as error:
        seen = str(error)
    after = await rows_of(urls.root, GLOBEX)
    changed = [name for name in theirs if theirs[name] != after[name]]
    return f"saw {seen}" if MARK in seen else f"changed {changed}" if changed else ""


@pytest.mark.parametrize("name", CALLS)
async def test_one_organization_sees_and_changes_nothing_of_another(
    stores: SqlStores, database_urls: DatabaseUrls, name: str
) -> None:
    assert await _leaks(stores, database_urls, CALLS[name]) == ""


@pytest.fixture
def unscoped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every statement of the stores forgets whose rows it means."""
    monkeypatch.setattr(TenantTables, "_mine", lambda self, table: sa.true())


@pytest.mark.parametrize("database_urls", ["postgresql"], indirect=True)
@pytest.mark.parametrize("name", CALLS)
async def test_policies_hold_even_when_our_statements_forgot_whose_rows_they_mean(
    stores: SqlStores, database_urls: DatabaseUrls, name: str, unscoped: None
) -> None:
    assert await _leaks(stores, database_urls, CALLS[name]) == ""


@pytest.mark.parametrize("database_urls", ["sqlite"], indirect=True)
async def test_without_policies_the_same_mistake_leaks_and_is_seen(
    stores: SqlStores, database_urls: DatabaseUrls, unscoped: None
) -> None:
    reading = [
        "investigation",
        "investigations",
        "event_text",
        "question",
        "background_task",
        "knowledge",
        "members",
        "audit_log",
    ]
    leaks = {name: await _leaks(stores, database_urls, CALLS[name]) for name in reading}
    assert all(leaks.values()), leaks
    assert "changed" in await _leaks(stores, database_urls, CALLS["save_question"])
