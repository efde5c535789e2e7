"""LogHub's samples of 2,000 lines: how well messages are grouped by template, and how fast.

LOGHUB_DATA is a checkout of logpai/loghub. Grouping accuracy is that of Zhu et al. (ICSE-SEIP 2019): the share of lines
whose group has exactly the lines that people put into one group.
"""

from __future__ import annotations

import csv
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.gateways.logs.templates import TemplateTree


@dataclass(frozen=True, slots=True)
class Grouped:
    """What came of one sample."""

    system: str
    accuracy: float
    templates: int
    expected: int
    mb_per_s: float


def group_samples(folder: Path) -> Iterator[Grouped]:
    """Group the messages of every sample that is there."""
    for file in sorted(folder.glob("*/*_2k.log_structured.csv")):
        with file.open(encoding="utf-8", errors="replace", newline="") as text:
            rows = [(row["Content"], row["EventId"]) for row in csv.DictReader(text)]
        tree = TemplateTree()
        began = time.process_time()
        found = [tree.add(("sample",), content).id for content, _ in rows]
        seconds = time.process_time() - began
        expected = [event for _, event in rows]
        size = sum(len(content) for content, _ in rows) / 1e6
        yield Grouped(
            file.parent.name, _accuracy(found, expected), len(set(found)), len(set(expected)), size / max(seconds, 1e-6)
        )


def _accuracy(found: Sequence[int], expected: Sequence[str]) -> float:
    by_found: dict[int, set[int]] = defaultdict(set)
    by_expected: dict[str, set[int]] = defaultdict(set)
    for line, (one, other) in enumerate(zip(found, expected, strict=True)):
        by_found[one].add(line)
        by_expected[other].add(line)
    groups = {frozenset(lines) for lines in by_expected.values()}
    return sum(len(lines) for lines in by_found.values() if frozenset(lines) in groups) / len(found)
