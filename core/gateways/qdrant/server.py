"""A Qdrant server or cluster as the knowledge index: what several replicas share."""

from __future__ import annotations

import asyncio
import logging
import warnings
from collections.abc import Awaitable, Sequence
from typing import Any, TypeVar

from qdrant_client import AsyncQdrantClient, models
from qdrant_client.http.exceptions import ApiException, ResponseHandlingException, UnexpectedResponse

from core.domain.errors import Refusal, ServiceUnavailable
from core.domain.tenancy import OrganizationId
from core.gateways.qdrant.vector_index import (
    CANDIDATES,
    DENSE,
    ENTRY_ID,
    KEYWORDS,
    LEX,
    ORGANIZATION,
    SERVICE,
    SHOWN,
    STATUS,
    Candidates,
    IndexQuery,
    Point,
    merged,
)

TIMEOUT_S = 10
_UNAUTHORIZED = (401, 403)
_CONFLICT = 409

log = logging.getLogger(__name__)
T = TypeVar("T")


class QdrantServer:
    """A `VectorIndex` on a server; the collection is made when first needed, by whoever comes first."""

    def __init__(self, url: str, api_key: str | None, collection: str, dimension: int | None = None) -> None:
        """No request is made yet."""
        with warnings.catch_warnings():
            # Whether a key may travel without TLS is the operator's to decide, inside a private network.
            warnings.simplefilter("ignore", UserWarning)
            self._client = AsyncQdrantClient(url=url, api_key=api_key, timeout=TIMEOUT_S, check_compatibility=False)
        self._collection = collection
        self._dimension = dimension
        self._made = asyncio.Lock()
        self._is_ready = False

    async def put(self, points: Sequence[Point]) -> None:
        """See the protocol."""
        await self._ready()
        stored = [_stored(point) for point in points]
        await _asked(self._client.upsert(self._collection, stored, wait=True))

    async def find(self, query: IndexQuery) -> Candidates:
        """See the protocol."""
        await self._ready()
        answers, same, total = await asyncio.gather(
            self._answers(query), self._same(query), self.count(query.organization_id)
        )
        cosines = {str(point.id): point.score for point in answers[1].points} if len(answers) > 1 else {}
        ranked = answers[0].points if answers else []
        fused = [(str(point.id), point.score, _terms_of(point), point.payload or {}) for point in ranked]
        return Candidates(merged(fused, cosines, same), total)

    async def count(self, organization_id: OrganizationId) -> int:
        """See the protocol."""
        await self._ready()
        counted = await _asked(self._client.count(self._collection, count_filter=_own(organization_id), exact=True))
        return counted.count

    async def forget(self, organization_id: OrganizationId, entry_ids: Sequence[str] | None = None) -> None:
        """See the protocol."""
        await self._ready()
        named = [] if entry_ids is None else [_any(ENTRY_ID, entry_ids)]
        selector = models.FilterSelector(filter=_own(organization_id, *named))
        await _asked(self._client.delete(self._collection, selector, wait=True))

    async def close(self) -> None:
        """See the protocol."""
        await self._client.close()

    # ---- the collection ---------------------------------------------------------------------------------------------

    async def _ready(self) -> None:
        """The collection stands and fits our vectors.

        Raises:
            Refusal: it holds embeddings of another dimension.
        """
        async with self._made:
            if self._is_ready:
                return
            if not await _asked(self._client.collection_exists(self._collection)):
                await self._create()
            await self._check_dimension()
            self._is_ready = True

    async def _create(self) -> None:
        dense = {}
        if self._dimension is not None:
            dense[DENSE] = models.VectorParams(size=self._dimension, distance=models.Distance.COSINE)
        words = {LEX: models.SparseVectorParams(modifier=models.Modifier.IDF)}
        try:
            await self._client.create_collection(self._collection, vectors_config=dense, sparse_vectors_config=words)
        except UnexpectedResponse as error:
            # Another replica was faster.
            if error.status_code != _CONFLICT:
                raise _unavailable(error) from error
        except (ApiException, ResponseHandlingException) as error:
            raise _unavailable(error) from error
        tenant = models.KeywordIndexParams(type=models.KeywordIndexType.KEYWORD, is_tenant=True)
        await _asked(self._client.create_payload_index(self._collection, ORGANIZATION, tenant))
        for field in KEYWORDS:
            await _asked(self._client.create_payload_index(self._collection, field, models.PayloadSchemaType.KEYWORD))

    async def _check_dimension(self) -> None:
        found = await _asked(self._client.get_collection(self._collection))
        vectors = found.config.params.vectors
        known = vectors[DENSE].size if isinstance(vectors, dict) and DENSE in vectors else None
        if known != self._dimension:
            raise Refusal(
                f"The knowledge index {self._collection} holds embeddings of {known or 'no'} numbers, the embedder "
                f"set now gives {self._dimension or 'no'}. Set LOGSENSE_EMBEDDING_DIMENSION to what it gives."
            )

    # ---- asking -----------------------------------------------------------------------------------------------------

    async def _answers(self, query: IndexQuery) -> list[models.QueryResponse]:
        requests = _requests(query)
        if not requests:
            return []
        return await _asked(self._client.query_batch_points(self._collection, requests))

    async def _same(self, query: IndexQuery) -> list[tuple[str, frozenset[int], dict[str, Any]]]:
        """Points about the very same error, or of the name that is asked for."""
        found: list[tuple[str, frozenset[int], dict[str, Any]]] = []
        for field, value in query.exact:
            condition = _own(query.organization_id, _any(STATUS, SHOWN), _any(field, [value]))
            page = self._client.scroll(
                self._collection, condition, limit=CANDIDATES, with_payload=True, with_vectors=[LEX]
            )
            records, _ = await _asked(page)
            found += [(str(record.id), _terms_of(record), record.payload or {}) for record in records]
        return found


async def _asked(call: Awaitable[T]) -> T:
    """What the server answered; raises ServiceUnavailable that says what is wrong with it."""
    try:
        return await call
    except (ApiException, ResponseHandlingException) as error:
        raise _unavailable(error) from error


def _unavailable(error: Exception) -> ServiceUnavailable:
    status = error.status_code if isinstance(error, UnexpectedResponse) else None
    # The body may quote what was sent; the type and the status say enough.
    log.warning("the knowledge index failed: %s, status %s", type(error).__name__, status)
    if status in _UNAUTHORIZED:
        return ServiceUnavailable(SERVICE, f"{SERVICE} refused our key. Check QDRANT_API_KEY.")
    said = f"answered {status}" if status else "cannot be reached"
    return ServiceUnavailable(SERVICE, f"{SERVICE} {said}. Check QDRANT_URL and the server's log.")


def _requests(query: IndexQuery) -> list[models.QueryRequest]:
    """The order of candidates, and if there is an embedding their cosines."""
    shown = _own(query.organization_id, _any(STATUS, SHOWN))
    rareness = models.SearchParams(idf=models.IdfCorpusParams(corpus=_own(query.organization_id)))
    brought: dict[str, Any] = {"limit": CANDIDATES, "filter": shown, "with_payload": True, "with_vector": [LEX]}
    words = models.SparseVector(indices=list(query.lex), values=list(query.lex.values()))
    if query.dense is None:
        one = models.QueryRequest(query=words, using=LEX, params=rareness, **brought)
        return [one] if query.lex else []
    meaning = list(query.dense)
    branches = [models.Prefetch(limit=CANDIDATES, query=meaning, using=DENSE, filter=shown)]
    if query.lex:
        branches.append(models.Prefetch(limit=CANDIDATES, query=words, using=LEX, filter=shown, params=rareness))
    return [
        models.QueryRequest(prefetch=branches, query=models.FusionQuery(fusion=models.Fusion.DBSF), **brought),
        models.QueryRequest(limit=CANDIDATES, query=meaning, using=DENSE, filter=shown),
    ]


def _own(organization_id: OrganizationId, *conditions: models.FieldCondition) -> models.Filter:
    mine = models.FieldCondition(key=ORGANIZATION, match=models.MatchValue(value=organization_id))
    return models.Filter(must=[mine, *conditions])


def _any(field: str, values: Sequence[str]) -> models.FieldCondition:
    return models.FieldCondition(key=field, match=models.MatchAny(any=list(values)))


def _stored(point: Point) -> models.PointStruct:
    vectors: dict[str, Any] = {LEX: models.SparseVector(indices=list(point.lex), values=list(point.lex.values()))}
    if point.dense is not None:
        vectors[DENSE] = list(point.dense)
    return models.PointStruct(id=point.id, vector=vectors, payload=dict(point.payload))


def _terms_of(point: models.ScoredPoint | models.Record) -> frozenset[int]:
    vectors = point.vector if isinstance(point.vector, dict) else {}
    words = vectors.get(LEX)
    return frozenset(words.indices if isinstance(words, models.SparseVector) else ())
