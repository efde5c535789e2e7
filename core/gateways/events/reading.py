"""Reads events that strangers wrote, apart from the event loop, and in part when they take too long."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from core.domain.errors import InvalidInput, ServiceUnavailable
from core.domain.incident import ErrorEvent
from core.domain.reading_limits import DECODED, IN_PART, ReadingLimits, TextBudget
from core.gateways.events.limits import limited_payload, with_notes
from core.gateways.process_pool import NoWorker, ProcessPool, WorkerFailed
from core.gateways.sentry.payloads import event_from_json, read_event
from core.gateways.sentry.values import mapping

_SMALL_CHARS = 32_000
"""Most events are smaller, and take some milliseconds."""

Prepare = Callable[[Any], Any] | None


def read_body(raw: bytes, prepare: Prepare = None, limits: ReadingLimits = DECODED) -> ErrorEvent:
    """Read an event as the tracker's API sends it; for `prepare` and `limits` see `read_event`.

    Raises:
        ServiceUnavailable: it is not JSON.
    """
    try:
        payload = mapping(json.loads(raw))
    except (ValueError, RecursionError):
        raise ServiceUnavailable("Sentry", "Sentry sent an event that is not JSON.") from None
    budget = TextBudget(limits)
    limited = limited_payload(payload, len(raw), budget)
    return with_notes(event_from_json(prepare(limited) if prepare else limited), budget)


def note_of(failure: WorkerFailed) -> str:
    """Say why an event is shown in part, and which part."""
    return (
        f"Reading this event {failure}, so only the first {IN_PART.text_chars} characters of its texts and "
        f"{IN_PART.items} items of its lists are shown"
    )


class EventReader:
    """Reads one organization's events; while they are read, others' calls go on."""

    def __init__(self, pool: ProcessPool, owner: str, prepare: Prepare = None) -> None:
        """Take turns as `owner`; `prepare` is given to `read_event`, and has to be picklable."""
        self._pool = pool
        self._owner = owner
        self._prepare = prepare

    async def read_pasted(self, text: str) -> ErrorEvent:
        """Read what a person handed over.

        Raises:
            InvalidInput: no event is in it.
        """
        return await self._read(read_event, text)

    async def read_body(self, raw: bytes) -> ErrorEvent:
        """Read what the tracker's API sent.

        Raises:
            ServiceUnavailable: it is not JSON.
        """
        return await self._read(read_body, raw)

    async def _read(self, read: Callable[..., ErrorEvent], content: str | bytes) -> ErrorEvent:
        is_small = len(content) <= _SMALL_CHARS
        try:
            return await self._pool.run(self._owner, read, content, self._prepare, is_small=is_small)
        except WorkerFailed as failure:
            return await self._read_in_part(read, content, failure)

    async def _read_in_part(
        self, read: Callable[..., ErrorEvent], content: str | bytes, failure: WorkerFailed
    ) -> ErrorEvent:
        """Read the beginnings of its texts; in a thread if there is no process, since those are short."""
        is_small = isinstance(failure, NoWorker)
        try:
            event = await self._pool.run(self._owner, read, content, self._prepare, IN_PART, is_small=is_small)
        except (WorkerFailed, InvalidInput) as again:
            why = again if isinstance(again, WorkerFailed) else "found no error"
            note = f"Reading this event {failure}, and reading only its beginning {why}, so nothing of it is shown"
            return ErrorEvent(notes=(note,))
        return replace(event, notes=(note_of(failure), *event.notes))
