"""What stands around a failure is told with its cause: the check, values, what failed before; else what would tell."""

from typing import Any

import pytest

from core.agent.rules.causes import catalogue
from core.domain.causes import Cause
from tests.agent.by_rules import investigate


def event(line: str = "", above: list[str] | None = None, crumbs: list[Any] | None = None, **more: Any) -> object:
    frame: dict[str, Any] = {"filename": "shop/lid.py", "function": "lift", "lineno": 9, "in_app": True}
    frame |= {"context_line": line, "pre_context": above or [], "vars": more.pop("held", {})}
    raised = {"type": "LidError", "value": "it does not move", "stacktrace": {"frames": [frame]}}
    values = [raised, *more.pop("wrappers", [])]
    return {"event_id": "e", "exception": {"values": values}, "breadcrumbs": crumbs or [], **more}


def root_cause(payload: object) -> str:
    return investigate(payload)[0].root_cause


@pytest.mark.parametrize(
    ("line", "above", "told"),
    [
        ("        raise LidError(1)", ["    if lid.locked:"], "The check `lid.locked` held"),
        ("    throw new LidError();", ["  if (lid.isLocked()) {"], "The check `lid.isLocked()` held"),
        ("  if (!lid) throw new LidError();", [], "The check `!lid` held"),
        ("  raise LidError if lid.locked?", [], "The check `lid.locked?` held"),
        ("  raise LidError unless lid.open?", [], "The check `lid.open?` did not hold"),
        ('  require(lid.open) { "closed" }', [], "The check `lid.open` did not hold"),
        ("  assert key in KEYS, 'no key'", [], "The check `key in KEYS` did not hold"),
        ("    panic(errLid)", ["\tif lid == nil {"], "does not show"),
    ],
)
def test_the_check_that_refused_is_told(line: str, above: list[str], told: str) -> None:
    assert told in root_cause(event(line, above))


def test_the_values_that_the_check_names_are_told() -> None:
    said = root_cause(event("        raise LidError(1)", ["    if lid.weight > limit:"], held={"limit": "4", "x": "9"}))
    assert "there `limit` was 4" in said
    assert "`x`" not in said


@pytest.mark.parametrize(
    ("crumb", "told"),
    [
        ({"category": "http", "data": {"url": "https://api/lids/7", "status_code": 503}}, "answered with 503"),
        (
            {"category": "app", "level": "error", "message": "hinge motor stalled"},
            "“hinge motor stalled” was logged as",
        ),
        ({"category": "ui.click", "message": "button.lift-now"}, "It followed “button.lift-now” (ui.click)"),
        ({"category": "query", "message": "SELECT weight FROM lids"}, "recorded before it was “SELECT weight"),
    ],
)
def test_what_failed_or_was_pressed_before_is_told(crumb: dict[str, Any], told: str) -> None:
    assert told.lower() in root_cause(event(crumbs=[crumb])).lower()


@pytest.mark.parametrize("message", ["LidError: it does not move", "Unhandled exception in request"])
def test_a_log_line_that_repeats_the_error_is_not_told(message: str) -> None:
    said = root_cause(event(crumbs=[{"category": "app", "level": "error", "message": message}]))
    assert "was logged as" not in said


def test_how_it_surfaced_is_told() -> None:
    said = root_cause(event(wrappers=[{"type": "KitchenError", "value": "soup could not be served"}]))
    assert "It surfaced as KitchenError “soup could not be served”" in said


def test_where_nothing_else_is_shown_the_fact_that_would_tell_is_named() -> None:
    assert root_cause(event()).endswith("The event does not show why; the log just before it would tell.")


@pytest.mark.parametrize("cause", list(Cause))
def test_each_cause_has_a_fact_that_would_tell_more(cause: Cause) -> None:
    assert catalogue()[cause].asks.endswith("would tell")


@pytest.mark.parametrize(("platform", "said"), [("cocoa", "device"), ("javascript", "browser"), ("python", "df -h")])
def test_fixes_fit_where_the_program_runs(platform: str, said: str) -> None:
    frame = {"filename": "store.x", "function": "save", "lineno": 3, "in_app": True}
    raised = {"type": "OSError", "value": "No space left on device", "stacktrace": {"frames": [frame]}}
    fix = investigate({"platform": platform, "exception": {"values": [raised]}})[0].fixes[0]
    assert said in " ".join([fix.title, *fix.steps])
    assert platform == "python" or "`df" not in " ".join(fix.steps)


def test_members_of_a_group_are_named_with_their_places_and_spoken_of_one_at_a_time() -> None:
    def member(kind: str, value: str, file: str, number: int) -> object:
        frames = [{"filename": file, "function": file[0], "lineno": number, "in_app": True}]
        mechanism = {"type": "x", "exception_id": number, "parent_id": 0}
        return {"type": kind, "value": value, "stacktrace": {"frames": frames}, "mechanism": mechanism}

    group = {"type": "Group", "mechanism": {"type": "x", "exception_id": 0, "is_exception_group": True}}
    values = [member("TimeoutError", "no answer in 30 s", "b.py", 2), member("OddError", "sku 7", "a.py", 1), group]
    analysis, _ = investigate({"exception": {"values": values}})
    assert "TimeoutError: no answer in 30 s at b.py:2 in b" in analysis.root_cause
    assert "OddError: sku 7 at a.py:1 in a" in analysis.root_cause
    assert analysis.cause is Cause.TIMEOUT
    assert analysis.culprit and analysis.culprit.file == "b.py"
