"""The cases of the evaluation: our own recorded incidents, and public payloads of other people's software."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bot.demo.recordings import recorded_incidents
from core.domain.causes import Cause
from core.domain.report import Culprit

SHARED = Path(__file__).parents[3] / "shared" / "data" / "sentry"
LABELS = Path(__file__).parent / "shared_cases.toml"


@dataclass(frozen=True, slots=True)
class Case:
    """One incident and what a person would answer; `issue` is asked of the local Sentry, else `event` is pasted."""

    name: str
    origin: str
    places: tuple[str, ...]
    cause: Cause
    event: str
    issue: str | None = None

    def is_right(self, culprit: Culprit | None) -> bool:
        """Whether the culprit is one that a person would name: by function, or by file and line."""
        if not self.places:
            return culprit is None or culprit.function is None
        return culprit is not None and any(_names(place, culprit) for place in self.places)


def all_cases() -> Iterator[Case]:
    """Our own cases, then the shared ones if they are beside this checkout."""
    for incident in recorded_incidents():
        expected, name = incident.expected, incident.short_id
        culprit = expected["culprit"]
        places = (f"{culprit['file']}:{culprit['line']} {culprit['function']}",) if culprit else ()
        yield Case(name, "own", places, Cause(expected["cause"]), json.dumps(incident.event), name)
    if SHARED.is_dir():
        for name, label in tomllib.loads(LABELS.read_text(encoding="utf-8")).items():
            text = (SHARED / f"{name}.json").read_text(encoding="utf-8")
            yield Case(name, "shared", tuple(label["places"]), Cause(label["cause"]), text)


def _names(place: str, culprit: Culprit) -> bool:
    first, _, function = place.partition(" ")
    if ":" in first and first.rsplit(":", 1)[1].isdigit():
        file, line = first.rsplit(":", 1)
        at_line = (culprit.file or "").replace("\\", "/").endswith(file) and str(culprit.line) == line
        return at_line or (bool(function) and _is_function(function, culprit.function))
    return _is_function(place, culprit.function)


def _is_function(expected: str, found: str | None) -> bool:
    return found is not None and (found == expected or found.endswith((f".{expected}", f":{expected}", f" {expected}")))
