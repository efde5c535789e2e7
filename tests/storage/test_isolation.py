"""Two organizations that use the same ids for everything."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.domain.errors import LeaseLost, NotFound
from core.ports import Accepted, BackgroundTask, OrganizationStore
from core.storage.database_stores import SqlStores
from tests.storage.samples import ACME, GLOBEX, START, entry, investigation, observed, question, reported


@pytest.fixture
def acme(stores: SqlStores) -> OrganizationStore:
    return stores.for_organization(ACME)


@pytest.fixture
def globex(stores: SqlStores) -> OrganizationStore:
    return stores.for_organization(GLOBEX)


async def test_what_one_organization_has_another_does_not_see(
    stores: SqlStores, acme: OrganizationStore, globex: OrganizationStore
) -> None:
    await acme.add_investigation(investigation(), "event", "d1")
    await acme.save_investigation(reported(investigation()))
    await acme.add_question(question(), "d2")
    await acme.add_background_task(BackgroundTask("err00001", "check", {}))
    await acme.put_knowledge([entry("k1")])
    for run in await stores.runs.claim(9):
        await acme.journal(run.subject_id, run).record(observed(1))

    for refused in (
        globex.investigation("inv00001"),
        globex.investigation("inv0"),
        globex.latest_investigation(),
        globex.latest_investigation(with_report=True),
        globex.question("que00001"),
        globex.background_task("err00001"),
        globex.save_investigation(investigation()),
        globex.save_question(question()),
    ):
        with pytest.raises(NotFound):
            await refused
    assert await globex.investigations(9) == []
    assert await globex.event_text("inv00001") is None
    assert await globex.knowledge() == []
    assert await globex.knowledge(unindexed_only=True) == []
    assert await globex.journal("inv00001").entries() == ()


async def test_equal_ids_of_two_organizations_are_two_things(
    stores: SqlStores, acme: OrganizationStore, globex: OrganizationStore
) -> None:
    for store, name in ((acme, "of acme"), (globex, "of globex")):
        assert await store.add_investigation(investigation(title=name), f"event {name}", "d1") == Accepted("inv00001")
        assert await store.add_question(question(text=name), "d2") == "que00001"
        await store.add_background_task(BackgroundTask("err00001", "check", {"of": name}))
        await store.put_knowledge([entry("k1", fix=name)])
    runs = {(run.organization_id, run.subject_id): run for run in await stores.runs.claim(9)}
    await globex.save_investigation(reported(investigation(title="of globex")), runs[GLOBEX, "inv00001"])
    await globex.save_question(replace(question(text="of globex"), failure="x", answered_at=START))
    await globex.save_background_task(BackgroundTask("err00001", "check", {"of": "globex"}), runs[GLOBEX, "err00001"])
    await globex.journal("inv00001", runs[GLOBEX, "inv00001"]).record(observed(1, "of globex"))
    await globex.mark_indexed([entry("k1", fix="globex")])

    assert await acme.investigation("inv00001") == investigation(title="of acme")
    assert await acme.event_text("inv00001") == "event of acme"
    assert await acme.question("que00001") == question(text="of acme")
    assert await acme.background_task("err00001") == BackgroundTask("err00001", "check", {"of": "of acme"})
    assert await acme.knowledge(unindexed_only=True) == [entry("k1", fix="of acme")]
    assert await acme.journal("inv00001").entries() == ()
    assert await globex.journal("inv00001").entries() == (observed(1, "of globex"),)


async def test_a_run_of_one_organization_opens_nothing_in_another(
    stores: SqlStores, acme: OrganizationStore, globex: OrganizationStore
) -> None:
    await acme.add_investigation(investigation(), None, "d1")
    (run,) = await stores.runs.claim(1)
    await globex.add_investigation(investigation(), None, "d1")
    with pytest.raises(LeaseLost):
        await globex.save_investigation(reported(investigation()), run)
    with pytest.raises(LeaseLost):
        globex.journal("inv00001", run)
    assert await globex.investigation("inv00001") == investigation()
