"""What the database did, seen from beside it: triggers note who committed what, and the server dates each commit."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from core.domain.investigation import Status
from core.domain.journal import CallCorrected, CallObserved, ReasonerReplaced, TurnTaken
from core.storage.stores.documents import INVESTIGATION, read_entry
from tests.chaos.facts import Entry, Hold, Kept
from tests.postgres import PostgresServer

_WATCH = (
    "create schema chaos",
    "create table chaos.entries (n bigint, subject text, kind text, body text, run text, attempt int)",
    "create table chaos.holds (run text, subject text, state text, owner text, attempt int)",
    """create function chaos.note_entry() returns trigger
    language plpgsql security definer set search_path = public as $$
    begin
        insert into chaos.entries select new.n, new.subject_id, new.kind, new.body, runs.id, runs.attempt
            from runs where runs.subject_id = new.subject_id and runs.state = 'running' order by runs.n desc limit 1;
        return null;
    end $$""",
    """create function chaos.note_hold() returns trigger
    language plpgsql security definer set search_path = public as $$
    begin
        insert into chaos.holds values (new.id, new.subject_id, new.state, new.owner, new.attempt);
        return null;
    end $$""",
    "create trigger chaos_entry after insert on journal for each row execute function chaos.note_entry()",
    "create trigger chaos_queued after insert on runs for each row execute function chaos.note_hold()",
    """create trigger chaos_hold after update on runs for each row
    when (old.state is distinct from new.state or old.attempt is distinct from new.attempt)
    execute function chaos.note_hold()""",
)
_COMMITTED = "extract(epoch from pg_xact_commit_timestamp(xmin))::float8 as at"
_ENTRIES = sa.text(f"select subject, kind, body, run, attempt, {_COMMITTED} from chaos.entries order by n")
_HOLDS = sa.text(f"select run, subject, state, owner, attempt, {_COMMITTED} from chaos.holds")
_OPEN = sa.text("select count(*) from public.runs where state in ('queued', 'running')")
_KEPT = sa.text("select body from public.investigations")


def date_commits(server: PostgresServer) -> None:
    """The server keeps when each transaction was committed; asks for a restart."""
    server.sql("alter system set track_commit_timestamp = on")
    server.restart()


class Ledger:
    """Use `open_ledger`; everything is read as the superuser, whom no policy keeps from any row."""

    def __init__(self, connection: AsyncConnection) -> None:
        """Over one connection, which the trouble does not cut."""
        self._connection = connection

    async def entries(self) -> list[Entry]:
        """Every journal line, with the run and the attempt that it was written for."""
        return [_entry(row) for row in await self._connection.execute(_ENTRIES)]

    async def holds(self) -> list[Hold]:
        """Every change of hands."""
        return [Hold(*row) for row in await self._connection.execute(_HOLDS)]

    async def kept(self) -> list[Kept]:
        """Every investigation."""
        known = [INVESTIGATION.read(row.body) for row in await self._connection.execute(_KEPT)]
        return [
            Kept(
                it.id,
                it.subject.issue_id,
                it.conversation.channel,
                it.conversation.thread or "",
                _status(it.status),
                it.failure,
            )
            for it in known
        ]

    async def open_runs(self) -> int:
        """How many runs have not ended."""
        return int((await self._connection.execute(_OPEN)).scalar_one())


async def watch(root_url: str) -> None:
    """From now on the migrated database notes what is asked of a `Ledger` later."""
    engine = create_async_engine(root_url)
    async with engine.begin() as connection:
        for statement in _WATCH:
            await connection.exec_driver_sql(statement)
    await engine.dispose()


@asynccontextmanager
async def open_ledger(root_url: str) -> AsyncIterator[Ledger]:
    """What was noted, read at one moment each time; a restart of the server breaks it, so open it when it is needed."""
    engine = create_async_engine(root_url, isolation_level="AUTOCOMMIT")
    try:
        async with engine.connect() as connection:
            yield Ledger(connection)
    finally:
        await engine.dispose()


def _entry(row: sa.Row[Any]) -> Entry:
    entry = read_entry(row.kind, row.body)
    line = Entry(row.subject, row.run, row.attempt, row.at)
    match entry:
        case TurnTaken():
            return replace(line, turn=entry.turn, calls=tuple((call.id, call.tool) for call in entry.calls))
        case CallObserved() | CallCorrected():
            return replace(line, outcome_of=entry.call_id)
        case ReasonerReplaced():
            return line


def _status(status: Status) -> str:
    return "reported" if status is Status.RESOLVED else status.value
