"""Whatever the event, all that the rules say stands in the evidence: they drop none of their own findings."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.agent.report import quoted_parts, stands_in
from core.domain.errors import InvalidInput
from tests.agent.by_rules import investigate
from tests.evals.cases import all_cases

READING = Path(os.environ.get("READING_CASES", Path(__file__).parents[3] / "shared" / "data" / "reading"))
_TEXT = st.text(st.sampled_from("abcXYZ019 _-./:;,'\"`“”()[]{}<>%\n\t\\\u21b5é"), max_size=60)


def unsupported(payload: object) -> list[str]:
    analysis, evidence = investigate(payload)
    texts = [analysis.root_cause, *(finding.claim for finding in analysis.findings)]
    return [part for text in texts for part in quoted_parts(text) if not stands_in(part, evidence)]


def read_cases() -> Iterator[tuple[str, str]]:
    yield from ((case.name, case.event) for case in all_cases())
    if READING.is_dir():
        for file in sorted(READING.iterdir()):
            if file.suffix in (".json", ".txt", ".log"):
                yield file.name, file.read_text(encoding="utf-8")


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in read_cases()])
def test_no_finding_of_a_known_case_is_dropped(text: str) -> None:
    try:
        assert unsupported(text) == []
    except InvalidInput:
        pytest.skip("this input is refused")


@given(
    kind=_TEXT,
    value=_TEXT,
    wrapper=_TEXT,
    source=_TEXT,
    local=_TEXT,
    crumb=_TEXT,
    role=st.sampled_from(["chain", "group"]),
)
def test_no_finding_is_dropped_whatever_an_event_says(
    kind: str, value: str, wrapper: str, source: str, local: str, crumb: str, role: str
) -> None:
    frame: dict[str, object] = {
        "filename": "a.py",
        "function": "f",
        "lineno": 3,
        "in_app": True,
        "context_line": source,
    }
    frame["vars"] = {"x": local}
    raised: dict[str, object] = {"type": kind, "value": value, "stacktrace": {"frames": [frame]}}
    outer: dict[str, object] = {"type": "Outer", "value": wrapper}
    if role == "group":
        raised["mechanism"] = {"type": "x", "exception_id": 1, "parent_id": 0}
        outer["mechanism"] = {"type": "x", "exception_id": 2, "parent_id": 0}
        group = {"type": "Group", "mechanism": {"type": "x", "exception_id": 0, "is_exception_group": True}}
        values = [outer, raised, group]
    else:
        values = [raised, outer]
    crumbs = [{"category": "log", "level": "error", "message": crumb}]
    assert unsupported({"event_id": "e", "exception": {"values": values}, "breadcrumbs": crumbs}) == []
