"""Scores the rules on the labelled inputs of a folder; prints right, partly and wrong by kind, and the share of echoes.

The folder holds `cases.tsv`, the files it names, and `score.py`, whose head explains the labels and whose `judge` is
used. A case is right when all of its labels hold, partly when its place or its cause does, else wrong. Each input goes
the way of `investigate --event`: read as a file, then through the real tool server and the loop.
"""

from __future__ import annotations

import csv
import importlib.util
import json
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.cli.investigate import pasted_event
from bot.cli.json_documents import report_document
from core.domain.errors import InvalidInput
from core.domain.incident import ErrorEvent
from core.domain.report import RootCauseReport
from core.gateways.sentry.payloads import read_event
from tests.evals.echo import adds_nothing

_ASKS = re.compile(r"the event does not show [^.]*", re.IGNORECASE)
Investigated = Callable[[str], Awaitable[RootCauseReport]]


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of one input: the verdicts of `score.py`, and whether its sentence only echoes the input.

    `only_asks` is whether it does so but for naming the fact that would tell; both are None where it was refused.
    """

    file: str
    kind: str
    judged: Mapping[str, Any]
    echoes: bool | None
    only_asks: bool | None

    @property
    def verdict(self) -> str:
        if all(self.judged[label] for label in ("culprit", "cause", "must", "clean")):
            return "right"
        return "partly" if self.judged["culprit"] or self.judged["cause"] else "wrong"


async def score_reading(folder: Path, investigate: Investigated) -> list[Reading]:
    """Investigate every case of `folder`, in order."""
    judge = _judge_of(folder / "score.py")
    with (folder / "cases.tsv").open(encoding="utf-8", newline="") as file:
        cases = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [await _read(folder, case, judge, investigate) for case in cases]


async def _read(
    folder: Path, case: Mapping[str, str], judge: Callable[..., Mapping[str, Any]], investigate: Investigated
) -> Reading:
    name = case["file"]
    try:
        text = pasted_event(str(folder / name)).text
        event = read_event(text)
    except InvalidInput as refused:
        return Reading(name, case["kind"], judge(case, 2, "", str(refused)), None, None)
    report = await investigate(text)
    judged = judge(case, 0, json.dumps(report_document(report)), "")
    known, said = _known(event, report), report.root_cause
    return Reading(name, case["kind"], judged, adds_nothing(said, known), adds_nothing(_ASKS.sub("", said), known))


def _known(event: ErrorEvent, report: RootCauseReport) -> list[str]:
    """Type, message and place: what a reader knew before."""
    texts = [event.title, event.message, event.culprit, event.transaction]
    texts += [text for each in event.exceptions for text in (each.type, each.value)]
    place = report.culprit
    texts += [place.file, place.function, str(place.line), place.module] if place else []
    return [text for text in texts if text]


def _judge_of(script: Path) -> Callable[..., Mapping[str, Any]]:
    spec = importlib.util.spec_from_file_location("reading_score", script)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    judge: Callable[..., Mapping[str, Any]] = module.judge
    return judge


def print_reading(readings: list[Reading], *, each: bool = False) -> dict[str, object]:
    """Print the table, with `each` also every case that is not right; return its figures."""
    for reading in readings if each else ():
        if reading.verdict != "right":
            judged = reading.judged
            marks = " ".join(
                f"{label}{'+' if judged[label] else '-'}" for label in ("culprit", "cause", "must", "clean")
            )
            print(f"{reading.verdict:6} {marks} {reading.file} [{judged['got_culprit']}] {judged['got_cause']}")
            print(f"       {judged['sentence']}")
    print(f"{'kind':10} {'right':>6} {'partly':>7} {'wrong':>6}")
    for kind in [*dict.fromkeys(reading.kind for reading in readings), "all"]:
        counts = Counter(reading.verdict for reading in readings if kind in (reading.kind, "all"))
        print(f"{kind:10} {counts['right']:6} {counts['partly']:7} {counts['wrong']:6}")
    answered = [reading for reading in readings if reading.echoes is not None]
    share, asking = (
        round(sum(marks) / max(len(answered), 1), 3)
        for marks in ([bool(each.echoes) for each in answered], [bool(each.only_asks) for each in answered])
    )
    print(f"echo: {share:.0%} of {len(answered)} sentences add nothing to type, message and place")
    print(f"{asking:.0%} add nothing but which fact would tell")
    return {
        "reading_cases": len(readings),
        "reading_right": sum(reading.verdict == "right" for reading in readings),
        "reading_partly": sum(reading.verdict == "partly" for reading in readings),
        "reading_wrong": sum(reading.verdict == "wrong" for reading in readings),
        "reading_forbidden": sum(not reading.judged["clean"] for reading in readings),
        "reading_echo": share,
        "reading_only_asks": asking,
    }
