"""One embedded Qdrant shard in a folder: opened by one process, used from one thread, mended by starting empty."""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import qdrant_edge as qdrant

from core.domain.errors import Refusal, ServiceUnavailable

SERVICE = "The knowledge index"
VECTOR = "lex"
ORGANIZATION, STATUS, FINGERPRINT = "organization_id", "status", "fingerprint"

log = logging.getLogger(__name__)
T = TypeVar("T")


class QdrantShard:
    """The index that all organizations of one machine share; `QdrantKnowledge` binds it to one of them."""

    def __init__(self, directory: Path) -> None:
        """Open the shard in `directory`, or make it; a folder that cannot be read is set aside and replaced.

        Raises:
            Refusal: another process has it, or the folder cannot be written.
        """
        self._directory = directory
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

    def close(self) -> None:
        """What was indexed is on disk and the folder is free; closing again does nothing."""
        if self._shard is None:
            return
        shard, self._shard = self._shard, None
        try:
            self._thread.submit(shard.close).result()
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

    async def put(self, points: Sequence[qdrant.Point]) -> None:
        """Points are added or replaced, visible to the next search and on disk."""

        def work(shard: qdrant.EdgeShard) -> None:
            shard.update(qdrant.UpdateOperation.upsert_points(list(points)))
            shard.flush()

        await self.run(work)

    # ---- opening ----------------------------------------------------------------------------------------------------

    def _opened(self) -> qdrant.EdgeShard:
        if self._directory.is_dir() and any(self._directory.iterdir()):
            try:
                return qdrant.EdgeShard.load(str(self._directory))
            except BaseException as error:
                if not _is_engines(error):
                    raise
                self.set_aside = self._move_away()
                log.warning(
                    "the knowledge index in %s cannot be read (%s); it was moved to %s and starts empty: "
                    "index the stored knowledge entries again",
                    self._directory,
                    error,
                    self.set_aside,
                )
        return self._created()

    def _move_away(self) -> Path:
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
        target = self._directory.with_name(f"{self._directory.name}.unreadable-{stamp}")
        return self._directory.rename(target)

    def _created(self) -> qdrant.EdgeShard:
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            shard = qdrant.EdgeShard.create(str(self._directory), _config())
            for field, parameters in _payload_indexes().items():
                shard.update(qdrant.UpdateOperation.create_field_index(field, parameters))
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


def _config() -> qdrant.EdgeConfig:
    words = qdrant.EdgeSparseVectorParams(modifier=qdrant.Modifier.Idf)
    return qdrant.EdgeConfig(vectors={}, sparse_vectors={VECTOR: words})


def _payload_indexes() -> dict[str, qdrant.KeywordIndexParams]:
    return {
        ORGANIZATION: qdrant.KeywordIndexParams(is_tenant=True),
        STATUS: qdrant.KeywordIndexParams(),
        FINGERPRINT: qdrant.KeywordIndexParams(),
    }
