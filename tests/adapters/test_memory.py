"""How what was learned is told, and how people teach by a reply."""

import pytest

from adapters.common.lessons import fix_said, seen_before, similar_heading
from core.domain.causes import Cause
from core.domain.report import SEEN_BEFORE, RootCauseReport, SimilarIncident

PAST = SimilarIncident(
    "e1", 0.97, "cause", "Closed the session", SEEN_BEFORE, "PoolTimeout", "", "Ada", "2026-11-01", "its fix held"
)


def report(*similar: SimilarIncident) -> RootCauseReport:
    return RootCauseReport("cause", Cause.UNKNOWN, None, 80, (), (), (), similar, "rules")


@pytest.mark.parametrize(
    ("said", "fix"),
    [
        ("fixed by restarting the pool", "restarting the pool"),
        ("Fixed with a rollback to 1.8", "a rollback to 1.8"),
        ("it was fixed by:\nraising the limit\nto 50", "raising the limit\nto 50"),
        ("fix: raised the limit", "raised the limit"),
        ("SOLVED BY   x", "x"),
        ("fixed", None),
        ("fix it please", None),
        ("what fixed it last time?", None),
        ("fixed bytes are wrong", None),
        ("who is affected?", None),
    ],
)
def test_a_reply_teaches_only_when_it_says_that_it_is_the_fix(said: str, fix: str | None) -> None:
    assert fix_said(said) == fix


def test_what_was_seen_before_says_fix_person_day_and_record() -> None:
    assert seen_before(report(PAST)) == ("Closed the session", "Confirmed by Ada on 2026-11-01; its fix held")
    assert seen_before(report()) is None


def test_headings_never_call_the_merely_similar_the_same() -> None:
    near = SimilarIncident("e2", 0.61, "", "", "confirmed")
    runbook = SimilarIncident("p1", 0.5, "", "", "confirmed", "Pools", "Restarting", is_passage=True)
    assert [similar_heading(each) for each in (PAST, near, runbook)] == [
        "e1 (seen before, match 97%)",
        "e2 (confirmed, possibly similar, match 61%)",
        "Runbook Pools, Restarting (match 50%)",
    ]
