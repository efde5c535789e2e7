"""How often something is shown, rightly and for nothing, wherever a gate stands: what the product's gates rest on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from core.gateways.qdrant.knowledge import GATE
from tests.benchmarks.knowledge_dense import Judged
from tests.benchmarks.knowledge_embedder import MiniLM

AT = tuple(step / 50 for step in range(51))
_FIRST = 3
Curve = tuple[Sequence[float], Sequence[float]]
"""At each gate of `AT`: of queries with an answer, how many show it among the first three; of others, how many show
anything.
"""


def curve_of(known: Sequence[Sequence[Judged]], new: Sequence[Sequence[Judged]]) -> Curve:
    """From all that was found for each query, best first."""
    return [_rightly(known, gate) for gate in AT], [_for_nothing(new, gate) for gate in AT]


def _rightly(known: Sequence[Sequence[Judged]], gate: float) -> float:
    shown = ([right for score, right in found if score >= gate] for found in known)
    return sum(any(each[:_FIRST]) for each in shown) / len(known)


def _for_nothing(new: Sequence[Sequence[Judged]], gate: float) -> float:
    return sum(any(score >= gate for score, _ in found) for found in new) / len(new)


def draw(words: Mapping[str, Curve], meaning: Mapping[str, Curve], path: Path) -> None:
    """Both gates as one picture, the product's choice marked."""
    import matplotlib as mpl  # type: ignore[import-not-found, unused-ignore]

    mpl.use("svg")
    import matplotlib.pyplot as plt  # type: ignore[import-not-found, unused-ignore]

    mpl.rcParams |= {"svg.hashsalt": "logsense", "svg.fonttype": "none", "font.family": "sans-serif"}
    figure, panels = plt.subplots(1, 2, figsize=(9, 4.2), sharey=True)
    measures = ("share of the query's most telling words and frames", "cosine of the embeddings (MiniLM)")
    for panel, curves, gate, measure in zip(
        panels, (words, meaning), (GATE, MiniLM.similar_from), measures, strict=True
    ):
        for (text, (right, nothing)), style in zip(curves.items(), ("--", "-"), strict=True):
            panel.plot(AT, right, style, color="#1a7f37", label=f"right one in the first three ({text})")
            panel.plot(AT, nothing, style, color="#cf222e", label=f"something, though there is nothing ({text})")
        panel.axvline(gate, color="#57606a", linewidth=1)
        panel.annotate(f"gate {gate:.2f}", (gate, 1.0), xytext=(4, -10), textcoords="offset points", color="#57606a")
        panel.set(xlabel=f"gate: {measure}", xlim=(0, 1), ylim=(0, 1.02))
        panel.grid(alpha=0.25)
    panels[0].set_ylabel("share of queries")
    figure.tight_layout(rect=(0, 0.14, 1, 1))
    figure.legend(*panels[0].get_legend_handles_labels(), loc="lower center", ncols=2, fontsize=8, frameon=False)
    figure.savefig(path, metadata={"Date": None, "Creator": None})
