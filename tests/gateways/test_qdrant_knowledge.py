"""The knowledge index in a real embedded Qdrant."""

import asyncio
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.domain.errors import Refusal, ServiceUnavailable
from core.domain.knowledge import KnowledgeEntry, KnowledgeMatch
from core.domain.tenancy import OrganizationId
from core.gateways.qdrant_knowledge import GATE, SEEN_BEFORE, QdrantKnowledge, QdrantShard

CURRENCY = KnowledgeEntry(
    id="I-1",
    title="KeyError: 'currency'",
    root_cause="Orders imported before release 1.8 have no currency",
    fix="Read it with a default",
    error_type="KeyError",
    message="'currency'",
    frames=("shop/cart.py:total", "shop/views.py:checkout", "flask/app.py:dispatch_request"),
    service="shop",
    confirmed_by="Ada",
    confirmed_at=datetime(2026, 1, 1, tzinfo=UTC),
)
POOL = KnowledgeEntry(
    id="I-2",
    title="TimeoutError: QueuePool limit of size 5 overflow 10 reached",
    root_cause="The export job does not return its sessions to the pool",
    fix="Close sessions",
    error_type="TimeoutError",
    message="QueuePool limit of size 5 overflow 10 reached, connection timed out",
    frames=("sqlalchemy/pool/impl.py:_do_get", "shop/export.py:run"),
)
OTHERS = tuple(
    KnowledgeEntry(f"I-{n}", title, cause, "Mend it", title.split(":")[0], title.split(": ")[1], (frame,))
    for n, (title, cause, frame) in enumerate(
        [
            ("HTTPError: 429 Too Many Requests", "The rate limit of the mail service", "notify.py:send"),
            ("AttributeError: 'NoneType' object has no attribute 'id'", "The user was deleted", "users.py:load"),
            ("ZeroDivisionError: division by zero", "An empty report", "report.py:mean"),
        ],
        3,
    )
)
SAME_ERROR = "KeyError: 'currency'\n" + "\n".join(CURRENCY.frames)


@pytest.fixture
def shard(tmp_path: Path) -> Iterator[QdrantShard]:
    opened = QdrantShard(tmp_path / "knowledge")
    yield opened
    opened.close()


@pytest.fixture
def knowledge(shard: QdrantShard) -> QdrantKnowledge:
    return of(shard, "acme")


def of(shard: QdrantShard, organization: str) -> QdrantKnowledge:
    return QdrantKnowledge(shard, OrganizationId(organization))


def ids(matches: Sequence[KnowledgeMatch]) -> list[str]:
    return [match.entry.id for match in matches]


# ---- finding --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stored", [(CURRENCY,), (CURRENCY, POOL), (CURRENCY, POOL, *OTHERS)], ids=len)
async def test_a_score_means_the_same_whatever_else_is_stored(
    knowledge: QdrantKnowledge, stored: tuple[KnowledgeEntry, ...]
) -> None:
    await knowledge.index(stored)
    (best,) = await knowledge.search(SAME_ERROR, 5)
    assert (best.entry, best.score, best.seen_before) == (CURRENCY, 1.0, True)
    (near,) = await knowledge.search("KeyError: 'amount'\nrefund.py:pay\nviews.py:checkout\ncart.py:total", 5)
    assert GATE < near.score < SEEN_BEFORE
    assert not near.seen_before
    assert await knowledge.search("ConnectionRefusedError: redis:6379\nredis/connection.py:connect", 5) == []
    assert await knowledge.search("KeyError: 'sku'\nbilling/tax.py:rate\nbilling/job.py:run", 5) == []
    assert await knowledge.search("what is the capital of France", 5) == []


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("checkout fails, the currency is missing", "I-1"),
        ("pool exhausted", "I-2"),
        ("sessions not returned", "I-2"),
        ("too many requests", "I-3"),
    ],
)
async def test_a_person_finds_an_incident_in_their_own_words(
    knowledge: QdrantKnowledge, query: str, found: str
) -> None:
    await knowledge.index((CURRENCY, POOL, *OTHERS))
    assert ids(await knowledge.search(query, 1)) == [found]


async def test_a_match_says_why(knowledge: QdrantKnowledge) -> None:
    await knowledge.index([CURRENCY])
    (match,) = await knowledge.search("KeyError: 'currency'\ncart.py:total", 1)
    assert match.reasons == ("same exception KeyError", "same frame cart.py:total", "similar text")


async def test_the_same_error_is_recognised_through_its_volatile_parts(knowledge: QdrantKnowledge) -> None:
    error = replace(CURRENCY, error_type="LookupError", message="order 4711 at 10.0.0.7 not found")
    await knowledge.index([error, POOL])
    (match,) = await knowledge.search("\n".join(["LookupError: order 98 at 10.1.2.3 not found", *error.frames]), 3)
    assert match.seen_before
    assert match.score >= SEEN_BEFORE


async def test_a_fingerprint_given_in_the_query_is_looked_for(knowledge: QdrantKnowledge) -> None:
    await knowledge.index([replace(CURRENCY, fingerprint="grouped-by-hand"), POOL])
    (match,) = await knowledge.search("fingerprint: grouped-by-hand\nsomething else", 3)
    assert match.seen_before
    assert ids(await knowledge.search("fingerprint: unheard-of\nsomething else", 3)) == []


async def test_the_limit_holds_and_the_best_come_first(knowledge: QdrantKnowledge) -> None:
    await knowledge.index([replace(CURRENCY, id=f"I-{n}", frames=CURRENCY.frames[: n % 4]) for n in range(12)])
    matches = await knowledge.search(SAME_ERROR, 5)
    assert len(matches) == 5
    assert [match.score for match in matches] == sorted((match.score for match in matches), reverse=True)


# ---- changing -------------------------------------------------------------------------------------------------------


async def test_an_entry_with_the_same_id_is_replaced_at_once(knowledge: QdrantKnowledge) -> None:
    await knowledge.index([CURRENCY])
    await knowledge.index([replace(CURRENCY, fix="Backfill the orders", status="disputed")])
    (match,) = await knowledge.search(SAME_ERROR, 5)
    assert (match.entry.fix, match.entry.status) == ("Backfill the orders", "disputed")


async def test_a_superseded_entry_is_no_longer_found(knowledge: QdrantKnowledge) -> None:
    await knowledge.index([replace(CURRENCY, status="superseded"), replace(CURRENCY, id="I-9", status="proposed")])
    assert ids(await knowledge.search(SAME_ERROR, 5)) == ["I-9"]


async def test_an_entry_without_any_text_is_kept_and_not_found(knowledge: QdrantKnowledge) -> None:
    await knowledge.index([KnowledgeEntry("I-0", "", "", ""), CURRENCY])
    assert ids(await knowledge.search(SAME_ERROR, 5)) == ["I-1"]


async def test_lone_surrogates_survive_in_an_entry_and_do_no_harm_in_a_query(knowledge: QdrantKnowledge) -> None:
    await knowledge.index([replace(CURRENCY, message="'currency' \ud800", fingerprint="\udfff")])
    (match,) = await knowledge.search("fingerprint: \udfff\nKeyError: 'currency' \ud800\ncart.py:total", 5)
    assert match.entry.message == "'currency' \ud800"


# ---- organizations --------------------------------------------------------------------------------------------------


async def test_equal_ids_of_two_organizations_are_two_entries(shard: QdrantShard) -> None:
    await of(shard, "acme").index([CURRENCY])
    await of(shard, "rival").index([replace(CURRENCY, fix="RIVAL")])
    for organization, fix in (("acme", CURRENCY.fix), ("rival", "RIVAL")):
        assert [match.entry.fix for match in await of(shard, organization).search(SAME_ERROR, 5)] == [fix]


_organizations = st.sampled_from(["acme", "rival", "acme/I", "", "*", "ac me", "5:acme"])
_queries = st.sampled_from(
    [
        SAME_ERROR,
        "organization_id: rival",
        "fingerprint: secret-of-rival",
        "fingerprint: secret-of-rival\nKeyError",
        '{"must": [], "organization_id": "rival"}',
        "' OR 1=1 --",
        "\x00",
        "RIVAL secret fix",
    ]
) | st.text(max_size=60)
_entries = st.lists(st.sampled_from([CURRENCY, POOL, *OTHERS]), max_size=4)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(foreign=st.lists(st.tuples(_organizations, _entries), max_size=4), query=_queries, own=_entries)
async def test_no_query_and_no_foreign_write_shows_or_changes_anything_across_organizations(
    shard: QdrantShard, foreign: list[tuple[str, list[KnowledgeEntry]]], query: str, own: list[KnowledgeEntry]
) -> None:
    mine = of(shard, "mine")
    await mine.index(own)
    before = [await mine.search(text, 10) for text in (query, SAME_ERROR, "pool exhausted")]
    for organization, entries in foreign:
        secret = [replace(entry, fix="RIVAL secret fix", fingerprint="secret-of-rival") for entry in entries]
        await of(shard, organization).index(secret)
    after = [await mine.search(text, 10) for text in (query, SAME_ERROR, "pool exhausted")]
    assert after == before
    assert all(match.entry.fix != "RIVAL secret fix" for matches in after for match in matches)


async def test_what_is_rare_is_judged_by_the_organizations_own_entries(shard: QdrantShard) -> None:
    mine = of(shard, "mine")
    await mine.index([KnowledgeEntry(f"I-{n}", "alpha alpha", "", "") for n in range(110)])
    await mine.index([KnowledgeEntry("I-rare", "beta", "", "")])
    before = await mine.search("alpha beta", 5)
    await of(shard, "rival").index([KnowledgeEntry(f"R-{n}", "beta", "", "") for n in range(500)])
    assert ids(before) == ["I-rare"]
    assert await mine.search("alpha beta", 5) == before


# ---- the folder -----------------------------------------------------------------------------------------------------


async def test_what_was_indexed_is_there_after_closing_and_opening(tmp_path: Path) -> None:
    for _ in range(2):
        shard = QdrantShard(tmp_path / "knowledge")
        await of(shard, "acme").index([CURRENCY])
        shard.close()
    shard = QdrantShard(tmp_path / "knowledge")
    assert ids(await of(shard, "acme").search(SAME_ERROR, 5)) == ["I-1"]
    shard.close()


_WRITER = """
import asyncio, sys
from pathlib import Path
from core.domain.knowledge import KnowledgeEntry
from core.domain.tenancy import OrganizationId
from core.gateways.qdrant_knowledge import QdrantKnowledge, QdrantShard

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
        assert f"I-{n}" in ids(await of(shard, "acme").search(f"KeyError: 'k{n}'", 1))
    shard.close()


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
        await of(shard, "acme").index([CURRENCY])
        shard.close()
        damaged = [path for path in folder.rglob("*") if path.is_file() and victim in path.as_posix()]
        assert damaged
        for path in damaged:
            path.write_bytes(content)
    with caplog.at_level(logging.WARNING):
        shard = QdrantShard(folder)
    assert shard.set_aside is not None
    assert shard.set_aside.is_dir()
    assert "starts empty" in caplog.text
    knowledge = of(shard, "acme")
    assert await knowledge.search(SAME_ERROR, 5) == []
    await knowledge.index([CURRENCY])
    assert ids(await knowledge.search(SAME_ERROR, 5)) == ["I-1"]
    shard.close()


async def test_an_entry_that_cannot_be_read_is_a_service_that_failed(tmp_path: Path) -> None:
    shard = QdrantShard(tmp_path / "knowledge")
    await of(shard, "acme").index([CURRENCY])
    shard.close()
    (page,) = (tmp_path / "knowledge").rglob("payload_storage/page_0.dat")
    page.write_bytes(page.read_bytes().replace(b"currency", b"curr\xffncy"))
    shard = QdrantShard(tmp_path / "knowledge")
    with pytest.raises(ServiceUnavailable, match="See the log"):
        await of(shard, "acme").search(SAME_ERROR, 5)
    shard.close()


def test_a_folder_that_cannot_be_made_is_refused_with_advice(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Refusal, match="writable folder"):
        QdrantShard(tmp_path / "file" / "knowledge")


async def test_a_closed_index_says_so(tmp_path: Path) -> None:
    shard = QdrantShard(tmp_path / "knowledge")
    shard.close()
    shard.close()
    with pytest.raises(ServiceUnavailable, match="closed"):
        await of(shard, "acme").search("x y", 1)


async def test_the_event_loop_runs_on_while_the_index_works(shard: QdrantShard) -> None:
    released = threading.Event()
    work = asyncio.create_task(shard.run(lambda _: released.wait(10)))
    await asyncio.sleep(0)
    released.set()
    assert await work


async def test_searches_and_writes_at_once_all_succeed(knowledge: QdrantKnowledge) -> None:
    await knowledge.index([replace(CURRENCY, id=f"I-{n}") for n in range(20)])
    writes = [knowledge.index([replace(POOL, id=f"P-{n}")]) for n in range(5)]
    *results, _ = await asyncio.gather(*(knowledge.search(SAME_ERROR, 3) for _ in range(10)), asyncio.gather(*writes))
    assert all(len(matches) == 3 for matches in results)
    assert len(await knowledge.search("pool exhausted", 10)) == 5
