"""A tracker's export is read as it comes, and what cannot be read is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.domain.errors import InvalidInput
from core.gateways.documents.report_files import read_duplicates

HEADER = "Summary,Issue id,Status,Created,Description\n"
REPORTS = (
    HEADER
    + 'Later,30,Open,27/Mar/24 14:05,"two\nlines, ""quoted"""\n'
    + "First,10,Open,2024-01-02T03:04:05+00:00,\n"
    + "Between,20,Open,2024-02-01 10:00:00,x\n"
    + "Alone,40,Open,05/Apr/24 09:00,y\n"
)
PAIRS = "Issue id,Duplicate id\n30,20\n20,10\n"


def files(tmp_path: Path, reports: str = REPORTS, pairs: str = PAIRS) -> tuple[Path, Path]:
    (tmp_path / "reports.csv").write_text(reports, encoding="utf-8-sig")
    (tmp_path / "pairs.csv").write_text(pairs)
    return tmp_path / "reports.csv", tmp_path / "pairs.csv"


def test_reports_are_put_in_order_and_duplicates_of_duplicates_belong_together(tmp_path: Path) -> None:
    duplicates = read_duplicates(*files(tmp_path))
    assert [report.id for report in duplicates.reports] == ["10", "20", "30", "40"]
    assert duplicates.reports[2].text == 'two\nlines, "quoted"'
    assert duplicates.groups == (frozenset({"10", "20", "30"}),)
    assert duplicates.answers() == {"20": {"10"}, "30": {"10", "20"}}


def test_several_duplicates_stand_in_one_row_and_unknown_ones_are_counted(tmp_path: Path) -> None:
    duplicates = read_duplicates(*files(tmp_path, pairs='Issue id,Duplicate id\n30,"20, 99"\n40,40\n'))
    assert duplicates.answers() == {"30": {"20"}} and duplicates.unknown_pairs == 1


@pytest.mark.parametrize(
    ("reports", "pairs", "said"),
    [
        ("Summary,Created\n", PAIRS, "lacks the column Issue id. It needs: Issue id, Summary, Description, Created"),
        ("", PAIRS, "lacks the column"),
        (HEADER, PAIRS, "has no report"),
        (HEADER + "A,1,Open,yesterday,x\n", PAIRS, "line 2: 'yesterday' is no time"),
        (HEADER + "A,,Open,2024-01-01,x\n", PAIRS, "line 2: the report has no Issue id"),
        (REPORTS, "Issue id,Duplicate id\n", "names no two reports"),
        (REPORTS, "a,b\n1,2\n", "lacks the column Issue id"),
        (HEADER + "A,1,Open,2024-01-01,\x00\n", PAIRS, "names no two reports"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, reports: str, pairs: str, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        read_duplicates(*files(tmp_path, reports, pairs))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be read"):
        read_duplicates(tmp_path / "none.csv", tmp_path / "none.csv")
