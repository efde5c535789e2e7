"""Runs the labelled inputs of a folder through `investigate --event`; prints right, partly and wrong by kind.

The folder holds `cases.tsv`, the files it names, and `score.py`, whose head explains the labels. A case is right when
all of its labels hold, partly when its place or its cause does, else wrong.
"""

from __future__ import annotations

import csv
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path


def print_reading(folder: Path) -> str:
    """Score the cases of `folder`, print the table, and return the last line of `score.py`, which is JSON."""
    executable = Path(sys.executable).with_name("logsense")
    with tempfile.TemporaryDirectory() as home:
        rows = Path(home) / "rows.tsv"
        command = [sys.executable, str(folder / "score.py"), str(folder), str(executable), "--tsv", str(rows)]
        run = subprocess.run(command, capture_output=True, text=True, check=True)
        with rows.open(encoding="utf-8", newline="") as file:
            cases = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    print(f"{'kind':10} {'right':>6} {'partly':>7} {'wrong':>6}")
    for kind in [*dict.fromkeys(case["kind"] for case in cases), "all"]:
        counts = Counter(_verdict(case) for case in cases if kind in (case["kind"], "all"))
        print(f"{kind:10} {counts['right']:6} {counts['partly']:7} {counts['wrong']:6}")
    return run.stdout.strip().splitlines()[-1]


def _verdict(case: dict[str, str]) -> str:
    if case["all"] == "True":
        return "right"
    return "partly" if "True" in (case["culprit"], case["cause"]) else "wrong"
