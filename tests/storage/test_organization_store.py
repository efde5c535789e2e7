from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from core.domain.errors import InvalidInput, LeaseLost, NotFound
from core.domain.tenancy import Organization, Platform, WorkspaceRef
from core.ports import Accepted, BackgroundTask, OrganizationStore
from core.storage.database_stores import SqlStores
from tests.storage.samples import (
    ACME,
    PERSON,
    START,
    ask_after_the_end,
    claim_one,
    entry,
    investigation,
    question,
    reported,
)


@pytest.fixture
def store(stores: SqlStores) -> OrganizationStore:
    return stores.for_organization(ACME)


async def test_an_investigation_is_kept_with_its_event_and_its_queued_run(
    stores: SqlStores, store: OrganizationStore
) -> None:
    event_text = '{"message": "\x00 \ud800 \U0001f600"}'
    assert await store.add_investigation(investigation(), event_text, "d1") == Accepted("inv00001")
    assert await store.investigation("inv00001") == investigation()
    assert await store.event_text("inv00001") == event_text
    assert await stores.for_organization(ACME).run_state("inv00001") == "queued"
    run = await claim_one(stores.runs)
    assert (run.kind, run.subject_id, run.organization_id) == ("investigate", "inv00001", ACME)


async def test_a_repeated_delivery_returns_the_first_id_and_changes_nothing(
    stores: SqlStores, store: OrganizationStore
) -> None:
    accepted = await asyncio.gather(
        *(store.add_investigation(investigation(f"inv{n:05}"), "event", "same delivery") for n in range(8))
    )
    ids = [one.id for one in accepted]
    assert len(set(ids)) == 1
    assert [kept.id for kept in await store.investigations(99)] == [ids[0]]
    assert len(await stores.runs.claim(99)) == 1
    assert await store.add_question(question(), "same delivery") == ids[0]


async def test_an_investigation_that_cannot_be_kept_leaves_its_delivery_unclaimed(store: OrganizationStore) -> None:
    naive = replace(investigation(), created_at=START.replace(tzinfo=None))
    with pytest.raises(Exception, match="time zone"):
        await store.add_investigation(naive, None, "d1")
    assert await store.add_investigation(investigation("inv00002"), None, "d1") == Accepted("inv00002")


async def test_an_investigation_is_found_by_the_beginning_of_its_id(store: OrganizationStore) -> None:
    for n, id_ in enumerate(["abcd1111", "abcd2222", "abce3333", "abce"]):
        await store.add_investigation(investigation(id_), None, f"d{n}")
    assert (await store.investigation("abcd1")).id == "abcd1111"
    assert (await store.investigation("abce")).id == "abce", "an exact id wins over those that begin with it"
    with pytest.raises(InvalidInput, match=r"abcd may mean any of abcd(1111|2222), abcd(1111|2222): give more"):
        await store.investigation("abcd")


@pytest.mark.parametrize("unknown", ["abd9", "abc", "", "ABCD", "ab%d", "abcd_111", "abcd11111"])
async def test_an_id_that_nothing_begins_with_is_not_found(store: OrganizationStore, unknown: str) -> None:
    await store.add_investigation(investigation("abcd1111"), None, "d1")
    with pytest.raises(NotFound, match=rf"There is no investigation {unknown}\. `logsense investigations` lists them"):
        await store.investigation(unknown)


async def test_investigations_are_listed_newest_first(store: OrganizationStore) -> None:
    for minute in (2, 1, 3):
        await store.add_investigation(investigation(f"inv0000{minute}", minute=minute), None, f"d{minute}")
    assert [kept.id for kept in await store.investigations(2)] == ["inv00003", "inv00002"]
    assert (await store.latest_investigation()).id == "inv00003"


async def test_the_latest_with_a_report_skips_those_without(store: OrganizationStore) -> None:
    with pytest.raises(NotFound, match="`logsense investigate ISSUE` makes one"):
        await store.latest_investigation()
    for minute in (1, 2):
        await store.add_investigation(investigation(f"inv0000{minute}", minute=minute), None, f"d{minute}")
    with pytest.raises(NotFound, match="with a report"):
        await store.latest_investigation(with_report=True)
    concluded = reported(await store.investigation("inv00001"))
    await store.save_investigation(concluded)
    assert await store.latest_investigation(with_report=True) == concluded
    resolved = concluded.resolve(PERSON, START + timedelta(days=1), "a default")
    await store.save_investigation(resolved)
    assert await store.latest_investigation(with_report=True) == resolved


async def test_saving_what_was_never_added_is_refused(store: OrganizationStore) -> None:
    with pytest.raises(NotFound):
        await store.save_investigation(investigation())
    with pytest.raises(NotFound):
        await store.save_question(question())
    with pytest.raises(NotFound):
        await store.question("que00001")
    with pytest.raises(NotFound):
        await store.background_task("err00001")


async def test_a_question_is_answered_under_its_run(stores: SqlStores, store: OrganizationStore) -> None:
    await ask_after_the_end(store, stores.runs)
    run = await claim_one(stores.runs)
    assert (run.kind, run.subject_id) == ("follow_up", "que00001")
    answered = replace(question(), failure="No idea.", answered_at=START)
    await store.save_question(answered, run)
    assert await store.question("que00001") == answered


async def test_an_errand_carries_its_outcome_back(stores: SqlStores, store: OrganizationStore) -> None:
    task = BackgroundTask("err00001", "list_incidents", {"query": "is:unresolved", "limit": 5})
    await store.add_background_task(task)
    run = await claim_one(stores.runs)
    assert (run.kind, run.subject_id) == ("errand", "err00001")
    done = replace(task, outcome={"incidents": []})
    await store.save_background_task(done, run)
    assert await store.background_task("err00001") == done
    await stores.for_organization(ACME).cancel_run("err00001")
    with pytest.raises(LeaseLost):
        await store.save_background_task(task, run)
    assert await store.background_task("err00001") == done


async def test_knowledge_is_replaced_in_place_and_has_to_be_indexed_again(store: OrganizationStore) -> None:
    await store.put_knowledge([entry("k2")])
    await store.put_knowledge([entry("k1"), entry("k3")])
    assert [kept.id for kept in await store.knowledge()] == ["k2", "k1", "k3"]
    assert await store.mark_indexed([entry("k1"), entry("k2"), entry("k3"), entry("gone")]) == 3
    assert await store.knowledge(unindexed_only=True) == []
    await store.put_knowledge([entry("k2", fix="Check first.")])
    assert await store.knowledge(unindexed_only=True) == [entry("k2", fix="Check first.")]
    assert [kept.id for kept in await store.knowledge()] == ["k2", "k1", "k3"]
    # What the index was given is not what is known now.
    assert await store.mark_indexed([entry("k2")]) == 1
    assert [kept.id for kept in await store.knowledge(unindexed_only=True)] == ["k2"]
    await store.mark_unindexed()
    assert {kept.id for kept in await store.knowledge(unindexed_only=True)} == {"k1", "k2", "k3"}
    await store.put_knowledge([])
    assert await store.mark_indexed([]) == 0


async def test_a_workspace_leads_to_its_organization_and_stays_with_it(stores: SqlStores) -> None:
    workspace = WorkspaceRef(Platform.SLACK, "E1/T1")
    with pytest.raises(NotFound, match="slack workspace is not connected"):
        await stores.directory.organization_of(workspace)
    acme = Organization(ACME, "Acme")
    await asyncio.gather(*(stores.directory.ensure_organization(acme, workspace) for _ in range(4)))
    assert await stores.directory.organization_of(workspace) == acme
    await stores.directory.ensure_organization(Organization(ACME, "Renamed"), workspace)
    assert await stores.directory.organization_of(workspace) == acme
    with pytest.raises(NotFound):
        await stores.directory.organization_of(WorkspaceRef(Platform.TEAMS, "E1/T1"))
