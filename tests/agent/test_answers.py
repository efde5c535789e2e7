"""Answers by rules say what the evidence says on the question, with the id of what carries it, and nothing else."""

from dataclasses import replace

import pytest

from core.agent.rules.answers import CANNOT, answer_from, calls_for_question
from core.domain.causes import Cause
from core.domain.investigation import Subject
from core.domain.journal import Transcript
from core.domain.report import Answer, Evidence, Finding, Fix, Level, RootCauseReport

CAUSE = "`item` had no `price` when total() read it, since release shop@4.2.0."
COMMIT = {"id": "9f31c2ab77d0", "author": "Mina Park", "message": "bundles carry a price of their own"}
ISSUE = {
    "title": "KeyError: 'price'",
    "status": "unresolved",
    "first_seen": "2026-11-28T04:00Z",
    "last_seen": "2026-11-28T06:55Z",
    "first_release": "shop@4.2.0",
    "suspects": [COMMIT],
    "release_commits": [COMMIT, {"id": "51de0077aa31", "author": "Jo Kern", "message": "shorter subject lines"}],
}
STACK = {
    "exceptions": [{"type": "KeyError", "value": "'price'", "role": "root"}],
    "frame": {"file": "shop/cart.py", "function": "total", "line": 41, "variables": {"item": "{sku: 'A1'}"}},
    "breadcrumbs": [{"category": "shop", "message": "cart loaded"}],
    "request": "POST https://shop.example/checkout",
}
MATCH = {
    "incident": "INC-118",
    "title": "KeyError: 'currency'",
    "status": "confirmed",
    "root_cause": "Gift cards have no currency.",
    "fix": "Read it with a default.",
    "reasons": ["same exception KeyError"],
}
COURSE = {"total": 127, "trend": "rising", "onset": "2026-11-28T04:00Z", "onset_release": "shop@4.2.0"}
IMPACT = {"users": 83, "events": 127, "shares": {"release": [{"value": "shop@4.2.0", "count": 127, "share": 1.0}]}}


def evidence(id: str, tool: str, text: str, facts: object, **arguments: str) -> Evidence:
    return Evidence(id, tool, arguments or {"issue_id": "SHOP-1"}, text, True, facts)  # type: ignore[arg-type]  # a dict


EVIDENCE = (
    evidence("E1", "get_sentry_issue_details", "KeyError, release shop@4.2.0", ISSUE),
    evidence("E2", "get_stacktrace", "cart.py:41 in total(): item price", STACK),
    evidence("E3", "search_knowledge_base", "1 similar incident", {"matches": [MATCH]}, query="KeyError: 'price'"),
    evidence("E4", "analyze_error_frequency", "rising: 127 events", COURSE),
    evidence("E5", "get_user_impact", "high impact: 83 users", IMPACT),
)
FIX = Fix("Read `price` with a default", (), Level.LOW, Level.LOW)
REPORT = RootCauseReport(
    CAUSE, Cause.MISSING_KEY, None, 94, ("+8 it fits",), (Finding("x", ("E2",)),), (FIX,), (), "rules"
)
SUBJECT = Subject("SHOP-1", "SHOP-1")


def asked(question: str, *more: Evidence) -> Transcript:
    return Transcript(SUBJECT, question=question, report=REPORT, earlier=(*EVIDENCE, *more))


def answer(question: str, *more: Evidence) -> Answer:
    return answer_from(asked(question, *more))


@pytest.mark.parametrize(
    ("question", "said", "cited"),
    [
        ("who is affected?", "83 users", ("E5",)),
        ("since when?", "127 events", ("E4", "E1")),
        ("what changed?", "9f31c2ab by Mina Park", ("E1", "E4")),
        ("which release started it?", "shop@4.2.0 127 (100%)", ("E1", "E4", "E5")),
        ("how do I reproduce it?", "POST https://shop.example/checkout", ("E2", "E1")),
        ("what happened right before the crash?", "cart loaded", ("E2",)),
        ("which line?", "shop/cart.py:41", ("E2",)),
        ("who knows the code?", "Mina Park", ("E1", "E2")),
        ("is it safe to roll back?", "51de0077", ("E1", "E5", "E4")),
        ("how sure are you, and why?", "94 %", ("E2",)),
        ("is this the same as INC-118?", "It resembles INC-118", ("E3",)),
        ("Was ist die Ursache?", "`item` had no `price`", ("E1", "E2")),
        ("Wie behebe ich das?", "Read `price` with a default", ("E2",)),
        ("過去に似た障害はありますか", "INC-118", ("E3",)),
    ],
)
def test_an_answer_cites_the_evidence_that_carries_it(question: str, said: str, cited: tuple[str, ...]) -> None:
    given = answer(question)
    assert said in given.text
    assert given.evidence == cited


def test_sentences_from_several_pieces_of_evidence_are_cited_one_by_one() -> None:
    assert "[E5]" in answer("Wer ist betroffen, und seit wann?").text


@pytest.mark.parametrize("question", ["purple monkey dishwasher", "write me a poem", "¿Qué hora es?", "天気は"])
def test_what_is_not_understood_is_not_answered_with_the_cause(question: str) -> None:
    given = answer(question)
    assert given.text.startswith(CANNOT)
    assert CAUSE not in given.text
    assert "who is affected" in given.text
    assert given.evidence == ()
    assert calls_for_question(asked(question), "KeyError") == ("", [])


def test_an_incident_that_nobody_searched_for_is_looked_up_by_its_name() -> None:
    _, calls = calls_for_question(asked("is it the same as INC-131?"), "KeyError")
    assert calls == [("search_knowledge_base", {"query": "INC-131"})]
    assert calls_for_question(asked("is it the same as INC-118?"), "KeyError")[1] == []


def test_an_incident_that_was_only_looked_up_is_not_said_to_resemble_this_one() -> None:
    found = {"matches": [{**MATCH, "incident": "INC-131", "reasons": ["named INC-131"]}]}
    looked_up = evidence("E6", "search_knowledge_base", "1 similar incident", found, query="INC-131")
    given = answer("is it the same as INC-131?", looked_up)
    assert given.text.startswith("Nothing shows that it is the same as INC-131")
    assert given.evidence == ("E6",)


def test_an_incident_that_nobody_knows_is_said_to_be_unknown() -> None:
    nothing = evidence("E6", "search_knowledge_base", "nothing similar", {"matches": []}, query="INC-999")
    given = answer("same as INC-999?", nothing)
    assert "has no incident INC-999" in given.text
    assert given.evidence == ("E6",)


def test_who_was_affected_in_another_incident_is_not_told_of_this_one() -> None:
    assert "83 users" not in answer("who was affected in INC-118?").text


def test_whether_it_still_happens_is_read_again_and_told_by_fresh_counts() -> None:
    question = "is it still happening?"
    _, calls = calls_for_question(asked(question), "KeyError")
    assert calls == [("analyze_error_frequency", {"issue_id": "SHOP-1", "period": "24h"})]
    counts = {"counts": [0] * 22 + [3, 4], "interval_s": 3600, "starts_at": "2026-11-28T07:00Z", "total": 7}
    fresh = evidence("E6", "analyze_error_frequency", "rising", counts, issue_id="SHOP-1", period="24h")
    assert answer(question, fresh).text.startswith("Yes: 7 events in the last 120 minutes")
    over = replace(fresh, facts={**counts, "counts": [7] + [0] * 23})
    given = answer(question, over)
    assert given.text.startswith("Not now: the last events came before 2026-11-28T08:00Z")
    assert given.evidence == ("E6", "E1")


def test_events_of_several_releases_speak_against_a_rollback() -> None:
    shares = [{"value": "shop@4.2.0", "count": 60, "share": 0.6}, {"value": "shop@4.1.0", "count": 40, "share": 0.4}]
    several = evidence("E7", "get_user_impact", "impact", {"shares": {"release": shares}})
    assert "Against it" in answer("can we roll back?", several).text
