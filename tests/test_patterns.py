"""No pattern of the product takes more than linear time, whatever a stranger writes.

Times are compared with each other and never with a clock: a pattern fails whose time grows by more than 2.3 times in
two doublings of the text, with the worst cases that its parse tree suggests. `make bench-hostile` prints the figures.
"""

from __future__ import annotations

import re

import pytest

from tests.benchmarks import planted_patterns
from tests.benchmarks.pattern_collection import patterns, patterns_of
from tests.benchmarks.pattern_growth import has_possessive_group, superlinear

PLANTED = {
    *("RUNS", "TOKEN", "NESTED", "BRANCHES", "ADDRESS", "TAGS", "TRAILING", "WIDE", "IN_BYTES"),
    *("IN_TUPLE[1]", "IN_MAPPING['trace'][0]", "IN_RULE.pattern", "Holder.IN_CLASS", "table()[0]"),
}


def test_no_pattern_of_the_product_is_superlinear() -> None:
    assert [f"{growth.where}: {growth.case}" for growth in superlinear(patterns())] == []


def test_no_possessive_repeat_is_of_a_group_which_older_interpreters_match_wrongly() -> None:
    """Python 3.11.0 to 3.11.4 lose their place there (python/cpython#106052); `(?>(?:…)*)` means the same."""
    assert [found.where for found in patterns() if not found.is_re2 and has_possessive_group(found.pattern)] == []
    assert has_possessive_group(re.compile(r"x(?:(?:a|bc)*+d)")) and not has_possessive_group(
        re.compile(r"[a-z]*+(?>a*)")
    )


@pytest.fixture(scope="module")
def caught() -> set[str]:
    return {
        growth.where.rpartition("planted_patterns")[2][1:] for growth in superlinear(patterns_of([planted_patterns]))
    }


def test_a_planted_superlinear_pattern_is_caught_in_every_form(caught: set[str]) -> None:
    assert caught >= PLANTED


def test_a_pattern_inside_a_function_is_caught_by_its_line(caught: set[str]) -> None:
    assert sum(where.isdecimal() for where in caught) == 4


def test_linear_and_bounded_patterns_pass(caught: set[str]) -> None:
    assert caught.isdisjoint({"LINEAR", "BOUNDED"})
