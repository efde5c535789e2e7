"""What an engine must do for the knowledge index: keep points of many organizations, and find one organization's.

One collection holds one embedder's vectors, `dense` (cosine) and `lex` (sparse, each organization in dimensions of its
own, rareness counted by the engine over its own points). Fusing both branches puts candidates in order; their numbers
say which is better, not whether it is any good, so the raw parts of each come along.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from core.domain.knowledge import Standing
from core.domain.tenancy import OrganizationId
from core.ports import Embedder

SERVICE = "The knowledge index"
DENSE, LEX = "dense", "lex"
ORGANIZATION, STATUS, FINGERPRINT, ENTRY_ID = "organization_id", "status", "fingerprint", "entry_id"
NAMES = "names"
"""What people call an entry: its id, its issue, its investigations; in lower case."""
KEYWORDS = (STATUS, FINGERPRINT, ENTRY_ID, NAMES)
SHOWN = (Standing.CONFIRMED.value, Standing.PROPOSED.value, Standing.DISPUTED.value)
CANDIDATES = 50
_VERSION = 3


@dataclass(frozen=True, slots=True)
class Point:
    """One entry in the index: a UUID, its weights by term id, its embedding if there is one, and its payload."""

    id: str
    lex: Mapping[int, float]
    dense: Sequence[float] | None
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class IndexQuery:
    """What is looked for among one organization's points; `fingerprint` is empty when no error is told.

    `name` is that of the one incident that is asked for, in lower case, or empty.
    """

    organization_id: OrganizationId
    lex: Mapping[int, float]
    dense: Sequence[float] | None = None
    fingerprint: str = ""
    name: str = ""

    @property
    def exact(self) -> Sequence[tuple[str, str]]:
        """The fields and values by which points are found whatever their rank."""
        return [(field, value) for field, value in ((FINGERPRINT, self.fingerprint), (NAMES, self.name)) if value]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A point that may be meant. `rank` orders (higher is better, of no other meaning), 0 when only its fingerprint or
    name led to it; `cosine` is -1..1, None for a point that the dense branch did not bring; `terms` are its term ids.
    """

    id: str
    rank: float
    cosine: float | None
    terms: frozenset[int]
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Candidates:
    """The best candidates, each once, and how many points the organization has in all."""

    found: Sequence[Candidate]
    total: int


class VectorIndex(Protocol):
    """An engine. Every call is about one organization's points; methods raise ServiceUnavailable."""

    async def put(self, points: Sequence[Point]) -> None:
        """Points are added or replaced, visible to the next search, and survive a kill once this returns."""
        ...

    async def find(self, query: IndexQuery) -> Candidates:
        """At most `CANDIDATES` by either branch, and those with that fingerprint or name; only shown standings."""
        ...

    async def count(self, organization_id: OrganizationId) -> int:
        """How many points the organization has."""
        ...

    async def forget(self, organization_id: OrganizationId, entry_ids: Sequence[str] | None = None) -> None:
        """The points of those entries are gone; None means all of the organization."""
        ...

    async def close(self) -> None:
        """Everything is kept; closing again does nothing."""
        ...


def collection_name(embedder: Embedder | None) -> str:
    """Where this embedder's vectors live: vectors of two embedders never meet."""
    if embedder is None:
        return f"incidents_words_v{_VERSION}"
    model = re.sub(r"[^a-z0-9]+", "_", embedder.name.lower()).strip("_")[:80]
    return f"incidents_{model}_{embedder.dimension}_v{_VERSION}"


def merged(
    fused: Sequence[tuple[str, float, frozenset[int], Mapping[str, Any]]],
    cosines: Mapping[str, float],
    same: Sequence[tuple[str, frozenset[int], Mapping[str, Any]]],
) -> tuple[Candidate, ...]:
    """What the branches brought, each point once, in the fused order."""
    found = {point: Candidate(point, rank, cosines.get(point), terms, load) for point, rank, terms, load in fused}
    for point, terms, load in same:
        found.setdefault(point, Candidate(point, 0.0, cosines.get(point), terms, load))
    return tuple(found.values())
