"""Two organizations with equal ids for everything: what one of them keeps, and how its rows are looked at."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from core.domain.causes import Cause
from core.domain.conversation import ConversationRef, MessageRef
from core.domain.investigation import Investigation, Question, Subject
from core.domain.journal import CallObserved
from core.domain.knowledge import KnowledgeEntry
from core.domain.report import Evidence, RootCauseReport
from core.domain.tenancy import (
    Actor,
    AuditEntry,
    ChannelSettings,
    Member,
    ModelConnection,
    OrganizationId,
    Platform,
    Role,
    SentryConnection,
    WorkspaceRef,
)
from core.ports import BackgroundTask, Stores
from core.storage.engine.database import Database
from core.storage.tables import metadata

ACME, GLOBEX = OrganizationId("acme"), OrganizationId("globex")
MARK = "only-globex-may-see-this"
AT = datetime(2026, 3, 1, tzinfo=UTC)
TEAM = WorkspaceRef(Platform.SLACK, "T1")
PLACE = ConversationRef(TEAM, "C1", "1.0")
MESSAGE = MessageRef(PLACE, "2.0")
PERSON = Actor("U1", MARK)
INVESTIGATION = Investigation("inv00001", Subject(MARK, "SHOP-1"), PLACE, PERSON, AT)
REPORT = RootCauseReport(MARK, Cause.MISSING_KEY, None, 80, (), (), (), (), "rules")
REPORTED = INVESTIGATION.start().conclude(REPORT, AT + timedelta(minutes=1))
QUESTION = Question("que00001", "inv00001", MARK, PLACE, PERSON, AT)
BACKGROUND_TASK = BackgroundTask("err00001", "check", {"what": MARK})
ENTRY = KnowledgeEntry("k1", MARK, MARK, MARK, fingerprint="f1", confirmed_at=AT)
MEMBER = Member(TEAM, "U1", MARK, Role.OWNER)
SENTRY = SentryConnection(f"https://{MARK}.example", "globex", MARK)
MODEL = ModelConnection(MARK, None, "m")
SETTINGS = ChannelSettings(projects=(MARK,))
AUDIT = AuditEntry(AT, PERSON, "terminal", MARK)


async def live(stores: Stores, organization_id: OrganizationId) -> None:
    """The organization has something in everything that a store keeps, running work included."""
    store = stores.for_organization(organization_id)
    await store.add_investigation(INVESTIGATION, MARK, "d1", announced=True)
    elsewhere = Investigation("joins", INVESTIGATION.subject, ConversationRef(TEAM, MARK), PERSON, AT)
    await store.add_investigation(elsewhere, None, "d2")
    for run in [run for run in await stores.runs.claim(99) if run.organization_id == organization_id]:
        await store.begin_post("inv00001", "progress", run)
        await store.queue_announced("inv00001", run)
        await store.journal("inv00001", run).record(CallObserved("c", Evidence("E1", "t", {}, MARK), 1, AT))
    await store.finish_post("inv00001", "progress", (MESSAGE,))
    await store.save_investigation(REPORTED)
    await store.add_question(QUESTION, "d3")
    await store.add_background_task(BACKGROUND_TASK)
    await store.put_knowledge([ENTRY])
    await store.save_sentry_connection(SENTRY)
    await store.save_model_connection(MODEL)
    await store.grant(MEMBER)
    await store.save_channel_settings(TEAM, "C1", SETTINGS)
    await store.record(AUDIT)


async def rows_of(url: str, organization_id: OrganizationId) -> Mapping[str, list[Any]]:
    """Every row of the organization, by table, as whoever may see everything reads them."""
    theirs = {
        table.name: sa.select(table).where(table.c.organization_id == organization_id)
        for table in metadata.sorted_tables
        if "organization_id" in table.c
    }
    database = Database(url)
    try:
        return {name: sorted(map(repr, await database.rows(rows))) for name, rows in theirs.items()}
    finally:
        await database.close()
