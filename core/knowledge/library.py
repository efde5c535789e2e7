"""What people bring into their organization's knowledge, look up in it and take out: documents, exports, entries."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass, replace
from datetime import datetime

from core.domain.errors import NotFound
from core.domain.knowledge import Kind, KnowledgeEntry, Standing
from core.domain.passages import Document, Passage, Section, passages
from core.domain.tenancy import Actor, AuditEntry
from core.ports import OrganizationStore

_LONGEST_TITLE = 200
_BATCH = 200
_BELOW = " \u203a "


@dataclass(slots=True)
class Imported:
    """How many entries an import made, changed, left as they were, and retired."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    retired: int = 0

    def __add__(self, other: Imported) -> Imported:
        """Both together."""
        return Imported(*(mine + theirs for mine, theirs in zip(astuple(self), astuple(other), strict=True)))

    @property
    def written(self) -> int:
        """How many the index has to be told of."""
        return self.added + self.updated + self.retired


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How many entries are gone, by kind, and how many past fixes out of entries that stay."""

    incidents: int
    passages: int
    past_fixes: int


@dataclass(frozen=True, slots=True)
class Selection:
    """The entries that have all that is named; `source` is one, or what stands before a `/` in many."""

    source: str = ""
    person: str = ""
    standing: str = ""
    kind: str = ""

    def has(self, entry: KnowledgeEntry) -> bool:
        """Whether `entry` is among them."""
        return (
            (not self.source or f"{entry.source}/".startswith(f"{self.source.rstrip('/')}/"))
            and (not self.person or self.person in (entry.confirmed_by, entry.confirmed_by_id))
            and self.standing in ("", entry.status)
            and self.kind in ("", entry.kind)
        )

    def __str__(self) -> str:
        named = (("source", self.source), ("person", self.person), ("standing", self.standing), ("kind", self.kind))
        return ", ".join(f"{name} {value}" for name, value in named if value)


class Library:
    """Acts for `actor`, who sits at `origin`; `mask` takes secrets and what cannot be seen out of documents."""

    def __init__(
        self,
        store: OrganizationStore,
        actor: Actor,
        origin: str,
        *,
        mask: Callable[[str], str],
        now: Callable[[], datetime],
    ) -> None:
        """Of the organization that `store` is bound to."""
        self._store = store
        self._actor = actor
        self._origin = origin
        self._mask = mask
        self._now = now

    # ---- looking ----------------------------------------------------------------------------------------------------

    async def entries(self, selection: Selection) -> Sequence[KnowledgeEntry]:
        """Those selected, newest first."""
        return [entry for entry in reversed(await self._store.knowledge()) if selection.has(entry)]

    async def entry(self, entry_id: str) -> KnowledgeEntry:
        """The entry with that id, or whose id starts with it when only one does."""
        try:
            return await self._store.knowledge_entry(entry_id)
        except NotFound:
            begun = [entry for entry in await self._store.knowledge() if entry_id and entry.id.startswith(entry_id)]
        if len(begun) != 1:
            which = f"{len(begun)} entries have ids that start with" if begun else "No knowledge has the id"
            raise NotFound(f"{which} {entry_id}. See: logsense knowledge list")
        return begun[0]

    # ---- bringing in ------------------------------------------------------------------------------------------------

    async def import_documents(
        self,
        documents: Sequence[Document],
        *,
        found: Collection[str],
        shelves: Collection[str],
        done: Callable[[], None] = lambda: None,
    ) -> Imported:
        """The documents' passages are known as they are now; `done` is called after each document.

        What a document no longer has is retired, and so is what came from a shelf (a directory's name) and is not among
        the names `found` there. What did not change is not written, whatever people think of it by now.
        """
        known = {entry.id: entry for entry in await self._store.knowledge() if entry.kind == Kind.PASSAGE}
        counts, at = Imported(), self._now()
        kept = set[str]()
        for document in documents:
            for entry in self._passages_of(document, at):
                kept.add(entry.id)
                await self._bring_in(entry, known.get(entry.id), counts)
            done()
        read = {document.source for document in documents}
        for entry in known.values():
            is_gone = entry.source in read or (
                entry.source not in found and any(entry.source.startswith(f"{shelf}/") for shelf in shelves)
            )
            if is_gone and entry.id not in kept and entry.status != Standing.RETIRED:
                await self._store.change_knowledge(entry.id, lambda newest: newest and newest.retire(at))
                counts.retired += 1
        await self._record_import(counts, documents=str(len(documents)))
        return counts

    async def import_entries(self, entries: Iterable[KnowledgeEntry]) -> Imported:
        """Entries of an export are known again, exactly as they were written, instead of those with equal ids."""
        known = {entry.id: entry for entry in await self._store.knowledge()}
        counts = Imported()
        batch: dict[str, KnowledgeEntry] = {}
        for entry in entries:
            if known.get(entry.id) == entry:
                counts.unchanged += 1
                continue
            counts.updated += entry.id in known
            counts.added += entry.id not in known
            known[entry.id] = batch[entry.id] = entry
            if len(batch) == _BATCH:
                await self._store.put_knowledge([*batch.values()])
                batch.clear()
        await self._store.put_knowledge([*batch.values()])
        await self._record_import(counts)
        return counts

    def _passages_of(self, document: Document, at: datetime) -> Iterator[KnowledgeEntry]:
        # Masked first: where a secret is cut in two, nobody recognizes it any more.
        document = self._masked(document)
        for passage in passages(document):
            yield KnowledgeEntry(
                id=_id_of(document.source, passage),
                title=document.title[:_LONGEST_TITLE],
                root_cause=passage.text,
                fix="",
                service=document.service,
                status=Standing.CONFIRMED,
                confirmed_by=self._actor.name,
                confirmed_by_id=self._actor.id,
                confirmed_at=at,
                source=document.source,
                kind=Kind.PASSAGE,
                heading=_BELOW.join(passage.path)[:_LONGEST_TITLE],
            )

    def _masked(self, document: Document) -> Document:
        sections = (
            Section(tuple(map(self._line, section.path)), tuple(map(self._mask, section.blocks)))
            for section in document.sections
        )
        return replace(
            document,
            title=self._line(document.title),
            service=self._line(document.service),
            sections=tuple(sections),
        )

    def _line(self, text: str) -> str:
        return " ".join(self._mask(text).split())

    async def _bring_in(self, entry: KnowledgeEntry, known: KnowledgeEntry | None, counts: Imported) -> None:
        if known is None:
            counts.added += 1
        elif known.status != Standing.RETIRED and _wording(known) == _wording(entry):
            counts.unchanged += 1
            return
        else:
            counts.updated += 1
        await self._store.change_knowledge(entry.id, lambda _: entry)

    async def _record_import(self, counts: Imported, **details: str) -> None:
        numbers = {name: str(getattr(counts, name)) for name in ("added", "updated", "unchanged", "retired")}
        await self._record("knowledge imported", **details, **numbers)

    # ---- taking out -------------------------------------------------------------------------------------------------

    async def exported(self, entries: int) -> None:
        """It is on record that so many entries were written out."""
        await self._record("knowledge exported", entries=str(entries))

    async def past_fixes_of(self, person: str) -> Sequence[KnowledgeEntry]:
        """Entries that others stand for now and that still hold a past fix which `person`, a name or id, confirmed."""
        everything = await self._store.knowledge()
        names = _names_of(person, everything)
        held = [entry for entry in everything if any(fix.confirmed_by in names for fix in entry.past_fixes)]
        return [entry for entry in held if not Selection(person=person).has(entry)]

    async def forget(
        self,
        entries: Sequence[KnowledgeEntry],
        unindex: Callable[[Sequence[str]], Awaitable[object]],
        *,
        asked: str,
        person: str = "",
    ) -> Forgotten:
        """The entries are gone for good, and so are past fixes of `person` in those that stay.

        `unindex` takes entries with those ids out of the index: before, so that what it fails on can be asked for
        again, and after, since the index may have been fed from here in between. `asked` stands on record.
        """
        past_fixes = 0
        if person:
            # Whose name goes with an id is only known while their entries are there.
            names = _names_of(person, await self._store.knowledge())
            for entry in await self.past_fixes_of(person):
                past_fixes += sum(fix.confirmed_by in names for fix in entry.past_fixes)
                await self._store.change_knowledge(entry.id, lambda newest: newest and _without_past(newest, names))
        for start in range(0, len(entries), _BATCH):
            ids = [entry.id for entry in entries[start : start + _BATCH]]
            await unindex(ids)
            await self._store.drop_knowledge(ids)
            await unindex(ids)
        of_documents = sum(entry.kind == Kind.PASSAGE for entry in entries)
        gone = Forgotten(len(entries) - of_documents, of_documents, past_fixes)
        await self._record(
            "knowledge forgotten",
            asked=asked,
            incidents=str(gone.incidents),
            passages=str(gone.passages),
            past_fixes=str(gone.past_fixes),
        )
        return gone

    async def _record(self, action: str, **details: str) -> None:
        await self._store.record(AuditEntry(self._now(), self._actor, self._origin, action, details))


def _id_of(source: str, passage: Passage) -> str:
    place = json.dumps([source, passage.path, passage.number])
    return f"doc-{hashlib.sha256(place.encode()).hexdigest()[:16]}"


def _wording(entry: KnowledgeEntry) -> tuple[str, ...]:
    return entry.title, entry.heading, entry.root_cause, entry.source, entry.service


def _names_of(person: str, entries: Iterable[KnowledgeEntry]) -> frozenset[str]:
    """The name given, and those under which the person with that id confirmed something."""
    return frozenset(
        (person, *(entry.confirmed_by for entry in entries if entry.confirmed_by_id == person and entry.confirmed_by))
    )


def _without_past(entry: KnowledgeEntry, names: Collection[str]) -> KnowledgeEntry:
    return replace(entry, past_fixes=tuple(fix for fix in entry.past_fixes if fix.confirmed_by not in names))
