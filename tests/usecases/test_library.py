"""What an import makes, changes and retires, what forgetting leaves, on both databases; all of it is on record."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from unittest.mock import Mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.errors import NotFound, ServiceUnavailable
from core.domain.knowledge import Kind, KnowledgeEntry, PastFix, Standing
from core.domain.passages import PASSAGE_CHARS, Document, Section
from core.domain.tenancy import Actor, Organization
from core.knowledge.index import index_pending
from core.knowledge.library import Imported, Library, Selection
from core.mcp_server.masking import Masker
from core.ports import ToolResult
from core.storage.database_stores import SqlStores, open_stores
from tests.isolation.lives import ACME, GLOBEX
from tests.postgres import DatabaseUrls

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
ADA, BOB = Actor("U1", "Ada"), Actor("U2", "Bob")
FAILOVER = Document(
    "ops/failover.md",
    "Database failover",
    (Section((), ("When it is slow.",)), Section(("Promote", "Checks"), ("Stop writes.", "Promote."))),
    service="payments",
)
CACHE = Document("ops/cache.md", "Cache", (Section(("Flush",), ("Flush it.",)),))
SHELF = {"found": ["ops/failover.md", "ops/cache.md"], "shelves": ["ops"]}
LEARNED = KnowledgeEntry(
    "inv1",
    "KeyError: cart",
    "cause",
    "their fix",
    source="SHOP-1",
    confirmed_by="Bob",
    confirmed_by_id="U2",
    confirmed_at=NOW,
    past_fixes=(PastFix("Ada's fix", "Ada", NOW - timedelta(days=9), NOW), PastFix("old", None, None, NOW)),
)


class Shelves:
    """A store, and the library of each person over it."""

    def __init__(self, stores: SqlStores) -> None:
        self.store = stores.for_organization(ACME)
        self.at = NOW
        self.unindexed: list[Sequence[str]] = []

    def library(self, actor: Actor = ADA) -> Library:
        return Library(self.store, actor, "terminal", mask=Masker("key").text, now=lambda: self.at)

    async def brought(self, *documents: Document, found: Sequence[str] = (), shelves: Sequence[str] = ()) -> Imported:
        """What the import of those documents did, a day after the one before."""
        self.at += timedelta(days=1)
        return await self.library().import_documents(documents, found=found, shelves=shelves)

    async def by_text(self) -> dict[str, KnowledgeEntry]:
        return {entry.root_cause: entry for entry in await self.store.knowledge()}

    async def unindex(self, ids: Sequence[str]) -> None:
        self.unindexed.append(ids)

    async def recorded(self) -> list[tuple[str, dict[str, str]]]:
        return [(entry.action, dict(entry.details)) for entry in await self.store.audit_log(99)]


@pytest.fixture
async def stores(database_urls: DatabaseUrls) -> AsyncIterator[SqlStores]:
    async with open_stores(database_urls.app, owner="worker", secret_keys=["k"]) as stores:
        for organization_id in (ACME, GLOBEX):
            await stores.directory.ensure_organization(Organization(organization_id, organization_id))
        yield stores


@pytest.fixture
def shelves(stores: SqlStores) -> Shelves:
    return Shelves(stores)


# ---- bringing in ----------------------------------------------------------------------------------------------------


async def test_passages_are_confirmed_by_who_brought_them_and_cited_by_title_and_heading(shelves: Shelves) -> None:
    assert await shelves.brought(FAILOVER) == Imported(added=2)
    entry = (await shelves.by_text())["Stop writes.\n\nPromote."]
    assert entry == KnowledgeEntry(
        id=entry.id,
        title="Database failover",
        root_cause="Stop writes.\n\nPromote.",
        fix="",
        service="payments",
        status=Standing.CONFIRMED,
        confirmed_by="Ada",
        confirmed_by_id="U1",
        confirmed_at=shelves.at,
        source="ops/failover.md",
        kind=Kind.PASSAGE,
        heading="Promote \u203a Checks",
    )
    assert {entry.id for entry in await shelves.store.knowledge(unindexed_only=True)} >= {entry.id}
    assert await shelves.recorded() == [
        ("knowledge imported", {"documents": "1", "added": "2", "updated": "0", "unchanged": "0", "retired": "0"})
    ]


async def test_importing_again_writes_what_changed_and_nothing_else(shelves: Shelves) -> None:
    await shelves.brought(FAILOVER)
    before = await shelves.by_text()
    await shelves.store.mark_indexed(list(before.values()))
    assert await shelves.brought(FAILOVER) == Imported(unchanged=2)
    assert await shelves.by_text() == before and await shelves.store.knowledge(unindexed_only=True) == []

    changed = replace(FAILOVER, sections=(Section((), ("When it is down.",)), *FAILOVER.sections[1:]))
    assert await shelves.brought(changed) == Imported(updated=1, unchanged=1)
    after = await shelves.by_text()
    assert after["When it is down."].id == before["When it is slow."].id
    assert after["When it is down."].confirmed_at == shelves.at
    assert len(await shelves.store.knowledge(unindexed_only=True)) == 1


async def test_what_a_document_lost_is_retired_and_comes_back_with_it(shelves: Shelves) -> None:
    await shelves.brought(FAILOVER, CACHE)
    shorter = replace(FAILOVER, sections=FAILOVER.sections[:1])
    assert await shelves.brought(shorter) == Imported(unchanged=1, retired=1)
    gone = (await shelves.by_text())["Stop writes.\n\nPromote."]
    assert (gone.status, gone.retired_at) == (Standing.RETIRED, shelves.at)
    assert await shelves.brought(shorter) == Imported(unchanged=1), "once is enough"
    assert await shelves.brought(FAILOVER) == Imported(updated=1, unchanged=1)
    back = (await shelves.by_text())["Stop writes.\n\nPromote."]
    assert (back.id, back.status, back.retired_at) == (gone.id, Standing.CONFIRMED, None)


async def test_documents_that_left_their_directory_are_retired_and_unreadable_ones_are_not(shelves: Shelves) -> None:
    other = replace(CACHE, source="opsx/cache.md")
    await shelves.brought(FAILOVER, CACHE, other)
    await shelves.store.put_knowledge([replace(LEARNED, source="ops/failover.md")])
    assert await shelves.brought(CACHE, **SHELF) == Imported(unchanged=1), "it is there, and could not be read"
    assert await shelves.brought(CACHE, found=["ops/cache.md"]) == Imported(unchanged=1), "nobody looked for it"
    assert await shelves.brought(CACHE, found=["ops/cache.md"], shelves=["ops"]) == Imported(unchanged=1, retired=2)
    known = await shelves.store.knowledge()
    assert {entry.source for entry in known if entry.status == Standing.RETIRED} == {"ops/failover.md"}
    assert [entry.status for entry in known if entry.kind == Kind.INCIDENT] == [Standing.CONFIRMED]


async def test_what_people_doubt_stays_in_doubt_until_its_text_changes(shelves: Shelves) -> None:
    await shelves.brought(CACHE)
    (entry,) = await shelves.store.knowledge()
    await shelves.store.change_knowledge(entry.id, lambda newest: newest and newest.dispute())
    assert await shelves.brought(CACHE) == Imported(unchanged=1)
    assert (await shelves.store.knowledge_entry(entry.id)).status == Standing.DISPUTED
    await shelves.brought(replace(CACHE, sections=(Section(("Flush",), ("Flush one shard.",)),)))
    assert (await shelves.store.knowledge_entry(entry.id)).status == Standing.CONFIRMED


async def test_secrets_and_what_nobody_sees_are_not_kept(shelves: Shelves) -> None:
    key = "\n\n".join(["-----BEGIN PRIVATE KEY-----", "a" * PASSAGE_CHARS, "-----END PRIVATE KEY-----"])
    token = "sk_live_0123456789abcdef"
    section = Section((f"Use {token}\x1b[31m\nnow",), (f"\x1b]0;title\x07to\u202eken {token}", key, "ops@example.com"))
    await shelves.brought(Document("a.md", f"About {token}\u200b", (section,)))
    kept = str(await shelves.store.knowledge())
    assert token not in kept and "aaa" not in kept and "ops@example" not in kept
    (entry,) = await shelves.store.knowledge()
    assert entry.heading.startswith("Use [secret:") and entry.heading.endswith("] now")
    assert entry.root_cause.startswith("token [secret:") and "[key:" in entry.root_cause
    assert "\u200b" not in entry.title and "\x1b" not in kept


async def test_one_organizations_documents_are_nobody_elses(shelves: Shelves, stores: SqlStores) -> None:
    other = Library(stores.for_organization(GLOBEX), BOB, "terminal", mask=str, now=lambda: NOW)
    await other.import_documents([FAILOVER], found=[], shelves=[])
    await shelves.brought(FAILOVER)
    await shelves.brought(CACHE, found=["ops/cache.md"], shelves=["ops"])
    await shelves.library().forget(await shelves.store.knowledge(), shelves.unindex, asked="all")
    kept = await stores.for_organization(GLOBEX).knowledge()
    assert [(entry.status, entry.confirmed_by) for entry in kept] == [(Standing.CONFIRMED, "Bob")] * 2


async def test_an_export_brings_back_exactly_what_was_there(shelves: Shelves, stores: SqlStores) -> None:
    await shelves.brought(FAILOVER, CACHE)
    await shelves.store.put_knowledge([LEARNED, replace(LEARNED, id="inv2", title="lone \ud800 and \0")])
    exported = await shelves.store.knowledge()
    elsewhere = Library(stores.for_organization(GLOBEX), BOB, "terminal", mask=str, now=lambda: NOW)
    assert await elsewhere.import_entries(exported) == Imported(added=5)
    there = await stores.for_organization(GLOBEX).knowledge()
    assert sorted(there, key=lambda entry: entry.id) == sorted(exported, key=lambda entry: entry.id)
    other = replace(LEARNED, fix="another")
    assert await elsewhere.import_entries([*exported, other, other]) == Imported(updated=1, unchanged=6)
    assert (await stores.for_organization(GLOBEX).knowledge_entry("inv1")).fix == "another"


async def test_long_exports_come_in_whole(shelves: Shelves) -> None:
    many = [replace(LEARNED, id=f"inv{number}") for number in range(405)]
    assert await shelves.library().import_entries(iter(many)) == Imported(added=405)
    assert len(await shelves.store.knowledge()) == 405


# ---- looking --------------------------------------------------------------------------------------------------------


@given(st.text("ab/", max_size=4), st.text("ab/", max_size=6))
def test_a_source_is_one_document_or_a_directory_never_the_start_of_a_name(asked: str, source: str) -> None:
    has = Selection(source=asked).has(replace(LEARNED, source=source))
    directory = asked.rstrip("/")
    assert has == (not asked or source.rstrip("/") == directory or source.startswith(f"{directory}/"))


async def test_entries_are_found_by_standing_kind_source_and_person(shelves: Shelves) -> None:
    await shelves.brought(FAILOVER)
    await shelves.store.put_knowledge([LEARNED, replace(LEARNED, id="inv2", status=Standing.DRAFT, confirmed_by=None)])

    async def ids(**wanted: str) -> set[str]:
        return {entry.id[:3] for entry in await shelves.library().entries(Selection(**wanted))}

    assert await ids() == {"doc", "inv"}
    assert await ids(kind="passage") == await ids(source="ops/") == await ids(person="Ada") == {"doc"}
    assert await ids(person="U2") == await ids(source="SHOP-1") == await ids(standing="draft") == {"inv"}
    assert await ids(person="Bob", standing="draft") == set()


async def test_a_start_of_an_id_is_enough_when_only_one_has_it(shelves: Shelves) -> None:
    await shelves.store.put_knowledge([replace(LEARNED, id=name) for name in ("abc1", "abc12", "abd1")])
    library = shelves.library()
    assert (await library.entry("abc1")).id == "abc1"
    assert (await library.entry("abd")).id == "abd1"
    for wrong in ("abc", "x", ""):
        with pytest.raises(NotFound, match="logsense knowledge list"):
            await library.entry(wrong)


# ---- forgetting -----------------------------------------------------------------------------------------------------


async def test_what_is_forgotten_is_gone_from_both_and_on_record_by_number(shelves: Shelves) -> None:
    await shelves.brought(FAILOVER)
    await shelves.store.put_knowledge([LEARNED])
    entries = await shelves.store.knowledge()
    gone = await shelves.library(BOB).forget(entries, shelves.unindex, asked="source ops")
    assert (gone.incidents, gone.passages, gone.past_fixes) == (1, 2, 0)
    assert await shelves.store.knowledge() == []
    assert set(shelves.unindexed[0]) == {entry.id for entry in entries}
    assert (await shelves.recorded())[0] == (
        "knowledge forgotten",
        {"asked": "source ops", "incidents": "1", "passages": "2", "past_fixes": "0"},
    )


async def test_while_the_index_is_away_nothing_is_forgotten(shelves: Shelves) -> None:
    await shelves.store.put_knowledge([LEARNED])

    async def away(ids: Sequence[str]) -> None:
        raise ServiceUnavailable("Qdrant", "Qdrant is away.")

    with pytest.raises(ServiceUnavailable):
        await shelves.library().forget([LEARNED], away, asked="inv1")
    assert await shelves.store.knowledge() == [LEARNED] and await shelves.recorded() == []


@pytest.mark.parametrize("person", ["Ada", "U1"])
async def test_a_forgotten_person_is_not_left_in_past_fixes_of_others(shelves: Shelves, person: str) -> None:
    own = replace(LEARNED, id="inv2", confirmed_by="Ada", confirmed_by_id="U1")
    await shelves.store.put_knowledge([LEARNED, own])
    library = shelves.library(BOB)
    entries, elsewhere = await library.entries(Selection(person=person)), await library.past_fixes_of(person)
    assert (entries, elsewhere) == ([own], [LEARNED])
    gone = await library.forget(entries, shelves.unindex, asked=f"person {person}", person=person)
    assert (gone.incidents, gone.past_fixes) == (1, 1)
    assert await shelves.store.knowledge() == [replace(LEARNED, past_fixes=LEARNED.past_fixes[1:])]
    assert [entry.id for entry in await shelves.store.knowledge(unindexed_only=True)] == ["inv1"]


async def test_what_is_forgotten_on_its_way_into_the_index_does_not_stay_there(shelves: Shelves) -> None:
    await shelves.store.put_knowledge([LEARNED, replace(LEARNED, id="inv2")])
    index: set[str] = set()

    async def unindex(ids: Sequence[str] | None = None) -> ToolResult:
        index.difference_update(ids or ())
        return ToolResult("")

    async def indexed_slowly(entries: Sequence[KnowledgeEntry]) -> ToolResult:
        await shelves.library().forget([LEARNED], unindex, asked="inv1")
        index.update(entry.id for entry in entries)
        return ToolResult("", {"total": len(index), "note": ""})

    tools = Mock(index_knowledge=indexed_slowly, forget_knowledge=unindex)
    assert await index_pending(shelves.store, tools) == 2
    assert index == {"inv2"} and await shelves.store.knowledge(unindexed_only=True) == []
