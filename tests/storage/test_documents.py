from __future__ import annotations

import json
from datetime import UTC
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.domain.causes import Cause
from core.domain.investigation import Investigation, Question, Subject
from core.domain.journal import CallCorrected, CallObserved, JournalEntry, ReasonerReplaced, ToolCall, TurnTaken
from core.domain.knowledge import KnowledgeEntry
from core.domain.report import (
    Analysis,
    Answer,
    Culprit,
    Evidence,
    Finding,
    Fix,
    Level,
    RootCauseReport,
    SimilarIncident,
    Usage,
)
from core.ports import BackgroundTask
from core.storage.stores import documents
from core.storage.stores.documents import read_entry, write_entry
from tests.storage.samples import CONVERSATION, PERSON, START

# Whatever strangers put into an error message: NUL, lone surrogates and all.
TEXT = st.text(st.characters(exclude_categories=()), max_size=20)
TIMES = st.datetimes(timezones=st.just(UTC))
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
FIELDS = st.dictionaries(TEXT, JSON, max_size=3)


def tuples(of: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(of, max_size=3).map(tuple)


USAGES = st.builds(Usage, st.integers(0, 99), st.integers(0), st.integers(0), st.none() | NUMBERS)
CULPRITS = st.builds(Culprit, st.none() | TEXT, st.none() | TEXT, st.none() | st.integers(), st.none() | TEXT)
FINDINGS = tuples(st.builds(Finding, TEXT, tuples(TEXT)))
FIXES = tuples(st.builds(Fix, TEXT, tuples(TEXT), st.sampled_from(Level), st.sampled_from(Level), st.integers()))
CAUSES = st.sampled_from(Cause)
ANALYSES = st.builds(
    Analysis, TEXT, CAUSES, st.none() | CULPRITS, FINDINGS, FIXES, own_confidence=st.none() | st.integers(0, 100)
)
CONCLUSIONS = st.none() | ANALYSES | st.builds(Answer, TEXT, tuples(TEXT))
EVIDENCE = st.builds(Evidence, TEXT, TEXT, FIELDS, TEXT, st.booleans(), FIELDS)
SIMILAR = tuples(st.builds(SimilarIncident, TEXT, NUMBERS, TEXT, TEXT, TEXT))
REPORTS = st.builds(
    RootCauseReport,
    TEXT,
    CAUSES,
    st.none() | CULPRITS,
    st.integers(),
    tuples(TEXT),
    FINDINGS,
    FIXES,
    SIMILAR,
    TEXT,
    st.booleans(),
)

ENTRIES = st.one_of(
    st.builds(
        TurnTaken,
        st.integers(),
        TEXT,
        TEXT,
        tuples(st.builds(ToolCall, TEXT, TEXT, FIELDS)),
        CONCLUSIONS,
        USAGES,
        TIMES,
    ),
    st.builds(CallObserved, TEXT, EVIDENCE, st.integers(), TIMES),
    st.builds(CallCorrected, TEXT, TEXT, TIMES),
    st.builds(ReasonerReplaced, TEXT, TEXT, TIMES),
)


@settings(max_examples=60)
@given(ENTRIES)
def test_a_journal_entry_reads_back_as_it_was(entry: JournalEntry) -> None:
    kind, text = write_entry(entry)
    again = read_entry(kind, text)
    assert again == entry
    assert type(again) is type(entry)


@settings(max_examples=60)
@given(ENTRIES)
@example(CallObserved("c1", Evidence("E1", "tool", {}, "", facts={"locals": {"\ud800": "\udfff"}}), 1, START))
def test_the_text_of_an_entry_is_what_any_database_takes(entry: JournalEntry) -> None:
    _, text = write_entry(entry)
    assert text.isascii()
    assert "\x00" not in text


@settings(max_examples=60)
@given(st.none() | REPORTS, st.none() | TEXT, st.none() | TIMES)
def test_an_investigation_reads_back_as_it_was(
    report: RootCauseReport | None, failure: str | None, ended_at: Any
) -> None:
    investigation = Investigation(
        "i",
        Subject("l", "SHOP-1", pasted=True),
        CONVERSATION,
        PERSON,
        START,
        report=report,
        failure=failure,
        ended_at=ended_at,
    )
    assert documents.INVESTIGATION.read(documents.INVESTIGATION.write(investigation)) == investigation


@settings(max_examples=60)
@given(TEXT, st.none() | st.builds(Answer, TEXT, tuples(TEXT)), FIELDS, TIMES)
def test_the_other_documents_read_back_as_they_were(
    text: str, answer: Answer | None, fields: dict[str, Any], at: Any
) -> None:
    question = Question("q", "i", text, CONVERSATION, PERSON, at, answer=answer)
    assert documents.QUESTION.read(documents.QUESTION.write(question)) == question
    task = BackgroundTask("e", "check", fields, outcome=fields, failure=text)
    assert documents.BACKGROUND_TASK.read(documents.BACKGROUND_TASK.write(task)) == task
    entry = KnowledgeEntry("k", text, text, text, frames=(text,), confirmed_at=at)
    assert documents.KNOWLEDGE.read(documents.KNOWLEDGE.write(entry)) == entry
    assert documents.EVENT_TEXT.read(documents.EVENT_TEXT.write(text)) == text


@pytest.mark.parametrize(
    ("kind", "text", "entry"),
    [
        (
            "turn",
            '{"turn": 2, "reasoner": "rules", "thought": "t", "calls": [{"id": "c1", "tool": "x", "arguments": {}}],'
            ' "conclusion": {"answer": {"text": "a", "evidence": ["E1"]}}, "usage": {"model_calls": 1},'
            ' "at": "2026-03-01T12:00:00Z"}',
            TurnTaken(2, "rules", "t", (ToolCall("c1", "x", {}),), Answer("a", ("E1",)), Usage(model_calls=1), START),
        ),
        (
            "observed",
            '{"call_id": "c1", "evidence": {"id": "E1", "tool": "x", "arguments": {}, "text": "t"},'
            ' "duration_ms": 5, "at": "2026-03-01T12:00:00Z"}',
            CallObserved("c1", Evidence("E1", "x", {}, "t"), 5, START),
        ),
        ("corrected", '{"call_id": "c1", "note": "n", "at": "2026-03-01T12:00:00Z"}', CallCorrected("c1", "n", START)),
        (
            "replaced",
            '{"reasoner": "r", "reason": "w", "at": "2026-03-01T12:00:00Z"}',
            ReasonerReplaced("r", "w", START),
        ),
    ],
)
def test_a_row_written_by_the_first_release_stays_readable(kind: str, text: str, entry: JournalEntry) -> None:
    assert read_entry(kind, text) == entry


def test_what_a_newer_release_added_is_ignored() -> None:
    fields = json.loads(write_entry(CallCorrected("c1", "n", START))[1]) | {"mood": "good"}
    assert read_entry("corrected", json.dumps(fields)) == CallCorrected("c1", "n", START)
