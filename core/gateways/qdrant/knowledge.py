"""The knowledge index of one organization: code-aware words and frames, meaning if there is an embedder, same errors.

The engine puts candidates in order. Whether one is any good is another question, since with one entry everything is
best: it is shown when it has the query's fingerprint, when it holds enough of the query's own weight, or when its
meaning is close enough. Fusion never decides that.
"""

from __future__ import annotations

import heapq
import json
import logging
import math
import re
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import itemgetter

from pydantic import TypeAdapter

from core.domain.errors import ServiceFailed
from core.domain.fingerprint import exceptions_in, fingerprint, fingerprint_of_text, frames_in, normalize, without_ids
from core.domain.knowledge import IndexState, Kind, KnowledgeEntry, KnowledgeFindings, KnowledgeMatch
from core.domain.tenancy import OrganizationId
from core.gateways.qdrant.lexical import query_weights, stored_weights, term_id, terms
from core.gateways.qdrant.vector_index import (
    ENTRY_ID,
    FINGERPRINT,
    NAMES,
    ORGANIZATION,
    SHOWN,
    STATUS,
    Candidate,
    IndexQuery,
    Point,
    VectorIndex,
)
from core.ports import Embedder

GATE = 0.33
"""Below this share of the query a match is noise: the exception class alone, or a framework's frame, stays under it."""

SEEN_BEFORE = 0.9
"""The least score of an entry that has the query's fingerprint."""

WITHOUT_MEANING = "Searched by words and frames only: the embedder did not answer."
NOT_EMBEDDED = "The embedder did not answer: found by words and frames only until it is back."
_MOST_BY_MEANING = 0.89
_TELLING = 15
_PRIOR = 5.0
_POINTS = uuid.UUID("7f1d9a5e-0c53-4d0f-9a39-5a4f0f9d6c11")
_FINGERPRINT_LINE = "fingerprint:"
_NAME = re.compile(r"(?=\S*\d)[\w-]{3,40}")
"""A query that is nothing but this asks for one incident: `INC-118`, `SHOP-2`, the id of an investigation."""
_EMBEDDED_FRAMES = 8
_EMBEDDED_CHARS = 500
_CLEANED_CHARS = 4_000

log = logging.getLogger(__name__)

_entry = TypeAdapter(KnowledgeEntry)


def _now() -> datetime:
    return datetime.now(UTC)


class QdrantKnowledge:
    """A KnowledgeBase: `organization_id` is in every filter, id and statistic, and no argument can change it."""

    def __init__(
        self,
        index: VectorIndex,
        organization_id: OrganizationId,
        embedder: Embedder | None = None,
        *,
        gate: float = GATE,
        now: Callable[[], datetime] = _now,
    ) -> None:
        """Many of these share one index; `embedder` is the one that the index was made for."""
        self._gate = gate
        self._index = index
        self._organization_id = organization_id
        self._embedder = embedder
        self._now = now

    async def index(self, entries: Sequence[KnowledgeEntry]) -> IndexState:
        """See the port; once this returns, a kill loses nothing."""
        shown = [entry for entry in entries if entry.status in SHOWN]
        hidden = [_valid(entry.id) for entry in entries if entry.status not in SHOWN]
        vectors, note = await self._vectors([embedded_text(entry) for entry in shown])
        if shown:
            await self._index.put([self._point(entry, vector) for entry, vector in zip(shown, vectors, strict=True)])
        if hidden:
            await self._index.forget(self._organization_id, hidden)
        return IndexState(await self._index.count(self._organization_id), note)

    async def forget(self, entry_ids: Sequence[str] | None = None) -> tuple[int, int]:
        """See the port."""
        before = await self._index.count(self._organization_id)
        await self._index.forget(self._organization_id, entry_ids and [_valid(entry_id) for entry_id in entry_ids])
        return before, await self._index.count(self._organization_id)

    async def search(self, query: str, limit: int) -> KnowledgeFindings:
        """See the port. `query` is an error as tools tell it (`Type: message`, then frames), or any words.

        A first line `fingerprint: …` asks for that fingerprint instead of the text's own. A query that is nothing but
        a name finds the incident of that name first.
        """
        wanted = _Query.read(query, self._organization_id)
        (vector,), note = await self._vectors([embedded_query(wanted.text)])
        asked = IndexQuery(self._organization_id, wanted.weights, vector, wanted.fingerprint, wanted.name)
        candidates = await self._index.find(asked)
        telling = _telling(wanted, candidates.found, candidates.total)
        judged = [self._judged(candidate, wanted, telling) for candidate in candidates.found]
        shown = sorted(
            filter(None, judged), key=lambda one: (not one.is_named, not one.is_same, -one.place, one.entry.id)
        )[:limit]
        matches = tuple(
            KnowledgeMatch(one.entry, one.score, one.is_same, why)
            for one, why in zip(shown, _reasons(shown, wanted), strict=True)
        )
        return KnowledgeFindings(matches, note and WITHOUT_MEANING)

    def _judged(self, candidate: Candidate, query: _Query, telling: Mapping[int, float]) -> _Judged | None:
        """The candidate with its score and place, if it may be shown."""
        share = _share(candidate, telling)
        cosine = candidate.cosine or 0.0
        is_near = self._embedder is not None and cosine >= self._embedder.similar_from
        is_same = bool(query.fingerprint) and query.fingerprint in candidate.payload[FINGERPRINT]
        is_named = bool(query.name) and query.name in candidate.payload.get(NAMES, ())
        if not (is_named or is_same or is_near or share >= self._gate):
            return None
        entry = _entry.validate_python(json.loads(candidate.payload["entry"]))
        meant = min(cosine, _MOST_BY_MEANING) if is_near else 0.0
        score = max(share, meant, SEEN_BEFORE if is_same else 0.0, 1.0 if is_named else 0.0)
        place = candidate.rank * entry.trust(self._now())
        return _Judged(entry, candidate.terms, round(min(score, 1.0), 4), place, is_same, is_near, is_named)

    async def _vectors(self, texts: Sequence[str]) -> tuple[Sequence[Sequence[float] | None], str]:
        """The texts' embeddings; without an embedder none, and when it fails a note beside."""
        if self._embedder is None or not texts:
            return [None] * len(texts), ""
        try:
            return await self._embedder.embed(texts), ""
        except ServiceFailed as failure:
            log.warning("knowledge goes without embeddings: %s", failure)
            return [None] * len(texts), NOT_EMBEDDED

    def _point(self, entry: KnowledgeEntry, vector: Sequence[float] | None) -> Point:
        counted = stored_weights(_counts(entry))
        weights = {term_id(term, self._organization_id): weight for term, weight in counted.items()}
        computed = fingerprint(entry.error_type, entry.message, entry.frames)
        payload = {
            ORGANIZATION: self._organization_id,
            ENTRY_ID: _valid(entry.id),
            NAMES: [_valid(name).casefold() for name in (entry.id, entry.source, *entry.occurrences) if name],
            STATUS: entry.status,
            FINGERPRINT: [_valid(mark) for mark in dict.fromkeys((entry.fingerprint, computed)) if mark],
            # ASCII text: the engine takes no lone surrogates, which strangers' messages may hold.
            "entry": json.dumps(_entry.dump_python(entry, mode="json")),
        }
        point_id = uuid.uuid5(_POINTS, _valid(f"{len(self._organization_id)}:{self._organization_id}/{entry.id}"))
        return Point(str(point_id), weights, vector, payload)


@dataclass(frozen=True, slots=True)
class _Judged:
    """An entry that may be shown, and the term ids it has: the same errors first, then by place."""

    entry: KnowledgeEntry
    terms: frozenset[int]
    score: float
    place: float
    is_same: bool
    is_near: bool
    is_named: bool


@dataclass(frozen=True, slots=True)
class _Query:
    """A query as the index reads it; `weights` by term id, `words` are the ids of those that are words."""

    text: str
    weights: Mapping[int, float]
    words: frozenset[int]
    fingerprint: str
    name: str

    @classmethod
    def read(cls, query: str, organization_id: OrganizationId) -> _Query:
        query = _valid(query)
        first, _, rest = query.lstrip().partition("\n")
        if first.lower().startswith(_FINGERPRINT_LINE):
            text, mark = rest, first[len(_FINGERPRINT_LINE) :].strip()
        else:
            text, mark = query, fingerprint_of_text(query)
        asked = query_weights(text)
        ids = {term: term_id(term, organization_id) for term in asked}
        words = frozenset(number for term, number in ids.items() if term.startswith("w:"))
        name = query.strip().casefold() if _NAME.fullmatch(query.strip()) else ""
        return cls(text, {ids[term]: weight for term, weight in asked.items()}, words, mark, name)


def _telling(query: _Query, found: Sequence[Candidate], total: int) -> Mapping[int, float]:
    """What the query's most telling terms weigh: each as asked, times how rare it is among the organization's entries.

    While those are few all are nearly as rare. Of all terms a long report would need more in common with another than
    two tellings of one incident have.
    """
    asked = frozenset(query.weights)
    holders = Counter(term for candidate in found for term in candidate.terms & asked)
    weights = {
        term: weight * math.log(1 + (total + _PRIOR) / (holders[term] + _PRIOR))
        for term, weight in query.weights.items()
    }
    return dict(heapq.nlargest(_TELLING, weights.items(), key=itemgetter(1)))


def _share(candidate: Candidate, telling: Mapping[int, float]) -> float:
    """The share of that weight which the entry has, 0..1."""
    asked = math.fsum(telling.values())
    return math.fsum(weight for term, weight in telling.items() if term in candidate.terms) / asked if asked else 0.0


def _reasons(shown: Sequence[_Judged], query: _Query) -> Iterator[tuple[str, ...]]:
    """Why each matches the query, strongest first."""
    asked, frames_asked = {name.casefold() for name in exceptions_in(query.text)}, frames_in(query.text)
    normalized_query = normalize(query.text)
    for one in shown:
        entry = one.entry
        told = "\n".join((f"{entry.error_type}: {entry.message}", entry.title, entry.root_cause, entry.fix))
        exceptions = [name for name in exceptions_in(told) if name.casefold() in asked]
        known = set(frames_in("\n".join(entry.frames)))
        frames = [frame for frame in frames_asked if frame in known]
        yield (
            *([f"named {query.text.strip()}"] if one.is_named else []),
            *(f"same exception {name}" for name in exceptions[:1]),
            *(f"same frame {frame}" for frame in frames[:2]),
            *(["same message"] if entry.message and normalize(entry.message) in normalized_query else []),
            *(["similar meaning"] if one.is_near else []),
            *(["similar text"] if query.words & one.terms else []),
        )


def _counts(entry: KnowledgeEntry) -> Mapping[str, float]:
    """Symptoms count in full, the title twice as much, what people concluded half; a passage has nothing but text."""
    symptoms = "\n".join((f"{entry.error_type}: {entry.message}", entry.service, *entry.frames))
    concluded = f"{entry.root_cause}\n{entry.fix}"
    parts = ((symptoms, 1.0), (entry.title, 2.0), (concluded, 0.5))
    if entry.kind == Kind.PASSAGE:
        parts = ((concluded, 1.0), (entry.heading, 2.0), (entry.title, 1.0))
    counts: defaultdict[str, float] = defaultdict(float)
    for text, weight in parts:
        for term, count in terms(text).items():
            counts[term] += count * weight
    return counts


# ---- what is embedded -----------------------------------------------------------------------------------------------


def embedded_text(entry: KnowledgeEntry) -> str:
    """The symptoms alone: what people concluded would draw incidents together that only share a remedy."""
    if entry.kind == Kind.PASSAGE:
        return _valid("\n".join((entry.title, entry.heading, entry.root_cause)))[:_CLEANED_CHARS]
    headline = ": ".join(filter(None, (entry.error_type, entry.message)))
    symptoms = dict.fromkeys(filter(None, (entry.title, headline, *entry.frames[:_EMBEDDED_FRAMES])))
    return embedded_query("\n".join(symptoms))


def embedded_query(text: str) -> str:
    """The same of a query as tools tell it: its beginning, which says most, without ids, times and addresses."""
    return without_ids(_valid(text)[:_CLEANED_CHARS])[:_EMBEDDED_CHARS]


def _valid(text: str) -> str:
    """`text` without lone surrogates."""
    return text.encode("utf-8", "replace").decode()
