"""Domain objects as JSON text and back.

The text is ASCII: strangers' NUL characters and lone surrogates survive as escapes, which a PostgreSQL text column
would otherwise refuse. Keys that a newer release wrote are ignored, fields that an older one did not know take their
defaults. What is one of several types carries a tag.
"""

from __future__ import annotations

import json
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter
from pydantic_core import to_jsonable_python

from core.domain.investigation import Investigation, Question
from core.domain.journal import CallCorrected, CallObserved, JournalEntry, ReasonerReplaced, TurnTaken
from core.domain.knowledge import KnowledgeEntry
from core.domain.report import Analysis, Answer, Usage
from core.ports import BackgroundTask

T = TypeVar("T")


class Document(Generic[T]):
    """One type's way to JSON text and back."""

    def __init__(self, type_: type[T]) -> None:
        """Build the reader once; it is reused for every document."""
        self._adapter: TypeAdapter[T] = TypeAdapter(type_)

    def write(self, value: T) -> str:
        """`value` as JSON text."""
        return _text(self.fields(value))

    def read(self, text: str) -> T:
        """The value that `write` was given."""
        return self.value(json.loads(text))

    def fields(self, value: T) -> Any:
        """`value` as plain data; times and the like become text in `_text`."""
        return self._adapter.dump_python(value)

    def value(self, fields: Any) -> T:
        """The value that `fields` was given."""
        return self._adapter.validate_python(fields)


INVESTIGATION = Document(Investigation)
QUESTION = Document(Question)
BACKGROUND_TASK = Document(BackgroundTask)
KNOWLEDGE = Document(KnowledgeEntry)
EVENT_TEXT = Document(str)
USAGE = Document(Usage)

_ENTRIES: dict[str, Document[Any]] = {
    "turn": Document(TurnTaken),
    "observed": Document(CallObserved),
    "corrected": Document(CallCorrected),
    "replaced": Document(ReasonerReplaced),
}
_ENTRY_KINDS = {TurnTaken: "turn", CallObserved: "observed", CallCorrected: "corrected", ReasonerReplaced: "replaced"}
_CONCLUSIONS: dict[str, Document[Any]] = {"analysis": Document(Analysis), "answer": Document(Answer)}


def write_entry(entry: JournalEntry) -> tuple[str, str]:
    """The kind of a journal entry and its text."""
    kind = _ENTRY_KINDS[type(entry)]
    fields = _ENTRIES[kind].fields(entry)
    if isinstance(entry, TurnTaken):
        fields["conclusion"] = _tagged(entry.conclusion)
    return kind, _text(fields)


def read_entry(kind: str, text: str) -> JournalEntry:
    """The journal entry that `write_entry` was given."""
    fields = json.loads(text)
    if tagged := fields.get("conclusion"):
        ((tag, conclusion),) = tagged.items()
        fields["conclusion"] = _CONCLUSIONS[tag].value(conclusion)
    entry: JournalEntry = _ENTRIES[kind].value(fields)
    return entry


def _text(fields: Any) -> str:
    # Not by pydantic, which refuses keys that are lone surrogates.
    return json.dumps(fields, default=to_jsonable_python)


def _tagged(conclusion: Analysis | Answer | None) -> dict[str, Any] | None:
    match conclusion:
        case None:
            return None
        case Analysis():
            return {"analysis": _CONCLUSIONS["analysis"].fields(conclusion)}
        case Answer():
            return {"answer": _CONCLUSIONS["answer"].fields(conclusion)}
