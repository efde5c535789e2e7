"""Knowledge as JSON lines: one entry a line, which reads back exactly as it was written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from core.domain.errors import InvalidInput
from core.domain.knowledge import Kind, KnowledgeEntry, Standing

_LONGEST_LINE = 1024 * 1024
_LONGEST_ID = 80
_MOST = 2**31

_entry = TypeAdapter(KnowledgeEntry)


def write_line(entry: KnowledgeEntry) -> str:
    """The entry as one line of ASCII JSON, with its end."""
    return json.dumps(_entry.dump_python(entry, mode="json")) + "\n"


def read_lines(path: Path) -> Iterator[KnowledgeEntry]:
    """The entries of an export, one by one; empty lines are passed over.

    Raises:
        InvalidInput: the file cannot be opened, or a line is none that `write_line` wrote; the sentence says which.
    """
    try:
        with path.open("rb") as file:
            number = 0
            while line := file.readline(_LONGEST_LINE + 1):
                number += 1
                if line.strip():
                    yield _read(line, f"{path}, line {number}")
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}.") from None


def _read(line: bytes, where: str) -> KnowledgeEntry:
    if len(line) > _LONGEST_LINE:
        raise InvalidInput(f"{where}: it is longer than 1 MiB.")
    try:
        entry = _entry.validate_python(json.loads(line))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        field = ".".join(map(str, first["loc"])) or "the line"
        raise InvalidInput(f"{where}: {field} is not as `logsense knowledge export` writes it.") from None
    except (ValueError, RecursionError):
        raise InvalidInput(f"{where}: it is no JSON.") from None
    if wrong := _wrong(entry):
        raise InvalidInput(f"{where}: {wrong}.")
    return entry


def _wrong(entry: KnowledgeEntry) -> str:
    """What the types do not say, and storage and ranking rely on; empty when all is well."""
    if not 0 < len(entry.id) <= _LONGEST_ID or not entry.id.isprintable():
        return f"the id must be 1 to {_LONGEST_ID} visible characters"
    if not entry.fingerprint.isprintable():
        return "the fingerprint has invisible characters"
    if entry.status not in list(Standing):
        return f"the status must be one of {', '.join(Standing)}"
    if entry.kind not in list(Kind):
        return f"the kind must be one of {', '.join(Kind)}"
    if not all(0 <= count < _MOST for count in (entry.worked, entry.failed, entry.setbacks)):
        return "worked, failed and setbacks are counts"
    return "" if all(at.tzinfo for at in _times(entry)) else "its times must name their zone"


def _times(entry: KnowledgeEntry) -> Iterator[datetime]:
    own = (entry.confirmed_at, entry.last_worked_at, entry.retired_at)
    past = (at for fix in entry.past_fixes for at in (fix.valid_from, fix.valid_to))
    yield from (at for at in (*own, *past) if at is not None)
