from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.gateways.mcp.tool_arguments import signature, validate_arguments

SCHEMA: dict[str, Any] = {
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 5},
        "issue": {"type": "string", "pattern": "^[a-z]+$", "examples": ["abc"], "default": "abc"},
        "page": {"type": "integer", "minimum": 1, "maximum": 9, "default": 1},
        "on": {"type": "boolean", "default": False},
        "kind": {"enum": ["x", "y"], "type": "string", "default": "x"},
        "items": {"type": "array", "maxItems": 2, "default": []},
    },
    "required": ["name"],
}


@pytest.mark.parametrize(
    ("arguments", "correction"),
    [
        ({}, "name is missing"),
        ({"name": ""}, "name must be text of 1 to 5 characters"),
        ({"name": "a", "issue": "A"}, "issue must be text such as abc"),
        ({"name": "a", "page": 0}, "page must be a whole number from 1 to 9"),
        ({"name": "a", "page": True}, "page must be a whole number from 1 to 9"),
        ({"name": "a", "page": "1"}, "page must be a whole number from 1 to 9"),
        ({"name": "a", "on": 1}, "on must be true or false"),
        ({"name": "a", "kind": "z"}, "kind must be one of x, y"),
        ({"name": "a", "items": [1, 2, 3]}, "items must be a list of at most 2 items"),
        ({"name": "a", "evil": 1}, "it takes no other arguments"),
    ],
)
def test_what_does_not_fit_is_named(arguments: dict[str, Any], correction: str) -> None:
    assert correction in (validate_arguments("tool", SCHEMA, arguments) or "")


def test_what_fits_is_let_through() -> None:
    fitting = {"name": "a", "issue": "abc", "page": 9, "on": True, "kind": "y", "items": [1]}
    assert validate_arguments("tool", SCHEMA, fitting) is None


def test_the_correction_shows_how_to_call_it() -> None:
    assert signature("t", SCHEMA) == 't(name, issue="abc", page=1, on=False, kind="x", items=[])'


@given(st.dictionaries(st.text(), st.one_of(st.text(), st.integers(), st.none(), st.lists(st.integers()))))
def test_any_arguments_get_a_short_answer(arguments: dict[str, Any]) -> None:
    assert len(validate_arguments("tool", SCHEMA, arguments) or "") < 600
