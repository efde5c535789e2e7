"""One organization's knowledge: the same on every engine, with an embedder and without."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.domain.knowledge import KnowledgeEntry, KnowledgeMatch
from core.domain.tenancy import OrganizationId
from core.gateways.qdrant.knowledge import GATE, SEEN_BEFORE, QdrantKnowledge
from core.gateways.qdrant.server import QdrantServer
from core.gateways.qdrant.shard import QdrantShard
from core.gateways.qdrant.vector_index import VectorIndex, collection_name
from core.ports import Embedder
from tests.fakes.embedders import ThemeEmbedder
from tests.fakes.qdrant import KEY, qdrant_peer

NOW = datetime(2026, 3, 1, tzinfo=UTC)
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


class Knowledge(QdrantKnowledge):
    """With the matches alone of what a search finds."""

    async def matches(self, query: str, limit: int) -> list[KnowledgeMatch]:
        return list((await self.search(query, limit)).matches)


Of = Callable[[str], Knowledge]


@pytest.fixture(params=["embedded", "embedded, with meaning", "server", "server, with meaning"])
async def of(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Of]:
    """The knowledge of an organization, by its id."""
    embedder = ThemeEmbedder() if "meaning" in request.param else None
    async with engine(str(request.param), tmp_path, embedder) as index:
        yield lambda organization: Knowledge(index, OrganizationId(organization), embedder, now=lambda: NOW)


@asynccontextmanager
async def engine(name: str, folder: Path, embedder: Embedder | None) -> AsyncIterator[VectorIndex]:
    collection, dimension = collection_name(embedder), embedder.dimension if embedder else None
    if name.startswith("embedded"):
        shard = QdrantShard(folder / collection, dimension)
        yield shard
        await shard.close()
        return
    async with qdrant_peer() as peer:
        server = QdrantServer(peer.url, KEY, collection, dimension)
        yield server
        await server.close()


@pytest.fixture
def knowledge(of: Of) -> Knowledge:
    return of("acme")


def ids(matches: Sequence[KnowledgeMatch]) -> list[str]:
    return [match.entry.id for match in matches]


# ---- finding --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stored", [(CURRENCY,), (CURRENCY, POOL), (CURRENCY, POOL, *OTHERS)], ids=len)
async def test_a_score_means_the_same_whatever_else_is_stored(
    knowledge: Knowledge, stored: tuple[KnowledgeEntry, ...]
) -> None:
    await knowledge.index(stored)
    (best,) = await knowledge.matches(SAME_ERROR, 5)
    assert (best.entry, best.score, best.seen_before) == (CURRENCY, 1.0, True)
    (near,) = await knowledge.matches("KeyError: 'amount'\nrefund.py:pay\nviews.py:checkout\ncart.py:total", 5)
    assert GATE < near.score < SEEN_BEFORE
    assert not near.seen_before
    assert await knowledge.matches("ConnectionRefusedError: redis:6379\nredis/connection.py:connect", 5) == []
    assert await knowledge.matches("KeyError: 'sku'\nbilling/tax.py:rate\nbilling/job.py:run", 5) == []
    assert await knowledge.matches("what is the capital of France", 5) == []


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("checkout fails, the currency is missing", "I-1"),
        ("pool exhausted", "I-2"),
        ("sessions not returned", "I-2"),
        ("too many requests", "I-3"),
    ],
)
async def test_a_person_finds_an_incident_in_their_own_words(knowledge: Knowledge, query: str, found: str) -> None:
    await knowledge.index((CURRENCY, POOL, *OTHERS))
    assert ids(await knowledge.matches(query, 1)) == [found]


async def test_a_match_says_why(knowledge: Knowledge) -> None:
    await knowledge.index([CURRENCY])
    (match,) = await knowledge.matches("KeyError: 'currency'\ncart.py:total", 1)
    assert match.reasons[:3] == ("same exception KeyError", "same frame cart.py:total", "same message")


async def test_the_same_error_is_recognised_through_its_volatile_parts(knowledge: Knowledge) -> None:
    error = replace(CURRENCY, error_type="LookupError", message="order 4711 at 10.0.0.7 not found")
    await knowledge.index([error, POOL])
    (match,) = await knowledge.matches("\n".join(["LookupError: order 98 at 10.1.2.3 not found", *error.frames]), 3)
    assert match.seen_before
    assert match.score >= SEEN_BEFORE


async def test_a_fingerprint_given_in_the_query_is_looked_for(knowledge: Knowledge) -> None:
    await knowledge.index([replace(CURRENCY, fingerprint="grouped-by-hand"), POOL])
    (match,) = await knowledge.matches("fingerprint: grouped-by-hand\nsomething else", 3)
    assert match.seen_before
    assert ids(await knowledge.matches("fingerprint: unheard-of\nsomething else", 3)) == []


@pytest.mark.parametrize("name", ["INC-118", "inc-118", "SHOP-2", "7b54125a91", " INC-118 "])
async def test_an_incident_is_found_by_what_people_call_it(knowledge: Knowledge, name: str) -> None:
    named = replace(POOL, id="INC-118", source="SHOP-2", occurrences=("7b54125a91",))
    await knowledge.index((CURRENCY, named, *OTHERS))
    best = (await knowledge.matches(name, 3))[0]
    assert (best.entry.id, best.score, best.seen_before) == ("INC-118", 1.0, False)
    assert best.reasons[0] == f"named {name.strip()}"


async def test_a_name_that_nobody_knows_names_no_incident(knowledge: Knowledge) -> None:
    await knowledge.index((CURRENCY, POOL, *OTHERS))
    assert all("named" not in "".join(match.reasons) for match in await knowledge.matches("INC-999", 3))


async def test_the_limit_holds_and_the_best_come_first(knowledge: Knowledge) -> None:
    await knowledge.index([replace(CURRENCY, id=f"I-{n}", frames=CURRENCY.frames[: n % 4]) for n in range(12)])
    matches = await knowledge.matches(SAME_ERROR, 5)
    assert len(matches) == 5
    assert [match.score for match in matches] == sorted((match.score for match in matches), reverse=True)


# ---- changing -------------------------------------------------------------------------------------------------------


async def test_an_entry_with_the_same_id_is_replaced_at_once(knowledge: Knowledge) -> None:
    await knowledge.index([CURRENCY])
    await knowledge.index([replace(CURRENCY, fix="Backfill the orders", status="disputed")])
    (match,) = await knowledge.matches(SAME_ERROR, 5)
    assert (match.entry.fix, match.entry.status) == ("Backfill the orders", "disputed")


async def test_a_retired_entry_is_no_longer_found(knowledge: Knowledge) -> None:
    await knowledge.index([replace(CURRENCY, status="retired"), replace(CURRENCY, id="I-9", status="proposed")])
    assert ids(await knowledge.matches(SAME_ERROR, 5)) == ["I-9"]


async def test_an_entry_without_any_text_is_kept_and_not_found(knowledge: Knowledge) -> None:
    await knowledge.index([KnowledgeEntry("I-0", "", "", ""), CURRENCY])
    assert ids(await knowledge.matches(SAME_ERROR, 5)) == ["I-1"]


async def test_lone_surrogates_survive_in_an_entry_and_do_no_harm_in_a_query(knowledge: Knowledge) -> None:
    await knowledge.index([replace(CURRENCY, message="'currency' \ud800", fingerprint="\udfff")])
    (match,) = await knowledge.matches("fingerprint: \udfff\nKeyError: 'currency' \ud800\ncart.py:total", 5)
    assert match.entry.message == "'currency' \ud800"


# ---- organizations --------------------------------------------------------------------------------------------------


async def test_equal_ids_of_two_organizations_are_two_entries(of: Of) -> None:
    await of("acme").index([CURRENCY])
    await of("rival").index([replace(CURRENCY, fix="RIVAL")])
    for organization, fix in (("acme", CURRENCY.fix), ("rival", "RIVAL")):
        assert [match.entry.fix for match in await of(organization).matches(SAME_ERROR, 5)] == [fix]


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
    of: Of, foreign: list[tuple[str, list[KnowledgeEntry]]], query: str, own: list[KnowledgeEntry]
) -> None:
    mine = of("mine")
    await mine.index(own)
    before = [await mine.matches(text, 10) for text in (query, SAME_ERROR, "pool exhausted")]
    for organization, entries in foreign:
        secret = [replace(entry, fix="RIVAL secret fix", fingerprint="secret-of-rival") for entry in entries]
        await of(organization).index(secret)
    after = [await mine.matches(text, 10) for text in (query, SAME_ERROR, "pool exhausted")]
    assert after == before
    assert all(match.entry.fix != "RIVAL secret fix" for matches in after for match in matches)


async def test_what_is_rare_is_judged_by_the_organizations_own_entries(of: Of) -> None:
    mine = of("mine")
    await mine.index([KnowledgeEntry(f"I-{n}", "alpha alpha", "", "") for n in range(110)])
    await mine.index([KnowledgeEntry("I-rare", "beta", "", "")])
    before = await mine.matches("alpha beta", 5)
    await of("rival").index([KnowledgeEntry(f"R-{n}", "beta", "", "") for n in range(500)])
    assert ids(before) == ["I-rare"]
    assert await mine.matches("alpha beta", 5) == before


# ---- meaning --------------------------------------------------------------------------------------------------------


@pytest.fixture(params=["embedded", "server"])
async def meaning(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[tuple[Knowledge, ThemeEmbedder]]:
    embedder = ThemeEmbedder()
    async with engine(str(request.param), tmp_path, embedder) as index:
        yield Knowledge(index, OrganizationId("acme"), embedder, now=lambda: NOW), embedder


async def test_an_incident_told_in_other_words_is_found_by_its_meaning(
    meaning: tuple[Knowledge, ThemeEmbedder],
) -> None:
    knowledge, _ = meaning
    await knowledge.index((CURRENCY, POOL, *OTHERS))
    (match,) = await knowledge.matches("all connections starved", 1)
    assert match.entry.id == "I-2"
    assert not match.seen_before
    assert "similar meaning" in match.reasons


async def test_meaning_alone_shows_nothing_below_its_gate(meaning: tuple[Knowledge, ThemeEmbedder]) -> None:
    knowledge, _ = meaning
    await knowledge.index((CURRENCY, POOL, *OTHERS))
    assert await knowledge.matches("quota money starved zero deleted", 5) == []


async def test_ids_and_addresses_are_not_embedded(meaning: tuple[Knowledge, ThemeEmbedder]) -> None:
    knowledge, embedder = meaning
    await knowledge.index([replace(CURRENCY, message="order 9f31c2ab of 10.0.0.7 has no currency")])
    await knowledge.matches("order 5e0d77aa1 of https://a.example/98 has no currency, HTTP 500", 1)
    assert not any(each in text for text in embedder.embedded for each in ("9f31", "10.0", "5e0d", "/98"))
    assert "HTTP 500" in embedder.embedded[-1], "a number may be a code, which says much"


async def test_while_the_embedder_is_away_words_are_searched_and_it_is_said(
    meaning: tuple[Knowledge, ThemeEmbedder],
) -> None:
    knowledge, embedder = meaning
    await knowledge.index([CURRENCY])
    embedder.is_away = True
    state = await knowledge.index([POOL])
    assert (state.total, "embedder did not answer" in state.note) == (2, True)
    found = await knowledge.search("sessions not returned to the pool", 3)
    assert (ids(found.matches), "words and frames only" in found.note) == (["I-2"], True)
    embedder.is_away = False
    assert (await knowledge.index([POOL])).note == ""
    assert ids(await knowledge.matches("all connections starved", 1)) == ["I-2"]


# ---- standing -------------------------------------------------------------------------------------------------------


async def test_what_last_worked_long_ago_or_is_disputed_comes_after_what_holds(knowledge: Knowledge) -> None:
    fresh = replace(CURRENCY, id="fresh", confirmed_at=NOW, frames=())
    old = replace(fresh, id="a-old", confirmed_at=NOW - timedelta(days=2_000))
    disputed = replace(fresh, id="a-disputed", status="disputed")
    await knowledge.index([old, disputed, fresh])
    assert ids(await knowledge.matches("KeyError: 'currency'", 3)) == ["fresh", "a-old", "a-disputed"]


async def test_drafts_are_invisible_and_what_was_retired_leaves_the_index(knowledge: Knowledge) -> None:
    await knowledge.index([CURRENCY, replace(POOL, status="draft")])
    assert await knowledge.matches("pool exhausted", 5) == []
    assert (await knowledge.index([CURRENCY.retire(NOW)])).total == 0
    assert await knowledge.matches(SAME_ERROR, 5) == []


async def test_forgetting_takes_those_entries_alone_and_only_ones_own(of: Of) -> None:
    await of("rival").index([CURRENCY, POOL])
    await of("acme").index([CURRENCY, POOL])
    assert await of("acme").forget(["I-1"]) == (2, 1)
    assert ids(await of("acme").matches("pool exhausted", 5)) == ["I-2"]
    assert await of("acme").forget() == (1, 0)
    assert ids(await of("rival").matches(SAME_ERROR, 5)) == ["I-1"]
