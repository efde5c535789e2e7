"""One transaction for all that the runs of a process write at the same moment."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, overload

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from core.domain.errors import ServiceUnavailable
from core.domain.tenancy import OrganizationId
from core.ports import Run
from core.storage.database import Database
from core.storage.fence import Fence, lease_lost

_MOST_PER_COMMIT = 100

T = TypeVar("T")

Work = Callable[[AsyncConnection], Awaitable[T]]


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows for `statement`, which the transaction executes once for all rows that an organization has for it."""

    statement: sa.Executable
    rows: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True, eq=False)
class _Piece:
    organization_id: OrganizationId
    work: Work[Any] | Rows
    run: Run | None
    got_on: bool
    done: asyncio.Future[Any]

    def settle(self, outcome: object) -> None:
        if self.done.done():
            return
        if isinstance(outcome, Exception):
            self.done.set_exception(outcome)
        else:
            self.done.set_result(outcome)


class GroupCommit:
    """Commits small pieces of work together: what piled up during one transaction goes into the next.

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
        self, organization_id: OrganizationId, work: Work[T], *, run: Run | None = None, got_on: bool = False
    ) -> T: ...

    @overload
    async def write(
        self, organization_id: OrganizationId, work: Rows, *, run: Run | None = None, got_on: bool = False
    ) -> None: ...

    async def write(
        self, organization_id: OrganizationId, work: Work[Any] | Rows, *, run: Run | None = None, got_on: bool = False
    ) -> Any:
        """What `work` gave, once it is committed. It sees the rows of the organization, and may be called again.

        With `run` it is done only while that is ours; `got_on` says that a step is being committed. What raises, or is
        cancelled before its transaction began, is not written and keeps nothing else from being written.

        Raises:
            LeaseLost: the run is not ours, or not wanted, any more.
        """
        done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Piece(organization_id, work, run, got_on, done))
        if self._flushing is None or self._flushing.done():
            self._flushing = asyncio.create_task(self._flush(), name="group commit")
        return await done

    async def close(self) -> None:
        """Everything handed in is committed or refused."""
        if self._flushing is not None:
            await self._flushing

    async def _flush(self) -> None:
        while self._waiting:
            pieces = [piece for piece in self._waiting[:_MOST_PER_COMMIT] if not piece.done.done()]
            del self._waiting[:_MOST_PER_COMMIT]
            if pieces:
                await self._commit(pieces)

    async def _commit(self, pieces: Sequence[_Piece]) -> None:
        try:
            outcomes = await self._together(pieces)
        except Exception as error:
            if len(pieces) == 1 or isinstance(error, ServiceUnavailable):
                for piece in pieces:
                    piece.settle(error)
                return
            # One of them spoiled it for all; each by itself shows which.
            for piece in pieces:
                await self._commit([piece])
        else:
            for piece, outcome in zip(pieces, outcomes, strict=True):
                piece.settle(outcome)

    async def _together(self, pieces: Sequence[_Piece]) -> list[object]:
        """What each piece gave, or the LeaseLost of those whose run is not ours."""
        organizations = {piece.organization_id for piece in pieces}
        is_one = len(organizations) == 1
        view = self._database.of(pieces[0].organization_id) if is_one else self._database.directory()
        outcomes: dict[_Piece, object] = {}
        async with view.writing() as connection:
            held = await self._admitted(connection, pieces)
            for organization_id in organizations:
                if not is_one:
                    await self._database.bind(connection, organization_id)
                rows: dict[sa.Executable, list[Mapping[str, Any]]] = defaultdict(list)
                for piece in pieces:
                    if piece.organization_id != organization_id:
                        continue
                    if piece.run is not None and piece.run not in held:
                        outcomes[piece] = lease_lost(piece.run)
                    elif isinstance(piece.work, Rows):
                        rows[piece.work.statement] += piece.work.rows
                    else:
                        outcomes[piece] = await piece.work(connection)
                for statement, together in rows.items():
                    await connection.execute(statement, together)
        return [outcomes.get(piece) for piece in pieces]

    async def _admitted(self, connection: AsyncConnection, pieces: Sequence[_Piece]) -> frozenset[Run]:
        got_on = {piece.run for piece in pieces if piece.run is not None and piece.got_on}
        others = {piece.run for piece in pieces if piece.run is not None} - got_on
        admitted: frozenset[Run] = frozenset()
        if got_on:
            admitted |= await self._fence.admit(connection, got_on, got_on=True)
        if others:
            admitted |= await self._fence.admit(connection, others)
        return admitted
