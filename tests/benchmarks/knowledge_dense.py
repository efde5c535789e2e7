"""The system that LogSense replaces: sentence embeddings compared by their cosine, and a cut-off."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.domain.duplicates import DuplicateSet
from core.gateways.qdrant.knowledge import embedded_query
from core.knowledge.evaluation import SHOWN, Asked
from tests.benchmarks.knowledge_embedder import MiniLM

_CHARS = 4_000
_CUT_OFFS = np.round(np.arange(0, 1.001, 0.01), 2)
Judged = tuple[float, bool]
"""A score, and whether what has it is the same bug."""


def raw(text: str) -> str:
    """As its authors wrote it: more than the model reads."""
    return text[:_CHARS]


@dataclass(frozen=True, slots=True)
class Dense:
    """Exact search among all that was reported before."""

    at: dict[str, int]
    ids: Sequence[str]
    vectors: Any

    @classmethod
    async def of(
        cls,
        duplicates: DuplicateSet,
        embedder: MiniLM,
        *,
        in_full: bool,
        text: Callable[[str], str] = embedded_query,
    ) -> Dense:
        """All reports embedded, oldest first; `text` is what is embedded of each."""
        ids = [report.id for report in duplicates.reports]
        texts = [text(report.told(in_full=in_full)) for report in duplicates.reports]
        vectors = np.array(await embedder.embed(texts), np.float32)
        return cls({report: place for place, report in enumerate(ids)}, ids, vectors)

    def ranks(self, asked: Sequence[Asked]) -> list[int | None]:
        """The place of the first right answer among those that are shown."""
        return [next((at for at, (_, right) in enumerate(self.found(one), 1) if right), None) for one in asked]

    def old_ranks(self, asked: Sequence[Asked], new: Sequence[Asked]) -> list[int | None]:
        """The same above a cut-off, each half of the queries with the one that is best for the other half."""
        known, ranks = [self.found(one) for one in asked], list[int | None]()
        unknown = [self.found(one) for one in new]
        cut_offs = [_best_cut_off(known[1 - half :: 2], unknown[1 - half :: 2]) for half in (0, 1)]
        for number, found in enumerate(known):
            shown = [right for cosine, right in found if cosine >= cut_offs[number % 2]]
            ranks.append(next((at for at, right in enumerate(shown, 1) if right), None))
        return ranks

    def found(self, one: Asked) -> list[Judged]:
        """The nearest earlier reports."""
        place = self.at[one.report_id]
        cosines = self.vectors[:place] @ self.vectors[place]
        nearest = np.argsort(-cosines, kind="stable")[:SHOWN]
        return [(float(cosines[each]), self.ids[each] in one.answers) for each in nearest]


def _best_cut_off(known: Sequence[list[Judged]], unknown: Sequence[list[Judged]]) -> float:
    """The one with which the most is done right: the right report first where there is one, silence where there is
    none; both kinds of query weigh the same. The lowest of equals, which finds more."""

    def done_right(cut_off: float) -> float:
        first = [found[0][1] and found[0][0] >= cut_off for found in known if found]
        silent = [not found or found[0][0] < cut_off for found in unknown]
        return sum(first) / max(len(first), 1) + sum(silent) / max(len(silent), 1)

    return float(max(_CUT_OFFS, key=lambda cut_off: (done_right(cut_off), -cut_off)))
