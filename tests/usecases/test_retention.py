"""What is older than an organization wants it kept is let go; the answer, and what was learned, stay."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from core.domain.tenancy import Organization
from core.domain.thread_view import ReportView, report_of
from core.storage.database_stores import SqlStores, open_stores
from core.work.retention import keep_within_limits
from tests.isolation.lives import ACME, AT, AUDIT, GLOBEX, live, rows_of
from tests.postgres import DatabaseUrls

LATER = AT + timedelta(days=100)


@pytest.fixture
async def stores(database_urls: DatabaseUrls) -> AsyncIterator[SqlStores]:
    async with open_stores(database_urls.app, owner="worker", secret_keys=["k"]) as stores:
        for organization_id in (ACME, GLOBEX):
            await stores.directory.ensure_organization(Organization(organization_id, organization_id))
            await live(stores, organization_id)
        await stores.runs.take_over_all()
        for run in await stores.runs.claim(99):
            await stores.runs.finish(run, "done")
        yield stores


async def kept(urls: DatabaseUrls, at: datetime, stores: SqlStores, **limits: int) -> dict[str, tuple[int, int]]:
    """Rows of acme by table, before and after its harness was kept at that time; only those that changed."""
    await stores.directory.save_limits(ACME, limits)
    before, others = await rows_of(urls.root, ACME), await rows_of(urls.root, GLOBEX)
    await keep_within_limits(stores, ACME, at)
    after = await rows_of(urls.root, ACME)
    assert await rows_of(urls.root, GLOBEX) == others, "nobody else's"
    return {name: (len(before[name]), len(after[name])) for name in before if len(before[name]) != len(after[name])}


async def test_without_limits_what_people_see_is_kept_for_ever(stores: SqlStores, database_urls: DatabaseUrls) -> None:
    assert await kept(database_urls, LATER.replace(year=2020), stores, max_concurrent=1) == {}


async def test_evidence_goes_before_the_steps_and_the_report_still_reads(
    stores: SqlStores, database_urls: DatabaseUrls
) -> None:
    changed = await kept(database_urls, LATER.replace(year=2026), stores, keep_evidence_days=30)
    assert changed.keys() >= {"journal", "events"} and changed["events"][1] == 0
    store = stores.for_organization(ACME)
    investigation = await store.investigation("inv00001")
    view = report_of(investigation, await store.journal("inv00001").entries())
    assert isinstance(view, ReportView) and view.evidence == ()


async def test_transcripts_go_and_the_root_cause_and_what_was_learned_stay(
    stores: SqlStores, database_urls: DatabaseUrls
) -> None:
    changed = await kept(database_urls, LATER, stores, keep_transcripts_days=30)
    assert changed["journal"][1] == 0 and changed["questions"][1] == 0
    store = stores.for_organization(ACME)
    assert (await store.investigation("inv00001")).report is not None
    assert len(await store.knowledge()) == 1


async def test_what_is_younger_than_the_limit_stays(stores: SqlStores, database_urls: DatabaseUrls) -> None:
    changed = await kept(database_urls, AT + timedelta(days=29), stores, keep_transcripts_days=30, keep_audit_days=30)
    assert not {"journal", "questions", "audit"} & changed.keys()


async def test_the_audit_log_is_kept_as_long_as_was_decided(stores: SqlStores, database_urls: DatabaseUrls) -> None:
    await stores.for_organization(ACME).record(replace(AUDIT, at=LATER))
    changed = await kept(database_urls, LATER + timedelta(days=1), stores, keep_audit_days=30)
    assert changed["audit"] == (2, 1)


async def test_work_that_has_not_ended_is_left_alone(stores: SqlStores, database_urls: DatabaseUrls) -> None:
    store = stores.for_organization(ACME)
    investigation = await store.investigation("inv00001")
    again = replace(investigation, id="inv00002", subject=replace(investigation.subject, issue_id="SHOP-2"))
    await store.add_investigation(again, "its event", "d9")
    await kept(database_urls, LATER, stores, keep_evidence_days=1, keep_transcripts_days=1)
    assert await store.event_text("inv00002") == "its event"
    assert await store.run_state("inv00002") == "queued"
