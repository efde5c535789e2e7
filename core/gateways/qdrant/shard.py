"""One embedded Qdrant shard in a folder: opened by one process, used from one thread, mended by starting empty."""

from __future__ import annotations

import asyncio
import fcntl
import json
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import qdrant_edge as qdrant

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

log = logging.getLogger(__name__)
T = TypeVar("T")


class QdrantShard:
    """A `VectorIndex` in a folder of this machine, which all its organizations share."""

    def __init__(self, directory: Path, dimension: int | None = None) -> None:
        """Open the shard in `directory`, or make it; a folder that cannot be read is set aside and replaced.

        Raises:
            Refusal: another process has it, it holds embeddings of another dimension, or it cannot be written.
        """
        self._directory = directory
        self._dimension = dimension
        self._lock = _FolderLock(directory.with_name(f"{directory.name}.lock"), directory)
        # The library is synchronous: one thread keeps it off the event loop and its calls in order.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="qdrant")
        self.set_aside: Path | None = None
        try:
            self._shard: qdrant.EdgeShard | None = self._opened()
        except BaseException:
            self._thread.shutdown(wait=False)
            self._lock.release()
            raise

    async def put(self, points: Sequence[Point]) -> None:
        """See the protocol."""

        def work(shard: qdrant.EdgeShard) -> None:
            shard.update(qdrant.UpdateOperation.upsert_points([_stored(point) for point in points]))
            shard.flush()

        await self.run(work)

    async def find(self, query: IndexQuery) -> Candidates:
        """See the protocol."""
        return await self.run(lambda shard: _found(shard, query))

    async def count(self, organization_id: OrganizationId) -> int:
        """See the protocol."""
        return await self.run(lambda shard: _count(shard, organization_id))

    async def forget(self, organization_id: OrganizationId, entry_ids: Sequence[str] | None = None) -> None:
        """See the protocol."""
        named = [] if entry_ids is None else [_any(ENTRY_ID, entry_ids)]

        def work(shard: qdrant.EdgeShard) -> None:
            shard.update(qdrant.UpdateOperation.delete_points_by_filter(_own(organization_id, *named)))
            shard.flush()

        await self.run(work)

    async def close(self) -> None:
        """See the protocol; the folder is free afterwards."""
        if self._shard is None:
            return
        shard, self._shard = self._shard, None
        try:
            await asyncio.get_running_loop().run_in_executor(self._thread, shard.close)
        except BaseException as error:
            if not _is_engines(error):
                raise
            log.warning("the knowledge index in %s did not close cleanly: %s", self._directory, error)
        finally:
            self._thread.shutdown(wait=True)
            self._lock.release()

    async def run(self, work: Callable[[qdrant.EdgeShard], T]) -> T:
        """What `work` makes of the shard, in the shard's own thread.

        Raises:
            ServiceUnavailable: the shard failed, or was closed.
        """
        shard = self._shard
        if shard is None:
            raise ServiceUnavailable(SERVICE, f"{SERVICE} is closed.")

        def guarded() -> T:
            try:
                return work(shard)
            except BaseException as error:
                if not _is_engines(error):
                    raise
                log.warning("the knowledge index failed: %s: %s", type(error).__name__, error)
                raise ServiceUnavailable(
                    SERVICE, f"{SERVICE} in {self._directory} failed. See the log; is the disk full?"
                ) from error

        return await asyncio.get_running_loop().run_in_executor(self._thread, guarded)

    # ---- opening ----------------------------------------------------------------------------------------------------

    def _opened(self) -> qdrant.EdgeShard:
        if self._directory.is_dir() and any(self._directory.iterdir()):
            try:
                shard = qdrant.EdgeShard.load(str(self._directory))
            except BaseException as error:
                if not _is_engines(error):
                    raise
                self.set_aside = self._move_away()
                log.warning(
                    "the knowledge index in %s cannot be read (%s); it was moved to %s and starts empty: "
                    "what is stored is put into it again",
                    self._directory,
                    error,
                    self.set_aside,
                )
            else:
                self._check_dimension(shard)
                return shard
        return self._created()

    def _check_dimension(self, shard: qdrant.EdgeShard) -> None:
        config = json.loads((self._directory / "edge_config.json").read_bytes())
        known = ((config.get("vectors") or {}).get(DENSE) or {}).get("size")
        if known != self._dimension:
            shard.close()
            raise Refusal(
                f"The knowledge index in {self._directory} holds embeddings of {known or 'no'} numbers, the embedder "
                f"set now gives {self._dimension or 'no'}. Set LOGSENSE_EMBEDDING_DIMENSION to what it gives."
            )

    def _move_away(self) -> Path:
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
        target = self._directory.with_name(f"{self._directory.name}.unreadable-{stamp}")
        return self._directory.rename(target)

    def _created(self) -> qdrant.EdgeShard:
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            shard = qdrant.EdgeShard.create(str(self._directory), _config(self._dimension))
            shard.update(
                qdrant.UpdateOperation.create_field_index(ORGANIZATION, qdrant.KeywordIndexParams(is_tenant=True))
            )
            for field in KEYWORDS:
                shard.update(qdrant.UpdateOperation.create_field_index(field, qdrant.KeywordIndexParams()))
            shard.flush()
        except Exception as error:
            raise Refusal(
                f"The knowledge index cannot be made in {self._directory} ({error}). Point it to a writable folder."
            ) from error
        return shard


class _FolderLock:
    """Held by one process; the kernel lets go of it when that process dies, however it dies."""

    def __init__(self, path: Path, folder: Path) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise Refusal(
                f"The knowledge index cannot be made in {folder} ({error.strerror}). Point it to a writable folder."
            ) from error
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._descriptor, 20, 0).decode(errors="replace").strip() or "unknown"
            os.close(self._descriptor)
            raise Refusal(
                f"The knowledge index in {folder} is open in another process (pid {holder}). "
                "Stop that one, or give this one another folder."
            ) from None
        os.truncate(self._descriptor, 0)
        os.pwrite(self._descriptor, str(os.getpid()).encode(), 0)

    def release(self) -> None:
        os.close(self._descriptor)


def _is_engines(error: BaseException) -> bool:
    """Whether the engine raised it: a bare Exception, or a panic, which is none; our own mistakes have a class."""
    return type(error) is Exception or type(error).__module__ == "pyo3_runtime"


def _config(dimension: int | None) -> qdrant.EdgeConfig:
    # By default the engine compares with every point of an organization of few thousand; its inverted index is faster.
    words = qdrant.EdgeSparseVectorParams(modifier=qdrant.Modifier.Idf, full_scan_threshold=1)
    dense = {}
    if dimension is not None:
        dense[DENSE] = qdrant.EdgeVectorParams(size=dimension, distance=qdrant.Distance.Cosine)
    # Uncached, each entry that comes along is a read from the disk.
    return qdrant.EdgeConfig(vectors=dense, sparse_vectors={LEX: words}, payload_memory=qdrant.Memory.Cached)


_TOLD = 8
# The stub does not know that it is a Fusion.
_FUSED: Any = qdrant.Fusion.Dbsf()


# ---- asking ---------------------------------------------------------------------------------------------------------


def _found(shard: qdrant.EdgeShard, query: IndexQuery) -> Candidates:
    requests = _requests(query)
    answers = shard.query_batch(qdrant.QueryBatchRequest(requests)) if requests else []
    cosines = {str(point.id): point.score for point in answers[1]} if len(answers) > 1 else {}
    ranked = answers[0] if answers else ()
    fused = [(str(point.id), point.score, _terms_of(point), point.payload or {}) for point in ranked]
    same = [(str(point.id), _terms_of(point), point.payload or {}) for point in _same(shard, query)]
    return Candidates(merged(fused, cosines, same), _count(shard, query.organization_id))


def _requests(query: IndexQuery) -> list[qdrant.QueryRequest]:
    """The order of candidates, and if there is an embedding their cosines."""
    shown = _own(query.organization_id, _any(STATUS, SHOWN))
    rareness = qdrant.SearchParams(idf=qdrant.IdfParams(corpus=_counted(query.organization_id)))
    brought: dict[str, Any] = {"limit": CANDIDATES, "filter": shown, "with_payload": True, "with_vector": [LEX]}
    words = qdrant.Query.Nearest(qdrant.SparseVector(list(query.lex), list(query.lex.values())), using=LEX)
    if query.dense is None:
        return [qdrant.QueryRequest(query=words, params=rareness, **brought)] if query.lex else []
    meaning = qdrant.Query.Nearest(list(query.dense), using=DENSE)
    branches = [qdrant.Prefetch(limit=CANDIDATES, query=meaning, filter=shown)]
    if query.lex:
        branches.append(qdrant.Prefetch(limit=CANDIDATES, query=words, filter=shown, params=rareness))
    return [
        qdrant.QueryRequest(prefetches=branches, query=_FUSED, **brought),
        qdrant.QueryRequest(limit=CANDIDATES, query=meaning, filter=shown),
    ]


def _same(shard: qdrant.EdgeShard, query: IndexQuery) -> Sequence[Any]:
    """Points about the very same error, or of the name that is asked for."""
    found: list[Any] = []
    for field, value in query.exact:
        condition = _own(query.organization_id, _any(STATUS, SHOWN), _any(field, [value]))
        page = qdrant.ScrollRequest(limit=CANDIDATES, filter=condition, with_payload=True, with_vector=[LEX])
        found += shard.scroll(page)[0]
    return found


def _count(shard: qdrant.EdgeShard, organization_id: OrganizationId) -> int:
    return int(shard.count(qdrant.CountRequest(filter=_own(organization_id), exact=True)))


def _own(organization_id: OrganizationId, *conditions: qdrant.FieldCondition) -> qdrant.Filter:
    mine = qdrant.FieldCondition(key=ORGANIZATION, match=qdrant.MatchValue(organization_id))
    return qdrant.Filter(must=[mine, *conditions])


def _counted(organization_id: OrganizationId) -> qdrant.Filter:
    """The organization's points, to count rarity over.

    If the engine expects few it looks each of them up in the list of every term, which takes ten times as long as
    walking the lists, all the organization's own. Told the same over and over it expects more, and counts the same.
    """
    mine = qdrant.FieldCondition(key=ORGANIZATION, match=qdrant.MatchValue(organization_id))
    return qdrant.Filter(should=[mine] * _TOLD)


def _any(field: str, values: Sequence[str]) -> qdrant.FieldCondition:
    return qdrant.FieldCondition(key=field, match=qdrant.MatchAny(list(values)))


def _stored(point: Point) -> qdrant.Point:
    vectors: dict[str, Any] = {LEX: qdrant.SparseVector(list(point.lex), list(point.lex.values()))}
    if point.dense is not None:
        vectors[DENSE] = list(point.dense)
    return qdrant.Point(point.id, vectors, dict(point.payload))


def _terms_of(point: Any) -> frozenset[int]:
    vectors: Mapping[str, Any] = point.vector
    return frozenset(vectors[LEX].indices)
