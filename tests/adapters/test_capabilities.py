"""The table of capabilities is one that people can read."""

from pathlib import Path

from adapters.capabilities import CAPABILITIES, capabilities_table


def test_each_capability_has_a_row_and_a_channel() -> None:
    table = capabilities_table()
    assert len(table.splitlines()) == len(CAPABILITIES) + 2
    assert all(line.count("|") == 5 for line in table.splitlines())
    for one in CAPABILITIES:
        assert one.terminal or one.slack or one.teams
        assert f"| {one.what} |" in table


def test_the_feature_matrix_is_this_very_table() -> None:
    page = Path(__file__).parents[2] / "docs" / "guide" / "feature-matrix.md"
    assert capabilities_table() in page.read_text(encoding="utf-8"), "make it so: make docs"


def test_no_capability_is_told_twice() -> None:
    assert len({one.what for one in CAPABILITIES}) == len(CAPABILITIES)
