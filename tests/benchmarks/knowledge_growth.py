"""Search in an embedded index of many incidents: one size in a process of its own, so that its memory is its own.

`python -m tests.benchmarks.knowledge_growth REPORTS.csv 10000` prints one JSON object. The incidents are made of real
reports: the title of one, lines of two others, and the mean of their embeddings, moved a little. Embedding a query is
the embedder's time and not counted.
"""

from __future__ import annotations

import asyncio
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from core.domain.duplicates import Report
from core.domain.fingerprint import frames_in
from core.domain.knowledge import KnowledgeEntry
from core.domain.tenancy import OrganizationId
from core.gateways.documents.report_files import read_reports
from core.gateways.qdrant.knowledge import QdrantKnowledge, embedded_query
from core.gateways.qdrant.lexical import query_weights
from core.gateways.qdrant.shard import QdrantShard
from tests.benchmarks.knowledge_embedder import MiniLM

ORGANIZATIONS = 50
QUERIES = 500
_BATCH = 500
_SEED = 5


class Made:
    """Implements `core.ports.Embedder`: knows the vectors of the texts that are asked for."""

    name, dimension, similar_from = MiniLM.name, MiniLM.dimension, MiniLM.similar_from

    def __init__(self, reports: Sequence[Report], vectors: Any) -> None:
        self.next: list[Any] = []
        texts = [embedded_query(report.told(in_full=True)) for report in reports]
        self._of = dict(zip(texts, vectors, strict=True))

    async def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        """Of queries their own; of incidents those that were laid out for them."""
        if self.next:
            laid_out, self.next = self.next, []
            return [vector.tolist() for vector in laid_out]
        return [self._of[text].tolist() for text in texts]

    async def close(self) -> None:
        """Nothing to close."""


async def measure(reports: Sequence[Report], size: int) -> dict[str, float]:
    """Times in ms and s, memory in MB."""
    minilm = MiniLM()
    vectors = np.array(await minilm.embed([embedded_query(it.told(in_full=True)) for it in reports]), np.float32)
    embedder = Made(reports, vectors)
    with tempfile.TemporaryDirectory() as folder:
        index = QdrantShard(Path(folder) / "index", embedder.dimension)
        of = [QdrantKnowledge(index, OrganizationId(f"org-{n}"), embedder) for n in range(ORGANIZATIONS)]
        before = _rss_mb()
        started = time.perf_counter()
        for number, (entries, laid_out) in enumerate(_incidents(reports, vectors, size)):
            embedder.next = laid_out
            await of[number % ORGANIZATIONS].index(entries)
        indexing_s = time.perf_counter() - started
        await index.close()

        started = time.perf_counter()
        index = QdrantShard(Path(folder) / "index", embedder.dimension)
        open_s = time.perf_counter() - started
        of = [QdrantKnowledge(index, OrganizationId(f"org-{n}"), embedder) for n in range(ORGANIZATIONS)]
        draw = random.Random(_SEED)
        asked = [draw.choice(reports).told(in_full=True) for _ in range(QUERIES)]
        times = [await _timed(draw.choice(of), text) for text in asked]
        visible = await _is_visible_at_once(of[0], embedder, reports[0], vectors[0])
        figures = {
            "incidents": size,
            "indexing_s": round(indexing_s, 1),
            "open_s": round(open_s, 2),
            "terms": statistics.median(len(query_weights(text)) for text in asked),
            "p50_ms": round(statistics.median(times), 1),
            "p95_ms": round(statistics.quantiles(times, n=20)[-1], 1),
            "rss_mb": round(_rss_mb()),
            "rss_before_mb": round(before),
            "visible_at_once": visible,
            "disk_mb": round(_size_mb(Path(folder))),
        }
        await index.close()
    return figures


def _incidents(reports: Sequence[Report], vectors: Any, size: int) -> Iterator[tuple[list[KnowledgeEntry], list[Any]]]:
    """`size` incidents with their embeddings, in batches."""
    draw, noise = random.Random(_SEED), np.random.default_rng(_SEED)
    batch = min(_BATCH, size // ORGANIZATIONS)
    for start in range(0, size, batch):
        entries, laid_out = [], []
        for number in range(start, min(start + batch, size)):
            first, *others = (draw.randrange(len(reports)) for _ in range(3))
            lines = [line for other in others for line in reports[other].text.splitlines() if line.strip()]
            text = "\n".join(draw.sample(lines, min(len(lines), 12)))
            entries.append(
                KnowledgeEntry(f"INC-{number}", reports[first].title, "", "", message=text, frames=frames_in(text))
            )
            vector = vectors[[first, *others]].mean(axis=0) + noise.normal(0, 0.02, vectors.shape[1])
            laid_out.append(vector / np.linalg.norm(vector))
        yield entries, laid_out


async def _timed(base: QdrantKnowledge, text: str) -> float:
    started = time.perf_counter()
    await base.search(text, 5)
    return (time.perf_counter() - started) * 1_000


async def _is_visible_at_once(base: QdrantKnowledge, embedder: Made, report: Report, vector: Any) -> bool:
    embedder.next = [vector]
    await base.index([report.as_entry(in_full=True)])
    return report.id in [match.entry.id for match in (await base.search(report.told(in_full=True), 5)).matches]


def _size_mb(folder: Path) -> float:
    return sum(file.stat().st_blocks * 512 for file in folder.rglob("*")) / 1e6


def _rss_mb() -> float:
    return float(psutil.Process().memory_info().rss) / 1e6


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(measure(read_reports(Path(sys.argv[1])), int(sys.argv[2])))) + "\n")
