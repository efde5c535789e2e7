"""Posts: nothing is posted twice, and a reaction finds the investigation it is about."""

from __future__ import annotations

import asyncio

import pytest

from core.domain.conversation import ConversationRef, MessageRef
from core.domain.errors import LeaseLost
from core.domain.tenancy import Platform, WorkspaceRef
from core.ports import PostState
from core.storage.database_stores import SqlStores
from tests.storage.samples import ACME, GLOBEX, claim_one, investigation

TEAM = WorkspaceRef(Platform.SLACK, "T1")
THREAD = ConversationRef(TEAM, "C1", "100.1")
PROGRESS = MessageRef(THREAD, "100.1")
REPORT = (MessageRef(THREAD, "100.2"), MessageRef(THREAD, "100.3"))


async def test_the_first_to_begin_a_post_makes_it_and_everybody_else_knows_that_it_was_tried(stores: SqlStores) -> None:
    store = stores.for_organization(ACME)
    begun = await asyncio.gather(*(store.begin_post("i1", "report") for _ in range(8)))
    assert begun.count(PostState()) == 1
    assert begun.count(PostState(tried=True)) == 7


async def test_a_finished_post_is_known_with_all_its_messages_in_order(stores: SqlStores) -> None:
    store = stores.for_organization(ACME)
    await store.begin_post("i1", "report")
    assert await store.posted("i1", "report") == ()
    await store.finish_post("i1", "report", REPORT)
    await store.finish_post("i1", "report", REPORT)
    assert await store.begin_post("i1", "report") == PostState(REPORT, tried=True)
    assert await store.posted("i1", "report") == REPORT


async def test_a_worker_that_lost_its_run_may_not_post(stores: SqlStores, late_stores: SqlStores) -> None:
    late = late_stores.for_organization(ACME)
    await late.add_investigation(investigation(), None, "d1", announced=True)
    lost = await claim_one(late_stores.runs)
    assert lost.kind == "announce"
    await claim_one(stores.runs)
    with pytest.raises(LeaseLost):
        await late.begin_post("i1", "progress", lost)
    assert await late.begin_post("i1", "progress") == PostState()


async def test_messages_and_threads_lead_to_their_investigation(stores: SqlStores) -> None:
    store = stores.for_organization(ACME)
    await store.begin_post("i1", "progress")
    await store.finish_post("i1", "progress", [PROGRESS])
    await store.finish_post("i1", "report", REPORT)
    # A reaction names the message and not its thread.
    bare = MessageRef(ConversationRef(TEAM, "C1"), "100.3")
    assert await store.investigation_behind(bare) == "i1"
    assert await store.investigation_in(THREAD) == "i1"
    assert await store.investigation_in(ConversationRef(TEAM, "C1", "100.9")) is None
    elsewhere = MessageRef(ConversationRef(TEAM, "C2"), "100.3")
    assert await store.investigation_behind(elsewhere) is None


async def test_two_workspaces_with_equal_ids_never_meet(stores: SqlStores) -> None:
    other = WorkspaceRef(Platform.SLACK, "T2")
    ours, theirs = stores.for_organization(ACME), stores.for_organization(GLOBEX)
    await ours.finish_post("i1", "report", REPORT)
    assert await theirs.investigation_behind(REPORT[0]) is None
    assert await theirs.investigation_in(THREAD) is None
    assert await theirs.posted("i1", "report") == ()
    twin = MessageRef(ConversationRef(other, "C1", "100.1"), "100.2")
    assert await ours.investigation_behind(twin) is None


async def test_a_newer_investigation_in_the_same_thread_owns_it(stores: SqlStores) -> None:
    store = stores.for_organization(ACME)
    await store.finish_post("i1", "progress", [PROGRESS])
    await store.finish_post("i2", "progress", [MessageRef(THREAD, "100.7")])
    assert await store.investigation_in(THREAD) == "i2"


async def test_an_announced_investigation_is_queued_once_however_often_the_announcing_is_repeated(
    stores: SqlStores,
) -> None:
    store = stores.for_organization(ACME)
    await store.add_investigation(investigation(), None, "d1", announced=True)
    announcing = await claim_one(stores.runs)
    await store.queue_announced(investigation().id, announcing)
    await store.queue_announced(investigation().id, announcing)
    queued = await stores.runs.claim(9)
    assert [(run.kind, run.subject_id) for run in queued] == [("investigate", investigation().id)]
    await stores.runs.finish(announcing, "done")
    with pytest.raises(LeaseLost):
        await store.queue_announced(investigation().id, announcing)
