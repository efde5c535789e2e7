"""A sentence that only repeats type, message and place is an echo, whatever empty words stand around them."""

import pytest

from tests.evals.echo import adds_nothing

KNOWN = ["StockError", "crate 7 is sealed", "shop/crates.py", "open_crate"]


@pytest.mark.parametrize(
    ("sentence", "echo"),
    [
        ("StockError in open_crate() (shop/crates.py:7): crate 7 is sealed.", True),
        ("open_crate() raises this itself: the crate is sealed.", True),
        ("The application reported an error: crates sealed.", True),
        ("The check `crate.closed` held, and `crate` was returned by its keeper.", False),
        ("Crate 7 is sealed. Just before, “PUT /api/lids” was answered with 403.", False),
    ],
)
def test_what_type_message_and_place_say_already_does_not_count(sentence: str, echo: bool) -> None:
    assert adds_nothing(sentence, KNOWN) is echo
