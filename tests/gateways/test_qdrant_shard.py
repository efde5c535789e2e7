"""The embedded engine: one folder, one process, one thread, and what becomes of it when it is damaged."""

import asyncio
import logging
import os
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.domain.errors import Refusal, ServiceUnavailable
from core.domain.knowledge import KnowledgeEntry
from core.domain.tenancy import OrganizationId
from core.gateways.qdrant.knowledge import QdrantKnowledge
from core.gateways.qdrant.shard import QdrantShard
from tests.gateways.test_knowledge_index import CURRENCY, POOL, SAME_ERROR


@pytest.fixture
async def shard(tmp_path: Path) -> AsyncIterator[QdrantShard]:
    opened = QdrantShard(tmp_path / "knowledge")
    yield opened
    await opened.close()


async def found(shard: QdrantShard, query: str, limit: int = 5) -> list[str]:
    knowledge = QdrantKnowledge(shard, OrganizationId("acme"))
    return [match.entry.id for match in (await knowledge.search(query, limit)).matches]


async def store(shard: QdrantShard, *entries: KnowledgeEntry) -> None:
    await QdrantKnowledge(shard, OrganizationId("acme")).index(entries)


async def test_what_was_indexed_is_there_after_closing_and_opening(tmp_path: Path) -> None:
    for _ in range(2):
        shard = QdrantShard(tmp_path / "knowledge")
        await store(shard, CURRENCY)
        await shard.close()
    shard = QdrantShard(tmp_path / "knowledge")
    assert await found(shard, SAME_ERROR) == ["I-1"]
    await shard.close()


_WRITER = """
import asyncio, sys
from pathlib import Path
from core.domain.knowledge import KnowledgeEntry
from core.domain.tenancy import OrganizationId
from core.gateways.qdrant.knowledge import QdrantKnowledge
from core.gateways.qdrant.shard import QdrantShard

async def main() -> None:
    knowledge = QdrantKnowledge(QdrantShard(Path(sys.argv[1])), OrganizationId("acme"))
    n = 0
    while True:
        await knowledge.index([KnowledgeEntry(f"I-{n}", f"KeyError: 'k{n}'", "", "", "KeyError", f"'k{n}'")])
        print(n, flush=True)
        n += 1

asyncio.run(main())
"""


async def test_killing_the_writer_loses_nothing_that_it_acknowledged(tmp_path: Path) -> None:
    folder = tmp_path / "knowledge"
    writer = await asyncio.create_subprocess_exec(sys.executable, "-c", _WRITER, str(folder), stdout=subprocess.PIPE)
    assert writer.stdout is not None
    acknowledged = [int(await writer.stdout.readline()) for _ in range(12)][-1]
    with pytest.raises(Refusal, match=rf"open in another process \(pid {writer.pid}\)"):
        QdrantShard(folder)
    writer.kill()
    await writer.communicate()
    shard = QdrantShard(folder)
    assert shard.set_aside is None
    for n in range(acknowledged + 1):
        assert f"I-{n}" in await found(shard, f"KeyError: 'k{n}'", 1)
    await shard.close()


def test_a_second_opening_says_who_has_the_folder(shard: QdrantShard, tmp_path: Path) -> None:
    with pytest.raises(Refusal, match=rf"pid {os.getpid()}\)\. Stop that one"):
        QdrantShard(tmp_path / "knowledge")


@pytest.mark.parametrize(
    ("victim", "content"),
    [
        ("edge_config.json", b"garbage!" * 64),
        ("wal/open-1", b"garbage!" * 64),
        ("segments/", b"garbage!" * 64),
        # The engine panics over this one.
        ("deleted/status.dat", b"1234"),
        ("stray.txt", b""),
    ],
    ids=["config", "log", "segments", "panic", "stray"],
)
async def test_an_unreadable_folder_is_set_aside_and_the_index_starts_empty(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, victim: str, content: bytes
) -> None:
    folder = tmp_path / "knowledge"
    if victim == "stray.txt":
        folder.mkdir()
        (folder / victim).write_text("not an index")
    else:
        shard = QdrantShard(folder)
        await store(shard, CURRENCY)
        await shard.close()
        damaged = [path for path in folder.rglob("*") if path.is_file() and victim in path.as_posix()]
        assert damaged
        for path in damaged:
            path.write_bytes(content)
    with caplog.at_level(logging.WARNING):
        shard = QdrantShard(folder)
    assert shard.set_aside is not None
    assert shard.set_aside.is_dir()
    assert "starts empty" in caplog.text
    assert await found(shard, SAME_ERROR) == []
    await store(shard, CURRENCY)
    assert await found(shard, SAME_ERROR) == ["I-1"]
    await shard.close()


async def test_an_entry_that_cannot_be_read_is_a_service_that_failed(tmp_path: Path) -> None:
    shard = QdrantShard(tmp_path / "knowledge")
    await store(shard, CURRENCY)
    await shard.close()
    (page,) = (tmp_path / "knowledge").rglob("payload_storage/page_0.dat")
    page.write_bytes(page.read_bytes().replace(b"currency", b"curr\xffncy"))
    shard = QdrantShard(tmp_path / "knowledge")
    with pytest.raises(ServiceUnavailable, match="See the log"):
        await found(shard, SAME_ERROR)
    await shard.close()


def test_a_folder_that_cannot_be_made_is_refused_with_advice(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Refusal, match="writable folder"):
        QdrantShard(tmp_path / "file" / "knowledge")


async def test_a_closed_index_says_so(tmp_path: Path) -> None:
    shard = QdrantShard(tmp_path / "knowledge")
    await shard.close()
    await shard.close()
    with pytest.raises(ServiceUnavailable, match="closed"):
        await found(shard, "x y")


async def test_the_event_loop_runs_on_while_the_index_works(shard: QdrantShard) -> None:
    released = threading.Event()
    work = asyncio.create_task(shard.run(lambda _: released.wait(10)))
    await asyncio.sleep(0)
    released.set()
    assert await work


async def test_searches_and_writes_at_once_all_succeed(shard: QdrantShard) -> None:
    await store(shard, *(replace(CURRENCY, id=f"I-{n}") for n in range(20)))
    writes = [store(shard, replace(POOL, id=f"P-{n}")) for n in range(5)]
    searches = asyncio.gather(*(found(shard, SAME_ERROR, 3) for _ in range(10)))
    results, _ = await asyncio.gather(searches, asyncio.gather(*writes))
    assert all(len(matches) == 3 for matches in results)
    assert len(await found(shard, "pool exhausted", 10)) == 5


async def test_embeddings_of_another_dimension_are_refused_with_the_setting_to_change(tmp_path: Path) -> None:
    await QdrantShard(tmp_path / "knowledge", 8).close()
    with pytest.raises(Refusal, match=r"of 8 numbers, the embedder set now gives 16\. Set LOGSENSE_"):
        QdrantShard(tmp_path / "knowledge", 16)
    # The refusal let go of the folder.
    await QdrantShard(tmp_path / "knowledge", 8).close()
