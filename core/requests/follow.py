"""Watches a journal from any process: each change once, until the work is over."""

from __future__ import annotations

from collections.abc import AsyncIterator

from core.domain.investigation import Investigation, Question
from core.domain.journal import JournalEntry
from core.ports import BackgroundTask, OrganizationStore


async def follow_investigation(
    store: OrganizationStore, investigation_id: str
) -> AsyncIterator[tuple[Investigation, tuple[JournalEntry, ...]]]:
    """The investigation and its journal whenever either changed; the last one is over."""
    journal, watch = store.journal(investigation_id), store.watch(investigation_id)
    seen: tuple[Investigation, int] | None = None
    while True:
        # Status first: entries read after a final status are complete.
        investigation = await store.investigation(investigation_id)
        entries = await journal.entries()
        if (investigation, len(entries)) != seen:
            seen = (investigation, len(entries))
            yield investigation, entries
        if investigation.status.is_over:
            return
        await watch.wait()


async def follow_question(
    store: OrganizationStore, question_id: str
) -> AsyncIterator[tuple[Question, tuple[JournalEntry, ...]]]:
    """The question and its journal whenever either changed; the last one is answered or failed."""
    journal, watch = store.journal(question_id), store.watch(question_id)
    seen: tuple[Question, int] | None = None
    while True:
        question = await store.question(question_id)
        entries = await journal.entries()
        if (question, len(entries)) != seen:
            seen = (question, len(entries))
            yield question, entries
        if question.answered_at is not None:
            return
        await watch.wait()


async def outcome_of(store: OrganizationStore, task_id: str) -> BackgroundTask:
    """The task once it has an outcome."""
    watch = store.watch(task_id)
    while True:
        task = await store.background_task(task_id)
        if task.outcome is not None:
            return task
        await watch.wait()
