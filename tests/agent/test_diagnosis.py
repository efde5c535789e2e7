"""What the rules say: the sentence, the findings and the fixes that the same facts would lead an engineer to."""

from string import Formatter
from typing import Any, cast

import pytest

from core.agent.confidence import Verification, confidence_in
from core.agent.rules.causes import catalogue
from core.agent.rules.diagnosis import Observed, diagnose
from core.domain.causes import Cause
from core.domain.report import Analysis, Evidence
from core.domain.tool_facts import StackFacts

IDS = {
    "get_sentry_issue_details": "E1",
    "get_stacktrace": "E2",
    "analyze_error_frequency": "E3",
    "get_user_impact": "E4",
}


def frame(file: str, function: str, line: int, source: str = "", **variables: str) -> dict[str, Any]:
    found: dict[str, Any] = {"file": file, "function": function, "line": line, "in_app": True}
    return {**found, "source": source, "context": [source], "variables": variables}


def raised(kind: str, value: str, role: str = "root") -> dict[str, Any]:
    return {"type": kind, "value": value, "role": role}


def conclude(
    *exceptions: dict[str, Any],
    issue: dict[str, Any] | None = None,
    frequency: dict[str, Any] | None = None,
    impact: dict[str, Any] | None = None,
    **stack: Any,
) -> Analysis:
    facts = {"exceptions": list(exceptions), "frame_basis": "in_app", **stack}
    headlines = {"analyze_error_frequency": "rising: 1 to 9 events an hour"}
    given = {"issue": issue or {}, "frequency": frequency or {}, "impact": impact or {}}
    return diagnose(Observed(**cast(Any, given), stack=cast(Any, facts), knowledge={}, ids=IDS, headlines=headlines))


def claims(analysis: Analysis) -> str:
    return "\n".join(finding.claim for finding in analysis.findings)


def test_an_empty_pool_points_to_who_takes_from_it_and_to_what_came_again_and_again() -> None:
    crumbs = [{"message": f"day 2026-11-1{day} has no rows"} for day in range(4)]
    analysis = conclude(
        raised("PoolTimeout", "pool exhausted: 4 of 4 in use"),
        frame=frame("db.py", "acquire", 23),
        callers=[frame("db.py", "retry", 30), frame("reports.py", "rows_for", 18)],
        breadcrumbs=[{"message": "GET /reports"}, *crumbs],
    )
    assert analysis.cause is Cause.POOL_EXHAUSTED
    assert analysis.root_cause.startswith("rows_for() most likely takes from the pool and does not give back")
    assert "“day 2026-11-13 has no rows” and its like came 4 times just before nothing was left" in analysis.root_cause
    assert "reports.py:18" in analysis.fixes[0].title
    assert "“day 2026-11-13 has no rows”" in analysis.fixes[0].steps[0]


def test_breadcrumbs_that_differ_are_no_pattern() -> None:
    analysis = conclude(
        raised("PoolTimeout", "pool exhausted"),
        frame=frame("db.py", "acquire", 23),
        callers=[frame("reports.py", "rows_for", 18)],
        breadcrumbs=[{"message": "one"}, {"message": "two"}, {"message": "two"}],
    )
    assert "times just before" not in analysis.root_cause
    assert "or there is more load than the pool allows" in analysis.root_cause


def test_where_a_librarys_pool_is_empty_our_own_frame_is_who_takes_from_it() -> None:
    analysis = conclude(
        raised("TimeoutError", "QueuePool limit of size 5 overflow 10 reached, connection timed out"),
        frame=frame("reports.py", "rows_for", 18),
        raised_in=frame("sqlalchemy/pool/impl.py", "_do_get", 158),
        callers=[frame("views.py", "weekly", 3)],
    )
    assert "when rows_for() asked (reports.py:18)" in analysis.root_cause
    assert "reports.py:18" in analysis.fixes[0].title


def test_a_key_that_resembles_the_missing_one_is_pointed_out() -> None:
    held = "{sku: 'B-7', bundle_price: 49.0, stock: 3}"
    analysis = conclude(
        raised("KeyError", "'unit_price'"), frame=frame("p.py", "total", 9, 'item["unit_price"]', item=held)
    )
    assert "though it had `bundle_price`" in analysis.root_cause
    assert any("It has `bundle_price`" in step for step in analysis.fixes[0].steps)
    unlike = conclude(raised("KeyError", "'currency'"), frame=frame("p.py", "total", 9, 'item["currency"]', item=held))
    assert "though it had" not in unlike.root_cause


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (
            "could not convert string to float: 'n/a'",
            "could not read 'n/a' (p.py:9): could not convert string to float",
        ),
        ("Unexpected token '<', \"<html><hea\"... is not valid JSON", "expected data and got an HTML page"),
        ("invalid literal for int() with base 10: 'five " + "and more " * 40, "'five and more and more"),
    ],
)
def test_what_could_not_be_read_is_shown_and_what_was_wanted(message: str, said: str) -> None:
    analysis = conclude(raised("ValueError", message), frame=frame("p.py", "parse", 9))
    assert said in analysis.root_cause
    assert len(analysis.root_cause) < 260


def test_nothing_on_the_programs_own_machine_is_told_from_a_service_that_is_down() -> None:
    own = conclude(raised("Error", "connect ECONNREFUSED 127.0.0.1:6379"), frame=frame("s.js", "load", 3))
    other = conclude(raised("Error", "connect ECONNREFUSED 10.0.0.7:6379"), frame=frame("s.js", "load", 3))
    assert "the program's own machine or container" in own.root_cause
    assert own.fixes[0].title.startswith("Start the service on 127.0.0.1:6379")
    assert other.root_cause.startswith("10.0.0.7:6379 could not be reached from load()")


def test_a_clock_that_is_off_is_the_reason_and_not_the_signature() -> None:
    analysis = conclude(message="rejected: signature mismatch, clock skew 412 s", frame_basis="none")
    assert analysis.root_cause.startswith("The clocks of the two sides are 412 s apart")
    assert analysis.fixes[0].title == "Set the clocks right: the two sides are 412 s apart"


def test_endless_recursion_shows_with_what_it_went_round() -> None:
    at = frame("c.py", "root_of", 11, "return root_of(parent, seen)", parent="'kitchen'", seen="['home']")
    analysis = conclude(raised("RecursionError", "maximum recursion depth exceeded"), frame=at)
    assert analysis.root_cause.endswith("in the last call `parent` was 'kitchen', `seen` was ['home'].")


def test_nothing_to_divide_by_is_called_that() -> None:
    at = frame("m.py", "mean", 2, "return sum(xs) / len(xs)", xs="[]")
    assert conclude(raised("ZeroDivisionError", "division by zero"), frame=at).root_cause == (
        "`xs` was [], so mean() divided by zero (m.py:2)."
    )


def test_of_a_minified_bundle_no_function_is_named_and_its_source_map_is_wanted_first() -> None:
    analysis = conclude(
        raised("TypeError", "Cannot read properties of undefined (reading 'items')"),
        frame={"file": "/dist/app.min.js", "function": "s", "line": 1},
        minified=True,
        culprit="/dist/app.min.js in s",
    )
    assert "in s" not in analysis.root_cause
    assert analysis.fixes[0].title == "Upload the source map of /dist/app.min.js"


def test_nobody_is_sent_to_change_a_librarys_code() -> None:
    library = {**frame("django/urls/resolvers.py", "_reverse", 677, "raise NoReverseMatch(msg)"), "in_app": False}
    analysis = conclude(
        raised("NoReverseMatch", "Reverse for 'nope' not found. 'nope' is not a valid view function."),
        frame=library,
        frame_basis="last",
    )
    assert analysis.fixes[0].title == "Define `nope`, or correct the place that asks for it"
    assert "at django/urls/resolvers.py:677 in _reverse()" in claims(analysis)


def test_a_frame_without_symbols_is_not_called_missing() -> None:
    analysis = conclude(raised("OutOfMemoryError", "no threads"), frame={"function": "stripped_application_code"})
    assert "its frame has no name and no place" in claims(analysis)
    assert "stripped_application_code" not in analysis.root_cause


def test_a_release_that_was_out_long_before_the_onset_does_not_explain_it_alone() -> None:
    issue = {"first_release": "a@1", "first_release_at": "2026-11-19T11:00Z"}
    late = conclude(raised("E", "x"), issue=issue, frequency={"onset": "2026-11-23T06:00Z", "total": 9})
    assert "It began only at 2026-11-23T06:00Z, so look also at what changed beside the code" in claims(late)
    at_once = conclude(raised("E", "x"), issue=issue, frequency={"onset": "2026-11-19T12:00Z", "onset_release": "a@1"})
    assert "It was first seen in release a@1." in claims(at_once)


def test_a_commit_that_only_names_the_code_is_not_called_suspect() -> None:
    commit = {"id": "9f31c2ab77d0", "message": "pay: rounding"}
    issue = {"first_release": "a@1", "release_commits": [commit]}
    at = frame("shop/pay.py", "pay", 3)
    assert "its commit 9f31c2ab “pay: rounding” names this code" in claims(
        conclude(raised("E", "x"), issue=issue, frame=at)
    )
    suspected = conclude(raised("E", "x"), issue={**issue, "suspects": [commit]}, frame=at)
    assert "the suspect commit is 9f31c2ab" in claims(suspected)


@pytest.mark.parametrize(
    ("share", "usual", "is_told"), [(0.95, 0.3, True), (0.95, 0.9, False), (0.6, 0.1, False), (1.0, None, False)]
)
def test_where_events_come_from_is_told_when_others_come_from_elsewhere(
    share: float, usual: float | None, is_told: bool
) -> None:
    head = {"value": "web-3", "count": 95, "share": share, **({} if usual is None else {"usual": usual})}
    impact = {"severity": "high", "reason": "many", "shares": {"server_name": [head]}}
    told = claims(conclude(raised("E", "x"), impact=impact))
    assert ("come from server_name web-3" in told) is is_told


def test_wrappers_are_told_with_their_words_and_members_of_a_group_are_not_wrapped() -> None:
    chained = conclude(raised("Error", "refused"), raised("Error", "session not loaded", "wrapper"))
    assert "The innermost cause is Error “refused”; it was wrapped in Error “session not loaded”." in claims(chained)
    members = [raised("A", "1", "sibling"), raised("B", "2", "sibling")]
    group = conclude(raised("C", "3"), *members, raised("ExceptionGroup", "all", "wrapper"))
    assert "wrapped" not in claims(group)
    assert group.root_cause == "3 errors were raised together (C: 3; A: 1; B: 2)."


def test_source_that_holds_a_backtick_is_quoted_otherwise() -> None:
    analysis = conclude(raised("Error", "x"), frame=frame("s.js", "load", 3, "throw new Error(`no ${name}`);"))
    assert "“throw new Error(`no ${name}`);”" in claims(analysis)


# ---- confidence -----------------------------------------------------------------------------------------------------


def sure(cause: Cause, **stack: Any) -> int:
    facts = cast(StackFacts, {"frame_basis": "in_app", "frame": frame("a.py", "f", 1, "x", x="1"), **stack})
    analysis = Analysis("It broke.", cause, None, (), ())
    evidence = [Evidence("E1", "get_stacktrace", {}, "")]
    return confidence_in(analysis, evidence, facts, Verification(1, 0, True, True), match=None)[0]


def test_what_a_stack_cannot_show_the_reason_of_is_believed_less() -> None:
    assert sure(Cause.POOL_EXHAUSTED) < sure(Cause.MISSING_KEY)
    assert sure(Cause.CONNECTION_REFUSED) < sure(Cause.MISSING_KEY)


def test_thin_evidence_is_believed_less() -> None:
    known = sure(Cause.MISSING_KEY)
    assert sure(Cause.MISSING_KEY, frame={"function": "stripped"}) < known - 10
    assert sure(Cause.MISSING_KEY, frame_basis="last") < sure(Cause.MISSING_KEY, frame_basis="not_library") < known
    siblings = [raised("A", "1", "sibling"), raised("B", "2", "sibling")]
    assert sure(Cause.MISSING_KEY, exceptions=siblings) < known


# ---- the catalogue's words ------------------------------------------------------------------------------------------


def test_every_cause_ends_with_a_fix_that_needs_no_words() -> None:
    for entry in catalogue().values():
        last = entry.fixes[-1]
        assert "{" not in last.title + " ".join(last.steps), entry.cause


def test_every_cause_ends_with_a_sentence_that_needs_no_words() -> None:
    for entry in catalogue().values():
        assert "{" not in entry.says[-1], entry.cause
        assert all("{" in template for template in entry.says[:-1]), entry.cause


@pytest.mark.parametrize("cause", list(Cause))
def test_each_sentence_of_a_cause_says_everything_once(cause: Cause) -> None:
    for template in catalogue()[cause].says:
        names = [name for _, name, _, _ in Formatter().parse(template) if name]
        filled = template.format(**{name: f"<{name}>" for name in names})
        assert len(names) == len(set(names)), template
        assert all(filled.count(f"<{name}>") == 1 for name in names)


def test_an_event_with_a_place_alone_is_not_called_by_a_missing_title() -> None:
    said = conclude(issue={"title": "an event without a title"}, frame=frame("shop/qty.py", "read", 8))
    assert said.root_cause.startswith("Something failed in read() (shop/qty.py:8)")
    assert "without a title" not in " ".join([said.root_cause, *(finding.claim for finding in said.findings)])


def test_an_event_with_nothing_gets_a_sentence_all_the_same() -> None:
    assert conclude().root_cause.startswith("The evidence does not show what went wrong.")


def test_a_check_that_no_raise_shows_is_not_said_to_be_raised_here() -> None:
    error = raised("AssertionError", "door is shut")
    checked = conclude(error, frame=frame("Door.cs", "Open", 12, "if (!hinge.free)"))
    assert "raises this itself" not in checked.root_cause
    thrown = conclude(error, frame=frame("Door.cs", "Open", 12, 'throw new AssertionError("door is shut");'))
    assert thrown.root_cause.startswith("Open() raises this itself (Door.cs:12)")
