"""Lines of `name=value` pairs become records, and a torn pair hides no other."""

from __future__ import annotations

import pytest

from core.gateways.text.structured import record_in


@pytest.mark.parametrize(
    "line",
    [
        '@timestamp=2026-01-01T00:00:00Z level=error msg="x y" err=boom',
        'level=error torn=a"b msg="x y" err=boom',
        'level=error --msg="x y" a=b=c err=boom',
    ],
)
def test_pairs_are_read_whatever_stands_before_a_name(line: str) -> None:
    found = record_in(line)
    assert found is not None
    assert found[1].message == "x y"
    assert found[1].fields["err"] == "boom"
    assert "torn" not in found[1].fields
