"""The replicas of `make bench-scale` as one: started on a database, given investigations, asked what they saw."""

from __future__ import annotations

import asyncio
import json
import random
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from core.domain.conversation import ConversationRef
from core.domain.investigation import Investigation, Subject
from core.domain.tenancy import Actor, OrganizationId, Platform, WorkspaceRef
from core.ports import Stores
from core.storage.database_stores import open_stores
from core.storage.schema import migrate
from tests.benchmarks.scale_script import Seen
from tests.postgres import APP, DatabaseUrls, PostgresServer

_WORKSPACE = WorkspaceRef(Platform.SLACK, "benchmark")
_STUCK_AFTER_S = 300.0
_ASKED_EACH_S = 0.25
_LONGEST_LINE = 2**28


class Place:
    """Where databases are made: files, or one PostgreSQL server."""

    def __init__(self, home: Path, server: PostgresServer) -> None:
        self._home = home
        self._server = server
        self._template: DatabaseUrls | None = None

    async def database(self, *, is_postgresql: bool) -> DatabaseUrls:
        """A migrated database without rows."""
        if not is_postgresql:
            url = f"sqlite:///{self._home / uuid4().hex}"
            await migrate(url)
            return DatabaseUrls(url, url, url)
        if self._template is None:
            self._template = self._server.create_database()
            await migrate(self._template.owner, application_role=APP)
        return self._server.create_database(self._template.name)


@contextmanager
def place() -> Iterator[Place]:
    """Gone afterwards, with all that was kept in it."""
    server = PostgresServer.start()
    try:
        with tempfile.TemporaryDirectory() as home:
            yield Place(Path(home), server)
    finally:
        server.stop()


class Fleet:
    """Replicas at work on one database."""

    def __init__(self, replicas: list[asyncio.subprocess.Process], stores: Stores) -> None:
        self._replicas = replicas
        self._stores = stores
        self.size = len(replicas)

    async def begin(self, step_s: float, steps: int) -> None:
        """What was seen is forgotten; from now on turns take so long."""
        await self._all({"begin": [step_s, steps]})

    async def investigate(self, count: int, within_s: float) -> None:
        """As many investigations, asked for at random moments within that time, were done."""
        chance = random.Random(count)
        tag = uuid4().hex[:8]
        await asyncio.gather(*(self._ask(f"{tag}-{n}", chance.uniform(0, within_s)) for n in range(count)))
        async with asyncio.timeout(_STUCK_AFTER_S):
            while await self._stores.runs.depth():
                await asyncio.sleep(_ASKED_EACH_S)

    async def seen(self) -> list[Seen]:
        """What each replica saw since `begin`."""
        return [Seen(**answer) for answer in await self._all({"end": True})]

    async def plain(self, count: int, within_s: float) -> list[Seen]:
        """What as many bare loops saw, spread over the replicas and started as the investigations were."""
        chance = random.Random(count)
        starts_s = [chance.uniform(0, within_s) for _ in range(count)]
        shares = (starts_s[number :: self.size] for number in range(self.size))
        return [
            Seen(**answer)
            for answer in await asyncio.gather(
                *(_tell(replica, {"plain": share}) for replica, share in zip(self._replicas, shares, strict=True))
            )
        ]

    async def _ask(self, id_: str, after_s: float) -> None:
        """For an organization of its own: that is the most work for a database that keeps them apart."""
        await asyncio.sleep(after_s)
        conversation = ConversationRef(_WORKSPACE, f"channel {id_}")
        asked = Investigation(id_, Subject(id_, id_), conversation, Actor("U1", "Ada"), datetime.now(UTC))
        store = self._stores.for_organization(OrganizationId(f"organization {id_}"))
        await store.add_investigation(asked, None, f"delivery {id_}", announced=True)

    async def _all(self, command: dict[str, Any]) -> list[dict[str, Any]]:
        return list(await asyncio.gather(*(_tell(replica, command) for replica in self._replicas)))


@asynccontextmanager
async def fleet(url: str, replicas: int, slots: int) -> AsyncIterator[Fleet]:
    """So many replicas, each taking up to `slots` runs at once, warm, until the block ends."""
    async with AsyncExitStack() as stack:
        stores = await stack.enter_async_context(open_stores(url, owner="benchmark", secret_keys=["key"]))
        started = [
            await stack.enter_async_context(_replica(url, f"replica {number}", slots)) for number in range(replicas)
        ]
        for process in started:
            await _answer(process)
        whole = Fleet(started, stores)
        await whole.begin(0.0, 2)
        await whole.investigate(5 * replicas, 0.1)
        yield whole


@asynccontextmanager
async def _replica(url: str, owner: str, slots: int) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.benchmarks.scale_replica", url, owner, str(slots)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=_LONGEST_LINE,
    )
    try:
        yield process
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


async def _tell(process: asyncio.subprocess.Process, command: dict[str, Any]) -> dict[str, Any]:
    assert process.stdin is not None
    process.stdin.write(f"{json.dumps(command)}\n".encode())
    return await _answer(process)


async def _answer(process: asyncio.subprocess.Process) -> dict[str, Any]:
    assert process.stdout is not None
    line = await process.stdout.readline()
    if not line:
        raise SystemExit("A replica ended too soon; its log is above.")
    answer: dict[str, Any] = json.loads(line)
    return answer
