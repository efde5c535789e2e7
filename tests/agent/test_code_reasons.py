"""What rules read out of source and changes: leaks, circles, shared hosts, suspects, and nothing that is not there."""

from __future__ import annotations

from typing import cast

import pytest

from core.agent.rules.code_changes import came_with, named_commit, suspect_claim
from core.agent.rules.code_reasons import address_in, place_to_read, told_by_code
from core.domain.causes import Cause
from core.domain.code_facts import ChangesFacts, FoundCodeFacts, SourceFacts
from core.domain.tool_facts import StackFacts

NOTHING = FoundCodeFacts()


def source(text: str, constants: str = "", path: str = "app/db.py") -> SourceFacts:
    lines, above = text.splitlines(), constants.splitlines()
    return {
        "path": path,
        "lines": lines,
        "numbers": list(range(10, 10 + len(lines))),
        "constants": above,
        "constant_lines": list(range(1, 1 + len(above))),
    }


LEAKS = {
    "python raises": "def f(day):;    c = POOL.acquire();    if not day:;        raise LookupError(day);    c.close()",
    "python returns": "def f():;    c = pool.getconn();    if not c:;        return [];    pool.putconn(c)",
    "javascript throws": "async f() {;  const c = await pool.acquire();  if (x) {;    throw e();  };  pool.release(c)",
    "java throws": "void f() {;  var c = pool.borrowObject();  if (x);    throw new E();  pool.returnObject(c)",
}
ALWAYS_LEAKS = {
    "python never closes": "def f():;    c = POOL.acquire();    rows = c.execute(1);    return rows",
    "javascript never releases": "async f() {;  const c = await pool.connect();  return (await c.query(q)).rows",
}
NO_LEAKS = {
    "it is handed on": "def f():;    c = POOL.acquire();    return run(c)",
    "it is kept": "def f(self):;    c = POOL.acquire();    self.c = c",
    "it is returned": "def f():;    c = POOL.acquire();    return c",
    "nothing leaves between": "def f():;    c = POOL.acquire();    c.close();    raise LookupError",
    "finally gives it back": "def f():;    c = POOL.acquire();    try:;        raise E;    finally:;        c.close()",
    "it is never given back here": "def f():;    c = POOL.acquire();    if not c:;        raise E;    return c",
    "a block gives it back": "def f():;    with POOL.acquire() as c:;        raise E",
    "another one is given back": "def f():;    c = POOL.acquire();    if x:;        raise E;    other.close()",
}


@pytest.mark.parametrize("text", LEAKS.values(), ids=LEAKS.keys())
def test_a_way_out_before_the_connection_is_given_back_is_a_leak(text: str) -> None:
    said = told_by_code(Cause.POOL_EXHAUSTED, source(text.replace(";", "\n")), NOTHING)
    assert "app/db.py takes `c` in line 11" in said
    assert "in line 13 it leaves before that with" in said


@pytest.mark.parametrize("text", ALWAYS_LEAKS.values(), ids=ALWAYS_LEAKS.keys())
def test_what_is_taken_and_only_used_is_never_given_back(text: str) -> None:
    found = source(text.replace(";", "\n"))
    said = told_by_code(Cause.POOL_EXHAUSTED, found, NOTHING)
    assert said == "app/db.py takes `c` in line 11 and does not give it back, so each call keeps one."
    assert told_by_code(Cause.POOL_EXHAUSTED, cast(SourceFacts, {**found, "missed": 5}), NOTHING) == ""


def test_a_lock_without_a_name_of_its_own_is_one_too() -> None:
    text = "def f(self):\n    self.gate.acquire()\n    if self.x:\n        return None\n    self.gate.release()"
    assert "takes `self.gate` in line 11" in told_by_code(Cause.POOL_EXHAUSTED, source(text), NOTHING)


@pytest.mark.parametrize("text", NO_LEAKS.values(), ids=NO_LEAKS.keys())
def test_what_does_not_show_a_leak_is_not_called_one(text: str) -> None:
    assert told_by_code(Cause.POOL_EXHAUSTED, source(text.replace(";", "\n")), NOTHING) == ""


def test_pairs_of_a_constant_that_come_round_are_a_circle() -> None:
    body = "def up(c):\n    return up(PARENTS[c])\n"
    found = source(body, "PARENTS = {\n  'a': 'b', 'b': 'c',\n  'c': 'a', 'x': 'a'}")
    assert told_by_code(Cause.RECURSION, found, NOTHING) == (
        "`PARENTS` in line 1 of app/db.py leads in a circle: a to b to c to a; so the function never ends."
    )
    assert told_by_code(Cause.RECURSION, source(body, "PARENTS = {'a': 'b', 'b': 'c'}"), NOTHING) == ""
    assert told_by_code(Cause.NULL_VALUE, found, NOTHING) == ""


def test_a_host_that_another_service_is_on_too_is_named_with_both_places() -> None:
    here = source("def connect():\n    return open(STORE)\n", 'STORE = ("10.0.0.7", 6399)')
    assert address_in(here) == "10.0.0.7"
    other = {"repository": "web", "path": "s.js", "line": 5, "text": 'const CACHE = { host: "10.0.0.7", port: 6398 };'}
    itself = {"path": "app/db.py", "line": 1, "text": 'STORE = ("10.0.0.7", 6399)'}
    log = {"repository": "web", "path": "l.js", "line": 9, "text": 'log("10.0.0.7")'}
    found = cast(FoundCodeFacts, {"found": [itself, log, other]})
    said = told_by_code(Cause.CONNECTION_REFUSED, here, found)
    assert "(app/db.py:1)" in said and "(web s.js:5)" in said and "l.js" not in said
    assert told_by_code(Cause.CONNECTION_REFUSED, here, cast(FoundCodeFacts, {"found": [itself, log]})) == ""


@pytest.mark.parametrize("text", ["x = 1", 'A = ("10.0.0.7", 1234)\nB = ("10.0.0.8", 1234)', 'A = "10.0.0.7"', ""])
def test_no_host_or_several_are_none(text: str) -> None:
    assert address_in(source("", text)) is None


def test_source_is_read_for_causes_that_show_in_it_alone() -> None:
    stack = cast(
        StackFacts,
        {
            "frame": {"file": "pool.py", "line": 3},
            "callers": [{"file": "pool.py", "line": 9}, {"file": "app.py", "line": 7}],
        },
    )
    assert place_to_read(Cause.POOL_EXHAUSTED, stack) == {"file": "app.py", "lines": "7"}
    assert place_to_read(Cause.RECURSION, stack) == {"file": "pool.py", "lines": "3"}
    assert place_to_read(Cause.NULL_VALUE, stack) is None
    assert place_to_read(Cause.RECURSION, StackFacts()) is None


SUSPECT = cast(
    ChangesFacts,
    {
        "release": "shop@2",
        "suspect": {
            "id": "0123456789ab",
            "author": "Mina “M” Park",
            "subject": "cart: `x`",
            "why": ["wrote the line a.py:3"],
            "touches": {"line": True},
        },
    },
)


def test_a_suspect_is_told_as_the_evidence_has_it() -> None:
    assert named_commit(SUSPECT) == "01234567 “cart: x”"
    assert (
        suspect_claim(SUSPECT) == "Commit 01234567 “cart: x” by Mina M Park, shipped in shop@2, wrote the line a.py:3."
    )
    assert came_with(SUSPECT, "It broke.", "") == "Commit 01234567 “cart: x” (release shop@2) wrote the line a.py:3."
    assert came_with(SUSPECT, "It broke with commit 01234567.", "") == ""


def test_without_a_suspect_nothing_is_said() -> None:
    for changes in (ChangesFacts(), cast(ChangesFacts, {"commits": [{"id": "0123456789ab"}]})):
        assert (named_commit(changes), suspect_claim(changes), came_with(changes, "", "x")) == (None, None, "")
    far = cast(ChangesFacts, {"suspect": {**SUSPECT["suspect"], "touches": {"names": True}}})
    assert came_with(far, "It broke.", "") == ""
