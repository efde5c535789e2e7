"""The knowledge index of one organization in embedded Qdrant: code-aware words and frames, and the same error again.

The engine ranks candidates by BM25, with rareness counted over the organization's own entries. Its numbers say which
entry is better, not whether it is any good: with one entry everything is best. So what is shown is another number, the
share of the query's own weight that an entry matches.
"""

from __future__ import annotations

import json
import math
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import qdrant_edge as qdrant
from pydantic import TypeAdapter

from core.domain.fingerprint import exceptions_in, fingerprint, fingerprint_of_text, frames_in
from core.domain.knowledge import KnowledgeEntry, KnowledgeMatch
from core.domain.tenancy import OrganizationId
from core.gateways.lexical import query_weights, stored_weights, term_id, terms
from core.gateways.qdrant_shard import FINGERPRINT, ORGANIZATION, STATUS, VECTOR, QdrantShard

__all__ = ["QdrantKnowledge", "QdrantShard"]

GATE = 0.33
"""Below this share of the query a match is noise: the exception class alone, or a framework's frame, stays under it."""

SEEN_BEFORE = 0.9
"""The least score of an entry that has the query's fingerprint."""

SHOWN_STATUSES = ("confirmed", "proposed", "disputed")
_CANDIDATES = 100
_PRIOR = 5.0
_POINTS = uuid.UUID("7f1d9a5e-0c53-4d0f-9a39-5a4f0f9d6c11")
_FINGERPRINT_LINE = "fingerprint:"

_entry = TypeAdapter(KnowledgeEntry)


class QdrantKnowledge:
    """A KnowledgeBase: `organization_id` is in every filter, id and statistic, and no argument can change it."""

    def __init__(self, shard: QdrantShard, organization_id: OrganizationId) -> None:
        """Many of these share one shard."""
        self._shard = shard
        self._organization_id = organization_id

    async def index(self, entries: Sequence[KnowledgeEntry]) -> None:
        """See the port; once this returns, a kill loses nothing."""
        if entries:
            await self._shard.put([self._point(entry) for entry in entries])

    async def forget(self) -> tuple[int, int]:
        """See the port."""

        def work(shard: qdrant.EdgeShard) -> tuple[int, int]:
            mine = qdrant.CountRequest(filter=self._own(), exact=True)
            before = shard.count(mine)
            shard.update(qdrant.UpdateOperation.delete_points_by_filter(self._own()))
            shard.flush()
            return before, shard.count(mine)

        return await self._shard.run(work)

    async def search(self, query: str, limit: int) -> Sequence[KnowledgeMatch]:
        """See the port. `query` is an error as tools tell it (`Type: message`, then frames), or any words.

        A first line `fingerprint: …` asks for that fingerprint instead of the text's own.
        """
        wanted = _Query.read(query)
        return await self._shard.run(lambda shard: self._matches(shard, wanted, limit))

    def _matches(self, shard: qdrant.EdgeShard, query: _Query, limit: int) -> list[KnowledgeMatch]:
        found = {str(point.id): point for point in (*self._similar(shard, query), *self._same(shard, query))}
        rareness = self._rareness(shard, query, found.values())
        ranked = sorted(
            ((_score(point, query, rareness), point_id) for point_id, point in found.items()),
            key=lambda scored: (-scored[0], scored[1]),
        )
        return [_match(found[point_id], query, score) for score, point_id in ranked[:limit] if score >= GATE]

    def _similar(self, shard: qdrant.EdgeShard, query: _Query) -> Sequence[Any]:
        """Candidates in the engine's order."""
        if not query.weights:
            return []
        vector = qdrant.SparseVector(list(query.weights), list(query.weights.values()))
        own = self._own()
        request = qdrant.QueryRequest(
            limit=_CANDIDATES,
            query=qdrant.Query.Nearest(vector, using=VECTOR),
            filter=self._own(_is_shown()),
            params=qdrant.SearchParams(idf=qdrant.IdfParams(corpus=own)),
            with_payload=True,
            with_vector=True,
        )
        return list(shard.query(request))

    def _same(self, shard: qdrant.EdgeShard, query: _Query) -> Sequence[Any]:
        """Entries about the very same error."""
        if not query.fingerprint:
            return []
        same = qdrant.FieldCondition(key=FINGERPRINT, match=qdrant.MatchValue(query.fingerprint))
        request = qdrant.ScrollRequest(
            limit=_CANDIDATES, filter=self._own(_is_shown(), same), with_payload=True, with_vector=True
        )
        records, _ = shard.scroll(request)
        return list(records)

    def _rareness(self, shard: qdrant.EdgeShard, query: _Query, points: Iterable[Any]) -> Mapping[int, float]:
        """How much each query term says, from the organization's own entries; nearly even while those are few."""
        total = shard.count(qdrant.CountRequest(filter=self._own(), exact=True))
        holders = Counter(term for point in points for term in _terms_of(point))
        return {term: math.log(1 + (total + _PRIOR) / (holders[term] + _PRIOR)) for term in query.weights}

    def _own(self, *conditions: qdrant.FieldCondition) -> qdrant.Filter:
        mine = qdrant.FieldCondition(key=ORGANIZATION, match=qdrant.MatchValue(self._organization_id))
        return qdrant.Filter(must=[mine, *conditions])

    def _point(self, entry: KnowledgeEntry) -> qdrant.Point:
        weights = {term_id(term): weight for term, weight in stored_weights(_counts(entry)).items()}
        computed = fingerprint(entry.error_type, entry.message, entry.frames)
        payload = {
            ORGANIZATION: self._organization_id,
            STATUS: entry.status,
            FINGERPRINT: [_valid(mark) for mark in dict.fromkeys((entry.fingerprint, computed)) if mark],
            # ASCII text: the engine takes no lone surrogates, which strangers' messages may hold.
            "entry": json.dumps(_entry.dump_python(entry, mode="json")),
        }
        point_id = uuid.uuid5(_POINTS, _valid(f"{len(self._organization_id)}:{self._organization_id}/{entry.id}"))
        vector = qdrant.SparseVector(list(weights), list(weights.values()))
        return qdrant.Point(str(point_id), {VECTOR: vector}, payload)


@dataclass(frozen=True, slots=True)
class _Query:
    """A query as the index reads it; `weights` by term id."""

    text: str
    weights: Mapping[int, float]
    fingerprint: str

    @classmethod
    def read(cls, query: str) -> _Query:
        query = _valid(query)
        first, _, rest = query.lstrip().partition("\n")
        if first.lower().startswith(_FINGERPRINT_LINE):
            text, mark = rest, first[len(_FINGERPRINT_LINE) :].strip()
        else:
            text, mark = query, fingerprint_of_text(query)
        return cls(text, {term_id(term): weight for term, weight in query_weights(text).items()}, mark)


def _score(point: Any, query: _Query, rareness: Mapping[int, float]) -> float:
    """The share of the query's weight that the entry has, 0..1; the very same error is never low."""
    held = _terms_of(point)
    asked = sum(weight * rareness[term] for term, weight in query.weights.items())
    matched = sum(weight * rareness[term] for term, weight in query.weights.items() if term in held)
    share = matched / asked if asked else 0.0
    return round(max(share, SEEN_BEFORE) if _is_same(point, query) else share, 4)


def _match(point: Any, query: _Query, score: float) -> KnowledgeMatch:
    entry = _entry.validate_python(json.loads(point.payload["entry"]))
    return KnowledgeMatch(entry, score, _is_same(point, query), _reasons(entry, query.text))


def _is_same(point: Any, query: _Query) -> bool:
    return bool(query.fingerprint) and query.fingerprint in point.payload[FINGERPRINT]


def _reasons(entry: KnowledgeEntry, text: str) -> tuple[str, ...]:
    """Why it matched, strongest first."""
    told = "\n".join((f"{entry.error_type}: {entry.message}", entry.title, entry.root_cause, entry.fix))
    asked = {name.casefold() for name in exceptions_in(text)}
    exceptions = [name for name in exceptions_in(told) if name.casefold() in asked]
    known = set(frames_in("\n".join(entry.frames)))
    frames = [frame for frame in frames_in(text) if frame in known]
    shared_words = [term for term in terms(text).keys() & terms(told).keys() if term.startswith("w:")]
    return (
        *(f"same exception {name}" for name in exceptions[:1]),
        *(f"same frame {frame}" for frame in frames[:2]),
        *(["similar text"] if shared_words else []),
    )


def _counts(entry: KnowledgeEntry) -> Mapping[str, float]:
    """Symptoms count in full, the title twice as much, what people concluded half."""
    symptoms = "\n".join((f"{entry.error_type}: {entry.message}", entry.service, *entry.frames))
    counts: defaultdict[str, float] = defaultdict(float)
    for text, weight in ((symptoms, 1.0), (entry.title, 2.0), (f"{entry.root_cause}\n{entry.fix}", 0.5)):
        for term, count in terms(text).items():
            counts[term] += count * weight
    return counts


def _terms_of(point: Any) -> frozenset[int]:
    return frozenset(point.vector[VECTOR].indices)


def _is_shown() -> qdrant.FieldCondition:
    return qdrant.FieldCondition(key=STATUS, match=qdrant.MatchAny(list(SHOWN_STATUSES)))


def _valid(text: str) -> str:
    """`text` without lone surrogates."""
    return text.encode("utf-8", "replace").decode()
