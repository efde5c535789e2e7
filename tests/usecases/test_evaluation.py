"""Retrieval is scored as a tracker's reports came in: nothing is found before it was known."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.domain.duplicates import DuplicateSet, Report
from core.domain.errors import ServiceUnavailable
from core.domain.tenancy import OrganizationId
from core.gateways.qdrant.knowledge import QdrantKnowledge
from core.gateways.qdrant.shard import QdrantShard
from core.knowledge.evaluation import ask_in_order, scores_of
from tests.fakes.embedders import ThemeEmbedder

ORGANIZATION = OrganizationId("evaluation")
POOL = "QueuePool limit of size 5 overflow 10 reached at db/pool.py:checkout"
TOLD = (
    ("1", "QueuePool limit reached", POOL),
    ("2", "Zebra stripes are painted twice", "painting zebras leaks paint"),
    ("3", "Pool is empty: QueuePool limit reached again", POOL),
    ("4", "Umlauts in the invoice are broken", "encoding of invoices"),
    ("5", "QueuePool limit reached", POOL),
)
REPORTS = tuple(
    Report(name, title, text, datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=day))
    for day, (name, title, text) in enumerate(TOLD)
)
DUPLICATES = DuplicateSet(REPORTS, (frozenset({"1", "3", "5"}),))


@pytest.fixture
async def index(tmp_path: Path) -> AsyncIterator[QdrantShard]:
    index = QdrantShard(tmp_path / "index")
    yield index
    await index.close()


async def test_later_reports_find_earlier_ones_and_new_ones_find_nothing(index: QdrantShard) -> None:
    seen: list[None] = []
    asked = await ask_in_order(
        QdrantKnowledge(index, ORGANIZATION), DUPLICATES, in_full=True, done=lambda: seen.append(None)
    )
    assert {one.report_id: one.rank for one in asked} == {"2": None, "3": 1, "4": None, "5": 1}
    assert len(seen) == len(REPORTS)
    scores = scores_of(asked)
    assert (scores.queries, scores.r1.value, scores.mrr.value) == (2, 1.0, 1.0)
    assert (scores.new, scores.silent) == (2, 2)
    assert scores.seen_before == (1, 1), "5 has the title and the frame of 1"
    assert scores.similar == (1, 1)


async def test_nothing_is_known_before_it_was_reported(index: QdrantShard) -> None:
    first_last = DuplicateSet(REPORTS, (frozenset({"1", "4"}),))
    asked = await ask_in_order(QdrantKnowledge(index, ORGANIZATION), first_last, in_full=False)
    shown = {one.report_id: {match.entry.id for match in one.shown} for one in asked}
    assert all(int(other) < int(report) for report, others in shown.items() for other in others)


async def test_an_embedder_that_fails_ends_it_rather_than_scoring_something_else(tmp_path: Path) -> None:
    embedder = ThemeEmbedder()
    index = QdrantShard(tmp_path / "themes", embedder.dimension)
    embedder.is_away = True
    with pytest.raises(ServiceUnavailable, match="embedder did not answer"):
        await ask_in_order(QdrantKnowledge(index, ORGANIZATION, embedder), DUPLICATES, in_full=True)
    await index.close()
