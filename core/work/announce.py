"""The first thing people see: the progress message, posted as soon as the request is accepted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from core.delivery.threads import Threads
from core.domain.errors import ServiceFailed
from core.domain.thread_view import NoticeView, progress_of
from core.ports import Run, Stores


class AnnounceJob:
    """Implements `core.work.worker.Job` for runs of kind `announce`.

    It is a run of its own because an investigation may have to wait for its turn, and nobody should wait in silence.
    """

    def __init__(self, stores: Stores, threads: Threads, now: Callable[[], datetime]) -> None:
        self._stores = stores
        self._threads = threads
        self._now = now

    async def work(self, run: Run) -> None:
        """The progress message stands and the investigation is queued; a crash in between repeats neither."""
        store = self._stores.for_organization(run.organization_id)
        investigation = await store.investigation(run.subject_id)
        if investigation.status.is_over:
            return
        if thread := self._threads.new(investigation, store):
            await thread.announce(progress_of(investigation, ()), run)
        await store.queue_announced(investigation.id, run)

    async def fail(self, run: Run, error: Exception, text: str) -> None:
        """Failed, and the person who asked is told where they can be reached."""
        store = self._stores.for_organization(run.organization_id)
        investigation = await store.investigation(run.subject_id)
        if investigation.status.is_over:
            return
        user_can_fix = isinstance(error, ServiceFailed)
        await store.save_investigation(investigation.fail(text, self._now(), user_can_fix=user_can_fix), run)
        if thread := await self._threads.of(investigation, store):
            await thread.post_ephemeral(investigation.asked_by, NoticeView(text, error=True))

    async def cancelled(self, run: Run) -> None:
        """Cancelled before it began; a progress message that stands already says so."""
        store = self._stores.for_organization(run.organization_id)
        investigation = await store.investigation(run.subject_id)
        if investigation.status.is_over:
            return
        cancelled = investigation.cancel(self._now())
        await store.save_investigation(cancelled)
        if thread := await self._threads.of(investigation, store):
            await thread.end_progress(progress_of(cancelled, ()))
