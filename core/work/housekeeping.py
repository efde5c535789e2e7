"""Recurring work about one organization, as runs of kind `upkeep`: the subject says which."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping

from core.domain.tenancy import OrganizationId
from core.ports import Run

logger = logging.getLogger("logsense.upkeep")

Chore = Callable[[OrganizationId], Awaitable[object]]


class UpkeepJob:
    """Implements `core.work.worker.Job`; each chore may be done again after a crash and must not mind."""

    def __init__(self, chores: Mapping[str, Chore]) -> None:
        self._chores = chores

    async def work(self, run: Run) -> None:
        """The chore is done; one that this version does not know is left to those that do."""
        if (chore := self._chores.get(run.subject_id)) is not None:
            done = await chore(run.organization_id)
            logger.info("%s of %s: %s", run.subject_id, run.organization_id, done)

    async def fail(self, run: Run, error: Exception, text: str) -> None:
        """Nobody waits for it; it is tried again at its next time."""
        logger.error("%s of %s failed: %s", run.subject_id, run.organization_id, text)

    async def cancelled(self, run: Run) -> None:
        """Nothing is left to tell."""
