"""One transaction for all that the runs of a process write at the same moment."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any, TypeVar, overload

import sqlalchemy as sa

from core.domain.errors import LeaseLost, ServiceUnavailable
from core.domain.tenancy import OrganizationId
from core.ports import Run
from core.storage.engine.database import Database, Work
from core.storage.queue.fence import Fence, lease_lost

_GATHER_S = 0.003
"""How long the first waits for others: nothing beside a step, and half the transactions when many runs are busy."""
_MOST_PER_COMMIT = 100
_SETTLED_AT_ONCE = 5

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows for `statement`, which the transaction executes once for all rows that an organization has for it."""

    statement: sa.Executable
    rows: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True, eq=False)
class _Piece:
    organization_id: OrganizationId
    work: Work[Any] | Rows
    touches: Run | None
    fenced_by: Run | None
    made_progress: bool
    done: asyncio.Future[Any]

    def settle(self, outcome: object) -> None:
        if self.done.done():
            return
        if isinstance(outcome, Exception):
            self.done.set_exception(outcome)
        else:
            self.done.set_result(outcome)


class GroupCommit:
    """Commits small pieces of work together: what comes within a moment, and what piled up during a transaction.

    A transaction costs a disk flush and a check of the fence however much it holds, so many runs at once pay for few.
    """

    def __init__(self, database: Database, fence: Fence) -> None:
        """Nothing runs until the first piece comes."""
        self._database = database
        self._fence = fence
        self._waiting: list[_Piece] = []
        self._flushing: asyncio.Task[None] | None = None

    @overload
    async def write(
        self, organization_id: OrganizationId, work: Work[T], *, run: Run | None = None, is_fenced: bool = True
    ) -> T: ...

    @overload
    async def write(
        self, organization_id: OrganizationId, work: Rows, *, run: Run | None = None, made_progress: bool = False
    ) -> None: ...

    async def write(
        self,
        organization_id: OrganizationId,
        work: Work[Any] | Rows,
        *,
        run: Run | None = None,
        is_fenced: bool = True,
        made_progress: bool = False,
    ) -> Any:
        """What `work` gave, once it is committed. It sees the rows of the organization, and may be called again.

        With `run` it is done only while that is ours; without `is_fenced` it changes the row of `run`, and looks for
        itself. `made_progress` says that a step is being committed. What raises, or is cancelled before its transaction
        began, is not written and keeps nothing else from being written.

        Raises:
            LeaseLost: the run is not ours, or not wanted, any more.
        """
        done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Piece(organization_id, work, run, run if is_fenced else None, made_progress, done))
        if self._flushing is None or self._flushing.done():
            self._flushing = asyncio.create_task(self._flush(), name="group commit")
        return await done

    async def close(self) -> None:
        """Everything handed in is committed or refused."""
        if self._flushing is not None:
            await self._flushing

    async def _flush(self) -> None:
        while self._waiting:
            await asyncio.sleep(_GATHER_S)
            pieces = [piece for piece in self._waiting[:_MOST_PER_COMMIT] if not piece.done.done()]
            del self._waiting[:_MOST_PER_COMMIT]
            if pieces:
                await self._commit(pieces)

    async def _commit(self, pieces: Sequence[_Piece]) -> None:
        try:
            asked_at = monotonic()
            outcomes = await self._view(pieces).write(lambda connection: self._together(connection, pieces))
        except Exception as error:
            if len(pieces) == 1 or isinstance(error, ServiceUnavailable):
                for piece in pieces:
                    piece.settle(error)
                return
            # One of them spoiled it for all; each by itself shows which.
            for piece in pieces:
                await self._commit([piece])
        else:
            for number, (piece, outcome) in enumerate(zip(pieces, outcomes, strict=True), 1):
                if number % _SETTLED_AT_ONCE == 0:
                    # All that waited would go on within one turn of the event loop, in which nothing else happens.
                    await asyncio.sleep(0)
                if piece.fenced_by is not None and not isinstance(outcome, LeaseLost):
                    self._fence.remember([piece.fenced_by], asked_at)
                piece.settle(outcome)

    def _view(self, pieces: Sequence[_Piece]) -> Database:
        """Runs are seen by who works for their organization, and by the directory."""
        organizations = {piece.organization_id for piece in pieces}
        return self._database.directory() if len(organizations) > 1 else self._database.of(organizations.pop())

    def _together(self, connection: sa.Connection, pieces: Sequence[_Piece]) -> list[object]:
        """What each piece gave, or the LeaseLost of those whose run is not ours."""
        held = self._admitted(connection, pieces)
        by_organization: dict[OrganizationId, list[_Piece]] = defaultdict(list)
        for piece in pieces:
            by_organization[piece.organization_id].append(piece)
        outcomes: dict[_Piece, object] = {}
        for organization_id, theirs in by_organization.items():
            if len(by_organization) > 1:
                self._database.bind(connection, organization_id)
            rows: dict[sa.Executable, list[Mapping[str, Any]]] = defaultdict(list)
            for piece in theirs:
                if piece.fenced_by is not None and piece.fenced_by not in held:
                    outcomes[piece] = lease_lost(piece.fenced_by)
                elif isinstance(piece.work, Rows):
                    rows[piece.work.statement] += piece.work.rows
                else:
                    outcomes[piece] = piece.work(connection)
            for statement, together in rows.items():
                connection.execute(statement, together)
        return [outcomes.get(piece) for piece in pieces]

    def _admitted(self, connection: sa.Connection, pieces: Sequence[_Piece]) -> frozenset[Run]:
        """Rows of runs are locked in one order, here and by heartbeats: each in its own could deadlock."""
        touched = {piece.touches for piece in pieces if piece.touches is not None}
        fenced = {piece.fenced_by for piece in pieces if piece.fenced_by is not None}
        if fenced != touched and self._database.is_postgresql:
            self._fence.lock(connection, touched)
        made_progress = {piece.fenced_by for piece in pieces if piece.fenced_by is not None and piece.made_progress}
        return self._fence.fence_writes(connection, fenced, made_progress) if fenced else frozenset()
