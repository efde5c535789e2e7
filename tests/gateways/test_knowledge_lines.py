"""Knowledge as JSON lines: what is written reads back exactly, and what nobody wrote is refused by its line."""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.errors import InvalidInput
from core.domain.knowledge import Kind, KnowledgeEntry, PastFix, Standing
from core.gateways.documents.knowledge_lines import read_lines, write_line

# NUL and lone surrogates too: strangers' messages have them.
ANY_TEXT = st.text(st.characters(codec=None), max_size=40)
IDS = st.text(st.characters(codec="utf-8").filter(str.isprintable), min_size=1, max_size=80)
MARKS = st.text(st.characters(codec="utf-8").filter(str.isprintable), max_size=20)
TIMES = st.datetimes(min_value=datetime(1970, 1, 2), max_value=datetime(9000, 1, 1), timezones=st.just(UTC))
COUNTS = st.integers(0, 2**31 - 1)
PAST = st.builds(PastFix, ANY_TEXT, st.none() | ANY_TEXT, st.none() | TIMES, TIMES)
ENTRIES = st.builds(
    KnowledgeEntry,
    id=IDS,
    title=ANY_TEXT,
    root_cause=ANY_TEXT,
    fix=ANY_TEXT,
    error_type=ANY_TEXT,
    message=ANY_TEXT,
    frames=st.lists(ANY_TEXT, max_size=3).map(tuple),
    service=ANY_TEXT,
    fingerprint=MARKS,
    status=st.sampled_from(Standing),
    confirmed_by=st.none() | ANY_TEXT,
    confirmed_at=st.none() | TIMES,
    source=ANY_TEXT,
    kind=st.sampled_from(Kind),
    heading=ANY_TEXT,
    confirmed_by_id=ANY_TEXT,
    occurrences=st.lists(ANY_TEXT, max_size=3).map(tuple),
    worked=COUNTS,
    failed=COUNTS,
    setbacks=COUNTS,
    last_worked_at=st.none() | TIMES,
    past_fixes=st.lists(PAST, max_size=3).map(tuple),
    retired_at=st.none() | TIMES,
)
ENTRY = KnowledgeEntry("k1", "title", "cause", "fix")


def lines_of(content: bytes) -> list[KnowledgeEntry]:
    with tempfile.NamedTemporaryFile(suffix=".jsonl") as file:
        file.write(content)
        file.flush()
        return list(read_lines(Path(file.name)))


@given(st.lists(ENTRIES, max_size=4))
def test_entries_read_back_exactly_as_they_were_written(entries: list[KnowledgeEntry]) -> None:
    content = "".join(map(write_line, entries))
    assert content.isascii() and content.count("\n") == len(entries)
    assert lines_of(content.encode()) == entries


def test_what_an_older_or_newer_release_wrote_is_read() -> None:
    assert lines_of(b'{"id": "k1", "title": "title", "root_cause": "cause", "fix": "fix", "mood": 1}\n\n') == [ENTRY]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"id": ""}, "the id must be"),
        ({"id": "a\0b"}, "the id must be"),
        ({"id": "x" * 81}, "the id must be"),
        ({"fingerprint": "a\ud800"}, "the fingerprint"),
        ({"status": "certain"}, "must be one of draft, proposed"),
        ({"kind": "song"}, "must be one of incident, passage"),
        ({"worked": -1}, "are counts"),
        ({"failed": 2**40}, "are counts"),
        ({"confirmed_at": "2026-01-01T00:00:00"}, "zone"),
        ({"past_fixes": [{"fix": "", "confirmed_by": None, "valid_from": None, "valid_to": "2026-01-01"}]}, "zone"),
        ({"frames": "one"}, "frames is not as"),
        ({"title": None}, "title is not as"),
    ],
)
def test_an_entry_that_cannot_be_is_refused_by_its_line(wrong: dict[str, Any], said: str) -> None:
    line = json.dumps(asdict(ENTRY) | wrong)
    with pytest.raises(InvalidInput, match="line 2") as refusal:
        lines_of(f"{write_line(ENTRY)}{line}".encode())
    assert said in str(refusal.value)


@pytest.mark.parametrize(
    "line", [b"{", b"[]", b"7", b"\xff\xfe", b"[" * 100_000, b'{"id": ' + b"9" * 5_000 + b"}", b"7" * (1024**2 + 1)]
)
def test_a_line_that_is_no_entry_is_refused(line: bytes) -> None:
    with pytest.raises(InvalidInput, match="line 1"):
        lines_of(line)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be read"):
        list(read_lines(tmp_path / "none.jsonl"))
