"""Retrieval on duplicates of public reports, and its cost: `make bench-knowledge`.

Reports come in oldest first. Each that had been reported before is asked for as it comes in, once with its title and
once whole, among all earlier ones; right is any earlier one that means the same. "In order" is all that was found,
"as shown" what passes: the old system's cut-off (cosine of sentence embeddings, fitted here), the product's gates. All
embed with the same model. p: exact two-sided sign test against ours as shown, on the same queries.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from core.domain.duplicates import DuplicateSet
from core.domain.retrieval_scores import Ranks, Share, hits, paired_p, reciprocals, share
from core.domain.tenancy import OrganizationId
from core.gateways.documents.report_files import read_duplicates
from core.gateways.qdrant.knowledge import GATE, QdrantKnowledge
from core.gateways.qdrant.shard import QdrantShard
from core.gateways.qdrant.vector_index import CANDIDATES
from core.knowledge.evaluation import Asked, ask_in_order, scores_of
from tests.benchmarks.knowledge_dense import Dense, Judged, raw
from tests.benchmarks.knowledge_embedder import MiniLM, missing
from tests.benchmarks.knowledge_gates import Curve, curve_of, draw

DATA = Path(__file__).parents[3] / "shared/data/knowledge"
FIGURE = Path(__file__).parents[2] / ".readme/knowledge-gates.svg"
DENSE, SPARSE, FUSED = "in order: embeddings", "in order: ours, words and frames", "in order: ours, with meaning"
OLD, SHOWN_SPARSE, OURS = "as shown: the old system", "as shown: ours, words and frames", "as shown: ours, with meaning"
SIZES = (1_000, 10_000, 100_000)


@dataclass(frozen=True, slots=True)
class Measured:
    """Ranks of each way, and how the two gates of ours would do elsewhere."""

    ranks: Mapping[str, Ranks]
    words: Curve
    meaning: Curve


async def measure(duplicates: DuplicateSet, *, in_full: bool) -> Measured:
    """With titles, or whole reports."""
    embedder = MiniLM()
    sparse, fused = [await _walk(duplicates, way, in_full=in_full) for way in (None, embedder)]
    dense = await Dense.of(duplicates, embedder, in_full=in_full, text=raw)
    known, new = [one for one in fused if one.answers], [one for one in fused if not one.answers]
    shown_sparse, ours = ([_shown(one) for one in walked] for walked in (sparse, fused))
    ranks: dict[str, Ranks] = {
        DENSE: dense.ranks(known),
        SPARSE: _ranks(sparse),
        FUSED: _ranks(fused),
        OLD: dense.old_ranks(known, new),
        SHOWN_SPARSE: _ranks(shown_sparse),
        OURS: _ranks(ours),
    }
    _print(f"{len(known)} queries, {'whole reports' if in_full else 'titles'}", ranks)
    _print_gates(SHOWN_SPARSE, shown_sparse)
    _print_gates(OURS, ours)
    cosines = await Dense.of(duplicates, embedder, in_full=in_full)
    return Measured(
        ranks,
        curve_of([_judged(one) for one in sparse if one.answers], [_judged(one) for one in sparse if not one.answers]),
        curve_of([cosines.found(one) for one in known], [cosines.found(one) for one in new]),
    )


async def _walk(duplicates: DuplicateSet, embedder: MiniLM | None, *, in_full: bool) -> list[Asked]:
    """The product's own search over the reports, all gates open."""
    with tempfile.TemporaryDirectory() as folder:
        index = QdrantShard(Path(folder) / "index", embedder.dimension if embedder else None)
        base = QdrantKnowledge(index, OrganizationId("benchmark"), embedder, gate=0.0)
        asked = await ask_in_order(base, duplicates, in_full=in_full, most=CANDIDATES)
        await index.close()
    return asked


def _shown(one: Asked) -> Asked:
    """What passes the product's gates: a match by meaning alone scores by it, which lies above the gate of words."""
    return replace(one, shown=tuple(match for match in one.shown if match.seen_before or match.score >= GATE))


def _ranks(asked: Sequence[Asked]) -> Ranks:
    return [one.rank for one in asked if one.answers]


def _judged(one: Asked) -> list[Judged]:
    return [(match.score, match.entry.id in one.answers) for match in one.shown]


def growth(reports: Path) -> list[dict[str, float]]:
    """Each size in its own process."""
    rows = []
    for size in SIZES:
        command = [sys.executable, "-m", "tests.benchmarks.knowledge_growth", str(reports), str(size)]
        rows.append(json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout))
        _say(
            "{incidents:>9,} incidents: p50 {p50_ms} ms, p95 {p95_ms} ms (median {terms:.0f} terms), indexed in "
            "{indexing_s} s, opened in {open_s} s, {rss_mb} MB of memory ({rss_before_mb} before), {disk_mb} MB on "
            "disk, writes visible at once: {visible_at_once}".format(**rows[-1])
        )
    return rows


# ---- telling --------------------------------------------------------------------------------------------------------


def _print(title: str, ranks: Mapping[str, Ranks]) -> None:
    _say(f"\n{title:<36}{'R@1 (95 %)':>20}{'R@3':>8}{'MRR':>8}   p of R@1, of MRR")
    for name, each in ranks.items():
        r1, r3, mrr = share(hits(each, 1)), share(hits(each, 3)), share(reciprocals(each))
        interval = f"{r1.value:.3f} ({r1.low:.2f}-{r1.high:.2f})"
        beaten = "" if name == OURS else f"   {_p(ranks[OURS], each)}"
        _say(f"  {name:<34}{interval:>20}{r3.value:>8.3f}{mrr.value:>8.3f}{beaten}")


def _print_gates(name: str, asked: Sequence[Asked]) -> None:
    scores = scores_of(asked)
    _say(
        f"  {name}: for {scores.new - scores.silent} of {scores.new} new reports something; called seen before "
        f"{scores.seen_before[1]}, rightly {scores.seen_before[0]}"
    )


def _p(ours: Ranks, theirs: Ranks) -> str:
    return f"{paired_p(hits(ours, 1), hits(theirs, 1)):.3f}, {paired_p(reciprocals(ours), reciprocals(theirs)):.4f}"


def _figures(ranks: Mapping[str, Ranks], suffix: str = "") -> dict[str, float]:
    names = {"r1_old": OLD, "r1_dense": DENSE, "r1_sparse": SPARSE, "r1_ours": OURS}
    r1: dict[str, Share] = {f"{key}{suffix}": share(hits(ranks[name], 1)) for key, name in names.items()}
    p_value = paired_p(hits(ranks[OURS], 1), hits(ranks[DENSE], 1))
    return {key: round(it.value, 3) for key, it in r1.items()} | {f"p_value{suffix}": round(p_value, 4)}


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Tables, then one line of JSON: the figures are of whole reports, `_title` of titles alone."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--reports", type=Path, default=DATA / "hadoop_bugs.csv")
    parser.add_argument("--pairs", type=Path, default=DATA / "hadoop_bugs-train.csv")
    parser.add_argument("--without-growth", action="store_true", help="leave out the 1,000 to 100,000 incidents")
    parser.add_argument("--figure", type=Path, default=FIGURE, help="where the gates are drawn")
    given = parser.parse_args()
    if problem := missing():
        parser.exit(2, f"{problem}\n")
    if not given.reports.is_file():
        parser.exit(2, f"{given.reports} is not there: give --reports and --pairs, any set with the same columns.\n")
    duplicates = read_duplicates(given.reports, given.pairs)
    _say(f"{len(duplicates.reports):,} reports")
    titles, whole = [asyncio.run(measure(duplicates, in_full=in_full)) for in_full in (False, True)]
    draw(
        {"titles": titles.words, "whole reports": whole.words},
        {"titles": titles.meaning, "whole reports": whole.meaning},
        given.figure,
    )
    figures: dict[str, float] = {"n": len(whole.ranks[OURS])}
    figures |= _figures(whole.ranks) | _figures(titles.ranks, "_title")
    if not given.without_growth:
        _say("\nsearching an embedded index of 50 organizations")
        figures["p95_ms_100k"] = growth(given.reports)[-1]["p95_ms"]
    _say(json.dumps(figures))


if __name__ == "__main__":
    main()
