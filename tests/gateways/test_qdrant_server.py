"""A Qdrant server over HTTP: what goes wrong on the way to it, and several replicas that come first."""

import asyncio

import pytest

from core.domain.errors import Refusal, ServiceUnavailable
from core.domain.tenancy import OrganizationId
from core.gateways.qdrant.knowledge import QdrantKnowledge
from core.gateways.qdrant.server import QdrantServer
from tests.fakes.qdrant import KEY, qdrant_peer
from tests.gateways.test_knowledge_index import CURRENCY, SAME_ERROR

ACME = OrganizationId("acme")


async def test_a_wrong_key_is_named_as_the_setting_to_check() -> None:
    async with qdrant_peer() as peer:
        server = QdrantServer(peer.url, "wrong", "incidents")
        with pytest.raises(ServiceUnavailable, match=r"refused our key\. Check QDRANT_API_KEY"):
            await QdrantKnowledge(server, ACME).search(SAME_ERROR, 3)
        await server.close()


async def test_a_server_that_fails_or_is_gone_is_unavailable_and_found_again_when_it_is_back(
    unused_tcp_port: int,
) -> None:
    gone = QdrantServer(f"http://127.0.0.1:{unused_tcp_port}", None, "incidents")
    with pytest.raises(ServiceUnavailable, match=r"cannot be reached\. Check QDRANT_URL"):
        await gone.count(ACME)
    await gone.close()
    async with qdrant_peer() as peer:
        server = QdrantServer(peer.url, KEY, "incidents")
        knowledge = QdrantKnowledge(server, ACME)
        peer.failing = 500
        with pytest.raises(ServiceUnavailable, match="answered 500"):
            await knowledge.index([CURRENCY])
        peer.failing = None
        assert (await knowledge.index([CURRENCY])).total == 1
        await server.close()


async def test_replicas_that_make_the_collection_at_once_share_one() -> None:
    async with qdrant_peer() as peer:
        replicas = [QdrantServer(peer.url, KEY, "incidents") for _ in range(4)]
        await asyncio.gather(*(QdrantKnowledge(each, ACME).index([CURRENCY]) for each in replicas))
        assert [await each.count(ACME) for each in replicas] == [1, 1, 1, 1]
        assert (await QdrantKnowledge(replicas[3], ACME).search(SAME_ERROR, 3)).matches[0].entry == CURRENCY
        for each in replicas:
            await each.close()


async def test_embeddings_of_another_dimension_are_refused_with_the_setting_to_change() -> None:
    async with qdrant_peer() as peer:
        first, second = QdrantServer(peer.url, KEY, "incidents", 8), QdrantServer(peer.url, KEY, "incidents", 16)
        await first.count(ACME)
        with pytest.raises(Refusal, match="of 8 numbers, the embedder set now gives 16"):
            await second.count(ACME)
        await first.close()
        await second.close()
