"""Exports of a bug tracker as CSV: its reports, and which of them are duplicates of each other."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from core.domain.duplicates import DuplicateSet, Report
from core.domain.errors import InvalidInput

ID, TITLE, TEXT, CREATED, DUPLICATE = "Issue id", "Summary", "Description", "Created", "Duplicate id"
_LONGEST_FIELD = 16 * 1024 * 1024
_TIMES = ("%d/%b/%y %H:%M", "%d/%b/%y %I:%M %p", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M")


def read_reports(path: Path) -> tuple[Report, ...]:
    """The reports, oldest first; of several with one id the last.

    The columns are Issue id, Summary, Description and Created; others are passed over. Times are ISO 8601 or Jira's
    `27/Mar/24 14:05`.

    Raises:
        InvalidInput: the file cannot be read, lacks a column or a time, or is empty; the sentence says where.
    """
    read = [_report(row, where) for row, where in _rows(path, (ID, TITLE, TEXT, CREATED))]
    if not read:
        raise InvalidInput(f"{path} has no report.")
    known = {report.id: report for report in read}
    return tuple(sorted(known.values(), key=lambda report: (report.created_at, report.id)))


def read_duplicates(reports: Path, pairs: Path) -> DuplicateSet:
    """The reports and the groups of duplicates among them; `pairs` has the columns Issue id and Duplicate id.

    Several duplicates in one row are set apart by commas.

    Raises:
        InvalidInput: see `read_reports`; or no pair is about two of the reports.
    """
    read = read_reports(reports)
    known = {report.id for report in read}
    links = [
        (row[ID].strip(), other.strip())
        for row, _ in _rows(pairs, (ID, DUPLICATE))
        for other in row[DUPLICATE].split(",")
        if row[ID].strip() != other.strip()
    ]
    inside = [link for link in links if known.issuperset(link)]
    if not inside:
        raise InvalidInput(f"{pairs} names no two reports that stand in {reports}.")
    return DuplicateSet(read, _groups(inside), len(links) - len(inside))


def _rows(path: Path, columns: Sequence[str]) -> Iterator[tuple[Mapping[str, str], str]]:
    csv.field_size_limit(_LONGEST_FIELD)
    try:
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            reader = csv.DictReader(file, restval="")
            if lacking := [name for name in columns if name not in (reader.fieldnames or ())]:
                raise InvalidInput(f"{path} lacks the column {lacking[0]}. It needs: {', '.join(columns)}.")
            for row in reader:
                yield {name: row[name] or "" for name in columns}, f"{path}, line {reader.line_num}"
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}.") from error
    except csv.Error as error:
        raise InvalidInput(f"{path} is no CSV: {error}.") from error


def _report(row: Mapping[str, str], where: str) -> Report:
    if not row[ID].strip():
        raise InvalidInput(f"{where}: the report has no Issue id.")
    return Report(row[ID].strip(), row[TITLE].strip(), row[TEXT].strip(), _time(row[CREATED].strip(), where))


def _time(text: str, where: str) -> datetime:
    for form in _TIMES:
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInput(
            f"{where}: {text[:40]!r} is no time. Write it as 2024-03-27T14:05 or as 27/Mar/24 14:05."
        ) from None
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def _groups(links: Sequence[tuple[str, str]]) -> tuple[frozenset[str], ...]:
    """Duplicates of duplicates belong together."""
    group_of: defaultdict[str, set[str]] = defaultdict(set)
    for one, other in links:
        merged = group_of[one] | group_of[other] | {one, other}
        for report in merged:
            group_of[report] = merged
    return tuple({id(group): frozenset(group) for group in group_of.values()}.values())
